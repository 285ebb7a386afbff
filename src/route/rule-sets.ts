// VirtualServices as the compiler takes them: oldest first, names in full, delegates in their places.

import type { TcpRoute, TlsRoute, VirtualService } from '../api/istio-virtual-service.ts'
import { delegatesOf, joinDelegates } from './delegates.ts'
import type { Delegates, ListedRule } from './delegates.ts'
import { LOG_ANNOTATION, logWordOf, readLogWords } from './log-words.ts'
import { byAge, gatewaysOf, keyOf, namespaceOf, resolveHost } from './mesh-config.ts'

/** One VirtualService with rules of its own, ready to be compiled for any caller. */
export interface RuleSet {
  /** namespace/name, and the namespace in which its short names resolve. */
  readonly key: string
  readonly namespace: string
  readonly hosts: readonly string[]
  /** namespace/name of gateways, and `mesh`. */
  readonly gateways: readonly string[]
  readonly exportTo: readonly string[] | undefined
  /** It has rules for HTTP, even if their delegates are not there. */
  readonly http: boolean
  readonly rules: readonly ListedRule[]
  readonly tcp: readonly TcpRoute[]
  readonly tls: readonly TlsRoute[]
  /** Its text, or a delegate's, is wrong: what was in force before stays. */
  readonly broken: boolean
  /** Its routes depend on who calls, beyond the caller's DestinationRules. */
  readonly asksCaller: boolean
}

/** Whether a VirtualService has rules of its own to compile: one without hosts is a delegate. */
export function hasRules({ spec }: VirtualService): boolean {
  const { http, tcp = [], tls = [], hosts = [] } = spec
  return (http !== undefined || tcp.length + tls.length > 0) && hosts.length > 0
}

/** The rule set of one VirtualService; `broken` says of a namespace/name whether its text is wrong. */
export function ruleSetOf(
  virtualService: VirtualService,
  delegates: Pick<Delegates, 'get'>,
  broken: { has(key: string): boolean }
): RuleSet {
  const key = keyOf(virtualService)
  const namespace = namespaceOf(virtualService)
  const joined = joinDelegates(virtualService, delegates)
  return {
    key,
    namespace,
    hosts: (virtualService.spec.hosts ?? []).map((host) => resolveHost(host, namespace)),
    gateways: gatewaysOf(virtualService),
    exportTo: virtualService.spec.exportTo,
    http: virtualService.spec.http !== undefined,
    rules: withLogWords(joined.rules, virtualService),
    tcp: virtualService.spec.tcp ?? [],
    tls: virtualService.spec.tls ?? [],
    broken: [key, ...joined.delegates].some((each) => broken.has(each)),
    asksCaller: joined.rules.some(({ rule }) => asksCaller(rule))
  }
}

/** The rule sets of some VirtualServices, oldest first. */
export function ruleSetsOf(virtualServices: readonly VirtualService[], broken: ReadonlySet<string>): RuleSet[] {
  const delegates = delegatesOf(virtualServices)
  return virtualServices
    .filter(hasRules)
    .toSorted(byAge)
    .map((each) => ruleSetOf(each, delegates, broken))
}

function withLogWords(rules: readonly ListedRule[], { metadata }: VirtualService): readonly ListedRule[] {
  const text = metadata.annotations?.[LOG_ANNOTATION]
  if (text === undefined) return rules
  const words = readLogWords(text)
  return rules.map((listed) => {
    const log = logWordOf(words, listed.rule.name)
    return log === undefined ? listed : { ...listed, log }
  })
}

function asksCaller({ match = [] }: ListedRule['rule']): boolean {
  return match.some(({ sourceLabels, sourceNamespace }) => sourceLabels !== undefined || sourceNamespace !== undefined)
}

/** Label keys that matches ask of their callers, in order. */
export function sourceLabelsOf(sets: readonly RuleSet[]): string[] {
  const keys = new Set<string>()
  for (const { rules } of sets) {
    for (const { rule } of rules)
      for (const match of rule.match ?? []) for (const key of Object.keys(match.sourceLabels ?? {})) keys.add(key)
  }
  return [...keys].toSorted()
}
