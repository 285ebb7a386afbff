import { expect, test } from 'vitest'
import { canaryOf, progressing, REVISION } from '../../test/rollout-objects.ts'
import { adopt } from './adopt.ts'
import { type Plan, planOf } from '../canary/plan.ts'
import { type Progress, progressOf, type RolloutState } from './state.ts'
import type { LiveRouting } from '../objects/virtual-service.ts'

const split = planOf(canaryOf({ mirror: true }))
const iterating = (match: readonly unknown[] = []) => planOf(canaryOf({ stepWeight: undefined, iterations: 3, match }))
const at = (phase: 'progressing' | 'waiting-promotion', weight: number, iterations: number): RolloutState => ({
  ...progressing(0),
  phase,
  weight,
  iterations
})
const live = (canary: number, mirrored = false, mark?: string): LiveRouting => ({ canary, mirrored, mark: mark && `${REVISION}/${mark}` })
const flaggers = (phase: 'progressing' | 'waiting-promotion', weight: number, iterations: number): RolloutState => ({
  ...progressing(0),
  phase,
  weight,
  iterations,
  applied: '5c7d8f9b6'
})

test.each<readonly [string, readonly [Plan, RolloutState, LiveRouting], Partial<Progress>]>([
  ["Flagger's wait, by weights", [split, at('waiting-promotion', 0, -1), live(60)], { weight: 60, iterations: 0 }],
  ['our wait, by weights', [split, at('waiting-promotion', 60, 0), live(10)], { weight: 60, iterations: 0 }],
  ["Flagger's wait, A/B", [iterating([{ headers: {} }]), at('waiting-promotion', 0, 2), live(100)], { weight: 0, iterations: 3 }],
  ["Flagger's wait, blue/green", [iterating(), at('waiting-promotion', 0, 2), live(0)], { weight: 0, iterations: 3 }],
  ["Flagger's second wait, blue/green", [iterating(), flaggers('waiting-promotion', 0, 2), live(100)], { weight: 0, iterations: 4 }],
  ["Flagger's copies", [split, flaggers('progressing', 0, 0), live(0, true)], { weight: 0, mirrored: true }],
  ['copies before the first weight', [split, at('progressing', 0, 0), live(0, true, 'copies')], { weight: 0, mirrored: true }],
  ['copies that somebody ended', [split, at('progressing', 0, 0), live(100, false, 'copies')], { weight: 0, mirrored: true }],
  ['our own first weight after copies', [split, at('progressing', 0, 0), live(20, false, '20')], { weight: 0, mirrored: true }],
  ['a wait that got all traffic, blue/green', [iterating(), at('waiting-promotion', 0, 3), live(100, false, '100')], { iterations: 4 }],
  ['iterations taken away in mid-run', [iterating(), at('progressing', 0, 5), live(0)], { iterations: 3 }],
  ['blue/green with all traffic', [iterating(), at('progressing', 0, 4), live(100, false, '100')], { iterations: 4 }]
])('%s', (_, [plan, state, routes], progress) => {
  expect(adopt(plan, state, routes)).toMatchObject(progress)
})

test.each<readonly [string, readonly [Plan, RolloutState, LiveRouting]]>([
  ['copies', [split, at('progressing', 0, 0), live(0, true)]],
  ['the first weight', [split, at('progressing', 0, 0), live(20)]],
  ['the first weight, with the mark of another revision', [split, at('progressing', 0, 0), { ...live(20), mark: 's1-other/20' }]],
  ['all traffic in blue/green', [iterating(), at('waiting-promotion', 0, 3), live(100)]]
])("somebody else's write of %s is not taken for an advance of ours", (_, [plan, state, routes]) => {
  const { mirrored, iterations } = progressOf(adopt(plan, state, routes))
  expect([mirrored, iterations]).toEqual([undefined, progressOf(state).iterations])
})
