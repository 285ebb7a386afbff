// Which DestinationRule a caller gets for a host (istio.md 2.2) and what policy follows for a port and subset (2.3). It decides nothing
// about endpoints.

import type { DestinationRule, Subset } from '../api/istio-destination-rule.ts'
import type { ConsistentHash, PortTrafficPolicy, TrafficPolicy } from '../api/istio-traffic-policy.ts'
import { byAge, coversHost, isVisible, keyOf, namespaceOf, resolveHost } from './mesh-config.ts'

/** The rule in force: rules of one namespace for one host put together. */
export interface AppliedRule {
  /** namespace/name of the rules, oldest first. */
  readonly from: readonly string[]
  readonly host: string
  readonly namespace: string
  readonly subsets: readonly Subset[]
  readonly trafficPolicy: TrafficPolicy | undefined
}

interface HostRule extends AppliedRule {
  readonly exportTo: readonly string[] | undefined
}

/** The rules of a namespace: those for one host, by it, and those for wildcards. */
interface NamespaceRules {
  readonly exact: Map<string, HostRule[]>
  readonly wild: HostRule[]
}

/** DestinationRules by namespace, put together and ready to be asked. */
export interface RuleIndex {
  readonly byNamespace: ReadonlyMap<string, NamespaceRules>
  readonly rootNamespace: string
}

/** Indexes the rules. Rules with a workloadSelector are left out (named as not applied yet by the compiler). */
export function indexRules(rules: readonly DestinationRule[], rootNamespace = 'istio-system'): RuleIndex {
  const byNamespace = new Map<string, NamespaceRules>()
  for (const rule of rules.toSorted(byAge)) {
    if (rule.spec.workloadSelector !== undefined) continue
    const namespace = namespaceOf(rule)
    const host = resolveHost(rule.spec.host, namespace)
    const list = listFor(byNamespace, namespace, host)
    const exportTo = rule.spec.exportTo
    const at = list.findIndex((other) => other.host === host && sameExport(other.exportTo, exportTo))
    const before = list[at]
    if (before === undefined) {
      list.push({
        from: [keyOf(rule)],
        host,
        namespace,
        exportTo,
        subsets: rule.spec.subsets ?? [],
        trafficPolicy: rule.spec.trafficPolicy
      })
      continue
    }
    const added = (rule.spec.subsets ?? []).filter((subset) => !before.subsets.some(({ name }) => name === subset.name))
    list[at] = {
      ...before,
      from: [...before.from, keyOf(rule)],
      subsets: [...before.subsets, ...added],
      trafficPolicy: before.trafficPolicy ?? rule.spec.trafficPolicy
    }
  }
  return { byNamespace, rootNamespace }
}

function listFor(byNamespace: Map<string, NamespaceRules>, namespace: string, host: string): HostRule[] {
  const rules = byNamespace.get(namespace) ?? { exact: new Map<string, HostRule[]>(), wild: [] }
  byNamespace.set(namespace, rules)
  if (host.startsWith('*')) return rules.wild
  const list = rules.exact.get(host) ?? []
  rules.exact.set(host, list)
  return list
}

function sameExport(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  return (a ?? []).toSorted().join(' ') === (b ?? []).toSorted().join(' ')
}

/**
 * The rule for calls from `caller` to `host` in `serviceNamespace`: the first tier (caller's namespace, service's, root) that has any rule
 * for the host wins, even when it lacks the subset; within a tier the most specific host.
 */
export function ruleFor(index: RuleIndex, host: string, serviceNamespace: string, caller: string): AppliedRule | undefined {
  const own = caller === index.rootNamespace ? undefined : bestRule(index, caller, host, caller)
  return own ?? bestRule(index, serviceNamespace, host, caller) ?? bestRule(index, index.rootNamespace, host, caller)
}

/** The most specific of the tier's rules that cover the host and that the caller sees; of the same host the oldest. */
function bestRule(index: RuleIndex, tier: string, host: string, caller: string): HostRule | undefined {
  const rules = index.byNamespace.get(tier)
  const exact = rules?.exact.get(host)?.find((rule) => isVisible(rule.exportTo, tier, caller))
  if (exact !== undefined || rules === undefined) return exact
  let best: HostRule | undefined
  for (const rule of rules.wild) {
    if (!coversHost(rule.host, host) || !isVisible(rule.exportTo, tier, caller)) continue
    if (best === undefined || moreSpecific(rule.host, best.host)) best = rule
  }
  return best
}

/** Exact before wildcard, longer suffix before shorter, then by the alphabet. */
export function moreSpecific(a: string, b: string): boolean {
  const wild = Number(a.startsWith('*')) - Number(b.startsWith('*'))
  if (wild !== 0) return wild < 0
  return a.length === b.length ? a < b : a.length > b.length
}

/** The four blocks that apply to one port and subset. */
export type EffectivePolicy = Pick<TrafficPolicy, 'connectionPool' | 'loadBalancer' | 'outlierDetection' | 'tls'>

/** Whole blocks at a time: a port-level entry replaces its level; a subset's block replaces the base's; nothing merges deeply. */
export function policyFor(rule: AppliedRule | undefined, port: number, subset: Subset | undefined): EffectivePolicy {
  const base = levelPolicy(rule?.trafficPolicy, port)
  const own = subset?.trafficPolicy
  if (own === undefined) return definedBlocks(base ?? {})
  const level = levelPolicy(own, port)
  if (level !== undefined && level !== own) return definedBlocks(level)
  return { ...definedBlocks(base ?? {}), ...definedBlocks(own) }
}

function levelPolicy(policy: TrafficPolicy | undefined, port: number): TrafficPolicy | PortTrafficPolicy | undefined {
  return policy?.portLevelSettings?.find((entry) => entry.port?.number === port) ?? policy
}

function definedBlocks(policy: EffectivePolicy): EffectivePolicy {
  return {
    ...(policy.connectionPool === undefined ? {} : { connectionPool: policy.connectionPool }),
    ...(policy.loadBalancer === undefined ? {} : { loadBalancer: policy.loadBalancer }),
    ...(policy.outlierDetection === undefined ? {} : { outlierDetection: policy.outlierDetection }),
    ...(policy.tls === undefined ? {} : { tls: policy.tls })
  }
}

/**
 * The consistent hash that a route's destination makes requests stick by, strongest first: of the subset's port, of the subset, of the port,
 * of the rule (istio.md 2.3). Port settings count only for a port that the destination names.
 */
export function hashRuleFor(
  rule: AppliedRule | undefined,
  port: number | undefined,
  subset: Subset | undefined
): ConsistentHash | undefined {
  return hashOfLevel(subset?.trafficPolicy, port) ?? hashOfLevel(rule?.trafficPolicy, port)
}

function hashOfLevel(policy: TrafficPolicy | undefined, port: number | undefined): ConsistentHash | undefined {
  const own = port === undefined ? undefined : policy?.portLevelSettings?.find((entry) => entry.port?.number === port)
  return own?.loadBalancer?.consistentHash ?? policy?.loadBalancer?.consistentHash
}
