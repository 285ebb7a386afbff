// What a tick knows of the cluster, as plain data: the objects a Canary reads and owns, the time, and when it last looked. Only the
// fields named here are read; everything else of an object is carried along untouched.

import type { KubeObject } from '../api/object.ts'
import type { ConfigView } from './configs.ts'
import type { GateConfig } from '../canary/gate-options.ts'
import type { LabelRules } from '../canary/label-rules.ts'
import type { Notice } from '../canary/notices.ts'
import type { Scalers } from '../canary/scaler.ts'
import type { Millis } from '../std/clock.ts'
import type { RevisionEvidence } from '../gate/evidence.ts'

/** The objects of a baseline; undefined where there is none. */
export interface BaselineView {
  readonly deployment: KubeObject | undefined
  readonly service: KubeObject | undefined
  readonly rule: KubeObject | undefined
  /** The VirtualService of a Canary whose provider was changed to one without; absent for others. */
  readonly routes?: KubeObject | undefined
}

/** The objects of one Canary as they are now; undefined where there is none. */
export interface ClusterView {
  readonly now: Millis
  /** When this process last put questions for the Canary; undefined after a restart and at the beginning of a run. */
  readonly lookedAt: Millis | undefined
  /** Why the objects are left to another Canary; undefined when they are not. */
  readonly rival: Notice | undefined
  /** What the operator says of labels; undefined: as Flagger does by default. */
  readonly labels?: LabelRules | undefined
  /** What the gate says of the revision that is analysed; absent where it does not watch. */
  readonly evidence?: RevisionEvidence | undefined
  /** none: this controller reads no counters, and there is no gate. */
  readonly counters?: 'none'
  /** The ConfigMap with the options of the gate; absent where the Canary names none. */
  readonly gateConfig?: GateConfig | undefined
  readonly target: KubeObject | undefined
  /** What the target's pods read; undefined when that is not tracked. */
  readonly configs?: readonly ConfigView[] | undefined
  readonly primary: KubeObject | undefined
  readonly apexService: KubeObject | undefined
  readonly canaryService: KubeObject | undefined
  readonly primaryService: KubeObject | undefined
  readonly canaryRule: KubeObject | undefined
  readonly primaryRule: KubeObject | undefined
  readonly virtualService: KubeObject | undefined
  /** The fresh copy of stable that the canary is compared with; absent where none is wanted or left. */
  readonly baseline?: BaselineView | undefined
  /** Whether the workload is there that the Canary names as its baseline; absent where it names none. */
  readonly baselineWorkload?: 'there' | 'missing' | undefined
  /** Who puts the routes back time and again, and what to do about it; undefined while nobody does. */
  readonly contested?: string | undefined
  /** What the primary was before a promotion (snapshot.ts); read during a run and after a failure. */
  readonly previous?: KubeObject | undefined
  /** Absent without an autoscalerRef. */
  readonly scalers?: Scalers | undefined
}
