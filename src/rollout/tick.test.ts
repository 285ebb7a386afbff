import { expect, test } from 'vitest'
import type { KubeObject } from '../api/object.ts'
import { planOf } from './plan.ts'
import type { Situation } from './situation.ts'
import type { RolloutState } from './state.ts'
import type { Tick } from './tick.ts'
import { event, held, subject, waitingEvent } from './tick.ts'

const canary: KubeObject = {
  apiVersion: 'flagger.app/v1beta1',
  kind: 'Canary',
  metadata: { name: 'api', namespace: 'test', uid: 'u' },
  spec: { targetRef: { kind: 'Deployment', name: 'api' }, service: { port: 80 }, analysis: { interval: '10s' } }
}
const none = { primary: undefined, apexService: undefined, canaryService: undefined, primaryService: undefined }
const state: RolloutState = { phase: 'progressing', since: 0, applied: 'a', promoted: 'b', failedChecks: 0, weight: 20 }

function tick(situation: Situation): Tick {
  const rules = { canaryRule: undefined, primaryRule: undefined, virtualService: undefined }
  return {
    canary,
    cluster: { ...none, ...rules, now: 50_000, lookedAt: undefined, target: undefined },
    finding: { plan: planOf(canary), state, revision: 'c', dueAt: 0, situation },
    questions: [],
    answers: []
  }
}

test('a held step leaves everything as it is and looks again within an interval', () => {
  const step = held(tick({ kind: 'wait' }), [event('Normal', 'x', 'progressing')], 'none')
  expect(step).toMatchObject({ state, canaryWeight: 20, canaryReplicas: 'keep', primarySpec: 'keep', metadata: 'keep', wake: 10_000 })
})

test('events name the target as Flagger does', () => {
  expect(subject(tick({ kind: 'wait' }))).toBe('api.test')
  expect(waitingEvent(tick({ kind: 'wait' }), 'canary', 'x')).toMatchObject({ message: 'canary deployment api.test not ready: x' })
  expect(waitingEvent(tick({ kind: 'wait' }), 'primary', 'x')).toMatchObject({ message: 'api-primary.test not ready: x' })
})
