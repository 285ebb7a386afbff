// What a strategy of Argo's amounts to, whichever it is, and the gate that stands for a person.

import type { AnalysisUse } from './argo-metrics.ts'
import type { Source } from './note.ts'

/** A strategy as a Canary has it. */
export interface Strategy {
  /** The Service that callers use, and those that are not needed any more. */
  readonly main: string | undefined
  readonly others: readonly string[]
  /** stepWeights or iterations, with what goes with them. */
  readonly shape: Readonly<Record<string, unknown>>
  readonly hooks: readonly Readonly<Record<string, unknown>>[]
  readonly analyses: readonly AnalysisUse[]
  /** Seconds between two steps, where they say so. */
  readonly interval: number | undefined
  readonly readyThreshold: number | undefined
  readonly skipAnalysis: boolean
}

/** A webhook that waits until somebody opens the load tester's gate. */
export function gate(type: string, { object: { metadata } }: Source): Record<string, unknown> {
  const host = metadata.namespace === undefined ? 'flagger-loadtester' : `flagger-loadtester.${metadata.namespace}`
  return { name: type, type, url: `http://${host}/gate/check` }
}
