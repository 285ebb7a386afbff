import { expect, test } from 'vitest'
import { canaryOf, clusterOf, hookOf, progressing, tickOf } from '../../test/rollout-objects.ts'
import type { Answer } from './ask.ts'
import { afterRequests, pause, pausedEvent, retry, skipped } from './requested.ts'
import { planOf } from './plan.ts'
import { NO_REQUESTS, RETRIED } from './requests.ts'
import { step } from './step.ts'
import { held } from './tick.ts'

test('what was dealt with is removed, what came of nothing or was forbidden is told, the rest stays as it is', () => {
  const tick = tickOf({ kind: 'idle' })
  const conclusion = held(tick, [], 'none')
  expect(afterRequests(tick.finding, conclusion)).toEqual({ announcements: [], metadata: 'keep' })
  const heeded = { ...NO_REQUESTS, drop: ['promote', 'retry'], idle: ['retry'], forbidden: ['promote'] } as const
  expect(afterRequests({ ...tick.finding, heeded }, conclusion)).toMatchObject({
    announcements: [
      { message: 'Nothing to retry for api.test: annotation serin.dev/retry removed' },
      { message: 'api.test is paused, nothing to promote before it is resumed: annotation serin.dev/promote removed' }
    ],
    metadata: { drop: ['serin.dev/promote', 'serin.dev/retry'] }
  })
})

test('a retry makes the failed revision one that was not taken up', () => {
  const tick = tickOf({ kind: 'retry' })
  const state = { phase: 'failed', since: 0, applied: 'c', promoted: 'b', failedChecks: 0, weight: 0, because: 'bad' } as const
  expect(retry({ ...tick, finding: { ...tick.finding, state } })).toMatchObject({ state: { phase: 'failed', applied: RETRIED }, wake: 0 })
})

test('while paused nothing leads on, and a rollback webhook is still heard', () => {
  const tick = tickOf({ kind: 'paused' })
  expect(pause(tick)).toMatchObject({ state: tick.finding.state, look: 'none', announcements: [pausedEvent(tick)] })
  const [hook] = planOf(canaryOf({ webhooks: [hookOf('rollback')] })).hooks
  const payload = { name: '', namespace: '', phase: '', checksum: '' }
  const question = { about: 'rollback', put: { kind: 'hook', hook: hook!, payload }, stopAt: 'yes' } as const
  expect(pause(tickOf({ kind: 'paused' }, [question], [{ kind: 'yes' }])).state.phase).toBe('failed')
})

test('a paused look that passes does not advance, one that fails counts', () => {
  const canary = canaryOf()
  const asked = { ...canary, metadata: { ...canary.metadata, annotations: { 'serin.dev/pause': 'true' } } }
  const tell = (answer: Answer) => step(asked, progressing(20), clusterOf({}), [answer])
  expect(tell({ kind: 'yes' })).toMatchObject({ state: { phase: 'progressing', weight: 20 }, look: 'taken' })
  expect(tell({ kind: 'no', because: 'bad' }).state).toMatchObject({ weight: 20, failedChecks: 1 })
})

test('a promotion that was asked for is told as such', () => {
  expect(skipped(tickOf({ kind: 'promote' }))).toMatchObject({ message: expect.stringMatching(/^Promotion requested! .* api\.test$/) })
})
