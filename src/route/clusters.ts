// Destinations as clusters: one per host, port and subset (istio.md 1.5, 2.4-2.6), with the ready endpoints that have the subset's labels.
// Callers that get another DestinationRule than the service's own, or are elsewhere than most, get variants with more behind their ids.

import { hasLabels } from '../api/label-selector.ts'
import type { Subset } from '../api/istio-destination-rule.ts'
import { clusterSettings, hashPolicyOf, streamSettings } from './cluster-settings.ts'
import type { ClusterId } from './decision.ts'
import { hashRuleFor, policyFor, ruleFor } from './destination-rules.ts'
import type { AppliedRule, EffectivePolicy, RuleCaller, RuleIndex } from './destination-rules.ts'
import { askedLabels, asksWhere, localCaller, localize } from './locality.ts'
import type { Hosts, RegistryHost, RegistryPort } from './registry.ts'
import type { Cluster, HashPolicy } from './route-table.ts'
import type { LabelledEndpoint } from './workload-entries.ts'

/** A place a rule sends to, with its host in full. */
export interface Target {
  readonly host: string
  readonly port: number
  readonly subset: string | undefined
}

/** Envoy's name of a destination. */
export function clusterName({ host, port, subset }: Target): ClusterId {
  return `outbound|${port}|${subset ?? ''}|${host}`
}

/** What clusters are made from. */
export interface ClusterSources {
  readonly hosts: Hosts
  readonly rules: RuleIndex
  /** Of callers whose labels do not say where they are. */
  readonly locality: string
}

/** Where a target leads: an id, and the cluster of that id where host, port and subset exist. */
export interface Reached {
  readonly id: ClusterId
  readonly cluster: Cluster | undefined
}

/** The ports of the first host of a name, whole and by each subset, as callers without a rule of their own see them. */
export function homeClusters({ hosts, rules, locality }: ClusterSources, name: string): Cluster[] {
  const host = hosts.get(name)
  if (host === undefined) return []
  hosts.noteMembers?.(name)
  const rule = ruleFor(rules, host.host, host.namespace, host.namespace)
  return host.ports
    .filter(({ http, stream }) => http || stream !== undefined)
    .flatMap((port) => {
      const existing = (rule?.subsets ?? []).filter((subset) => exists(host, port, subset))
      return [undefined, ...existing].map((subset) => clusterOf(host, port, { rule, variant: '', labels: {}, subset, locality }))
    })
}

/** How callers of `caller` reach the target; the id names no cluster when host, port or subset do not exist. */
export function reach({ hosts, rules, locality }: ClusterSources, target: Target, caller: RuleCaller): Reached {
  const { namespace, labels } = caller
  const first = hosts.get(target.host)
  const host = hosts.seenFrom(target.host, namespace)
  const port = host?.ports.find(({ number }) => number === target.port)
  // A variant that nobody makes: what others see under the plain name is not for this caller.
  if (host === undefined || port === undefined) {
    return { id: clusterName(target) + (host === first ? '' : `@${namespace}`), cluster: undefined }
  }
  hosts.noteMembers?.(target.host)
  const home = ruleFor(rules, host.host, host.namespace, host.namespace)
  const rule = ruleFor(rules, host.host, host.namespace, caller)
  const variant = host === first && sameRule(home, rule) ? '' : `@${namespace}${selected(rule)}`
  const subset = subsetOf(rule, target.subset)
  const missing = target.subset !== undefined && (subset === undefined || !exists(host, port, subset))
  if (missing) return { id: `${clusterName(target)}${variant}`, cluster: undefined }
  const cluster = clusterOf(host, port, { rule, variant, labels, subset, locality })
  return { id: cluster.id, cluster }
}

/** What makes requests to a destination stick, by the rule that the caller gets for its host; `port` is the one the destination names. */
export function hashFor(
  { hosts, rules }: Pick<ClusterSources, 'hosts' | 'rules'>,
  target: Omit<Target, 'port'> & { readonly port: number | undefined },
  caller: RuleCaller
): HashPolicy | undefined {
  const host = hosts.seenFrom(target.host, caller.namespace)
  if (host === undefined) return undefined
  const rule = ruleFor(rules, host.host, host.namespace, caller)
  const subset = subsetOf(rule, target.subset)
  const hash = hashRuleFor(rule, target.port, subset)
  return hash === undefined ? undefined : hashPolicyOf(hash)
}

function subsetOf(rule: AppliedRule | undefined, wanted: string | undefined): Subset | undefined {
  return wanted === undefined ? undefined : rule?.subsets.find(({ name }) => name === wanted)
}

function clusterOf(host: RegistryHost, port: RegistryPort, seen: Seen): Cluster {
  const policy = policyFor(seen.rule, port.number, seen.subset)
  const settings = port.stream === undefined ? clusterSettings(policy) : streamSettings(policy)
  const members = membersOf(port, settings.balance === 'passthrough' ? {} : (seen.subset?.labels ?? {}))
  const base = clusterName({ host: host.host, port: port.number, subset: seen.subset?.name }) + seen.variant
  return {
    id: asksWhere(members, policy) ? base + placeOf(seen, policy) : base,
    host: host.host,
    namespace: host.namespace,
    serviceName: host.name,
    port: port.number,
    subset: seen.subset?.name,
    ...localize(members, policy, localCaller(seen.labels, seen.locality), host.discovery === 'dns'),
    ...settings,
    ...(host.discovery === 'original' ? { balance: 'passthrough' } : {})
  }
}

/** Tells callers apart that a policy treats differently; '' for those that say nothing of themselves. */
function placeOf({ labels, locality }: Seen, policy: EffectivePolicy): string {
  const asked = askedLabels(policy)
  const place = (of: RuleCaller['labels']): string => {
    const caller = localCaller(of, locality)
    return [caller.locality, ...asked.map((key) => caller.labels[key] ?? '')].join(',')
  }
  const own = place(labels)
  return own === place({}) ? '' : `~${own}`
}

function membersOf(port: RegistryPort, labels: Readonly<Record<string, string>>): LabelledEndpoint[] {
  return port.endpoints.filter((endpoint) => endpoint.ready && hasLabels(endpoint.labels, labels))
}

/** What tells a rule for some callers of a namespace from others there. */
function selected(rule: AppliedRule | undefined): string {
  return rule?.selector === undefined ? '' : `/${rule.from.map((key) => key.slice(key.indexOf('/') + 1)).join('+')}`
}

/** A subset of looked up names that has none of them is no cluster at all, unlike one of listed endpoints (istio.md 2.4). */
function exists(host: RegistryHost, port: RegistryPort, subset: Subset): boolean {
  return host.discovery !== 'dns' || port.endpoints.some(({ labels }) => hasLabels(labels, subset.labels ?? {}))
}

interface Seen {
  readonly rule: AppliedRule | undefined
  readonly variant: string
  /** Of the caller. */
  readonly labels: RuleCaller['labels']
  readonly subset?: Subset | undefined
  readonly locality: string
}

function sameRule(a: AppliedRule | undefined, b: AppliedRule | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.namespace === b.namespace && a.from.join() === b.from.join())
}
