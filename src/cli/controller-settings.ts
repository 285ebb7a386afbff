// Flagger's controller flags as settings (flagger.md 1.14): `controller` of serin.yaml, by the flags' names in this file's spelling, and the
// environment that Flagger reads. Flags that have no place here are refused with the reason.

import type { AlertSettings } from '../control/alert-post.ts'
import { OUTBOUND_RULES, type OutboundRules } from '../remote/outbound-rules.ts'
import { DEFAULT_LABELS, type LabelRules } from '../canary/label-rules.ts'
import { isObject } from '../std/json.ts'
import type { SettingFault } from './limit-settings.ts'

/** What may be set; texts are '' for none. */
export interface ControllerSettings {
  readonly slackUrl?: string
  readonly slackToken?: string
  readonly slackChannel?: string
  readonly slackUser?: string
  readonly slackProxyUrl?: string
  readonly msteamsUrl?: string
  readonly msteamsProxyUrl?: string
  /** Told of the Events of Canaries without event webhooks of their own. */
  readonly eventWebhook?: string
  /** First field of every alert. */
  readonly clusterName?: string
  /** References of a Canary to other namespaces are refused. Default false. */
  readonly noCrossNamespaceRefs?: boolean
  /** ConfigMaps and Secrets that pods read are part of a revision. Default true. */
  readonly enableConfigTracking?: boolean
  /** Keys separated by commas: the first that a target's selector has tells its pods and the primary's apart. */
  readonly selectorLabels?: string
  /** Beginnings of keys, separated by commas: labels of the target that come along to what is made from it; `*` is all. Default none. */
  readonly includeLabelPrefix?: string
  /** Where calls to URLs of Canaries may go; not a flag of Flagger's. */
  readonly outbound?: Partial<OutboundRules>
}

const TEXTS = [
  'slackUrl',
  'slackToken',
  'slackChannel',
  'slackUser',
  'slackProxyUrl',
  'msteamsUrl',
  'msteamsProxyUrl',
  'eventWebhook',
  'clusterName',
  'selectorLabels',
  'includeLabelPrefix'
]
const URLS = ['slackUrl', 'msteamsUrl', 'eventWebhook']
const SWITCHES = ['noCrossNamespaceRefs', 'enableConfigTracking']
const NAMES = [...TEXTS, ...SWITCHES, 'outbound']

const OUTBOUND: Readonly<Record<keyof OutboundRules, readonly string[]>> = {
  linkLocal: ['refused', 'allowed'],
  loopback: ['refused', 'allowed'],
  redirects: ['same-host', 'any']
}

// Why a flag of Flagger's is not one here.
const ELSEWHERE: Readonly<Record<string, string>> = {
  meshProvider: 'there is no other mesh than the embedded one, which is istio',
  metricsServer: 'use --metrics-server',
  controlLoopInterval: 'changes are acted on as they come, without a loop to set',
  threadiness: 'Canaries are looked at side by side as they need it',
  kubeconfigQps: 'the API is in the same process',
  kubeconfigBurst: 'the API is in the same process',
  kubeconfig: 'the API is in the same process',
  master: 'the API is in the same process',
  kubeconfigServiceMesh: 'mesh and API are one here',
  enableLeaderElection: 'there is one process, which holds its data folder',
  leaderElectionNamespace: 'there is one process, which holds its data folder',
  namespace: 'all namespaces are served: whose Canaries are not wanted here need not be applied here',
  port: 'use --admin-port',
  logLevel: 'there is one level',
  zapReplaceGlobals: 'the log is lines of text',
  zapEncoding: 'the log is lines of text',
  ingressAnnotationsPrefix: 'there are no ingress providers',
  ingressClass: 'there are no ingress providers'
}

/** The settings as given, or everything that is wrong with them. */
export function readController(value: unknown): { readonly controller: ControllerSettings } | { readonly faults: readonly SettingFault[] } {
  if (!isObject(value)) return { faults: [{ path: 'controller', message: 'must be a map; docs/observing.md has its fields' }] }
  const faults = Object.entries(value).flatMap(([name, given]) => faultOf(name, given))
  // every value has just been tested
  return faults.length > 0 ? { faults } : { controller: value }
}

