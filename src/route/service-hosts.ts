// Kubernetes Services as hosts: the ready endpoints of their slices, WorkloadEntries that their selector picks, or the name that an
// ExternalName stands for. One place knows how a pod's endpoint gets its labels and its workload.

import type { EntrySources } from './entry-hosts.ts'
import { byAge, keyOf, namespaceOf } from './mesh-config.ts'
import type { MeshConfig, MeshEndpointSlice, MeshPod, MeshService, MeshServicePort } from './mesh-config.ts'
import { peerOf } from './peer.ts'
import { PLAIN_ENDPOINT } from './plain.ts'
import { carriesHttp, isDeclaredHttp, streamOf } from './protocol.ts'
import type { RegistryHost, RegistryPort } from './registry.ts'
import type { Endpoint } from './route-table.ts'
import { endpointsAt, isName, resolvedEndpoints, workloadOf } from './workload-entries.ts'
import { Topology, withTopology } from './topology.ts'
import type { LabelledEndpoint, Resolved, Workload, Workloads } from './workload-entries.ts'

/** The hosts of all Services, oldest first. */
export function serviceHosts(
  config: MeshConfig,
  sources: Pick<EntrySources, 'resolved'> & { readonly workloads: Pick<Workloads, 'entries'> }
): RegistryHost[] {
  const pods = new PodIndex(config)
  const slices = Map.groupBy(
    config.endpointSlices,
    (slice) => `${namespaceOf(slice)}/${slice.metadata.labels?.['kubernetes.io/service-name'] ?? ''}`
  )
  return config.services.toSorted(byAge).map((service) =>
    serviceHost(service, {
      slices: slices.get(keyOf(service)) ?? [],
      topology: pods.topology,
      findPod: (namespace, name, address) => pods.find(namespace, name, address),
      ...sources
    })
  )
}

/** What the endpoints of a Service are made from. */
export interface Behind {
  readonly resolved: Resolved
  readonly workloads: Pick<Workloads, 'entries'>
  readonly topology: Topology
  /** Its own. */
  readonly slices: readonly MeshEndpointSlice[]
  /** By name where one is given, else by address. */
  readonly findPod: (namespace: string, name: string | undefined, address: string) => MeshPod | undefined
}

class PodIndex {
  readonly #byName = new Map<string, MeshPod>()
  readonly #byAddress = new Map<string, MeshPod>()

  readonly topology: Topology

  constructor(config: Pick<MeshConfig, 'pods' | 'nodes'>) {
    this.topology = new Topology(config)
    for (const pod of config.pods) {
      this.#byName.set(keyOf(pod), pod)
      const address = pod.status?.podIP
      if (address !== undefined && address !== '') this.#byAddress.set(address, pod)
    }
  }

