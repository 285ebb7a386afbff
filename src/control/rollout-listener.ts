// What others may hear of rollouts as they go: alerts and the exported metrics. A listener neither waits nor throws, so that no tick depends
// on it.

import type { KubeObject } from '../api/object.ts'
import type { Phase } from '../rollout/state.ts'
import type { Step, Tick } from '../rollout/tick.ts'
import type { Millis } from '../std/clock.ts'

/** A tick whose writes are made. */
export interface Ticked {
  readonly tick: Tick
  readonly step: Step
  /** How long it took, answers of webhooks and metrics included. */
  readonly took: Millis
}

/** A value that a check got. */
export interface Measured {
  readonly namespace: string
  /** The target, which Flagger's metrics are named by. */
  readonly target: string
  readonly metric: string
  /** Percent, milliseconds, or what the metric is in. */
  readonly value: number
}

/** An Event of a Canary; `phase`: the one it is told with. */
export interface Told {
  readonly canary: KubeObject
  readonly type: 'Normal' | 'Warning'
  readonly message: string
  readonly phase: Phase
}

/** Hears of rollouts; each part is optional. */
export interface RolloutListener {
  ticked?(ticked: Ticked, signal: AbortSignal): void
  measured?(measured: Measured): void
  told?(told: Told, signal: AbortSignal): void
  /** The Canary is deleted. */
  gone?(canary: KubeObject): void
}
