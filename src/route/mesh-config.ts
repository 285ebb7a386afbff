// What compileRoutes reads: the Istio objects, and of the built-in kinds only the fields that routing needs, so that anything with these
// fields serves. Names of hosts and gateways are resolved here (istio.md 1.5); lists are in no particular order.

import type { DestinationRule } from '../api/istio-destination-rule.ts'
import type { EnvoyFilter } from '../api/istio-envoy-filter.ts'
import type { Gateway } from '../api/istio-gateway.ts'
import type { RequestAuthentication } from '../api/istio-request-authentication.ts'
import type { ServiceEntry } from '../api/istio-service-entry.ts'
import type { Sidecar } from '../api/istio-sidecar.ts'
import type { VirtualService } from '../api/istio-virtual-service.ts'
import type { WorkloadEntry } from '../api/istio-workload-entry.ts'
import type { ObjectMeta } from '../api/object.ts'

/** The fields of a Service that routing reads. */
export interface MeshService {
  readonly metadata: ObjectMeta
  readonly spec?: {
    readonly type?: string
    readonly clusterIP?: string
    readonly externalName?: string
    readonly selector?: Readonly<Record<string, string>>
    readonly ports?: readonly MeshServicePort[]
  }
}

/** A port of a Service as routing reads it. */
export interface MeshServicePort {
  readonly name?: string
  readonly port: number
  readonly appProtocol?: string
  readonly protocol?: string
  readonly targetPort?: number | string
}

/** The fields of an EndpointSlice that routing reads. */
export interface MeshEndpointSlice {
  readonly metadata: ObjectMeta
  readonly ports?: readonly { readonly name?: string; readonly port?: number }[]
  readonly endpoints?: readonly {
    readonly addresses?: readonly string[]
    readonly conditions?: { readonly ready?: boolean }
    readonly targetRef?: { readonly kind?: string; readonly name?: string }
  }[]
}

/** The fields of a Pod that routing reads. */
export interface MeshPod {
  readonly metadata: ObjectMeta
  readonly spec?: { readonly nodeName?: string }
  readonly status?: {
    readonly podIP?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}

/** Everything that decides where requests go. */
export interface MeshConfig {
  readonly virtualServices: readonly VirtualService[]
  readonly destinationRules: readonly DestinationRule[]
  readonly gateways: readonly Gateway[]
  readonly serviceEntries: readonly ServiceEntry[]
  readonly workloadEntries: readonly WorkloadEntry[]
  readonly sidecars: readonly Sidecar[]
  readonly envoyFilters: readonly EnvoyFilter[]
  readonly requestAuthentications: readonly RequestAuthentication[]
  readonly services: readonly MeshService[]
  readonly endpointSlices: readonly MeshEndpointSlice[]
  readonly pods: readonly MeshPod[]
  /** Key sets that were fetched, by their URI. */
  readonly keySets?: Readonly<Record<string, string>>
  /** Their labels say where pods are. */
  readonly nodes?: readonly { readonly metadata: ObjectMeta }[]
  /** `region/zone/subzone` of callers whose labels do not say where they are. */
  readonly locality?: string
  /** Names; a scope is made for each, beside those that objects are in. */
  readonly namespaces: readonly string[]
  /** Labels of the gateway's pod: Gateways whose selector does not match are left out. Absent: every Gateway is served. */
  readonly gatewayLabels?: Readonly<Record<string, string>>
  /** Where the gateway's pod is; default istio-system. */
  readonly gatewayNamespace?: string
  /** What names stand for, lower case, in the order of the answer; no address: no such name. A name that is not here was not looked up yet. */
  readonly resolved?: Readonly<Record<string, readonly string[]>>
}

/** A config without objects: what tests and callers spread their lists over. */
export const EMPTY_CONFIG: MeshConfig = {
  virtualServices: [],
  destinationRules: [],
  gateways: [],
  serviceEntries: [],
  workloadEntries: [],
  sidecars: [],
  envoyFilters: [],
  requestAuthentications: [],
  services: [],
  endpointSlices: [],
  pods: [],
  namespaces: []
}

/** Istio's root namespace: what is in it applies to the whole mesh. */
export const ROOT_NAMESPACE = 'istio-system'

/** Namespace of an object; without one it is in `default`. */
export function namespaceOf(object: { readonly metadata: ObjectMeta }): string {
  return object.metadata.namespace ?? 'default'
}

/** namespace/name of an object. */
export function keyOf(object: { readonly metadata: ObjectMeta }): string {
  return `${namespaceOf(object)}/${object.metadata.name ?? ''}`
}

/** The host in full and lower case: a name without a dot is a service in `namespace`; anything with a dot is taken as written. */
export function resolveHost(host: string, namespace: string): string {
  const lower = host.toLowerCase()
  return lower.includes('.') || lower === '*' || lower.includes(':') ? lower : `${lower}.${namespace}.svc.cluster.local`
}

/** A gateway reference as namespace/name; `mesh` stays. */
export function resolveGateway(name: string, namespace: string): string {
  if (name === 'mesh' || name === '') return name
  if (name.startsWith('./')) return `${namespace}/${name.slice(2)}`
  if (name.includes('/')) return name
  const [first = '', second] = name.split('.')
  return second === undefined ? `${namespace}/${name}` : `${second}/${first}`
}

/** Gateways of a VirtualService, resolved; none listed means mesh. */
export function gatewaysOf(virtualService: VirtualService): readonly string[] {
  const listed = virtualService.spec.gateways ?? []
  return listed.length === 0 ? ['mesh'] : listed.map((name) => resolveGateway(name, namespaceOf(virtualService)))
}

/** Whether an object of `owner` exported to `exportTo` is seen from `viewer`: absent or `*` is public, `.` its own namespace. */
export function isVisible(exportTo: readonly string[] | undefined, owner: string, viewer: string): boolean {
  if (exportTo === undefined || exportTo.length === 0) return true
  return exportTo.some((entry) => entry === '*' || entry === viewer || (entry === '.' && owner === viewer))
}

/** Whether `pattern` (a host, `*.suffix` or `*`) covers `host`, which may be a pattern itself. */
export function coversHost(pattern: string, host: string): boolean {
  if (pattern === '*' || pattern === host) return true
  return pattern.startsWith('*.') && host.length > pattern.length - 1 && host.endsWith(pattern.slice(1))
}

/** The narrower of two hosts or patterns, undefined when they share nothing (istio.md 3.1). */
export function intersectHosts(a: string, b: string): string | undefined {
  if (coversHost(a, b)) return b
  return coversHost(b, a) ? a : undefined
}

/** Older first, then by name and namespace: the order in which Istio lets objects win. */
export function byAge(a: { readonly metadata: ObjectMeta }, b: { readonly metadata: ObjectMeta }): number {
  const order = (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '')
  if (order !== 0) return order
  const names = (a.metadata.name ?? '').localeCompare(b.metadata.name ?? '')
  return names === 0 ? namespaceOf(a).localeCompare(namespaceOf(b)) : names
}
