// The other built-in kinds as readonly types; pods are in builtin-types-pod.ts, Deployments in builtin-types-apps.ts.

import type { IntOrString, LocalObjectReference } from './builtin-types-pod.ts'
import type { KubeObject } from './object.ts'

/** A namespace. */
export interface Namespace extends KubeObject {
  readonly apiVersion: 'v1'
  readonly kind: 'Namespace'
  readonly spec?: NamespaceSpec
  readonly status?: NamespaceStatus
}

/** What keeps a namespace alive. */
export interface NamespaceSpec {
  readonly finalizers?: readonly string[]
}

/** Where it is in its life. */
export interface NamespaceStatus {
  readonly phase?: 'Active' | 'Terminating'
  readonly conditions?: readonly NamespaceCondition[]
}

/** One condition of a namespace. */
export interface NamespaceCondition {
  readonly type: string
  readonly status: string
  readonly lastTransitionTime?: string
  readonly reason?: string
  readonly message?: string
}

/** A condition as most kinds have it. */
export interface Condition {
  readonly type: string
  readonly status: string
  readonly observedGeneration?: number
  readonly lastTransitionTime: string
  readonly reason: string
  readonly message: string
}

/** A name and address for pods. */
export interface Service extends KubeObject {
  readonly apiVersion: 'v1'
  readonly kind: 'Service'
  readonly spec: ServiceSpec
  readonly status?: ServiceStatus
}

/** Ports and selector of a Service. */
export interface ServiceSpec {
  readonly ports?: readonly ServicePort[]
  readonly selector?: Readonly<Record<string, string>>
  readonly clusterIP?: string
  readonly clusterIPs?: readonly string[]
  readonly type?: 'ClusterIP' | 'ExternalName' | 'LoadBalancer' | 'NodePort'
  readonly externalIPs?: readonly string[]
  readonly sessionAffinity?: 'ClientIP' | 'None'
  readonly loadBalancerIP?: string
  readonly loadBalancerSourceRanges?: readonly string[]
  readonly externalName?: string
  readonly externalTrafficPolicy?: 'Cluster' | 'Local'
  readonly healthCheckNodePort?: number
  readonly publishNotReadyAddresses?: boolean
  readonly sessionAffinityConfig?: SessionAffinityConfig
  readonly ipFamilies?: readonly ('IPv4' | 'IPv6')[]
  readonly ipFamilyPolicy?: 'PreferDualStack' | 'RequireDualStack' | 'SingleStack'
  readonly allocateLoadBalancerNodePorts?: boolean
  readonly loadBalancerClass?: string
  readonly internalTrafficPolicy?: 'Cluster' | 'Local'
  readonly trafficDistribution?: string
}

/** One port of a Service. */
export interface ServicePort {
  readonly name?: string
  readonly protocol?: 'SCTP' | 'TCP' | 'UDP'
  readonly appProtocol?: string
  readonly port: number
  readonly targetPort?: IntOrString
  readonly nodePort?: number
}

/** How long a client stays with a pod. */
export interface SessionAffinityConfig {
  readonly clientIP?: ClientIPConfig
}

/** The same, by client address. */
export interface ClientIPConfig {
  readonly timeoutSeconds?: number
}

/** What has been observed of a Service. */
export interface ServiceStatus {
  readonly loadBalancer?: LoadBalancerStatus
  readonly conditions?: readonly Condition[]
}

/** Outer addresses. */
export interface LoadBalancerStatus {
  readonly ingress?: readonly LoadBalancerIngress[]
}

/** One outer address. */
export interface LoadBalancerIngress {
  readonly ip?: string
  readonly hostname?: string
  readonly ipMode?: string
  readonly ports?: readonly PortStatus[]
}

/** One port of it. */
export interface PortStatus {
  readonly port: number
  readonly protocol: 'SCTP' | 'TCP' | 'UDP'
  readonly error?: string
}

/** Settings. */
export interface ConfigMap extends KubeObject {
  readonly apiVersion: 'v1'
  readonly kind: 'ConfigMap'
  readonly immutable?: boolean
  readonly data?: Readonly<Record<string, string>>
  readonly binaryData?: Readonly<Record<string, string>>
}

/** Secret settings; data is base64. */
export interface Secret extends KubeObject {
  readonly apiVersion: 'v1'
  readonly kind: 'Secret'
  readonly immutable?: boolean
  readonly data?: Readonly<Record<string, string>>
  readonly stringData?: Readonly<Record<string, string>>
  readonly type?: string
}

/** An identity for pods. */
export interface ServiceAccount extends KubeObject {
  readonly apiVersion: 'v1'
  readonly kind: 'ServiceAccount'
  readonly secrets?: readonly ObjectReference[]
  readonly imagePullSecrets?: readonly LocalObjectReference[]
  readonly automountServiceAccountToken?: boolean
}

