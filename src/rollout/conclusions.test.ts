import { expect, test } from 'vitest'
import { tickOf } from '../../test/rollout-objects.ts'
import { promote, restOf, rollBack, takeUp, waitFor } from './conclusions.ts'

test.each([
  [
    'a restart goes back to the primary',
    takeUp(tickOf({ kind: 'restart' })),
    { state: { phase: 'progressing', weight: 0, iterations: 0, applied: 'c' }, look: 'reset' }
  ],
  ['a shift to 0 ends in finalising', promote(tickOf({ kind: 'shift', weight: 0 })), { state: { phase: 'finalising' } }],
  ['a drain succeeds', promote(tickOf({ kind: 'drain' })), { state: { phase: 'succeeded', promoted: 'a' }, canaryReplicas: 'zero' }],
  [
    'a rollback names its cause',
    rollBack(tickOf({ kind: 'abort' }), 'r', [], 'x'),
    { state: { phase: 'failed', because: 'x', applied: 'c' } }
  ],
  [
    'deletion gives the replicas back',
    restOf(tickOf({ kind: 'revert', target: 'waiting' })),
    { state: { phase: 'terminating' }, canaryReplicas: 'target' }
  ],
  [
    'the target that is ready ends it',
    restOf(tickOf({ kind: 'revert', target: 'ready' })),
    { metadata: 'drop-finalizer', objects: 'restored' }
  ],
  [
    'a slow canary is said',
    waitFor(tickOf({ kind: 'idle' }), 'canary', { kind: 'waiting', because: 'x', pods: 1 }),
    { look: 'taken', canaryReplicas: 'target' }
  ]
])('%s', (_, step, expected) => {
  expect(step).toMatchObject(expected)
})
