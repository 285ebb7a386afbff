// Destinations as clusters: one per host, port and subset (istio.md 1.5, 2.4-2.6), with the ready endpoints that have the subset's labels.
// A caller whose namespace overrides the service's DestinationRule gets a variant with `@namespace` behind its id.

import { hasLabels } from '../api/label-selector.ts'
import type { Subset } from '../api/istio-destination-rule.ts'
import { clusterSettings, hashPolicyOf } from './cluster-settings.ts'
import type { ClusterId } from './decision.ts'
import { hashRuleFor, policyFor, ruleFor } from './destination-rules.ts'
import type { AppliedRule, RuleIndex } from './destination-rules.ts'
import type { Registry, RegistryHost, RegistryPort } from './registry.ts'
import type { Cluster, HashPolicy } from './route-table.ts'

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
  readonly #made = new Map<ClusterId, Cluster>()

  constructor(registry: Registry, rules: RuleIndex) {
    this.#registry = registry
    this.#rules = rules
  }

  /** Every HTTP port of every host, whole and by each subset, as callers without a rule of their own see it. */
  addAll(): void {
    for (const host of this.#registry.values()) {
      const rule = ruleFor(this.#rules, host.host, host.namespace, host.namespace)
      for (const port of host.ports) {
        if (!port.http) continue
        this.#make(host, port, { rule, variant: '' })
        for (const subset of rule?.subsets ?? []) if (exists(host, port, subset)) this.#make(host, port, { rule, variant: '', subset })
      }
    }
  }

  /** The id under which callers of `caller` reach the target; it names no cluster when host, port or subset do not exist. */
  idFor(target: Target, caller: string): ClusterId {
    const first = this.#registry.get(target.host)
    const host = this.#registry.seenFrom(target.host, caller)
    const port = host?.ports.find(({ number }) => number === target.port)
    // A variant that nobody makes: what others see under the plain name is not for this caller.
    if (host === undefined || port === undefined) return clusterName(target) + (host === first ? '' : `@${caller}`)
    const home = ruleFor(this.#rules, host.host, host.namespace, host.namespace)
    const rule = ruleFor(this.#rules, host.host, host.namespace, caller)
    const variant = host === first && sameRule(home, rule) ? '' : `@${caller}`
    const subset = target.subset === undefined ? undefined : rule?.subsets.find(({ name }) => name === target.subset)
    if (target.subset !== undefined && (subset === undefined || !exists(host, port, subset))) return `${clusterName(target)}${variant}`
    return this.#make(host, port, { rule, variant, subset }).id
  }

  /** What makes requests to a destination stick, by the rule that the caller gets for its host; `port` is the one the destination names. */
  hashFor(target: Omit<Target, 'port'> & { readonly port: number | undefined }, caller: string): HashPolicy | undefined {
    const host = this.#registry.seenFrom(target.host, caller)
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
    const id = clusterName({ host: host.host, port: port.number, subset: seen.subset?.name }) + seen.variant
    const old = this.#made.get(id)
    if (old !== undefined) return old
    const labels = seen.subset?.labels ?? {}
    const cluster: Cluster = {
      id,
      host: host.host,
      namespace: host.namespace,
      serviceName: host.name,
      port: port.number,
      subset: seen.subset?.name,
      endpoints: port.endpoints.filter((endpoint) => endpoint.ready && hasLabels(endpoint.labels, labels)).map(({ endpoint }) => endpoint),
      localities: undefined,
      ...clusterSettings(policyFor(seen.rule, port.number, seen.subset)),
      ...(host.discovery === 'original' ? { balance: 'passthrough' } : {})
    }
    this.#made.set(id, cluster)
    return cluster
  }
}

/** A subset of looked up names that has none of them is no cluster at all, unlike one of listed endpoints (istio.md 2.4). */
function exists(host: RegistryHost, port: RegistryPort, subset: Subset): boolean {
  return host.discovery !== 'dns' || port.endpoints.some(({ labels }) => hasLabels(labels, subset.labels ?? {}))
}

interface Seen {
  readonly rule: AppliedRule | undefined
  readonly variant: string
  readonly subset?: Subset | undefined
}

function sameRule(a: AppliedRule | undefined, b: AppliedRule | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.namespace === b.namespace && a.from.join() === b.from.join())
}
