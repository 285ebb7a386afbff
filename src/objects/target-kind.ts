// What a rollout has to know of its target's kind. There is one module per kind; targets.ts has the table.

import type { KubeObject, ResourceRef } from '../api/object.ts'
import type { ClusterView } from './cluster-view.ts'
import type { LabelRules } from '../canary/label-rules.ts'
import type { Plan } from '../canary/plan.ts'
import type { Readiness, ReadinessTerms } from './readiness.ts'
import type { PrimarySource, SelectorLabel } from './render-deployment.ts'
import type { Write } from './write.ts'

/** How many pods a target is to have: as it is, none, its own number, or none to begin with so that all are made again. */
export type Scale = 'keep' | 'zero' | 'target' | 'refresh'

/** A kind of targets: what a revision is, when it is ready, what its primary is, how it is scaled. */
export interface TargetKind {
  /** Where target and primary are. */
  readonly resource: ResourceRef
  /** The name of the primary. */
  readonly primaryName: (plan: Plan) => string
  /** What of an object makes its revision, before hashing. */
  readonly identityOf: (object: KubeObject) => unknown
  /** The spec of its pods; undefined when it has none of its own. */
  readonly podSpecOf: (object: KubeObject | undefined) => unknown
  /** The mark that a promotion left on the primary. */
  readonly markOf: (primary: KubeObject | undefined) => unknown
  /** The label that tells the pods of target and primary apart; undefined when there is none. */
  readonly labelOf: (target: KubeObject, labels: LabelRules) => SelectorLabel | undefined
  /** Why this object cannot be rolled out, after `<kind> <name>.<namespace>`; undefined when it can. */
  readonly faultOf: (target: KubeObject, labels: LabelRules) => string | undefined
  /** Judges target or primary; undefined for a primary that is not there yet and has to be waited for. */
  readonly readinessOf: (object: KubeObject | undefined, terms: ReadinessTerms) => Readiness | undefined
  /** True when the target was told to have no pods. */
  readonly isAtZero: (target: KubeObject | undefined) => boolean
  /** True when the target was told to have no pods, and none is left. */
  readonly isEmpty: (target: KubeObject | undefined) => boolean
  /** Takes the target's pods away, or gives it back its own number of them, else `size`. */
  readonly scale: (target: KubeObject, size: number, to: Scale) => readonly Write[]
  /** The primary as it is created. */
  readonly primaryOf: (source: PrimarySource) => KubeObject
  /** Copies the target to a primary that is there. */
  readonly copyTo: (source: PrimarySource, primary: KubeObject) => readonly Write[]
  /** The Services beside the primary, written before it. */
  readonly sideServices: (source: PrimarySource, cluster: ClusterView) => readonly Write[]
  /** The main Service. */
  readonly mainService: (source: PrimarySource, cluster: ClusterView) => readonly Write[]
  /** Gives a main Service that was there before the Canary back. */
  readonly releaseMain: (source: PrimarySource, cluster: ClusterView) => readonly Write[]
}
