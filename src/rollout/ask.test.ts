import { expect, test } from 'vitest'
import { canaryOf, clusterOf, hookOf, progressing } from '../../test/rollout-objects.ts'
import { type Answer, ask, nextQuestion } from './ask.ts'
import type { RolloutState } from './state.ts'

const ALL_HOOKS = [
  'confirm-rollout',
  'pre-rollout',
  'rollout',
  'confirm-traffic-increase',
  'confirm-promotion',
  'post-rollout',
  'rollback'
].map(hookOf)

const yes: Answer = { kind: 'yes' }
const no: Answer = { kind: 'no', because: 'success rate 90.00% < 99%' }
const unknown: Answer = { kind: 'unknown', cause: 'down', because: 'no values found' }
test.each<readonly [string, RolloutState, readonly string[]]>([
  ['first step', progressing(0), ['rollback', 'start', 'traffic']],
  ['middle', progressing(20), ['rollback', 'load', 'metric', 'traffic']],
  ['last rung', progressing(40), ['rollback', 'load', 'metric', 'traffic', 'promotion']],
  [
    'waiting for promotion',
    { ...progressing(40), phase: 'waiting-promotion', weight: 40, iterations: 0 },
    ['rollback', 'load', 'metric', 'promotion']
  ],
  ['new revision', { phase: 'initialized', since: 0, applied: 's1-old', promoted: 's1-old', failedChecks: 0 }, ['approval']],
  ['promoting', { ...progressing(40), phase: 'promoting', weight: 40, iterations: 0 }, []]
])('asks in the order of Flagger: %s', (_, state, abouts) => {
  expect(ask(canaryOf({ webhooks: ALL_HOOKS }), state, clusterOf()).map(({ about }) => about)).toEqual(abouts)
})

test('asking stops at a refusal, and after an unknown answer only metrics go on', () => {
  const questions = ask(
    canaryOf({ webhooks: ALL_HOOKS, metrics: [{ name: 'request-success-rate' }, { name: 'request-duration' }] }),
    progressing(20),
    clusterOf()
  )
  const about = (answers: readonly Answer[]): string | undefined => nextQuestion(questions, answers)?.about
  expect(about([])).toBe('rollback')
  expect(about([yes])).toBeUndefined()
  expect(about([no, no])).toBeUndefined()
  expect(about([no, yes, unknown])).toBe('metric')
  expect(about([no, yes, unknown, yes])).toBeUndefined()
  expect(about([no, yes, yes, yes])).toBe('traffic')
})
