// What a user is told once about a Canary that asks for more than is done: why it is not acted on at all, which of its fields are
// not, and which values are read otherwise than written.

import { unactedFields } from '../api/acted-on.ts'
import { type KubeObject, isOwned } from '../api/object.ts'
import { dig, isObject, listAt } from '../std/json.ts'
import { ACTED_ON } from './acted-on.ts'
import { DEFAULT_HOOK_TIMEOUT, DEFAULT_INTERVAL, durationOf, SHORTEST_INTERVAL } from './durations.ts'
import { BASELINE, baselineOf } from './baseline-asked.ts'
import { type GateConfig, type Misread, optionOf } from './gate-options.ts'
import { GATE_ANNOTATIONS, gateRequestOf } from './gate-request.ts'
import { isWithoutSource, ON_FAILURE, responsesOf } from './metric-checks.ts'
import { PACE, paceOf } from './pace.ts'
import { planOf, TARGET_KINDS } from './plan.ts'
import { type Scalers, UPKEEP_ANNOTATION } from './scaler.ts'
import { tcpRefusals, withoutTcpEffect } from './tcp-notices.ts'
import type { Evidence } from '../gate/evidence.ts'

/** Something to tell: where in the Canary, and what. */
export interface Notice {
  readonly path: string
  readonly kind: 'refused' | 'not-acted-on' | 'read-otherwise'
  readonly text: string
}

/** What is known beside the Canary. */
export interface Surroundings {
  /** Why its objects are left to another Canary. */
  readonly rival?: Notice | undefined
  readonly scalers?: Scalers | undefined
  /** The ConfigMap that it names; undefined where nobody has looked for it. */
  readonly gateConfig?: GateConfig | undefined
  /** none: there is no gate. */
  readonly counters?: 'none' | undefined
  /** Whether the workload is there that it names as its baseline. */
  readonly baselineWorkload?: 'there' | 'missing' | undefined
  readonly evidence?: Pick<Evidence, 'silent'> | undefined
}

/** What to tell about a Canary. A refused one is only told why. */
export function noticesOf(canary: KubeObject, surroundings: Surroundings = {}): readonly Notice[] {
  const { rival, scalers } = surroundings
  const { spec } = canary
  const refused = [...refusalsOf(spec), ...(rival === undefined ? [] : [rival])]
  if (refused.length > 0) return refused
  const ignored = unactedFields(ACTED_ON.Canary, spec, 'spec').map(({ path }): Notice => ({
    path,
    kind: 'not-acted-on',
    text: 'is accepted but not acted on yet'
  }))
  return [
    ...ignored,
    ...withoutEffect(spec),
    ...withoutTcpEffect(spec),
    ...otherwise(spec),
    ...uncalled(spec),
    ...misread(canary, surroundings),
    ...unscaled(canary, scalers)
  ]
}

// Flagger drops these in silence (flagger.md 3.4); here it is said.
function withoutEffect(spec: unknown): readonly Notice[] {
  const analysis = dig(spec, 'analysis')
  const [iterates, matches] = [Number(dig(analysis, 'iterations')) > 0, listAt(analysis, 'match').length > 0]
  const notices: Notice[] = []
  const tell = (field: string, text: string): number => notices.push({ path: `spec.analysis.${field}`, kind: 'not-acted-on', text })
  if (dig(analysis, 'sessionAffinity') !== undefined && (iterates || matches)) {
    tell('sessionAffinity', `has no effect beside ${matches ? 'match' : 'iterations'}: callers are not split by weight alone`)
  }
  if (dig(analysis, 'mirror') === true && iterates && matches) tell('mirror', 'has no effect in A/B testing')
  if (dig(spec, 'provider') === 'kubernetes') return [...notices, ...withoutRoutes(analysis)]
  return notices
}

