import { expect, test } from 'vitest'
import { canaryOf, clusterOf, hookOf, progressing, tickOf } from '../../test/rollout-objects.ts'
import type { Answer } from './ask.ts'
import { afterRequests, pause, pausedEvent, retry, skipped } from './requested.ts'
import { planOf } from '../canary/plan.ts'
import { NO_REQUESTS, RETRIED } from './requests.ts'
import { step } from './step.ts'
import { held } from './tick.ts'

test('what was dealt with is removed, what came of nothing or was forbidden is told, the rest stays as it is', () => {
  const tick = tickOf({ kind: 'idle' })
  const conclusion = held(tick, [], 'none')
  expect(afterRequests(tick, conclusion)).toEqual({ announcements: [], metadata: 'keep' })
  const heeded = { ...NO_REQUESTS, drop: ['promote', 'retry'], idle: ['retry'], forbidden: ['promote'] } as const
  expect(afterRequests({ ...tick, finding: { ...tick.finding, heeded } }, conclusion)).toMatchObject({
    announcements: [
      { message: 'Nothing to retry for api.test: annotation serin.dev/retry removed' },
      { message: 'api.test is paused, nothing to promote before it is resumed: annotation serin.dev/promote removed' }
    ],
    metadata: { drop: ['serin.dev/promote', 'serin.dev/retry'] }
  })
})

test('who asked, and until when, goes with the last request, or is nobody any more', () => {
  const tick = tickOf({ kind: 'idle' })
  const after = (annotations: Readonly<Record<string, string>>, heeded = NO_REQUESTS): unknown => {
    const canary = { ...tick.canary, metadata: { ...tick.canary.metadata, annotations } }
    return afterRequests({ canary, finding: { ...tick.finding, heeded } }, held(tick, [], 'none')).metadata
  }
  const said = { 'serin.dev/asked-by': 'ann', 'serin.dev/asked-until': '2026-11-22T12:00:00Z' }
  expect(after(said)).toEqual({ drop: Object.keys(said) })
  const [pause, promote] = [{ 'serin.dev/pause': 'true' }, { 'serin.dev/promote': 'true' }]
  expect(after({ ...said, ...pause })).toBe('keep')
  const forbidden = { ...NO_REQUESTS, drop: ['promote'], forbidden: ['promote'] } as const
  expect(after({ ...said, ...pause, ...promote }, forbidden)).toEqual({ drop: ['serin.dev/promote'] })
  expect(after({ ...said, ...promote }, forbidden)).toEqual({ drop: ['serin.dev/promote', ...Object.keys(said)] })
})

test('what held until a moment is told by it', () => {
  const tick = tickOf({ kind: 'idle' })
  const annotations = { 'serin.dev/pause': 'true', 'serin.dev/asked-until': '2026-11-22T12:00:00Z' }
  const canary = { ...tick.canary, metadata: { ...tick.canary.metadata, annotations } }
  const heeded = { ...NO_REQUESTS, drop: ['pause'], expired: ['pause'] } as const
  expect(afterRequests({ canary, finding: { ...tick.finding, heeded } }, held(tick, [], 'none')).announcements).toMatchObject([
    { message: 'The request to pause api.test held until 2026-11-22T12:00:00Z: annotation serin.dev/pause removed' }
  ])
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
