import { expect, test } from 'vitest'
import { readinessOf, type ScaledTerms } from './readiness.ts'

const AT = '2026-11-21T11:00:00Z'
const now = Date.UTC(2026, 10, 21, 11, 0, 0)

function judge(
  status: Record<string, unknown>,
  change: { threshold?: number; late?: number; replicas?: number; scaled?: ScaledTerms } = {}
) {
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'api', generation: 2 },
    spec: { replicas: change.replicas ?? 2 },
    status: { observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2, ...status }
  }
  const { threshold = 100, late = 0, scaled } = change
  return readinessOf(deployment, { threshold, deadline: 25_000, since: 0, now: now + late, scaled })
}

const unavailable = { type: 'Available', status: 'False', reason: 'MinimumReplicasUnavailable', lastUpdateTime: AT }

test.each([
  ['all there', {}, {}, 'ready', ''],
  ['not seen yet', { observedGeneration: 1 }, {}, 'waiting', 'observed deployment generation less than desired generation'],
  ['too few updated', { updatedReplicas: 1 }, {}, 'waiting', '1 out of 2 new replicas have been updated'],
  ['old ones left', { replicas: 3 }, {}, 'waiting', '1 old replicas are pending termination'],
  ['too few available', { availableReplicas: 1 }, {}, 'waiting', '1 of 2 (readyThreshold 100%) updated replicas are available'],
  ['half is enough', { availableReplicas: 1 }, { threshold: 50 }, 'ready', ''],
  ['within the deadline', { availableReplicas: 0, conditions: [unavailable] }, { late: 25_000 }, 'waiting', '0 of 2'],
  ['past the deadline', { availableReplicas: 0, conditions: [unavailable] }, { late: 25_001 }, 'stuck', '0 of 2'],
  [
    "past the Deployment's own deadline",
    { availableReplicas: 1, conditions: [{ type: 'Progressing', reason: 'ProgressDeadlineExceeded' }] },
    {},
    'stuck',
    'progress deadline'
  ]
])('%s', (...[, status, change, kind, because]) => {
  const readiness = judge(status, change)
  expect(readiness.kind).toBe(kind)
  expect(readiness.because).toContain(because)
})

test('scaled to zero is ready with no pods', () => {
  expect(judge({ replicas: 0, updatedReplicas: 0, availableReplicas: 0 }, { replicas: 0 })).toEqual({ kind: 'ready', because: '', pods: 0 })
})

const done = { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' }
const growing = { replicas: 5, updatedReplicas: 5, availableReplicas: 2, conditions: [done] }
const scaled = { least: 2, settled: false }

test.each([
  ['without a scaler', growing, {}, 'waiting'],
  ['with one, while its fewest pods are there', growing, { scaled }, 'ready'],
  ['with fewer than those', { ...growing, availableReplicas: 1 }, { scaled }, 'waiting'],
  ['with half of them, where half is enough', { ...growing, availableReplicas: 1 }, { scaled, threshold: 50 }, 'ready'],
  ['before all new ones are there', { ...growing, replicas: 3, updatedReplicas: 3 }, { scaled }, 'ready'],
  ['while its template is being rolled out', { ...growing, conditions: [{ ...done, reason: 'ReplicaSetUpdated' }] }, { scaled }, 'waiting'],
  ['with pods of an old template', { ...growing, updatedReplicas: 4 }, { scaled }, 'waiting'],
  ['before the change is seen', { ...growing, observedGeneration: 1 }, { scaled }, 'waiting'],
  ['before it is seen, of a template that is out', { ...growing, observedGeneration: 1 }, { scaled: { ...scaled, settled: true } }, 'ready']
] as const)('a Deployment that grows to five is judged %s', (_, status, change, kind) => {
  expect(judge(status, { replicas: 5, ...change }).kind).toBe(kind)
})
