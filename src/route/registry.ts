// The mesh's services: Kubernetes Services with the ready endpoints of their slices, and ServiceEntries. One place knows how an endpoint
// gets its labels, its workload and its port.

import type { ServiceEntry } from '../api/istio-service-entry.ts'
import { byAge, keyOf, namespaceOf } from './mesh-config.ts'
import { peerOf } from './peer.ts'
import { PLAIN_ENDPOINT } from './plain.ts'
import type { MeshConfig, MeshEndpointSlice, MeshPod, MeshService, MeshServicePort } from './mesh-config.ts'
import type { Endpoint } from './route-table.ts'

/** An endpoint before a subset chose it. */
export interface LabelledEndpoint {
  readonly endpoint: Endpoint
  readonly labels: Readonly<Record<string, string>>
  readonly ready: boolean
}

/** A port of a host in the mesh. */
export interface RegistryPort {
  readonly number: number
  readonly name: string
  /** False for ports declared as TCP, TLS and other protocols that HTTP rules do not apply to. */
  readonly http: boolean
  readonly endpoints: readonly LabelledEndpoint[]
}

/** A host that requests can go to. */
export interface RegistryHost {
  /** In full and lower case; a ServiceEntry's may be a wildcard. */
  readonly host: string
  readonly namespace: string
  readonly name: string
  readonly origin: 'service' | 'service-entry'
  readonly exportTo: readonly string[] | undefined
  readonly addresses: readonly string[]
  readonly ports: readonly RegistryPort[]
}

/** Hosts by name. */
export type Registry = ReadonlyMap<string, RegistryHost>

/** All hosts of the config; of two with the same name the Service, then the older, wins. */
export function buildRegistry(config: MeshConfig): Registry {
  const hosts = new Map<string, RegistryHost>()
  const pods = new PodIndex(config.pods)
  const slices = Map.groupBy(
    config.endpointSlices,
    (slice) => `${namespaceOf(slice)}/${slice.metadata.labels?.['kubernetes.io/service-name'] ?? ''}`
  )
  for (const service of config.services.toSorted(byAge)) {
    const host = serviceHost(service, slices.get(keyOf(service)) ?? [], pods)
    if (!hosts.has(host.host)) hosts.set(host.host, host)
  }
  for (const entry of config.serviceEntries.toSorted(byAge)) {
    for (const name of entry.spec.hosts) {
      const host = name.toLowerCase()
      if (!hosts.has(host)) hosts.set(host, entryHost(entry, host))
    }
  }
  return hosts
}

class PodIndex {
  readonly #byName = new Map<string, MeshPod>()
  readonly #byAddress = new Map<string, MeshPod>()

  constructor(pods: readonly MeshPod[]) {
    for (const pod of pods) {
      this.#byName.set(keyOf(pod), pod)
      const address = pod.status?.podIP
      if (address !== undefined && address !== '') this.#byAddress.set(address, pod)
    }
  }

