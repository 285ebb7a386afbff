// Which DestinationRule a caller gets for a host (istio.md 2.2) and what policy follows for a port and subset (2.3). It decides nothing
// about endpoints.

import type { DestinationRule, Subset } from '../api/istio-destination-rule.ts'
import type { ConsistentHash, PortTrafficPolicy, TrafficPolicy } from '../api/istio-traffic-policy.ts'
import { hasLabels } from '../api/label-selector.ts'
import { sameJson } from '../std/json.ts'
import { byAge, coversHost, isVisible, keyOf, namespaceOf, resolveHost } from './mesh-config.ts'
import { TOPOLOGY_LABELS } from './topology.ts'

/** The rule in force: rules of one namespace for one host put together. */
export interface AppliedRule {
  /** namespace/name of the rules, oldest first. */
  readonly from: readonly string[]
  readonly host: string
  readonly namespace: string
  readonly subsets: readonly Subset[]
  readonly trafficPolicy: TrafficPolicy | undefined
  /** Labels of the only callers that it is for; undefined: for all. */
  readonly selector: Labels | undefined
}

/** A rule with those who see it. */
export interface HostRule extends AppliedRule {
  /** Namespaces that see it; '*' for all. */
  readonly exportTo: readonly string[]
}

type Labels = Readonly<Record<string, string>>

/** Who asks for a rule. */
export interface RuleCaller {
  readonly namespace: string
  readonly labels: Labels
}

/** The rules of a namespace: those for one host, by it, and those for wildcards. */
interface NamespaceRules {
  readonly exact: { get(host: string): readonly HostRule[] | undefined }
  readonly wild: readonly HostRule[]
}

/** DestinationRules by namespace, put together and ready to be asked. */
export interface RuleIndex {
  readonly byNamespace: { get(namespace: string): NamespaceRules | undefined }
  readonly rootNamespace: string
}

/**
 * Indexes the rules: those that select callers first, then the oldest. A rule joins those before it for the same host, in the same
 * namespace and exported alike; one for all callers joins those that select some too, and stands for itself besides.
 */
export function indexRules(rules: readonly DestinationRule[], rootNamespace = 'istio-system'): RuleIndex {
  const byNamespace = new Map<string, { readonly exact: Map<string, HostRule[]>; readonly wild: HostRule[] }>()
  for (const [namespace, own] of Map.groupBy(rules, namespaceOf)) {
    const byHost = Map.groupBy(own, ruledHost)
    const wild = own.filter((rule) => ruledHost(rule).startsWith('*'))
    for (const host of byHost.keys()) if (host.startsWith('*')) byHost.delete(host)
    const exact = new Map([...byHost].map(([host, list]) => [host, joinRules(list)]))
    byNamespace.set(namespace, { exact, wild: joinRules(wild) })
  }
  return { byNamespace, rootNamespace }
}

/** The host that a rule is for, in full. */
export function ruledHost(rule: DestinationRule): string {
  return resolveHost(rule.spec.host, namespaceOf(rule))
}

/** The rules of one namespace put together, as indexRules says. */
export function joinRules(rules: readonly DestinationRule[]): HostRule[] {
  const list: HostRule[] = []
  const ordered = rules.toSorted(byAge)
  const selects = ({ spec }: DestinationRule): boolean => spec.workloadSelector !== undefined
  for (const rule of [...ordered.filter(selects), ...ordered.filter((each) => !selects(each))]) {
    const incoming = hostRule(rule)
    let alone = true
    for (const [at, before] of list.entries()) {
      if (!joins(before, incoming)) continue
      list[at] = joined(before, incoming)
      if (sameExport(before, incoming) && sameJson(before.selector, incoming.selector)) alone = false
    }
    if (alone) list.push(incoming)
  }
  return list
}

function hostRule(rule: DestinationRule): HostRule {
  const { spec } = rule
  const namespace = namespaceOf(rule)
  return {
    from: [keyOf(rule)],
    host: ruledHost(rule),
    namespace,
    exportTo: spec.exportTo === undefined || spec.exportTo.length === 0 ? ['*'] : spec.exportTo,
    subsets: spec.subsets ?? [],
    trafficPolicy: spec.trafficPolicy,
    selector: spec.workloadSelector === undefined ? undefined : (spec.workloadSelector.matchLabels ?? {})
  }
}

/** Whether a later rule adds to an earlier one: both must be for the same callers, or the later one for all. */
function joins(before: HostRule, incoming: HostRule): boolean {
  if (before.host !== incoming.host) return false
  if (incoming.selector !== undefined && !sameJson(before.selector, incoming.selector)) return false
  return sameExport(before, incoming) || before.exportTo.every((namespace) => incoming.exportTo.includes(namespace))
}

