import { expect, test } from 'vitest'
import type { KubeObject } from '../api/object.ts'
import { planOf } from './plan.ts'
import type { Situation } from './situation.ts'
import type { RolloutState } from './state.ts'
import type { Tick } from './tick.ts'
import { promote, restOf, rollBack, takeUp, waitFor } from './conclusions.ts'

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

test.each([
  [
    'a restart goes back to the primary',
    takeUp(tick({ kind: 'restart' })),
    { state: { phase: 'progressing', weight: 0, applied: 'c' }, look: 'reset' }
  ],
  ['a shift to 0 ends in finalising', promote(tick({ kind: 'shift', weight: 0 })), { state: { phase: 'finalising' }, canaryWeight: 0 }],
  ['a drain succeeds', promote(tick({ kind: 'drain' })), { state: { phase: 'succeeded', promoted: 'a' }, canaryReplicas: 'zero' }],
  [
    'a rollback names its cause',
    rollBack(tick({ kind: 'abort' }), 'r', [], 'x'),
    { state: { phase: 'failed', because: 'x', applied: 'c' }, canaryWeight: 0 }
  ],
  [
    'deletion gives the replicas back',
    restOf(tick({ kind: 'revert', target: 'waiting' })),
    { state: { phase: 'terminating' }, canaryReplicas: 'target' }
  ],
  [
    'the target that is ready ends it',
    restOf(tick({ kind: 'revert', target: 'ready' })),
    { metadata: 'drop-finalizer', objects: 'restored' }
  ],
  [
    'a slow canary is said',
    waitFor(tick({ kind: 'idle' }), 'canary', { kind: 'waiting', because: 'x', pods: 1 }),
    { look: 'taken', canaryReplicas: 'target' }
  ]
])('%s', (_, step, expected) => {
  expect(step).toMatchObject(expected)
})
