// ServiceEntries as hosts (istio.md 3.2): written endpoints, selected workloads, or names. One that says the same host again in its namespace
// adds ports and endpoints to the first.

import type { ServiceEntry, ServiceEntryPort } from '../api/istio-service-entry.ts'
import { namespaceOf } from './mesh-config.ts'
import { OTHER_PROTOCOLS, streamNamed } from './protocol.ts'
import type { RegistryHost, RegistryPort } from './registry.ts'
import { endpointsAt, isName, resolvedEndpoints, workloadOf } from './workload-entries.ts'
import type { LabelledEndpoint, Resolved, Workload, Workloads } from './workload-entries.ts'

/** What a ServiceEntry's endpoints are made from. */
export interface EntrySources {
  readonly workloads: Pick<Workloads, 'all'>
  readonly resolved: Resolved
}

/** The hosts of one ServiceEntry. */
export function entryHosts(entry: ServiceEntry, sources: EntrySources): RegistryHost[] {
  const { spec } = entry
  const namespace = namespaceOf(entry)
  const discovery = discoveryOf(entry)
  const selected = spec.workloadSelector === undefined ? undefined : sources.workloads.all(namespace, spec.workloadSelector.labels)
  return spec.hosts.map((written): RegistryHost => {
    const host = written.toLowerCase()
    const workloads = selected ?? listed(entry, host)
    return {
      host,
      namespace,
      name: host,
      origin: 'service-entry',
      discovery,
      exportTo: spec.exportTo,
      addresses: (spec.addresses ?? []).filter((address) => !address.includes('/')),
      ports: (spec.ports ?? []).map((port): RegistryPort => ({
        number: port.number,
        name: port.name,
        http: !OTHER_PROTOCOLS.has((port.protocol ?? '').toLowerCase()),
        // Such an entry has one domain for each of its names: the Host header matters.
        declared: true,
        stream: streamNamed(port.protocol),
        endpoints: discovery === 'original' ? [] : endpointsOf(entry, port, { workloads, resolved: sources.resolved })
      }))
    }
  })
}

/** How endpoints are found: `original` is where the caller wanted to go. */
function discoveryOf({ spec }: ServiceEntry): RegistryHost['discovery'] {
  if (spec.resolution === 'STATIC') return 'endpoints'
  return spec.resolution === 'DNS' || spec.resolution === 'DNS_ROUND_ROBIN' ? 'dns' : 'original'
}

/** The workloads an entry lists; a DNS entry without any is the host itself. */
function listed(entry: ServiceEntry, host: string): Workload[] {
  const namespace = namespaceOf(entry)
  const { endpoints = [] } = entry.spec
  if (endpoints.length === 0 && discoveryOf(entry) === 'dns' && !host.startsWith('*')) {
    return [workloadOf({ address: host }, { labels: {}, ready: true, namespace, name: host })]
  }
  return endpoints.map((written) => {
    const labels = written.labels ?? {}
    return workloadOf(written, { labels, ready: true, namespace, name: labels['app'] ?? host })
  })
}

function endpointsOf(
  { spec }: ServiceEntry,
  port: ServiceEntryPort,
  from: { readonly workloads: readonly Workload[]; readonly resolved: Resolved }
): LabelledEndpoint[] {
  const spread = spec.resolution === 'DNS_ROUND_ROBIN' ? 'first' : 'all'
  return from.workloads.flatMap((workload) => {
    const number = workload.ports[port.name] ?? port.targetPort ?? port.number
    if (spec.resolution === 'STATIC') return endpointsAt(workload, number)
    return resolvedEndpoints(workload, number, { resolved: from.resolved, spread })
  })
}

/** Two entries of one namespace for one host: the first decides, the other adds its ports and its endpoints to ports of both. */
export function joinEntries(first: RegistryHost, other: RegistryHost): RegistryHost {
  const same = first.discovery === other.discovery
  const ports = first.ports.map((port) => {
    const more = same ? other.ports.find(({ number }) => number === port.number) : undefined
    return more === undefined ? port : { ...port, endpoints: [...port.endpoints, ...more.endpoints.filter((each) => !has(port, each))] }
  })
  const added = same ? other.ports.filter(({ number }) => !first.ports.some((port) => port.number === number)) : []
  return { ...first, addresses: [...new Set([...first.addresses, ...other.addresses])], ports: [...ports, ...added] }
}

function has(port: RegistryPort, { endpoint }: LabelledEndpoint): boolean {
  return port.endpoints.some((each) => each.endpoint.address === endpoint.address && each.endpoint.port === endpoint.port)
}

/** Names that the endpoints of a DNS entry stand for. */
export function namesOf(entry: ServiceEntry, workloads: Pick<Workloads, 'all'>): string[] {
  if (discoveryOf(entry) !== 'dns') return []
  const selector = entry.spec.workloadSelector
  const found =
    selector === undefined
      ? entry.spec.hosts.flatMap((host) => listed(entry, host.toLowerCase()))
      : workloads.all(namespaceOf(entry), selector.labels)
  return found.flatMap(({ address }) => (address !== undefined && isName(address) ? [address.toLowerCase()] : []))
}