// Flagger drops a match and makes iterations of weights, in silence too (flagger.md 1.4).
function withoutRoutes(analysis: unknown): readonly Notice[] {
  const text = 'has no effect: provider kubernetes splits no requests, its Canaries are blue/green by iterations'
  const set = ['match', 'mirror', 'sessionAffinity', 'stepWeight', 'stepWeights'].filter((field) => {
    const value = dig(analysis, field)
    return value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0)
  })
  return set.map((field) => ({ path: `spec.analysis.${field}`, kind: 'not-acted-on', text }))
}

/** A notice as a sentence about its Canary: the text of an Event and of a log line. */
export function noticeText({ metadata }: KubeObject, { kind, path, text }: Notice): string {
  const name = `canary ${metadata.name ?? ''}.${metadata.namespace ?? ''}`
  return kind === 'refused' ? `${name} is not acted on: ${path} ${text}` : `${name}: ${path} ${text}`
}

/** Why a Canary with this `spec` cannot be acted on at all; empty when it can. */
export function refusalsOf(spec: unknown): readonly Notice[] {
  const refused: Notice[] = []
  const refuse = (path: string, text: string): number => refused.push({ path: `spec.${path}`, kind: 'refused', text })
  const kind = dig(spec, 'targetRef', 'kind')
  if (!TARGET_KINDS.some((known) => known === kind)) refuse('targetRef.kind', `${shown(kind)}: must be ${TARGET_KINDS.join(', ')}`)
  const apiVersion = dig(spec, 'targetRef', 'apiVersion')
  if (typeof apiVersion === 'string' && /\//.test(apiVersion) && !/^(apps|extensions)\//.test(apiVersion)) {
    refuse('targetRef.apiVersion', `${apiVersion}: must be apps/v1 for a Deployment or DaemonSet, v1 for a Service`)
  }
  const provider = dig(spec, 'provider')
  if (provider !== undefined && provider !== 'istio' && provider !== 'kubernetes') {
    refuse(
      'provider',
      `${shown(provider)}: only istio and kubernetes are supported; remove it, and traffic is split by a VirtualService that is made for this Canary`
    )
  }
  if (typeof dig(spec, 'service', 'port') !== 'number') refuse('service.port', 'is missing')
  const analysis = dig(spec, 'analysis')
  for (const [index, metric] of listAt(analysis, 'metrics').entries()) {
    if (!isWithoutSource(metric)) continue
    const name = shown(dig(metric, 'name'))
    refuse(
      `analysis.metrics[${index}]`,
      `${name} has no query and no templateRef, and is neither request-success-rate nor request-duration`
    )
  }
  return [
    ...refused,
    ...nameRefusals(spec),
    ...tcpRefusals(spec),
    ...affinityRefusals(dig(analysis, 'sessionAffinity')),
    ...fractions(spec)
  ]
}

// Names of objects that could never be there (RFC 1123 and 1035, as Kubernetes holds them).
const OBJECT_NAME = /^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/
const SERVICE_NAME = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/

function nameRefusals(spec: unknown): readonly Notice[] {
  const names: readonly (readonly [string, unknown, RegExp])[] = [
    ['targetRef.name', dig(spec, 'targetRef', 'name'), OBJECT_NAME],
    ['service.name', dig(spec, 'service', 'name'), SERVICE_NAME]
  ]
  return names.flatMap(([path, name, form]) =>
    typeof name !== 'string' || name === '' || form.test(name)
      ? []
      : [{ path: `spec.${path}`, kind: 'refused', text: `${shown(name)}: cannot be the name of an object` }]
  )
}

