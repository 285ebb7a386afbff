import { expect, test } from 'vitest'
import { tickOf } from '../../test/rollout-objects.ts'
import { event, held, subject, waitingEvent } from './tick.ts'

test('a held step leaves everything as it is and looks again within an interval', () => {
  const tick = tickOf({ kind: 'wait' })
  const step = held(tick, [event('Normal', 'x', 'progressing')], 'none')
  expect(step).toMatchObject({
    state: tick.finding.state,
    canaryReplicas: 'keep',
    primarySpec: 'keep',
    metadata: 'keep',
    wake: 10_000
  })
})

test('events name the target as Flagger does', () => {
  expect(subject(tickOf({ kind: 'wait' }))).toBe('api.test')
  expect(waitingEvent(tickOf({ kind: 'wait' }), 'canary', 'x')).toMatchObject({ message: 'canary deployment api.test not ready: x' })
  expect(waitingEvent(tickOf({ kind: 'wait' }), 'primary', 'x')).toMatchObject({ message: 'api-primary.test not ready: x' })
})
