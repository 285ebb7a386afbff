// Sidecars: what the proxies of some workloads know of the mesh, and what becomes of their calls to hosts they do not know. Listeners for
// calls that come in are not acted on.

import { hasLabels } from '../api/label-selector.ts'
import type { Sidecar } from '../api/istio-sidecar.ts'
import { ROOT_NAMESPACE, byAge, coversHost, intersectHosts, namespaceOf } from './mesh-config.ts'
import type { MeshSource } from './route-table.ts'

/** Hosts that a workload may know, as a list of namespace/host. */
export class Imports {
  readonly #patterns: readonly { readonly namespace: string; readonly host: string }[]

  constructor(written: readonly string[], namespace: string) {
    this.#patterns = written.map((entry) => {
      const slash = entry.indexOf('/')
      const from = slash < 0 ? '*' : entry.slice(0, slash)
      return { namespace: from === '.' ? namespace : from, host: entry.slice(slash + 1).toLowerCase() }
    })
  }

  /** Whether a host of the registry in `namespace` is among them. */
  hasHost(host: string, namespace: string): boolean {
    return this.#from(namespace).some((pattern) => coversHost(pattern, host))
  }

  /** Whether a VirtualService in `namespace` for these hosts counts: any of them has to do with what is known. */
  hasRules(hosts: readonly string[], namespace: string): boolean {
    return this.#from(namespace).some((pattern) => hosts.some((host) => intersectHosts(pattern, host) !== undefined))
  }

  #from(namespace: string): string[] {
    return this.#patterns.flatMap((pattern) => (pattern.namespace === '*' || pattern.namespace === namespace ? [pattern.host] : []))
  }
}

const NOTHING = new Imports([], '')

/** What one kind of caller may know. */
export interface Egress {
  /** Calls to unknown hosts are refused with 502 (REGISTRY_ONLY); otherwise they pass (ALLOW_ANY). */
  readonly refusesUnknown: boolean
  /** The hosts on a port; undefined: all that are exported to it. */
  importsAt(port: number): Imports | undefined
  /** Ports that are listed. */
  readonly ports: readonly number[]
}

const EVERYTHING: Egress = { refusesUnknown: false, importsAt: () => undefined, ports: [] }

/** The Sidecars of the mesh. */
export class Sidecars {
  readonly #known: readonly { readonly sidecar: Sidecar; readonly egress: Egress }[]
  readonly #rootNamespace: string

  constructor(sidecars: readonly Sidecar[], rootNamespace = ROOT_NAMESPACE) {
    this.#rootNamespace = rootNamespace
    this.#known = sidecars.toSorted(byAge).map((sidecar) => ({ sidecar, egress: egressOf(sidecar) }))
  }

  /** Label keys that selectors ask of workloads. */
  get labelKeys(): string[] {
    return this.#known.flatMap(({ sidecar }) => Object.keys(selectorOf(sidecar)))
  }

  /** One that selects the workload, else its namespace's, else the root namespace's; of several the oldest. */
  of({ namespace, labels }: MeshSource): Egress {
    const own = this.#known.filter(({ sidecar }) => namespaceOf(sidecar) === namespace)
    const selecting = own.find(({ sidecar }) => selects(sidecar) && hasLabels(labels, selectorOf(sidecar)))
    const found = selecting ?? own.find(({ sidecar }) => !selects(sidecar)) ?? this.#roots()
    return found?.egress ?? EVERYTHING
  }

  #roots(): { readonly egress: Egress } | undefined {
    return this.#known.find(({ sidecar }) => namespaceOf(sidecar) === this.#rootNamespace && !selects(sidecar))
  }
}

function selects(sidecar: Sidecar): boolean {
  return sidecar.spec.workloadSelector !== undefined
}

function selectorOf({ spec }: Sidecar): Readonly<Record<string, string>> {
  return spec.workloadSelector?.labels ?? {}
}

/** A listener with a port is for that port alone; one without is for the others. Without any listener everything is known. */
function egressOf(sidecar: Sidecar): Egress {
  const { egress = [], outboundTrafficPolicy } = sidecar.spec
  const namespace = namespaceOf(sidecar)
  const byPort = new Map<number, Imports>()
  let others: Imports | undefined = egress.length === 0 ? undefined : NOTHING
  for (const { port, hosts } of egress) {
    const imports = new Imports(hosts, namespace)
    if (port?.number === undefined || port.number === 0) others = imports
    else byPort.set(port.number, imports)
  }
  return {
    refusesUnknown: outboundTrafficPolicy !== undefined && outboundTrafficPolicy.mode !== 'ALLOW_ANY',
    importsAt: (port) => byPort.get(port) ?? others,
    ports: [...byPort.keys()]
  }
}
