// Which listeners the data plane needs for a set of objects: gateway ports, Services' addresses, each pod's own outbound proxy, and the
// proxy for the user's shell. Pure.

import type { KubeObject } from '../api/object.ts'
import type { Place } from '../proxy/known-facts.ts'
import type { ListenerSpec } from '../proxy/listener.ts'
import type { MeshServicePort } from '../route/mesh-config.ts'
import { carriesHttp, isDeclaredHttp, streamOf } from '../route/protocol.ts'
import { peerOf } from '../route/peer.ts'
import { gatewayStreamScope, streamScope } from '../route/route-table.ts'
import type { Source } from '../route/route-table.ts'
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

/** Owns the listeners that are wanted: ids are stable while address, port and meaning are. */
export class WantedListeners {
  readonly #plan: ListenerPlan
  readonly #specs = new Map<string, ListenerSpec>()
  /** Those that came or went since `takeChanged`. */
  #changed = new Set<string>()
  #gateways: readonly ListenerSpec[] = []

  constructor(plan: ListenerPlan) {
    this.#plan = plan
    const entry = { kind: 'mesh' as const, caller: { namespace: 'default', labels: {} } }
    this.#want([], [{ id: SHELL, ...plan.shell, entry, source: UNKNOWN }])
    this.setGatewayPorts([])
  }

  /** An object that came, changed or went. */
  put(before: KubeObject | undefined, after: KubeObject | undefined): void {
    const old = before === undefined ? [] : listenersOf(before)
    const now = after === undefined ? [] : listenersOf(after)
    if (old.length > 0 || now.length > 0) this.#want(old, now)
  }

  /**
   * Ports that Gateways serve, for HTTP and for bytes. Port 80 is there before any Gateway is: who asks gets a 404 that says so, not a
   * refused connection.
   */
  setGatewayPorts(ports: readonly number[], streams: readonly number[] = []): void {
    const http = [...new Set([80, ...ports])].filter((port) => !streams.includes(port))
    const wanted = [...http.flatMap((port) => gatewayPort(port, this.#plan)), ...streams.flatMap((port) => gatewayStream(port, this.#plan))]
    this.#want(this.#gateways, wanted)
    this.#gateways = wanted
  }

  get(id: string): ListenerSpec | undefined {
    return this.#specs.get(id)
  }

  /** Ids of listeners that came or went since this was last asked. */
  takeChanged(): ReadonlySet<string> {
    const changed = this.#changed
    this.#changed = new Set()
    return changed
  }

  #want(before: readonly ListenerSpec[], after: readonly ListenerSpec[]): void {
    const kept = new Set(after.map(({ id }) => id))
    for (const { id } of before) {
      if (kept.has(id) || !this.#specs.delete(id)) continue
      this.#changed.add(id)
    }
    for (const spec of after) {
      if (!this.#specs.has(spec.id)) this.#changed.add(spec.id)
      this.#specs.set(spec.id, spec)
    }
  }
}

function listenersOf(object: KubeObject): ListenerSpec[] {
  return object.kind === 'Service' ? servicePorts(object) : object.kind === 'Pod' ? podProxy(object) : []
}

function gatewayPort(port: number, plan: ListenerPlan): ListenerSpec[] {
  const at = plan.gateway(port)
  return at === undefined
    ? []
    : [{ id: gatewayListener(port), ...at, entry: { kind: 'gateway', port }, source: GATEWAY, place: GATEWAY_PLACE }]
}

function gatewayStream(port: number, plan: ListenerPlan): ListenerSpec[] {
  const at = plan.gateway(port)
  if (at === undefined) return []
  const entry = { kind: 'stream', scope: gatewayStreamScope(port), port, named: false } as const
  return [{ id: `${gatewayListener(port)}:bytes`, ...at, entry, source: GATEWAY, place: GATEWAY_PLACE }]
}

function servicePorts(service: KubeObject): ListenerSpec[] {
  const { namespace = '', name = '' } = service.metadata
  const address = dig(service, 'spec', 'clusterIP')
  const ports = dig(service, 'spec', 'ports')
  if (typeof address !== 'string' || !address.startsWith('127.') || !Array.isArray(ports)) return []
  const host = `${name}.${namespace}.svc.cluster.local`
  return ports.flatMap((item): ListenerSpec[] => {
    const port = dig(item, 'port')
    if (typeof port !== 'number' || (dig(item, 'protocol') ?? 'TCP') !== 'TCP') return []
    const id = `service:${namespace}/${name}:${address}:${port}`
    // The API has checked what it is.
    const written = item as MeshServicePort
    const stream = streamOf(written)
    if (stream !== undefined) {
      const entry = { kind: 'stream', scope: streamScope(host.toLowerCase(), port), port, named: stream === 'tls' } as const
      return [{ id: `${id}:${stream}`, address, port, entry, source: UNKNOWN }]
    }
    // A refused connection says better than a 400 that nobody carries this.
    if (!carriesHttp(written)) return []
    const declared = isDeclaredHttp(written)
    const entry = { kind: 'service', host, port, declared, caller: { namespace: '', labels: {} } } as const
    return [{ id: `${id}${declared ? '' : ':any'}`, address, port, entry, source: UNKNOWN }]
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
