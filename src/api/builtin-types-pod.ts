// Pods as readonly types. The field tables in builtin-tables.ts are complete; a test holds these types against them.

import type { PodStatus } from './builtin-types-pod-status.ts'
import type { ObjectFieldSelector, ResourceFieldSelector, Volume, VolumeMount } from './builtin-types-volume.ts'
import type { KubeObject, ObjectMeta } from './object.ts'

/** An amount such as `100m` or `64Mi`. */
export type Quantity = string | number

/** A number, or text such as `http` or `25%`. */
export type IntOrString = number | string

/** The pods that a workload makes. */
export interface PodTemplateSpec {
  readonly metadata?: ObjectMeta
  readonly spec?: PodSpec
}

/** A pod: containers that run together. */
export interface Pod extends KubeObject {
  readonly apiVersion: 'v1'
  readonly kind: 'Pod'
  readonly spec: PodSpec
  readonly status?: PodStatus
}

/** A container that joined a pod while it ran. */
export interface EphemeralContainer extends Container {
  readonly targetContainerName?: string
}

/** What a pod should run. Scheduling fields that Serin only stores are in the schema, not here. */
export interface PodSpec {
  readonly volumes?: readonly Volume[]
  readonly initContainers?: readonly Container[]
  readonly containers: readonly Container[]
  /** Those that joined the pod while it ran. */
  readonly ephemeralContainers?: readonly EphemeralContainer[]
  readonly restartPolicy?: 'Always' | 'Never' | 'OnFailure'
  readonly terminationGracePeriodSeconds?: number
  readonly activeDeadlineSeconds?: number
  readonly dnsPolicy?: 'ClusterFirst' | 'ClusterFirstWithHostNet' | 'Default' | 'None'
  readonly nodeSelector?: Readonly<Record<string, string>>
  readonly serviceAccountName?: string
  readonly serviceAccount?: string
  readonly automountServiceAccountToken?: boolean
  readonly nodeName?: string
  readonly hostNetwork?: boolean
  readonly hostPID?: boolean
  readonly hostIPC?: boolean
  readonly shareProcessNamespace?: boolean
  readonly securityContext?: PodSecurityContext
  readonly imagePullSecrets?: readonly LocalObjectReference[]
  readonly hostname?: string
  readonly subdomain?: string
  readonly schedulerName?: string
  readonly tolerations?: readonly Toleration[]
  readonly hostAliases?: readonly HostAlias[]
  readonly priorityClassName?: string
  readonly priority?: number
  readonly runtimeClassName?: string
  readonly enableServiceLinks?: boolean
  readonly setHostnameAsFQDN?: boolean
  readonly hostUsers?: boolean
}

/** A container that joined a running pod. */
export interface EphemeralContainer extends Container {
  readonly targetContainerName?: string
}

/** One program of a pod. */
export interface Container {
  readonly name: string
  readonly image?: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly workingDir?: string
  readonly ports?: readonly ContainerPort[]
  readonly envFrom?: readonly EnvFromSource[]
  readonly env?: readonly EnvVar[]
  readonly resources?: ResourceRequirements
  readonly restartPolicy?: string
  readonly volumeMounts?: readonly VolumeMount[]
  readonly livenessProbe?: Probe
  readonly readinessProbe?: Probe
  readonly startupProbe?: Probe
  readonly lifecycle?: Lifecycle
  readonly terminationMessagePath?: string
  readonly terminationMessagePolicy?: 'FallbackToLogsOnError' | 'File'
  readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never'
  readonly securityContext?: SecurityContext
  readonly stdin?: boolean
  readonly stdinOnce?: boolean
  readonly tty?: boolean
}

/** A port that a container listens on. */
export interface ContainerPort {
  readonly name?: string
  readonly hostPort?: number
  readonly containerPort: number
  readonly protocol?: 'SCTP' | 'TCP' | 'UDP'
  readonly hostIP?: string
}

/** An environment variable: a value or where it comes from. */
export interface EnvVar {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: EnvVarSource
}

/** Where the value of a variable comes from. */
export interface EnvVarSource {
  readonly fieldRef?: ObjectFieldSelector
  readonly resourceFieldRef?: ResourceFieldSelector
  readonly configMapKeyRef?: ConfigMapKeySelector
  readonly secretKeyRef?: SecretKeySelector
}

