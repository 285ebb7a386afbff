// A probe's memory: when to ask next and what the answers so far amount to. Asking is the kubelet's.

import type { Millis } from '../std/clock.ts'
import type { Probe } from '../api/builtin-types-pod.ts'

/** What a probe has concluded, and its run of equal answers. */
export interface ProbeState {
  readonly verdict: 'passed' | 'failed' | 'open'
  readonly successes: number
  readonly failures: number
  /** When to ask next. */
  readonly nextAt: Millis
}

/** Before the first answer: `verdict` is what holds until then (readiness failed, liveness passed, startup open). */
export function startProbe(probe: Probe, verdict: ProbeState['verdict'], now: Millis): ProbeState {
  return { verdict, successes: 0, failures: 0, nextAt: now + (probe.initialDelaySeconds ?? 0) * 1000 }
}

/** After an answer: the verdict turns when successThreshold (default 1) or failureThreshold (default 3) equal answers came in a row. */
export function afterAnswer(probe: Probe, state: ProbeState, answer: 'success' | 'failure', now: Millis): ProbeState {
  const successes = answer === 'success' ? state.successes + 1 : 0
  const failures = answer === 'failure' ? state.failures + 1 : 0
  const nextAt = now + Math.max(1, probe.periodSeconds ?? 10) * 1000
  if (successes >= (probe.successThreshold ?? 1)) return { verdict: 'passed', successes, failures, nextAt }
  if (failures >= (probe.failureThreshold ?? 3)) return { verdict: 'failed', successes, failures, nextAt }
  return { verdict: state.verdict, successes, failures, nextAt }
}