function joined(before: HostRule, incoming: HostRule): HostRule {
  const added = incoming.subsets.filter((subset) => !before.subsets.some(({ name }) => name === subset.name))
  return {
    ...before,
    from: [...before.from, ...incoming.from],
    subsets: [...before.subsets, ...added],
    trafficPolicy: before.trafficPolicy ?? incoming.trafficPolicy
  }
}

function sameExport(a: HostRule, b: HostRule): boolean {
  return a.exportTo.toSorted().join(' ') === b.exportTo.toSorted().join(' ')
}

/**
 * The rule for calls from `caller` (a namespace alone: callers without labels) to `host` in `serviceNamespace`: the first tier (caller's
 * namespace, service's, root) that has any rule for the host wins, even when it lacks the subset or selects other callers; within a tier
 * the most specific host.
 */
export function ruleFor(index: RuleIndex, host: string, serviceNamespace: string, caller: string | RuleCaller): AppliedRule | undefined {
  const asking = typeof caller === 'string' ? { namespace: caller, labels: {} } : caller
  const tiers = [asking.namespace === index.rootNamespace ? undefined : asking.namespace, serviceNamespace, index.rootNamespace]
  for (const tier of tiers) {
    const found = tier === undefined ? [] : rulesIn(index, tier, { host, caller: asking.namespace })
    if (found.length > 0) return chosen(found, asking)
  }
  return undefined
}

/** Of the rules for one host the one that selects the caller, which only rules of its own namespace do; else the one for all. */
function chosen(rules: readonly HostRule[], { namespace, labels }: RuleCaller): HostRule | undefined {
  const own = rules.find((rule) => rule.selector !== undefined && rule.namespace === namespace && hasLabels(labels, rule.selector))
  return own ?? rules.find(({ selector }) => selector === undefined)
}

/** The rules of a tier for its most specific host that covers this one, among those that the caller sees. */
function rulesIn(index: RuleIndex, tier: string, asked: { readonly host: string; readonly caller: string }): readonly HostRule[] {
  const rules = index.byNamespace.get(tier)
  if (rules === undefined) return []
  const sees = (rule: HostRule): boolean => isVisible(rule.exportTo, tier, asked.caller)
  const exact = rules.exact.get(asked.host)?.filter(sees) ?? []
  if (exact.length > 0) return exact
  const covering = rules.wild.filter((rule) => coversHost(rule.host, asked.host) && sees(rule))
  const [best] = covering.toSorted((a, b) => (a.host === b.host ? 0 : moreSpecific(a.host, b.host) ? -1 : 1))
  return covering.filter(({ host }) => host === best?.host)
}

/** Exact before wildcard, longer suffix before shorter, then by the alphabet. */
export function moreSpecific(a: string, b: string): boolean {
  const wild = Number(a.startsWith('*')) - Number(b.startsWith('*'))
  if (wild !== 0) return wild < 0
  return a.length === b.length ? a < b : a.length > b.length
}

/** The blocks that apply to one port and subset; a port's own entry has no retry budget. */
export type EffectivePolicy = Pick<TrafficPolicy, 'connectionPool' | 'loadBalancer' | 'outlierDetection' | 'tls' | 'retryBudget'>

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
    ...(policy.tls === undefined ? {} : { tls: policy.tls }),
    ...(policy.retryBudget === undefined ? {} : { retryBudget: policy.retryBudget })
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

/** Label keys that rules ask of their callers: those they select by, and where failover or distribution look at places, what tells a place. */
export function callerLabelsOf(rules: readonly DestinationRule[]): string[] {
  const keys = rules.flatMap(({ spec }) => [
    ...Object.keys(spec.workloadSelector?.matchLabels ?? {}),
    ...policiesOf(spec).flatMap(labelsAsked)
  ])
  return [...new Set(keys)].toSorted()
}

function labelsAsked({ loadBalancer, outlierDetection }: TrafficPolicy | PortTrafficPolicy): string[] {
  const setting = loadBalancer?.localityLbSetting
  const named = (setting?.failoverPriority ?? []).map((entry) => entry.split('=')[0] ?? '')
  return outlierDetection === undefined && setting === undefined ? named : [...named, ...TOPOLOGY_LABELS]
}

function policiesOf(spec: DestinationRule['spec']): (TrafficPolicy | PortTrafficPolicy)[] {
  const levels = [spec.trafficPolicy, ...(spec.subsets ?? []).map(({ trafficPolicy }) => trafficPolicy)]
  return levels.flatMap((policy) => (policy === undefined ? [] : [policy, ...(policy.portLevelSettings ?? [])]))
}
