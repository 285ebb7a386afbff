// Whether a Deployment's rollout is done, by its status alone (flagger.md 2.5).

import type { KubeObject } from '../api/object.ts'
import { dig } from '../std/json.ts'
import type { Millis } from '../std/clock.ts'
import { parseInstant } from '../std/instant.ts'

/** ready; or waiting, for the reason given; or stuck, when waiting will not help. `pods` counts available pods of any revision. */
export interface Readiness {
  readonly kind: 'ready' | 'waiting' | 'stuck'
  readonly because: string
  readonly pods: number
}

/** How readiness is judged: `threshold` percent of the updated pods must be available within `deadline` of `since`. */
export interface ReadinessTerms {
  readonly threshold: number
  readonly deadline: Millis
  readonly since: Millis
  readonly now: Millis
  /** Of a Deployment with a scaler. */
  readonly scaled?: ScaledTerms | undefined
}

/** `least`: fewest pods its scaler allows. `settled`: its template is known to be rolled out, whatever generation the status is of. */
export interface ScaledTerms {
  readonly least: number
  readonly settled: boolean
}

/** Judges a Deployment. A Deployment scaled to zero is ready with no pods. */
export function readinessOf(deployment: KubeObject, terms: ReadinessTerms): Readiness {
  const status = deployment['status']
  const pods = count(dig(status, 'availableReplicas'))
  const waiting = waitingFor(deployment, terms.threshold)
  if (waiting === undefined || isScaling(deployment, terms)) return { kind: 'ready', because: '', pods }
  const because = `waiting for rollout to finish: ${waiting}`
  if (conditionOf(status, 'Progressing', 'ProgressDeadlineExceeded') !== undefined && seesGeneration(deployment)) {
    return { kind: 'stuck', because: `deployment ${deployment.metadata.name} exceeded its progress deadline`, pods }
  }
  const unavailable = conditionOf(status, 'Available', 'MinimumReplicasUnavailable')
  const from = Math.max(terms.since, parseInstant(String(dig(unavailable, 'lastUpdateTime'))) ?? 0)
  const late = unavailable !== undefined && terms.now - from > terms.deadline
  return { kind: late ? 'stuck' : 'waiting', because, pods }
}

/** True when a Deployment says, of what it was told last, that it has no pods. */
export function hasNoPods(deployment: KubeObject): boolean {
  return seesGeneration(deployment) && count(dig(deployment['status'], 'replicas')) === 0
}

// A rollout that is done stays done while the number of pods changes: a scaler at work is no reason to wait, as long as the fewest pods it
// allows are there.
function isScaling(deployment: KubeObject, { scaled, threshold }: ReadinessTerms): boolean {
  const status = deployment['status']
  if (scaled === undefined || !(scaled.settled || seesGeneration(deployment))) return false
  if (conditionOf(status, 'Progressing', 'NewReplicaSetAvailable') === undefined) return false
  if (count(dig(status, 'replicas')) !== count(dig(status, 'updatedReplicas'))) return false
  return count(dig(status, 'availableReplicas')) >= Math.max(1, Math.floor((scaled.least * threshold) / 100))
}

function waitingFor(deployment: KubeObject, threshold: number): string | undefined {
  if (!seesGeneration(deployment)) return 'observed deployment generation less than desired generation'
  const status = deployment['status']
  const wanted = count(dig(deployment['spec'], 'replicas') ?? 1)
  const updated = count(dig(status, 'updatedReplicas'))
  const replicas = count(dig(status, 'replicas'))
  const available = count(dig(status, 'availableReplicas'))
  if (updated < wanted) return `${updated} out of ${wanted} new replicas have been updated`
  if (replicas > updated) return `${replicas - updated} old replicas are pending termination`
  if (available >= Math.floor((updated * threshold) / 100)) return undefined
  return `${available} of ${updated} (readyThreshold ${threshold}%) updated replicas are available`
}

function seesGeneration(deployment: KubeObject): boolean {
  return count(dig(deployment['status'], 'observedGeneration')) >= (deployment.metadata.generation ?? 0)
}

function conditionOf(status: unknown, type: string, reason: string): unknown {
  const conditions = dig(status, 'conditions')
  if (!Array.isArray(conditions)) return undefined
  return conditions.find((condition) => dig(condition, 'type') === type && dig(condition, 'reason') === reason)
}

function count(value: unknown): number {
  return typeof value === 'number' ? value : 0
}
