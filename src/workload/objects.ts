// The fields of workload objects that reconciling reads and writes, as readonly types. Other fields are carried along untouched.

import type { KubeObject, ObjectMeta } from '../api/object.ts'

/** A label selector as in apps/v1. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[]
}

/** A condition of any workload object. Times are RFC 3339 to the second. */
export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason?: string
  readonly message?: string
  readonly lastUpdateTime?: string
  readonly lastTransitionTime?: string
}

/** A variable of a container: a value or where it comes from. */
export interface EnvVar {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: {
    readonly fieldRef?: { readonly fieldPath: string }
    readonly configMapKeyRef?: { readonly name: string; readonly key: string; readonly optional?: boolean }
    readonly secretKeyRef?: { readonly name: string; readonly key: string; readonly optional?: boolean }
    readonly resourceFieldRef?: unknown
  }
}

/** A ConfigMap or Secret whose keys become variables. */
export interface EnvFrom {
  readonly prefix?: string
  readonly configMapRef?: { readonly name: string; readonly optional?: boolean }
  readonly secretRef?: { readonly name: string; readonly optional?: boolean }
}

/** A port a container says it listens on. */
export interface ContainerPort {
  readonly name?: string
  readonly containerPort: number
  readonly protocol?: string
}

/** What a probe or a lifecycle hook does; exactly one is set. */
export interface Action {
  readonly httpGet?: {
    readonly path?: string
    readonly port: number | string
    readonly host?: string
    readonly scheme?: string
    readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[]
  }
  readonly tcpSocket?: { readonly port: number | string; readonly host?: string }
  readonly exec?: { readonly command?: readonly string[] }
  readonly sleep?: { readonly seconds: number }
}

/** A probe: an action and how often and how strictly it is asked. */
export interface Probe extends Action {
  readonly initialDelaySeconds?: number
  readonly periodSeconds?: number
  readonly timeoutSeconds?: number
  readonly successThreshold?: number
  readonly failureThreshold?: number
  readonly terminationGracePeriodSeconds?: number
  readonly [field: string]: unknown
}

/** A container of a pod template. */
export interface Container {
  readonly name: string
  readonly image?: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly workingDir?: string
  readonly ports?: readonly ContainerPort[]
  readonly env?: readonly EnvVar[]
  readonly envFrom?: readonly EnvFrom[]
  readonly readinessProbe?: Probe
  readonly livenessProbe?: Probe
  readonly startupProbe?: Probe
  readonly lifecycle?: { readonly preStop?: Action; readonly postStart?: Action }
  readonly volumeMounts?: readonly {
    readonly name: string
    readonly mountPath: string
    readonly subPath?: string
    readonly readOnly?: boolean
  }[]
  readonly [field: string]: unknown
}

/** A volume of a pod; other sources than these three have no effect. */
export interface Volume {
  readonly name: string
  readonly configMap?: {
    readonly name?: string
    readonly optional?: boolean
    readonly items?: readonly { readonly key: string; readonly path: string }[]
  }
  readonly secret?: {
    readonly secretName?: string
    readonly optional?: boolean
    readonly items?: readonly { readonly key: string; readonly path: string }[]
  }
  readonly emptyDir?: unknown
  readonly [field: string]: unknown
}

/** What a pod runs. */
export interface PodSpec {
  readonly containers: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly restartPolicy?: string
  readonly terminationGracePeriodSeconds?: number
  readonly nodeName?: string
  readonly serviceAccountName?: string
  readonly volumes?: readonly Volume[]
  readonly [field: string]: unknown
}

/** The pod a ReplicaSet or Deployment makes. */
export interface PodTemplate {
  readonly metadata?: ObjectMeta
  readonly spec: PodSpec
}

/** Exactly one is set. */
export interface ContainerState {
  readonly waiting?: { readonly reason: string; readonly message?: string }
  readonly running?: { readonly startedAt: string }
  readonly terminated?: {
    readonly exitCode: number
    readonly signal?: number
    readonly reason: string
    readonly message?: string
    readonly startedAt?: string
    readonly finishedAt?: string
  }
}

/** What a container does, as the API shows it. */
export interface ContainerStatus {
  readonly name: string
  readonly image: string
  readonly imageID: string
  readonly ready: boolean
  readonly started: boolean
  readonly restartCount: number
  readonly state: ContainerState
  readonly lastState: ContainerState
}

/** What a pod does, as the API shows it. */
export interface PodStatus {
  readonly phase?: string
  readonly conditions?: readonly Condition[]
  readonly podIP?: string
  readonly hostIP?: string
  readonly podIPs?: readonly { readonly ip: string }[]
  readonly startTime?: string
  readonly reason?: string
  readonly message?: string
  readonly containerStatuses?: readonly ContainerStatus[]
  readonly initContainerStatuses?: readonly ContainerStatus[]
}

/** core/v1 Pod. */
export interface Pod extends KubeObject {
  readonly spec: PodSpec
  readonly status?: PodStatus
}

/** Counts of a ReplicaSet; zero counts are absent but for replicas. */
export interface ReplicaSetStatus {
  readonly replicas?: number
  readonly fullyLabeledReplicas?: number
  readonly readyReplicas?: number
  readonly availableReplicas?: number
  readonly observedGeneration?: number
}

/** apps/v1 ReplicaSet. */
export interface ReplicaSet extends KubeObject {
  readonly spec: {
    readonly replicas?: number
    readonly minReadySeconds?: number
    readonly selector: LabelSelector
    readonly template: PodTemplate
  }
  readonly status?: ReplicaSetStatus
}

/** Counts and conditions of a Deployment; zero counts are absent. */
export interface DeploymentStatus {
  readonly observedGeneration?: number
  readonly replicas?: number
  readonly updatedReplicas?: number
  readonly readyReplicas?: number
  readonly availableReplicas?: number
  readonly unavailableReplicas?: number
  readonly collisionCount?: number
  readonly conditions?: readonly Condition[]
}

/** apps/v1 Deployment. */
export interface Deployment extends KubeObject {
  readonly spec: {
    readonly replicas?: number
    readonly paused?: boolean
    readonly minReadySeconds?: number
    readonly revisionHistoryLimit?: number
    readonly progressDeadlineSeconds?: number
    readonly selector: LabelSelector
    readonly template: PodTemplate
    readonly strategy?: {
      readonly type?: string
      readonly rollingUpdate?: { readonly maxSurge?: number | string; readonly maxUnavailable?: number | string }
    }
  }
  readonly status?: DeploymentStatus
}

/** A port of a Service. */
export interface ServicePort {
  readonly name?: string
  readonly port: number
  readonly protocol?: string
  readonly appProtocol?: string
  readonly targetPort?: number | string
}

/** core/v1 Service. */
export interface Service extends KubeObject {
  readonly spec: {
    readonly type?: string
    readonly clusterIP?: string
    readonly selector?: Readonly<Record<string, string>>
    readonly ports?: readonly ServicePort[]
    readonly publishNotReadyAddresses?: boolean
  }
}