function faultOf(name: string, value: unknown): SettingFault[] {
  const path = `controller.${name}`
  const fault = (message: string): SettingFault[] => [{ path, message }]
  if (Object.hasOwn(ELSEWHERE, name)) return fault(`is not set here: ${ELSEWHERE[name]}`)
  if (!NAMES.includes(name)) return fault(`unknown field; known are ${NAMES.join(', ')}`)
  if (name === 'outbound') return outboundFaults(value)
  if (SWITCHES.includes(name)) return typeof value === 'boolean' ? [] : fault('must be true or false')
  if (typeof value !== 'string') return fault('must be a text')
  return URLS.includes(name) && value !== '' && !isHttp(value) ? fault('must be an http or https URL') : []
}

function outboundFaults(value: unknown): SettingFault[] {
  const path = 'controller.outbound'
  if (!isObject(value)) return [{ path, message: `must be a map of ${Object.keys(OUTBOUND).join(', ')}` }]
  return Object.entries(value).flatMap(([name, given]) => {
    const words: readonly unknown[] | undefined = Object.hasOwn(OUTBOUND, name) ? OUTBOUND[name as keyof OutboundRules] : undefined // just tested
    if (words === undefined) return [{ path: `${path}.${name}`, message: `unknown field; known are ${Object.keys(OUTBOUND).join(', ')}` }]
    return words.includes(given) ? [] : [{ path: `${path}.${name}`, message: `must be ${words.join(' or ')}` }]
  })
}

function isHttp(text: string): boolean {
  const protocol = URL.parse(text)?.protocol
  return protocol === 'http:' || protocol === 'https:'
}

/** What holds for all Canaries. */
export interface ControllerRules {
  readonly alerts: AlertSettings
  readonly eventWebhook: string | undefined
  readonly trackConfigs: boolean
  readonly labels: LabelRules
  readonly outbound: OutboundRules
}

/** The rules of these settings; the environment goes before them, as with Flagger. */
export function controllerRules(given: ControllerSettings, env: Readonly<Record<string, string | undefined>>): ControllerRules {
  const text = (variable: string, setting: string | undefined): string | undefined => {
    const found = env[variable] ?? setting
    return found === '' ? undefined : found
  }
  return {
    alerts: {
      clusterName: given.clusterName ?? '',
      noCrossNamespaceRefs: given.noCrossNamespaceRefs ?? false,
      chat: chatOf(given, text)
    },
    eventWebhook: text('EVENT_WEBHOOK_URL', given.eventWebhook),
    trackConfigs: given.enableConfigTracking ?? true,
    labels: labelRules(given),
    outbound: { ...OUTBOUND_RULES, ...given.outbound }
  }
}

function labelRules({ selectorLabels = '', includeLabelPrefix = '' }: ControllerSettings): LabelRules {
  const words = (text: string): readonly string[] =>
    text
      .split(',')
      .map((word) => word.trim())
      .filter((word) => word !== '')
  const selectors = words(selectorLabels)
  return { selectors: selectors.length === 0 ? DEFAULT_LABELS.selectors : selectors, prefixes: words(includeLabelPrefix) }
}

// Microsoft Teams where both are set, as with Flagger.
function chatOf(
  given: ControllerSettings,
  text: (variable: string, setting: string | undefined) => string | undefined
): AlertSettings['chat'] {
  const teams = text('MSTEAMS_URL', given.msteamsUrl)
  const voice = { channel: given.slackChannel ?? 'general', username: given.slackUser ?? 'flagger' }
  if (teams !== undefined) {
    return { kind: 'msteams', address: teams, token: undefined, proxy: text('MSTEAMS_PROXY_URL', given.msteamsProxyUrl), ...voice }
  }
  const slack = text('SLACK_URL', given.slackUrl)
  if (slack === undefined) return undefined
  return {
    kind: 'slack',
    address: slack,
    token: text('SLACK_TOKEN', given.slackToken),
    proxy: text('SLACK_PROXY_URL', given.slackProxyUrl),
    ...voice
  }
}
