import { expect, test } from 'vitest'
import { canaryOf, progressing } from '../../test/rollout-objects.ts'
import { type Plan, planOf } from '../canary/plan.ts'
import { awaitsPromotion, isStart, nextStage, routingAt, routingOf, shareOf, stageText } from './stages.ts'
import { NO_PROGRESS, type RolloutState } from './state.ts'
import type { Routing } from '../objects/virtual-service.ts'

const plan = (analysis: Record<string, unknown>): Plan => planOf(canaryOf({ stepWeight: undefined, maxWeight: undefined, ...analysis }))
const shown = (routing: Routing): string => (routing.kind === 'mirror' ? `copies ${routing.percent ?? 'of all'}` : String(routing.canary))

/** All stages from the beginning to the promotion: where requests go, what is told, `?` where the promotion is approved. */
function way(of: Plan): readonly string[] {
  const stages: string[] = []
  for (let at = nextStage(of, NO_PROGRESS); at !== undefined; at = nextStage(of, at)) {
    stages.push(`${shown(routingAt(of, at))}: ${stageText(of, 'a.b', at)}${awaitsPromotion(of, at) ? ' ?' : ''}`)
  }
  return stages
}

// flagger-observed.md, section 4.
test.each<readonly [string, Record<string, unknown>, readonly string[]]>([
  ['weights', { stepWeight: 50 }, ['50: Advance a.b canary weight 50', '100: Advance a.b canary weight 100 ?']],
  [
    'weights after copies',
    { stepWeights: [30], mirror: true, mirrorWeight: 10 },
    ['copies 10: Advance a.b canary weight 0', '30: Advance a.b canary weight 30 ?']
  ],
  [
    'A/B',
    { iterations: 2, match: [{ headers: {} }] },
    ['100: Advance a.b canary iteration 1/2', '100: Advance a.b canary iteration 2/2 ?']
  ],
  [
    'blue/green',
    { iterations: 2 },
    ['0: Advance a.b canary iteration 1/2', '0: Advance a.b canary iteration 2/2 ?', '100: Routing all traffic to canary']
  ],
  [
    'blue/green with copies',
    { iterations: 1, mirror: true },
    ['copies of all: Advance a.b canary iteration 1/1 ?', '100: Stop traffic mirroring and route all traffic to canary']
  ]
])('%s', (_, analysis, stages) => {
  expect(way(plan(analysis))).toEqual(stages)
})

test('only what has not advanced at all is at the start', () => {
  expect(
    [NO_PROGRESS, { ...NO_PROGRESS, mirrored: true } as const, { weight: 1, iterations: 0 }, { weight: 0, iterations: 1 }].map(isStart)
  ).toEqual([true, false, false, false])
})

test.each<readonly [string, RolloutState, number]>([
  ['promoting after iterations', { ...progressing(0), phase: 'promoting', iterations: 3 }, 100],
  ['promoting step by step', { ...progressing(0), phase: 'promoting', weight: 40, iterations: 0 }, 40],
  ['a failed promotion', { ...progressing(0), phase: 'failed', weight: 100, because: '' }, 100],
  ['finalising', { ...progressing(0), phase: 'finalising' }, 0]
])('%s: the canary has its share', (_, state, share) => {
  const of = plan({ iterations: 2 })
  expect(shareOf(of, state)).toBe(share)
  expect(routingOf(of, state)).toEqual({ kind: 'weights', canary: share })
})
