import { expect, test } from 'vitest'
import { canaryOf, progressing } from '../../test/rollout-objects.ts'
import { adopt } from './adopt.ts'
import { type Plan, planOf } from './plan.ts'
import type { Progress, RolloutState } from './state.ts'
import type { LiveRouting } from './virtual-service.ts'

const split = planOf(canaryOf({ mirror: true }))
const iterating = (match: readonly unknown[] = []) => planOf(canaryOf({ stepWeight: undefined, iterations: 3, match }))
const at = (phase: 'progressing' | 'waiting-promotion', weight: number, iterations: number): RolloutState => ({
  ...progressing(0),
  phase,
  weight,
  iterations
})
const live = (canary: number, mirrored = false) => ({ canary, mirrored })

test.each<readonly [string, readonly [Plan, RolloutState, LiveRouting], Partial<Progress>]>([
  ["Flagger's wait, by weights", [split, at('waiting-promotion', 0, -1), live(60)], { weight: 60, iterations: 0 }],
  ['our wait, by weights', [split, at('waiting-promotion', 60, 0), live(10)], { weight: 60, iterations: 0 }],
  ["Flagger's wait, A/B", [iterating([{ headers: {} }]), at('waiting-promotion', 0, 2), live(100)], { weight: 0, iterations: 3 }],
  ["Flagger's wait, blue/green", [iterating(), at('waiting-promotion', 0, 2), live(0)], { weight: 0, iterations: 3 }],
  ["Flagger's second wait, blue/green", [iterating(), at('waiting-promotion', 0, 2), live(100)], { weight: 0, iterations: 4 }],
  ['copies before the first weight', [split, at('progressing', 0, 0), live(0, true)], { weight: 0, mirrored: true }],
  ['iterations taken away in mid-run', [iterating(), at('progressing', 0, 5), live(0)], { iterations: 3 }],
  ['blue/green with all traffic', [iterating(), at('progressing', 0, 4), live(100)], { iterations: 4 }]
])('%s', (_, [plan, state, routes], progress) => {
  expect(adopt(plan, state, routes)).toMatchObject(progress)
})