  find(namespace: string, name: string | undefined, address: string): MeshPod | undefined {
    return (name === undefined ? undefined : this.#byName.get(`${namespace}/${name}`)) ?? this.#byAddress.get(address)
  }
}

/** Namespaces that see a Service, as exportTo of Istio's own kinds. */
const EXPORT_TO = 'networking.istio.io/exportTo'

/** The host of one Service. */
export function serviceHost(service: MeshService, behind: Behind): RegistryHost {
  const namespace = namespaceOf(service)
  const name = service.metadata.name ?? ''
  const external = service.spec?.type === 'ExternalName'
  const selected = external ? [] : behind.workloads.entries(namespace, service.spec?.selector)
  return {
    host: `${name}.${namespace}.svc.cluster.local`.toLowerCase(),
    namespace,
    name,
    origin: 'service',
    discovery: external ? 'dns' : 'endpoints',
    exportTo: exportedTo(service),
    addresses: addressesOf(service),
    ports: (service.spec?.ports ?? []).map((port): RegistryPort => ({
      number: port.port,
      name: port.name ?? '',
      http: carriesHttp(port),
      declared: isDeclaredHttp(port),
      stream: streamOf(port),
      endpoints: external ? externalEndpoints(service, port, behind) : [...sliceEndpoints(port, behind), ...entryEndpoints(port, selected)]
    }))
  }
}

/** The name that an ExternalName stands for, if it has to be looked up. */
export function externalNameOf({ spec }: MeshService): string[] {
  const name = spec?.type === 'ExternalName' ? (spec.externalName ?? '').toLowerCase() : ''
  return name !== '' && isName(name) ? [name] : []
}

function exportedTo({ metadata }: MeshService): string[] | undefined {
  return metadata.annotations?.[EXPORT_TO]?.split(',').flatMap((entry) => (entry.trim() === '' ? [] : [entry.trim()]))
}

function addressesOf({ spec }: MeshService): string[] {
  const address = spec?.clusterIP
  return address === undefined || address === '' || address === 'None' ? [] : [address]
}

function externalEndpoints({ spec, metadata }: MeshService, port: MeshServicePort, { resolved }: Behind): LabelledEndpoint[] {
  const more = { labels: {}, ready: true, namespace: '', name: metadata.name ?? '' }
  const workload = workloadOf(spec?.externalName === undefined ? {} : { address: spec.externalName }, more)
  return resolvedEndpoints(workload, port.port, { resolved, spread: 'all' })
}

/** The port of a WorkloadEntry by the name of the Service's port, of its target port, else the target port's number. */
function entryEndpoints(port: MeshServicePort, selected: readonly Workload[]): LabelledEndpoint[] {
  const { targetPort } = port
  return selected.flatMap((workload) => {
    const byName = workload.ports[port.name ?? ''] ?? (typeof targetPort === 'string' ? workload.ports[targetPort] : targetPort)
    return byName === undefined && typeof targetPort === 'string' ? [] : endpointsAt(workload, byName ?? port.port)
  })
}

function sliceEndpoints(port: MeshServicePort, { slices, findPod, topology }: Behind): LabelledEndpoint[] {
  const found = new Map<string, LabelledEndpoint>()
  for (const slice of slices) {
    const target = targetOf(slice, port)
    if (target === undefined) continue
    for (const listed of slice.endpoints ?? []) {
      const address = listed.addresses?.[0]
      if (address === undefined) continue
      const pod = findPod(namespaceOf(slice), listed.targetRef?.name, address)
      if (isGone(listed.targetRef, pod)) continue
      found.set(`${address}:${target}`, {
        ...labelled(pod, { address, port: target }, topology),
        ready: listed.conditions?.ready !== false && !isLeaving(pod)
      })
    }
  }
  return [...found.keys()].toSorted().flatMap((key) => found.get(key) ?? [])
}

function targetOf({ ports = [] }: MeshEndpointSlice, { name = '' }: MeshServicePort): number | undefined {
  return ports.find((candidate) => (candidate.name ?? '') === name)?.port
}

// As in Istio, an endpoint of a pod that is not there is none: its slice is older than the pod's end.
function isGone({ kind, name }: { readonly kind?: string; readonly name?: string } = {}, pod: MeshPod | undefined): boolean {
  return kind === 'Pod' && name !== undefined && pod?.metadata.name !== name
}

// A slice may be older than the pod's end, or say `ready` whatever the pod is.
function isLeaving(pod: MeshPod | undefined): boolean {
  return pod?.metadata.deletionTimestamp !== undefined
}

function labelled(
  pod: MeshPod | undefined,
  at: Pick<Endpoint, 'address' | 'port'>,
  topology: Topology
): Pick<LabelledEndpoint, 'endpoint' | 'labels'> {
  if (pod === undefined) return { endpoint: { ...at, ...PLAIN_ENDPOINT }, labels: {} }
  const locality = topology.ofPod(pod)
  return { endpoint: podEndpoint(pod, at, locality), labels: withTopology(pod.metadata.labels ?? {}, locality) }
}

function podEndpoint(pod: MeshPod, at: Pick<Endpoint, 'address' | 'port'>, locality: string): Endpoint {
  return { ...at, ...PLAIN_ENDPOINT, locality, pod: pod.metadata.name ?? '', ...peerOf(pod) }
}