/** Another object. */
export interface ObjectReference {
  readonly kind?: string
  readonly namespace?: string
  readonly name?: string
  readonly uid?: string
  readonly apiVersion?: string
  readonly resourceVersion?: string
  readonly fieldPath?: string
}

/** Addresses of a Service, the old form. */
export interface Endpoints extends KubeObject {
  readonly apiVersion: 'v1'
  readonly kind: 'Endpoints'
  readonly subsets?: readonly EndpointSubset[]
}

/** Addresses that share ports. */
export interface EndpointSubset {
  readonly addresses?: readonly EndpointAddress[]
  readonly notReadyAddresses?: readonly EndpointAddress[]
  readonly ports?: readonly EndpointPort[]
}

/** One address. */
export interface EndpointAddress {
  readonly ip: string
  readonly hostname?: string
  readonly nodeName?: string
  readonly targetRef?: ObjectReference
}

/** One port. */
export interface EndpointPort {
  readonly name?: string
  readonly port: number
  readonly protocol?: 'SCTP' | 'TCP' | 'UDP'
  readonly appProtocol?: string
}

/** Addresses of a Service. */
export interface EndpointSlice extends KubeObject {
  readonly apiVersion: 'discovery.k8s.io/v1'
  readonly kind: 'EndpointSlice'
  readonly addressType: 'FQDN' | 'IPv4' | 'IPv6'
  readonly endpoints?: readonly Endpoint[]
  readonly ports?: readonly SliceEndpointPort[]
}

/** One endpoint of a slice. */
export interface Endpoint {
  readonly addresses: readonly string[]
  readonly conditions?: EndpointConditions
  readonly hostname?: string
  readonly targetRef?: ObjectReference
  readonly deprecatedTopology?: Readonly<Record<string, string>>
  readonly nodeName?: string
  readonly zone?: string
  readonly hints?: EndpointHints
}

/** Whether it may be used. */
export interface EndpointConditions {
  readonly ready?: boolean
  readonly serving?: boolean
  readonly terminating?: boolean
}

/** Who should use it. */
export interface EndpointHints {
  readonly forZones?: readonly ForZone[]
  readonly forNodes?: readonly ForNode[]
}

/** A zone. */
export interface ForZone {
  readonly name: string
}

/** A node. */
export interface ForNode {
  readonly name: string
}

/** One port of a slice. */
export interface SliceEndpointPort {
  readonly name?: string
  readonly protocol?: 'SCTP' | 'TCP' | 'UDP'
  readonly port?: number
  readonly appProtocol?: string
}

/** Who holds something, until when. */
export interface Lease extends KubeObject {
  readonly apiVersion: 'coordination.k8s.io/v1'
  readonly kind: 'Lease'
  readonly spec: LeaseSpec
}

/** Holder and times. */
export interface LeaseSpec {
  readonly holderIdentity?: string
  readonly leaseDurationSeconds?: number
  readonly acquireTime?: string
  readonly renewTime?: string
  readonly leaseTransitions?: number
  readonly strategy?: string
  readonly preferredHolder?: string
}

/** Something that happened (core/v1). */
export interface Event extends KubeObject {
  readonly apiVersion: 'v1'
  readonly kind: 'Event'
  readonly involvedObject: ObjectReference
  readonly reason?: string
  readonly message?: string
  readonly source?: EventSource
  readonly firstTimestamp?: string
  readonly lastTimestamp?: string
  readonly count?: number
  readonly type?: string
  readonly eventTime?: string
  readonly series?: EventSeries
  readonly action?: string
  readonly related?: ObjectReference
  readonly reportingComponent?: string
  readonly reportingInstance?: string
}

/** Who says so. */
export interface EventSource {
  readonly component?: string
  readonly host?: string
}

/** How often it happened. */
export interface EventSeries {
  readonly count?: number
  readonly lastObservedTime?: string
}

/** Something that happened (events.k8s.io/v1). */
export interface EventsEvent extends KubeObject {
  readonly apiVersion: 'events.k8s.io/v1'
  readonly kind: 'Event'
  readonly eventTime: string
  readonly series?: EventsEventSeries
  readonly reportingController?: string
  readonly reportingInstance?: string
  readonly action?: string
  readonly reason?: string
  readonly regarding?: ObjectReference
  readonly related?: ObjectReference
  readonly note?: string
  readonly type?: string
  readonly deprecatedSource?: EventSource
  readonly deprecatedFirstTimestamp?: string
  readonly deprecatedLastTimestamp?: string
  readonly deprecatedCount?: number
}

/** How often it happened. */
export interface EventsEventSeries {
  readonly count: number
  readonly lastObservedTime: string
}
