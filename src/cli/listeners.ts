// Which listeners the data plane needs for a set of objects: gateway ports, Services' addresses, each pod's own outbound proxy, and the
// proxy for the user's shell. Pure.

import type { KubeObject } from '../api/object.ts'
import type { Place } from '../proxy/known-facts.ts'
import type { ListenerSpec } from '../proxy/listener.ts'
import type { MeshServicePort } from '../route/mesh-config.ts'
import { declaredProtocol, isDeclaredHttp, OTHER_PROTOCOLS } from '../route/protocol.ts'
import { peerOf } from '../route/peer.ts'
import type { RouteTable, Source } from '../route/route-table.ts'
import { dig } from '../std/json.ts'

/** Where the instance's own listeners go. */
export interface ListenerPlan {
  /** Address and port for a Gateway's server port; undefined: that port is not served. */
  readonly gateway: (port: number) => { readonly address: string; readonly port: number } | undefined
  readonly shell: { readonly address: string; readonly port: number }
}

/** Port of a pod's own outbound proxy, as Istio's sidecar has it. */
export const OUTBOUND_PORT = 15_001
/** Id of the proxy for shells. */
export const SHELL = 'shell'

/** The listener id of a Gateway's server port. */
export function gatewayListener(port: number): string {
  return `gateway:${port}`
}

/** True for a listener that programs outside of the mesh call: a gateway's, or the proxy for shells. */
export function isEntrance(id: string): boolean {
  return id === SHELL || id.startsWith('gateway:')
}

const UNKNOWN: Source = { workload: 'unknown', namespace: 'unknown', app: 'unknown', version: 'unknown' }
const GATEWAY: Source = { workload: 'istio-ingressgateway', namespace: 'istio-system', app: 'istio-ingressgateway', version: 'unknown' }

const GATEWAY_PLACE: Place = { hostname: GATEWAY.workload, environment: { POD_NAMESPACE: GATEWAY.namespace } }

/** Every listener wanted now; ids are stable while address, port and meaning are. */
export function wantedListeners(objects: readonly KubeObject[], table: RouteTable, plan: ListenerPlan): ListenerSpec[] {
  return [
    { id: SHELL, ...plan.shell, entry: { kind: 'mesh', caller: { namespace: 'default', labels: {} } }, source: UNKNOWN },
    ...gatewayPorts(table).flatMap((port) => gatewayPort(port, plan)),
    ...objects.flatMap((object) => (object.kind === 'Service' ? servicePorts(object) : object.kind === 'Pod' ? podProxy(object) : []))
  ]
}

/** Port 80 is there before any Gateway is: who asks gets a 404 that says so, not a refused connection. */
function gatewayPorts(table: RouteTable): number[] {
  const ports = Object.values(table.scopes).flatMap((scope) => (scope.kind === 'gateway' && !scope.tls ? [scope.port] : []))
  return [...new Set([80, ...ports])]
}

function gatewayPort(port: number, plan: ListenerPlan): ListenerSpec[] {
  const at = plan.gateway(port)
  return at === undefined
    ? []
    : [{ id: gatewayListener(port), ...at, entry: { kind: 'gateway', port }, source: GATEWAY, place: GATEWAY_PLACE }]
}

function servicePorts(service: KubeObject): ListenerSpec[] {
  const { namespace = '', name = '' } = service.metadata
  const address = dig(service, 'spec', 'clusterIP')
  const ports = dig(service, 'spec', 'ports')
  if (typeof address !== 'string' || !address.startsWith('127.') || !Array.isArray(ports)) return []
  const host = `${name}.${namespace}.svc.cluster.local`
  return ports.flatMap((item) => {
    const port = dig(item, 'port')
    if (typeof port !== 'number' || (dig(item, 'protocol') ?? 'TCP') !== 'TCP') return []
    // What is declared to be no HTTP is not carried: a refused connection says so better than a 400.
    if (OTHER_PROTOCOLS.has(declaredProtocol(item as MeshServicePort).toLowerCase())) return []
    const declared = isDeclaredHttp(item as MeshServicePort)
    const id = `service:${namespace}/${name}:${address}:${port}${declared ? '' : ':any'}`
    return [{ id, address, port, entry: { kind: 'service', host, port, declared, caller: { namespace: '', labels: {} } }, source: UNKNOWN }]
  })
}

function podProxy(pod: KubeObject): ListenerSpec[] {
  const { namespace = '', name = '', labels = {} } = pod.metadata
  const address = dig(pod, 'status', 'podIP')
  const phase = dig(pod, 'status', 'phase')
  if (typeof address !== 'string' || phase === 'Succeeded' || phase === 'Failed') return []
  const id = `pod:${namespace}/${name}:${address}:${JSON.stringify(labels)}`
  const entry = { kind: 'mesh' as const, caller: { namespace, labels } }
  // What the environment of Istio's sidecar says of its pod.
  const environment = { HOSTNAME: name, INSTANCE_IP: address, POD_NAME: name, POD_NAMESPACE: namespace }
  return [
    { id, address, port: OUTBOUND_PORT, entry, source: peerOf(pod), place: { pod: `${namespace}/${name}`, hostname: name, environment } }
  ]
}
