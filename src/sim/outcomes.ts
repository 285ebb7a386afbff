// Many rollouts of one Canary on one service: who leads them may differ, what befalls the service does not.

import { seeded } from '../std/draw.ts'
import { type Share, shareOf, type Spread, spreadOf } from './chances.ts'
import { lead, type Leader, type Run } from './lead.ts'
import type { Regression } from './regression.ts'
import { type Disturbance, type Service, SimulatedService } from './service.ts'

/** What the rollouts are of. */
export interface Scenario {
  readonly service: Service
  readonly regression: Regression
  readonly disturbance: Disturbance
}

/** What became of them. */
export interface Outcomes {
  readonly runs: number
  readonly rolledBack: Share
  readonly promoted: Share
  /** Seconds until the canary's traffic was gone, of those that were rolled back. */
  readonly toZero: Spread | undefined
  /** Seconds until the new version had all traffic, of those that were promoted. */
  readonly toAll: Spread | undefined
  /** Requests that the canary failed, of all. */
  readonly failed: Spread | undefined
  readonly failedMean: number
  /** Those of the rolled back that failed checks undid, not evidence. */
  readonly byChecks: number
}

/** The rollout of this number: the same for the same seed, whoever leads it. */
export function oneRun(leader: Leader, { service, ...truth }: Scenario, seed: number): Run {
  return lead(leader, new SimulatedService(service, seeded(seed), truth))
}

/** So many rollouts, from `seed` on. */
export function manyRuns(
  makeLeader: () => Leader,
  scenario: Scenario,
  many: { readonly runs: number; readonly seed: number }
): readonly Run[] {
  return Array.from({ length: many.runs }, (_, index) => oneRun(makeLeader(), scenario, seedOf(many.seed, index)))
}

/** What they amount to. */
export function outcomesOf(runs: readonly Run[]): Outcomes {
  const back = runs.filter(({ outcome }) => outcome === 'rolled-back')
  const promoted = runs.filter(({ outcome }) => outcome === 'promoted')
  const failed = runs.map((run) => run.failed)
  return {
    runs: runs.length,
    rolledBack: shareOf(back.length, runs.length),
    promoted: shareOf(promoted.length, runs.length),
    toZero: spreadOf(back.map(({ seconds }) => seconds)),
    toAll: spreadOf(promoted.map(({ seconds }) => seconds)),
    failed: spreadOf(failed),
    failedMean: runs.length === 0 ? 0 : failed.reduce((sum, each) => sum + each, 0) / runs.length,
    byChecks: back.filter(({ by }) => by === 'checks').length
  }
}

/** The seed of the rollout with this number: seeds of neighbouring numbers are no neighbours. */
export function seedOf(seed: number, index: number): number {
  return Math.imul(seed + 1, 0x9e3779b1) + Math.imul(index + 1, 0x85ebca6b)
}
