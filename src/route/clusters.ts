// Destinations as clusters: one per host, port and subset (istio.md 1.5, 2.4-2.6), with the ready endpoints that have the subset's labels.
// Callers that get another DestinationRule than the service's own, or are elsewhere than most, get variants with more behind their ids.

import { hasLabels } from '../api/label-selector.ts'
import type { Subset } from '../api/istio-destination-rule.ts'
import { clusterSettings, hashPolicyOf } from './cluster-settings.ts'
import type { ClusterId } from './decision.ts'
import { hashRuleFor, policyFor, ruleFor } from './destination-rules.ts'
import type { AppliedRule, EffectivePolicy, RuleCaller, RuleIndex } from './destination-rules.ts'
import { askedLabels, asksWhere, localCaller, localize } from './locality.ts'
import type { Registry, RegistryHost, RegistryPort } from './registry.ts'
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

/** Makes and keeps the clusters of one compilation. */
export class ClusterSet {
  readonly #registry: Registry
  readonly #rules: RuleIndex
  readonly #locality: string
  readonly #made = new Map<ClusterId, Cluster>()
  /** Those that differ by the place of the caller. */
  readonly #asking = new Set<ClusterId>()

  /** `locality`: of callers whose labels do not say where they are. */
  constructor(registry: Registry, rules: RuleIndex, locality = '') {
    this.#registry = registry
    this.#rules = rules
    this.#locality = locality
  }

  /** Every HTTP port of every host, whole and by each subset, as callers without a rule of their own see it. */
  addAll(): void {
    for (const host of this.#registry.values()) {
      const rule = ruleFor(this.#rules, host.host, host.namespace, host.namespace)
      for (const port of host.ports) {
        if (!port.http) continue
        this.#make(host, port, { rule, variant: '', labels: {} })
        for (const subset of rule?.subsets ?? [])
          if (exists(host, port, subset)) this.#make(host, port, { rule, variant: '', labels: {}, subset })
      }
    }
  }

  /** The id under which callers of `caller` reach the target; it names no cluster when host, port or subset do not exist. */
  idFor(target: Target, caller: RuleCaller): ClusterId {
    const { namespace, labels } = caller
    const first = this.#registry.get(target.host)
    const host = this.#registry.seenFrom(target.host, namespace)
    const port = host?.ports.find(({ number }) => number === target.port)
    // A variant that nobody makes: what others see under the plain name is not for this caller.
    if (host === undefined || port === undefined) return clusterName(target) + (host === first ? '' : `@${namespace}`)
    const home = ruleFor(this.#rules, host.host, host.namespace, host.namespace)
    const rule = ruleFor(this.#rules, host.host, host.namespace, caller)
    const variant = host === first && sameRule(home, rule) ? '' : `@${namespace}${selected(rule)}`
    const subset = target.subset === undefined ? undefined : rule?.subsets.find(({ name }) => name === target.subset)
    if (target.subset !== undefined && (subset === undefined || !exists(host, port, subset))) return `${clusterName(target)}${variant}`
    return this.#make(host, port, { rule, variant, labels, subset }).id
  }

  /** What makes requests to a destination stick, by the rule that the caller gets for its host; `port` is the one the destination names. */
  hashFor(target: Omit<Target, 'port'> & { readonly port: number | undefined }, caller: RuleCaller): HashPolicy | undefined {
    const host = this.#registry.seenFrom(target.host, caller.namespace)
    if (host === undefined) return undefined
    const rule = ruleFor(this.#rules, host.host, host.namespace, caller)
    const subset = target.subset === undefined ? undefined : rule?.subsets.find(({ name }) => name === target.subset)
    const hash = hashRuleFor(rule, target.port, subset)
    return hash === undefined ? undefined : hashPolicyOf(hash)
  }

  /** Clusters by id, in the order of their ids. */
  all(): Readonly<Record<ClusterId, Cluster>> {
    return Object.fromEntries([...this.#made].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  }

  #make(host: RegistryHost, port: RegistryPort, seen: Seen): Cluster {
    const base = clusterName({ host: host.host, port: port.number, subset: seen.subset?.name }) + seen.variant
    const known = this.#asking.has(base) ? undefined : this.#made.get(base)
    if (known !== undefined) return known
    const policy = policyFor(seen.rule, port.number, seen.subset)
    const settings = clusterSettings(policy)
    const members = membersOf(port, settings.balance === 'passthrough' ? {} : (seen.subset?.labels ?? {}))
    const asks = asksWhere(members, policy)
    if (asks) this.#asking.add(base)
    const id = asks ? base + this.#placeOf(seen.labels, policy) : base
    const old = this.#made.get(id)
    if (old !== undefined) return old
    const cluster: Cluster = {
      id,
      host: host.host,
      namespace: host.namespace,
      serviceName: host.name,
      port: port.number,
      subset: seen.subset?.name,
      ...localize(members, policy, localCaller(seen.labels, this.#locality), host.discovery === 'dns'),
      ...settings,
      ...(host.discovery === 'original' ? { balance: 'passthrough' } : {})
    }
    this.#made.set(id, cluster)
    return cluster
  }

  /** Tells callers apart that a policy treats differently; '' for those that say nothing of themselves. */
  #placeOf(labels: RuleCaller['labels'], policy: EffectivePolicy): string {
    const asked = askedLabels(policy)
    const place = (of: RuleCaller['labels']): string => {
      const caller = localCaller(of, this.#locality)
      return [caller.locality, ...asked.map((key) => caller.labels[key] ?? '')].join(',')
    }
    const own = place(labels)
    return own === place({}) ? '' : `~${own}`
  }
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
}

function sameRule(a: AppliedRule | undefined, b: AppliedRule | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.namespace === b.namespace && a.from.join() === b.from.join())
}