  find(namespace: string, name: string | undefined, address: string): MeshPod | undefined {
    return (name === undefined ? undefined : this.#byName.get(`${namespace}/${name}`)) ?? this.#byAddress.get(address)
  }
}

function serviceHost(service: MeshService, slices: readonly MeshEndpointSlice[], pods: PodIndex): RegistryHost {
  const namespace = namespaceOf(service)
  const name = service.metadata.name ?? ''
  const address = service.spec?.clusterIP
  return {
    host: `${name}.${namespace}.svc.cluster.local`.toLowerCase(),
    namespace,
    name,
    origin: 'service',
    exportTo: undefined,
    addresses: address === undefined || address === '' || address === 'None' ? [] : [address],
    ports: (service.spec?.ports ?? []).map((port) => ({
      number: port.port,
      name: port.name ?? '',
      http: isHttp(port),
      endpoints: service.spec?.type === 'ExternalName' ? externalEndpoint(service, port) : sliceEndpoints(slices, port, pods)
    }))
  }
}

/** Protocols, in lower case, that HTTP rules do not apply to. */
export const OTHER_PROTOCOLS: ReadonlySet<string> = new Set(['tcp', 'udp', 'sctp', 'tls', 'https', 'mongo', 'mysql', 'redis'])

/** What a port is declared to carry: by appProtocol, else by its name before the first dash. */
export function declaredProtocol(port: MeshServicePort): string {
  return port.appProtocol ?? (port.name ?? '').split('-')[0] ?? ''
}

/** Undeclared ports are taken as HTTP, as sniffing would find. */
function isHttp(port: MeshServicePort): boolean {
  if (port.protocol === 'UDP' || port.protocol === 'SCTP') return false
  return !OTHER_PROTOCOLS.has(declaredProtocol(port).toLowerCase())
}

function externalEndpoint(service: MeshService, port: MeshServicePort): LabelledEndpoint[] {
  const address = service.spec?.externalName
  if (address === undefined) return []
  return [{ endpoint: plainEndpoint(address, port.port, service.metadata.name ?? ''), labels: {}, ready: true }]
}

function plainEndpoint(address: string, port: number, workload: string): Endpoint {
  return { address, port, ...PLAIN_ENDPOINT, workload }
}

function sliceEndpoints(slices: readonly MeshEndpointSlice[], port: MeshServicePort, pods: PodIndex): LabelledEndpoint[] {
  const found = new Map<string, LabelledEndpoint>()
  for (const slice of slices) {
    const target = slice.ports?.find((candidate) => (candidate.name ?? '') === (port.name ?? ''))?.port
    if (target === undefined) continue
    for (const listed of slice.endpoints ?? []) {
      const address = listed.addresses?.[0]
      if (address === undefined) continue
      const pod = pods.find(namespaceOf(slice), listed.targetRef?.name, address)
      found.set(`${address}:${target}`, { ...labelled(pod, address, target), ready: listed.conditions?.ready !== false })
    }
  }
  return [...found.keys()].toSorted().flatMap((key) => found.get(key) ?? [])
}

function labelled(pod: MeshPod | undefined, address: string, port: number): Pick<LabelledEndpoint, 'endpoint' | 'labels'> {
  if (pod === undefined) return { endpoint: plainEndpoint(address, port, 'unknown'), labels: {} }
  return { endpoint: podEndpoint(pod, address, port), labels: pod.metadata.labels ?? {} }
}

function podEndpoint(pod: MeshPod, address: string, port: number): Endpoint {
  return { address, port, ...PLAIN_ENDPOINT, pod: pod.metadata.name ?? '', ...peerOf(pod) }
}

function entryHost(entry: ServiceEntry, host: string): RegistryHost {
  const { spec } = entry
  return {
    host,
    namespace: namespaceOf(entry),
    name: host,
    origin: 'service-entry',
    exportTo: spec.exportTo,
    addresses: (spec.addresses ?? []).filter((address) => !address.includes('/')),
    ports: (spec.ports ?? []).map((port) => ({
      number: port.number,
      name: port.name,
      http: !OTHER_PROTOCOLS.has((port.protocol ?? '').toLowerCase()),
      endpoints: entryEndpoints(entry, host, { name: port.name, target: port.targetPort ?? port.number })
    }))
  }
}

/** Written endpoints; a DNS entry without any goes to the host itself. */
function entryEndpoints(entry: ServiceEntry, host: string, port: { readonly name: string; readonly target: number }): LabelledEndpoint[] {
  const { endpoints, resolution } = entry.spec
  const dns = resolution === 'DNS' || resolution === 'DNS_ROUND_ROBIN'
  if (endpoints === undefined || endpoints.length === 0) {
    return dns && !host.startsWith('*') ? [{ endpoint: plainEndpoint(host, port.target, host), labels: {}, ready: true }] : []
  }
  if (!dns && resolution !== 'STATIC') return []
  return endpoints.map((written) => {
    const labels = written.labels ?? {}
    const { app = 'unknown', version = 'unknown' } = labels
    const base = plainEndpoint(written.address ?? host, written.ports?.[port.name] ?? port.target, labels['app'] ?? host)
    return { endpoint: { ...base, weight: written.weight ?? 1, app, version }, labels, ready: true }
  })
}