// A token of RFC 9110, as cookie names are; and what a cookie's attribute may be without ending it (RFC 6265 4.1.1).
const COOKIE_NAME = /^[\w!#$%&'*+.^`|~-]+$/
const ATTRIBUTE = /^[\x20-\x3A\x3C-\x7E]*$/

function affinityRefusals(affinity: unknown): readonly Notice[] {
  const refused: Notice[] = []
  const refuse = (key: string, text: string): number =>
    refused.push({ path: `spec.analysis.sessionAffinity.${key}`, kind: 'refused', text })
  const [canary, primary] = [dig(affinity, 'cookieName'), dig(affinity, 'primaryCookieName')]
  for (const [key, name] of [['cookieName', canary] as const, ['primaryCookieName', primary] as const]) {
    if (name !== undefined && name !== '' && !(typeof name === 'string' && COOKIE_NAME.test(name))) {
      refuse(key, `${shown(name)}: is not the name of a cookie`)
    }
  }
  if (canary !== undefined && canary === primary) refuse('primaryCookieName', `${shown(primary)}: must differ from cookieName`)
  for (const key of ['domain', 'path']) {
    const value = dig(affinity, key)
    if (typeof value === 'string' && !ATTRIBUTE.test(value)) refuse(key, `${shown(value)}: has characters that end a cookie's attribute`)
  }
  return refused
}

// The official schema takes any number; Flagger and Istio want whole ones.
function fractions(spec: unknown): readonly Notice[] {
  const analysis = dig(spec, 'analysis')
  const numbers: readonly (readonly [string, unknown])[] = [
    ['service.port', dig(spec, 'service', 'port')],
    ...['stepWeight', 'maxWeight', 'stepWeightPromotion', 'threshold', 'iterations'].map(
      (key) => [`analysis.${key}`, dig(analysis, key)] as const
    ),
    ...listAt(analysis, 'stepWeights').map((weight, index) => [`analysis.stepWeights[${index}]`, weight] as const)
  ]
  return numbers.flatMap(([path, value]) =>
    typeof value === 'number' && !Number.isInteger(value)
      ? [{ path: `spec.${path}`, kind: 'refused', text: `${value}: must be a whole number` }]
      : []
  )
}

// The schema's pattern for durations is open at the end, and Flagger raises short intervals, both in silence.
function otherwise(spec: unknown): readonly Notice[] {
  const analysis = dig(spec, 'analysis')
  const notices: Notice[] = []
  const check = (path: string, given: unknown, standard: number, least = 0): void => {
    if (given === undefined) return
    const read = durationOf(given)
    const text =
      read === undefined
        ? `${shown(given)} is not a duration such as 30s or 5m: ${standard / 1000}s is used`
        : `${shown(given)} is below the shortest, ${least / 1000}s, which is used`
    if (read === undefined || read < least) notices.push({ path: `spec.analysis.${path}`, kind: 'read-otherwise', text })
  }
  check('interval', dig(analysis, 'interval'), DEFAULT_INTERVAL, SHORTEST_INTERVAL)
  for (const [index, metric] of listAt(analysis, 'metrics').entries()) {
    check(`metrics[${index}].interval`, dig(metric, 'interval'), DEFAULT_INTERVAL)
  }
  for (const [index, hook] of listAt(analysis, 'webhooks').entries()) {
    check(`webhooks[${index}].timeout`, dig(hook, 'timeout'), DEFAULT_HOOK_TIMEOUT)
  }
  return notices
}

// What is known before the first call: the rules for outgoing calls judge the rest when one is made.
function uncalled(spec: unknown): readonly Notice[] {
  return listAt(dig(spec, 'analysis'), 'webhooks').flatMap((hook, index): readonly Notice[] => {
    const given = dig(hook, 'url')
    const because = typeof given === 'string' ? uncallable(given) : undefined
    if (because === undefined) return []
    return [{ path: `spec.analysis.webhooks[${index}].url`, kind: 'read-otherwise', text: `${shown(given)} is never called: ${because}` }]
  })
}

function uncallable(given: string): string | undefined {
  const url = URL.parse(given)
  if (url === null) return 'it is no URL'
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'only http and https are'
  return url.hostname.startsWith('169.254.') ? 'it is a link-local or metadata address, unless the operator allows those' : undefined
}

function misread(canary: KubeObject, surroundings: Surroundings): readonly Notice[] {
  const { gateConfig } = surroundings
  const { problems } = responsesOf(canary.metadata.annotations?.[ON_FAILURE])
  const told = (annotation: string, text: string): Notice => ({ path: `metadata.annotations[${annotation}]`, kind: 'read-otherwise', text })
  return [
    ...problems.map((problem) => told(ON_FAILURE, `${problem}: that part is not used`)),
    ...gateRequestOf(canary, gateConfig).problems.map(({ annotation, text }) => told(annotation, text)),
    ...[
      ...baselineOf(canary, planOf(canary, gateConfig), gateConfig).problems,
      ...paceOf(canary, gateConfig).problems,
      ...unpaced(canary, surroundings),
      ...silent(canary, surroundings)
    ].map(({ annotation, text }) => told(annotation, text))
  ]
}

// A baseline of somebody's own without requests: the gate has nothing to compare with, which must not pass for a good word.
function silent(canary: KubeObject, { gateConfig, baselineWorkload, evidence }: Surroundings): readonly Misread[] {
  const said = optionOf(canary, gateConfig, BASELINE)
  const { baseline, targetKind } = planOf(canary, gateConfig)
  if (said === undefined || baseline.kind !== 'workload' || gateRequestOf(canary, gateConfig).request === undefined) return []
  const missing = baselineWorkload === 'missing' ? `${targetKind.toLowerCase()} ${baseline.name} not found` : undefined
  // How long it has been so is said in the status; here it is said once.
  const because = missing ?? (evidence?.silent === undefined ? undefined : `${targetKind.toLowerCase()} ${baseline.name} has no requests`)
  return because === undefined ? [] : [said.told(`${because}: the gate has nothing to compare with, and holds until it has`)]
}

// Where there is no gate to set the pace.
function unpaced(canary: KubeObject, { gateConfig, counters }: Surroundings): readonly Misread[] {
  const said = optionOf(canary, gateConfig, PACE)
  if (said === undefined || paceOf(canary, gateConfig).asked.pace === 'interval') return []
  const unused = (why: string): readonly Misread[] => [said.told(`is not used: ${why}`)]
  if (planOf(canary, gateConfig).pace === 'interval')
    return unused('the gate compares versions in rollouts by weights of HTTP requests without match only')
  if (gateRequestOf(canary, gateConfig).request === undefined) return unused(`${GATE_ANNOTATIONS.gate} wants thresholds alone`)
  return counters === 'none' ? unused('this controller reads no counters of requests') : []
}

// A scaler that is not there is waited for; one that others made for the primary is theirs.
function unscaled(canary: KubeObject, scalers: Scalers | undefined): readonly Notice[] {
  const path = 'spec.autoscalerRef'
  const { autoscaler } = planOf(canary)
  if (autoscaler === undefined) {
    const text = `is not used: a ${shown(dig(canary['spec'], 'targetRef', 'kind'))} has no number of replicas to scale`
    return isObject(dig(canary['spec'], 'autoscalerRef')) ? [{ path, kind: 'read-otherwise', text }] : []
  }
  if (scalers === undefined) return []
  const { kind, name } = autoscaler
  const told = (text: string): readonly Notice[] => [{ path, kind: 'read-otherwise', text }]
  if (!scalers.served)
    return told(`${kind} ${name}: this API server has no ${kind} (are its definitions applied?), so nothing scales the primary`)
  if (scalers.target === undefined) return told(`${kind} ${name} not found: nothing scales the primary until it is there`)
  const foreign = scalers.primary !== undefined && !isOwned(scalers.primary, canary) && autoscaler.upkeep !== 'manual'
  return foreign
    ? told(`${kind} ${name}-primary is not of this Canary: it is left as it is (annotation ${UPKEEP_ANNOTATION}: manual says so)`)
    : []
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null)
}
