// Endpoints that are written down (istio.md 3.2, 3.3): in ServiceEntries, as WorkloadEntries, and pods that a ServiceEntry selects. What a
// name stands for comes with the config: nothing is looked up here.

import { hasLabels } from '../api/label-selector.ts'
import type { WorkloadEntry, WorkloadEntrySpec } from '../api/istio-workload-entry.ts'
import { namespaceOf } from './mesh-config.ts'
import type { MeshConfig, MeshPod } from './mesh-config.ts'
import { peerOf } from './peer.ts'
import { PLAIN_ENDPOINT } from './plain.ts'
import type { Endpoint } from './route-table.ts'
import { Topology, withTopology } from './topology.ts'

type Labels = Readonly<Record<string, string>>

/** An endpoint before a subset chose it. */
export interface LabelledEndpoint {
  readonly endpoint: Endpoint
  readonly labels: Labels
  readonly ready: boolean
}

/** Where one workload can be reached, before a port is known. */
export interface Workload {
  /** An IP address or a name; undefined: not reachable from here. */
  readonly address: string | undefined
  readonly labels: Labels
  readonly ready: boolean
  /** Port of the workload by the name of the service's port. */
  readonly ports: Readonly<Record<string, number>>
  readonly peer: Omit<Endpoint, 'address' | 'port'>
}

/** What is known of names: their addresses in the order of the answer, none when there is no such name. */
export type Resolved = Readonly<Record<string, readonly string[]>>

/** A workload of a ServiceEntry's list, or of a WorkloadEntry. */
export function workloadOf(
  spec: WorkloadEntrySpec,
  more: Pick<Workload, 'labels' | 'ready'> & { readonly namespace: string; readonly name: string }
): Workload {
  const { labels, ready, namespace, name } = more
  const { app = 'unknown', version = 'unknown' } = labels
  const { address, ports = {}, weight, locality = '' } = spec
  return {
    address: address === undefined || address === '' || address.startsWith('unix:') ? undefined : address,
    labels: withTopology(labels, locality),
    ready,
    ports,
    peer: {
      ...PLAIN_ENDPOINT,
      namespace,
      workload: name,
      app,
      version,
      weight: weight === undefined || weight === 0 ? 1 : weight,
      locality
    }
  }
}

/** Owns the index of the workloads that ServiceEntries and Services select by labels. */
export class Workloads {
  readonly #entries: ReadonlyMap<string, readonly Workload[]>
  readonly #pods: ReadonlyMap<string, readonly MeshPod[]>

  readonly #topology: Topology

  constructor(config: Pick<MeshConfig, 'pods' | 'workloadEntries' | 'nodes'>) {
    this.#topology = new Topology(config)
    const entries = new Map<string, Workload[]>()
    for (const entry of config.workloadEntries) {
      const namespace = namespaceOf(entry)
      const list = entries.get(namespace) ?? []
      entries.set(namespace, list)
      list.push(workloadOfEntry(entry))
    }
    this.#entries = entries
    this.#pods = Map.groupBy(config.pods, namespaceOf)
  }

  /** WorkloadEntries of the namespace that have all the labels. No labels select nobody. */
  entries(namespace: string, labels: Labels | undefined): Workload[] {
    return selectedWorkloads(this.#entries.get(namespace) ?? [], labels)
  }

  /** The same, and pods. */
  all(namespace: string, labels: Labels | undefined): Workload[] {
    return [...this.entries(namespace, labels), ...selectedPods(this.#pods.get(namespace) ?? [], labels, this.#topology)]
  }
}

/** Those that have all the labels. No labels select nobody. */
export function selectedWorkloads(workloads: readonly Workload[], labels: Labels | undefined): Workload[] {
  if (labels === undefined || Object.keys(labels).length === 0) return []
  return workloads.filter((workload) => hasLabels(workload.labels, labels))
}

/** The same of pods. */
export function selectedPods(pods: readonly MeshPod[], labels: Labels | undefined, topology: Topology): Workload[] {
  if (labels === undefined || Object.keys(labels).length === 0) return []
  return pods.filter((pod) => hasLabels(pod.metadata.labels ?? {}, labels)).map((pod) => workloadOfPod(pod, topology.ofPod(pod)))
}

const HEALTH_CHECKED = 'proxy.istio.io/health-checks-enabled'

/** A WorkloadEntry. Labels of the object count beside those of its spec and win; health counts only where it is checked, and then must have been seen. */
export function workloadOfEntry(entry: WorkloadEntry): Workload {
  const { metadata, spec, status } = entry
  const checked = ['true', 'TRUE', 'True', 't', 'T', '1'].includes(metadata.annotations?.[HEALTH_CHECKED] ?? '')
  const healthy = status?.conditions?.some(({ type, status: value }) => type === 'Healthy' && value === 'True') ?? false
  return workloadOf(spec, {
    labels: { ...spec.labels, ...metadata.labels },
    ready: (!checked || healthy) && metadata.deletionTimestamp === undefined,
    namespace: namespaceOf(entry),
    name: metadata.name ?? 'unknown'
  })
}

function workloadOfPod(pod: MeshPod, locality: string): Workload {
  const { podIP, conditions = [] } = pod.status ?? {}
  return {
    address: podIP === '' ? undefined : podIP,
    labels: withTopology(pod.metadata.labels ?? {}, locality),
    ready: conditions.some(({ type, status }) => type === 'Ready' && status === 'True') && pod.metadata.deletionTimestamp === undefined,
    ports: {},
    peer: { ...PLAIN_ENDPOINT, locality, pod: pod.metadata.name ?? '', ...peerOf(pod) }
  }
}

/** The endpoint of a workload at a port. Without an address there is none. */
export function endpointsAt(workload: Workload, port: number): LabelledEndpoint[] {
  const { address, labels, ready, peer } = workload
  return address === undefined ? [] : [{ endpoint: { ...peer, address, port }, labels, ready }]
}

/** How many addresses of a name are endpoints: all of them, or the first of the last answer. */
export type Spread = 'all' | 'first'

/**
 * The endpoints behind a workload whose address may be a name. A name that was not looked up yet is its own address; one that stands for
 * nothing is an endpoint that is not ready.
 */
export function resolvedEndpoints(
  workload: Workload,
  port: number,
  names: { readonly resolved: Resolved; readonly spread: Spread }
): LabelledEndpoint[] {
  const found = workload.address === undefined ? undefined : names.resolved[workload.address.toLowerCase()]
  if (found === undefined) return endpointsAt(workload, port)
  const [first] = found
  if (first === undefined) return endpointsAt({ ...workload, ready: false }, port)
  const addresses = names.spread === 'first' ? [first] : [...new Set(found)].toSorted()
  return addresses.flatMap((address) => endpointsAt({ ...workload, address }, port))
}

/** Whether an address is a name that has to be looked up. */
export function isName(address: string): boolean {
  return !address.includes(':') && !/^\d+(\.\d+){3}$/.test(address) && !address.includes('/') && !address.startsWith('*')
}
