// What a gate said look by look, for tests of its pictures.

import type { Trace, TracePoint } from '../src/gate/trace.ts'

/** A look at a second, with the evidence against the canary (decimal logarithm). */
export function tracePoint(second: number, evidence: number, over: Partial<TracePoint> = {}): TracePoint {
  return { at: 1000 * second, weight: 10, evidence, proof: -Infinity, failed: 0, said: 'warm-up', ...over }
}

/** They all, with the default limits. */
export function traceOf(points: readonly TracePoint[]): Trace {
  return { from: 0, alpha: 0.01, beta: 0.05, points }
}