/** A ConfigMap or Secret whose entries all become variables. */
export interface EnvFromSource {
  readonly prefix?: string
  readonly configMapRef?: ConfigMapEnvSource
  readonly secretRef?: SecretEnvSource
}

/** An entry of a ConfigMap. */
export interface ConfigMapKeySelector {
  readonly name?: string
  readonly key: string
  readonly optional?: boolean
}

/** An entry of a Secret. */
export interface SecretKeySelector {
  readonly name?: string
  readonly key: string
  readonly optional?: boolean
}

/** A ConfigMap by name. */
export interface ConfigMapEnvSource {
  readonly name?: string
  readonly optional?: boolean
}

/** A Secret by name. */
export interface SecretEnvSource {
  readonly name?: string
  readonly optional?: boolean
}

/** Limits and requests. */
export interface ResourceRequirements {
  readonly limits?: Readonly<Record<string, Quantity>>
  readonly requests?: Readonly<Record<string, Quantity>>
}

/** A check of a container; times in seconds. */
export interface Probe {
  readonly exec?: ExecAction
  readonly httpGet?: HTTPGetAction
  readonly tcpSocket?: TCPSocketAction
  readonly grpc?: GRPCAction
  readonly initialDelaySeconds?: number
  readonly timeoutSeconds?: number
  readonly periodSeconds?: number
  readonly successThreshold?: number
  readonly failureThreshold?: number
  readonly terminationGracePeriodSeconds?: number
}

/** A command to run in the container. */
export interface ExecAction {
  readonly command?: readonly string[]
}

/** A GET request; 200 to 399 is success. */
export interface HTTPGetAction {
  readonly path?: string
  readonly port: IntOrString
  readonly host?: string
  readonly scheme?: 'HTTP' | 'HTTPS'
  readonly httpHeaders?: readonly HTTPHeader[]
}

/** A header to send. */
export interface HTTPHeader {
  readonly name: string
  readonly value: string
}

/** A connection to open. */
export interface TCPSocketAction {
  readonly port: IntOrString
  readonly host?: string
}

/** A gRPC health check. */
export interface GRPCAction {
  readonly port: number
  readonly service?: string
}

/** What to do after start and before the end. */
export interface Lifecycle {
  readonly postStart?: LifecycleHandler
  readonly preStop?: LifecycleHandler
  readonly stopSignal?: string
}

/** One such hook. */
export interface LifecycleHandler {
  readonly exec?: ExecAction
  readonly httpGet?: HTTPGetAction
  readonly tcpSocket?: TCPSocketAction
  readonly sleep?: SleepAction
}

/** A pause. */
export interface SleepAction {
  readonly seconds: number
}

/** Rights of one container. */
export interface SecurityContext {
  readonly capabilities?: Capabilities
  readonly privileged?: boolean
  readonly runAsUser?: number
  readonly runAsGroup?: number
  readonly runAsNonRoot?: boolean
  readonly readOnlyRootFilesystem?: boolean
  readonly allowPrivilegeEscalation?: boolean
  readonly procMount?: 'Default' | 'Unmasked'
}

/** Rights added and dropped. */
export interface Capabilities {
  readonly add?: readonly string[]
  readonly drop?: readonly string[]
}

/** Rights of all containers. */
export interface PodSecurityContext {
  readonly runAsUser?: number
  readonly runAsGroup?: number
  readonly runAsNonRoot?: boolean
  readonly supplementalGroups?: readonly number[]
  readonly supplementalGroupsPolicy?: 'Merge' | 'Strict'
  readonly fsGroup?: number
  readonly fsGroupChangePolicy?: 'Always' | 'OnRootMismatch'
  readonly seLinuxChangePolicy?: string
}

/** An object of the same namespace, by name. */
export interface LocalObjectReference {
  readonly name?: string
}

/** A line of the hosts file. */
export interface HostAlias {
  readonly ip: string
  readonly hostnames?: readonly string[]
}

/** A taint that the pod tolerates. */
export interface Toleration {
  readonly key?: string
  readonly operator?: 'Equal' | 'Exists' | 'Gt' | 'Lt'
  readonly value?: string
  readonly effect?: 'NoExecute' | 'NoSchedule' | 'PreferNoSchedule'
  readonly tolerationSeconds?: number
}
