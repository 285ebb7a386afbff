// The mesh's hosts: Kubernetes Services and ServiceEntries by name, and which of them a namespace sees (istio.md 1.4, 1.5, 3.2).

import { entryHosts, joinEntries, namesOf } from './entry-hosts.ts'
import { byAge, isVisible } from './mesh-config.ts'
import type { MeshConfig } from './mesh-config.ts'
import type { Stream } from './protocol.ts'
import { serviceHosts } from './service-hosts.ts'
import { Workloads, isName } from './workload-entries.ts'
import type { LabelledEndpoint } from './workload-entries.ts'

/** A port of a host in the mesh. */
export interface RegistryPort {
  readonly number: number
  readonly name: string
  /** False for ports declared as TCP, TLS and other protocols that HTTP rules do not apply to. */
  readonly http: boolean
  /** False for a Service's port that does not say what it carries. */
  readonly declared: boolean
  /** How it carries bytes that are not HTTP; absent: it does not. */
  readonly stream?: Stream | undefined
  readonly endpoints: readonly LabelledEndpoint[]
}

/** A host that requests can go to. */
export interface RegistryHost {
  /** In full and lower case; a ServiceEntry's may be a wildcard. */
  readonly host: string
  readonly namespace: string
  readonly name: string
  readonly origin: 'service' | 'service-entry'
  /** Where its endpoints come from: they are listed, they are looked up by name, or they are where the caller wanted to go. */
  readonly discovery: 'endpoints' | 'dns' | 'original'
  readonly exportTo: readonly string[] | undefined
  readonly addresses: readonly string[]
  readonly ports: readonly RegistryPort[]
}

/** Looks for hosts by name. */
export interface Hosts {
  /** The first of a name, whoever sees it. */
  get(name: string): RegistryHost | undefined
  has(name: string): boolean
  /** The host as callers in `namespace` know it; undefined when they do not see it. */
  seenFrom(name: string, namespace: string): RegistryHost | undefined
  /** Told before the endpoints of a host are looked at. */
  noteMembers?(name: string): void
}

/** Hosts by name. Several namespaces may have one of a name: who sees more than one takes its own, else the first. */
export class Registry implements Hosts {
  /** By name, the first of them: Services before ServiceEntries, then the older. */
  readonly #first = new Map<string, RegistryHost>()
  readonly #others = new Map<string, RegistryHost[]>()
  /** What is seen depends on who looks. */
  readonly varies: boolean

  constructor(hosts: readonly RegistryHost[]) {
    for (const host of hosts) {
      const others = this.#others.get(host.host) ?? []
      if (!this.#first.has(host.host)) this.#first.set(host.host, host)
      else this.#others.set(host.host, [...others, host])
    }
    this.varies = this.#others.size > 0 || hosts.some(({ exportTo = [] }) => exportTo.length > 0)
  }

  /** The first of a name, whoever sees it. */
  get(host: string): RegistryHost | undefined {
    return this.#first.get(host)
  }

  has(host: string): boolean {
    return this.#first.has(host)
  }

  keys(): MapIterator<string> {
    return this.#first.keys()
  }

  values(): MapIterator<RegistryHost> {
    return this.#first.values()
  }

  /** All of all names. */
  *all(): Generator<RegistryHost> {
    yield* this.#first.values()
    for (const hosts of this.#others.values()) yield* hosts
  }

  /** The host as callers in `namespace` know it; undefined when they do not see it. */
  seenFrom(host: string, namespace: string): RegistryHost | undefined {
    const first = this.#first.get(host)
    if (first === undefined || !this.varies) return first
    const seen = [first, ...(this.#others.get(host) ?? [])].filter((each) => isVisible(each.exportTo, each.namespace, namespace))
    return seen.find((each) => each.namespace === namespace) ?? seen[0]
  }

  /** Every host that callers in `namespace` see. */
  allSeenFrom(namespace: string): RegistryHost[] {
    return [...this.#first.keys()].flatMap((host) => this.seenFrom(host, namespace) ?? [])
  }
}

/** All hosts of the config. */
export function buildRegistry(config: MeshConfig): Registry {
  const workloads = new Workloads(config)
  const resolved = config.resolved ?? {}
  const entries = new Map<string, RegistryHost>()
  for (const entry of config.serviceEntries.toSorted(byAge)) {
    for (const host of entryHosts(entry, { workloads, resolved })) {
      const key = `${host.namespace}/${host.host}`
      const before = entries.get(key)
      entries.set(key, before === undefined ? host : joinEntries(before, host))
    }
  }
  return new Registry([...serviceHosts(config, { workloads, resolved }), ...entries.values()])
}

/** Names that destinations stand for: they are to be looked up, and come back as `MeshConfig.resolved`. */
export function namesIn(config: MeshConfig): string[] {
  const workloads = new Workloads(config)
  const external = config.services.flatMap(({ spec }) => (spec?.type === 'ExternalName' ? [(spec.externalName ?? '').toLowerCase()] : []))
  const names = [...config.serviceEntries.flatMap((entry) => namesOf(entry, workloads)), ...external.filter(isName)]
  return [...new Set(names)].filter((name) => name !== '').toSorted()
}
