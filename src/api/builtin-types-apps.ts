// Workloads as readonly types: Deployment, ReplicaSet, DaemonSet, HorizontalPodAutoscaler, Scale. A test holds these types against the field tables.

import type { KubeObject } from './object.ts'
import type { IntOrString, PodTemplateSpec } from './builtin-types-pod.ts'

/** Selects objects by their labels; all terms must hold. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly LabelSelectorRequirement[]
}

/** One term of a selector. */
export interface LabelSelectorRequirement {
  readonly key: string
  readonly operator: string
  readonly values?: readonly string[]
}

/** A Deployment: ReplicaSets over time. */
export interface Deployment extends KubeObject {
  readonly apiVersion: 'apps/v1'
  readonly kind: 'Deployment'
  readonly spec: DeploymentSpec
  readonly status?: DeploymentStatus
}

/** What a Deployment should run. */
export interface DeploymentSpec {
  readonly replicas?: number
  readonly selector: LabelSelector
  readonly template: PodTemplateSpec
  readonly strategy?: DeploymentStrategy
  readonly minReadySeconds?: number
  readonly revisionHistoryLimit?: number
  readonly paused?: boolean
  readonly progressDeadlineSeconds?: number
}

/** How old pods give way to new ones. */
export interface DeploymentStrategy {
  readonly type?: 'Recreate' | 'RollingUpdate'
  readonly rollingUpdate?: RollingUpdateDeployment
}

/** Bounds of a rolling update: numbers or percentages. */
export interface RollingUpdateDeployment {
  readonly maxUnavailable?: IntOrString
  readonly maxSurge?: IntOrString
}

/** What has been observed of a Deployment. */
export interface DeploymentStatus {
  readonly observedGeneration?: number
  readonly replicas?: number
  readonly updatedReplicas?: number
  readonly readyReplicas?: number
  readonly availableReplicas?: number
  readonly unavailableReplicas?: number
  readonly terminatingReplicas?: number
  readonly conditions?: readonly DeploymentCondition[]
  readonly collisionCount?: number
}

/** One condition of a Deployment. */
export interface DeploymentCondition {
  readonly type: string
  readonly status: string
  readonly lastUpdateTime?: string
  readonly lastTransitionTime?: string
  readonly reason?: string
  readonly message?: string
}

/** A number of equal pods. */
export interface ReplicaSet extends KubeObject {
  readonly apiVersion: 'apps/v1'
  readonly kind: 'ReplicaSet'
  readonly spec: ReplicaSetSpec
  readonly status?: ReplicaSetStatus
}

/** What a ReplicaSet should run. */
export interface ReplicaSetSpec {
  readonly replicas?: number
  readonly minReadySeconds?: number
  readonly selector: LabelSelector
  readonly template: PodTemplateSpec
}

/** What has been observed of a ReplicaSet. */
export interface ReplicaSetStatus {
  readonly replicas: number
  readonly fullyLabeledReplicas?: number
  readonly readyReplicas?: number
  readonly availableReplicas?: number
  readonly terminatingReplicas?: number
  readonly observedGeneration?: number
  readonly conditions?: readonly ReplicaSetCondition[]
}

/** One condition of a ReplicaSet. */
export interface ReplicaSetCondition {
  readonly type: string
  readonly status: string
  readonly lastTransitionTime?: string
  readonly reason?: string
  readonly message?: string
}

/** The scale subresource. */
export interface Scale extends KubeObject {
  readonly apiVersion: 'autoscaling/v1'
  readonly kind: 'Scale'
  readonly spec?: ScaleSpec
  readonly status?: ScaleStatus
}

/** The number wanted. */
export interface ScaleSpec {
  readonly replicas?: number
}

/** The number there, and the selector as text. */
export interface ScaleStatus {
  readonly replicas: number
  readonly selector?: string
}

/** A DaemonSet: one pod on every node that fits. */
export interface DaemonSet extends KubeObject {
  readonly apiVersion: 'apps/v1'
  readonly kind: 'DaemonSet'
  readonly spec: DaemonSetSpec
  readonly status?: DaemonSetStatus
}

/** What a DaemonSet should run. */
export interface DaemonSetSpec {
  readonly selector: LabelSelector
  readonly template: PodTemplateSpec
  readonly updateStrategy?: DaemonSetUpdateStrategy
  readonly minReadySeconds?: number
  readonly revisionHistoryLimit?: number
}

/** How old pods of a DaemonSet give way to new ones. */
export interface DaemonSetUpdateStrategy {
  readonly type?: 'OnDelete' | 'RollingUpdate'
  readonly rollingUpdate?: RollingUpdateDaemonSet
}

/** Bounds of a DaemonSet's rolling update: numbers or percentages. */
export interface RollingUpdateDaemonSet {
  readonly maxUnavailable?: IntOrString
  readonly maxSurge?: IntOrString
}

/** What has been observed of a DaemonSet. */
export interface DaemonSetStatus {
  readonly currentNumberScheduled: number
  readonly numberMisscheduled: number
  readonly desiredNumberScheduled: number
  readonly numberReady: number
  readonly observedGeneration?: number
  readonly updatedNumberScheduled?: number
  readonly numberAvailable?: number
  readonly numberUnavailable?: number
  readonly collisionCount?: number
}

/** A HorizontalPodAutoscaler, autoscaling/v2. */
export interface HorizontalPodAutoscaler extends KubeObject {
  readonly apiVersion: 'autoscaling/v2'
  readonly kind: 'HorizontalPodAutoscaler'
  readonly spec: HorizontalPodAutoscalerSpec
  readonly status?: HorizontalPodAutoscalerStatus
}

/** What an autoscaler scales, and by what. */
export interface HorizontalPodAutoscalerSpec {
  readonly scaleTargetRef: CrossVersionObjectReference
  readonly minReplicas?: number
  readonly maxReplicas: number
}

/** Names an object of some kind in the same namespace. */
export interface CrossVersionObjectReference {
  readonly kind: string
  readonly name: string
  readonly apiVersion?: string
}

/** What has been observed of an autoscaler. */
export interface HorizontalPodAutoscalerStatus {
  readonly observedGeneration?: number
  readonly lastScaleTime?: string
  readonly currentReplicas?: number
  readonly desiredReplicas: number
  readonly conditions?: readonly HorizontalPodAutoscalerCondition[]
}

/** One condition of an autoscaler. */
export interface HorizontalPodAutoscalerCondition {
  readonly type: string
  readonly status: string
  readonly lastTransitionTime?: string
  readonly reason?: string
  readonly message?: string
}
