// A Service's part: the EndpointSlice and the Endpoints object that say which pods answer it, and on which port numbers.

import { hasLabels } from '../api/label-selector.ts'
import type { KubeObject } from '../api/object.ts'
import { sameJson } from '../std/json.ts'
import { ENDPOINTS, ENDPOINT_SLICES, isReady, referenceTo, SERVICE_NAME, targetOf } from './meta.ts'
import type { Service, ServicePort } from '../api/builtin-types.ts'
import type { Pod } from '../api/builtin-types-pod.ts'
import { canonical, templateHash } from './template-hash.ts'
import type { Reconciled, Write } from './write.ts'

/** What a look at a Service needs; all three lists may be of the whole namespace. */
export interface ServiceView {
  readonly service: Service
  readonly pods: readonly Pod[]
  readonly slices: readonly KubeObject[]
  readonly endpoints: KubeObject | undefined
}

const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'
const MANAGER = 'endpointslice-controller.k8s.io'

interface Endpoint {
  readonly pod: Pod
  readonly ip: string
  readonly ready: boolean
  readonly serving: boolean
  readonly terminating: boolean
}

interface ResolvedPort {
  readonly name: string
  readonly port: number
  readonly protocol: string
  readonly appProtocol?: string
}

/**
 * Writes that make slices and Endpoints say what the pods are. A Service without selector (or of type ExternalName) is left alone.
 * Pods whose named ports have different numbers go into slices of their own, as in Kubernetes; slices need no count limit here.
 */
export function reconcileService(view: ServiceView): Reconciled {
  const { service, pods } = view
  const { selector } = service.spec
  if (service.metadata.deletionTimestamp !== undefined || service.spec.type === 'ExternalName') return { writes: [], events: [] }
  if (selector === undefined || Object.keys(selector).length === 0) return { writes: [], events: [] }
  const found = pods
    .filter((pod) => pod.metadata.namespace === service.metadata.namespace && hasLabels(pod.metadata.labels, selector))
    .flatMap((pod) => endpointOf(pod, service))
    .sort((a, b) => (a.pod.metadata.name ?? '').localeCompare(b.pod.metadata.name ?? ''))
  const groups = byPorts(service, found)
  return { writes: [...sliceWrites(view, groups), ...endpointsWrites(view, groups)], events: [] }
}

function endpointOf(pod: Pod, service: Service): Endpoint[] {
  const ip = pod.status?.podIP
  const phase = pod.status?.phase
  if (ip === undefined || ip === '' || phase === 'Succeeded' || phase === 'Failed') return []
  const terminating = pod.metadata.deletionTimestamp !== undefined
  const serving = isReady(pod)
  const publish = service.spec.publishNotReadyAddresses === true
  return [{ pod, ip, ready: publish || (serving && !terminating), serving: serving || publish, terminating }]
}

interface Group {
  readonly ports: readonly ResolvedPort[]
  readonly endpoints: readonly Endpoint[]
}

function byPorts(service: Service, endpoints: readonly Endpoint[]): Group[] {
  const groups = new Map<string, { ports: ResolvedPort[]; endpoints: Endpoint[] }>()
  for (const endpoint of endpoints) {
    const ports = (service.spec.ports ?? []).flatMap((port) => resolve(port, endpoint.pod))
    const key = canonical(ports)
    const group = groups.get(key) ?? { ports, endpoints: [] }
    group.endpoints.push(endpoint)
    groups.set(key, group)
  }
  // Without pods one empty slice remains, so that "no endpoints" and "not looked at yet" can be told apart.
  return groups.size === 0 ? [{ ports: [], endpoints: [] }] : [...groups.values()]
}

// A named target port is looked up in the pod's containers by name and protocol; a pod without it is listed without that port.
function resolve(port: ServicePort, pod: Pod): ResolvedPort[] {
  const protocol = port.protocol ?? 'TCP'
  const number = portNumber(port, pod, protocol)
  if (number === undefined) return []
  return [{ name: port.name ?? '', port: number, protocol, ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }) }]
}

function portNumber(port: ServicePort, pod: Pod, protocol: string): number | undefined {
  const target = port.targetPort ?? port.port
  if (typeof target === 'number') return target
  if (/^\d+$/.test(target)) return Number(target)
  return pod.spec.containers
    .flatMap((container) => container.ports ?? [])
    .find((each) => each.name === target && (each.protocol ?? 'TCP') === protocol)?.containerPort
}

function podReference(pod: Pod): Record<string, string> {
  const { name = '', namespace = '', uid = '' } = pod.metadata
  return { kind: 'Pod', name, namespace, uid }
}

