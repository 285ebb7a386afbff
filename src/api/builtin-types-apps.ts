// Workloads as readonly types: Deployment, ReplicaSet, Scale. A test holds these types against the field tables.

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