function sliceWrites(view: ServiceView, groups: readonly Group[]): Write[] {
  const wanted = groups.map((group) => slice(view.service, group))
  const own = view.slices.filter(
    ({ metadata }) =>
      metadata.namespace === view.service.metadata.namespace &&
      metadata.labels?.[SERVICE_NAME] === view.service.metadata.name &&
      metadata.labels?.[MANAGED_BY] === MANAGER
  )
  const writes: Write[] = []
  for (const object of wanted) {
    const now = own.find((each) => each.metadata.name === object.metadata.name)
    if (now === undefined) writes.push({ kind: 'create', resource: ENDPOINT_SLICES, object })
    if (now === undefined || isSame(now, object, ['endpoints', 'ports'])) continue
    const body = { metadata: { labels: object.metadata.labels }, endpoints: object['endpoints'], ports: object['ports'] }
    writes.push({ kind: 'patch', target: targetOf(ENDPOINT_SLICES, now, { fresh: false }), body })
  }
  const gone = own.filter((each) => !wanted.some((object) => object.metadata.name === each.metadata.name))
  return [...writes, ...gone.map((each): Write => ({ kind: 'delete', target: targetOf(ENDPOINT_SLICES, each, { fresh: false }) }))]
}

// Named by the ports, so that the same pods find their slice again after any restart.
function slice(service: Service, group: Group): KubeObject {
  const endpoints = group.endpoints.map(({ pod, ip, ready, serving, terminating }) => ({
    addresses: [ip],
    conditions: { ready, serving, terminating },
    ...(pod.spec.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
    targetRef: podReference(pod)
  }))
  const named = group.ports.length === 0 ? '' : canonical(group.ports.map(({ name, port }) => [name, port]))
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${service.metadata.name}-${templateHash([service.metadata.name, named]).slice(0, 5)}`,
      ...(service.metadata.namespace === undefined ? {} : { namespace: service.metadata.namespace }),
      labels: sliceLabels(service),
      ownerReferences: [referenceTo(service)]
    },
    addressType: 'IPv4',
    endpoints,
    ports: group.ports.map(({ name, port, protocol, appProtocol }) => ({
      name,
      port,
      protocol,
      ...(appProtocol === undefined ? {} : { appProtocol })
    }))
  }
}

function sliceLabels(service: Service): Record<string, string> {
  const headless = service.spec.clusterIP === 'None' ? { 'service.kubernetes.io/headless': '' } : {}
  return { ...service.metadata.labels, ...headless, [SERVICE_NAME]: service.metadata.name ?? '', [MANAGED_BY]: MANAGER }
}

function endpointsWrites(view: ServiceView, groups: readonly Group[]): Write[] {
  const { service, endpoints } = view
  const subsets = groups.filter(({ endpoints }) => endpoints.length > 0).flatMap(subset)
  const labels = { ...service.metadata.labels, ...(service.spec.clusterIP === 'None' ? { 'service.kubernetes.io/headless': '' } : {}) }
  const object: KubeObject = {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {
      name: service.metadata.name ?? '',
      ...(service.metadata.namespace === undefined ? {} : { namespace: service.metadata.namespace }),
      labels
    },
    ...(subsets.length === 0 ? {} : { subsets })
  }
  if (endpoints === undefined) return [{ kind: 'create', resource: ENDPOINTS, object }]
  if (isSame(endpoints, object, ['subsets'])) return []
  const body = { metadata: { labels }, subsets: subsets.length === 0 ? null : subsets }
  return [{ kind: 'patch', target: targetOf(ENDPOINTS, endpoints, { fresh: false }), body }]
}

// Endpoints has no word for a pod on its way out: it is left off, as Kubernetes does, unless unready addresses are published.
function subset(group: Group): Record<string, unknown>[] {
  const address = ({ pod, ip }: Endpoint): Record<string, unknown> => ({
    ip,
    ...(pod.spec.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
    targetRef: podReference(pod)
  })
  const listed = group.endpoints.filter(({ terminating, ready }) => !terminating || ready)
  const ready = listed.filter((each) => each.ready).map(address)
  const notReady = listed.filter((each) => !each.ready).map(address)
  if (ready.length + notReady.length === 0) return []
  return [
    {
      ...(ready.length > 0 ? { addresses: ready } : {}),
      ...(notReady.length > 0 ? { notReadyAddresses: notReady } : {}),
      ports: group.ports.map(({ name, port, protocol }) => ({ ...(name === '' ? {} : { name }), port, protocol }))
    }
  ]
}

function isSame(now: KubeObject, wanted: KubeObject, fields: readonly string[]): boolean {
  const labels = Object.entries(wanted.metadata.labels ?? {}).every(([key, value]) => now.metadata.labels?.[key] === value)
  return labels && fields.every((field) => sameJson(now[field] ?? [], wanted[field] ?? []))
}
