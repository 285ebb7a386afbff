import { expect, test } from 'vitest'
import { canaryOf, clusterOf, REVISION } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { findingOf, isDue, isSlow } from './situation.ts'
import type { RolloutState } from './state.ts'

function find(state: RolloutState, metadata: KubeObject['metadata'] = {}, lookedAt?: number) {
  const canary = canaryOf()
  const cluster = clusterOf({ lookedAt })
  return { finding: findingOf({ ...canary, metadata: { ...canary.metadata, ...metadata } }, state, cluster), cluster }
}

const at = (applied: string, promoted: string, since = 0) => ({ since, applied, promoted, failedChecks: 0 })

test.each<readonly [string, RolloutState]>([
  ['begin', { phase: 'new' }],
  ['bootstrap', { ...at('', ''), phase: 'initializing' }],
  ['idle', { ...at(REVISION, REVISION), phase: 'succeeded' }],
  ['idle', { ...at(REVISION, 's1-old'), phase: 'failed', weight: 0, because: '' }],
  ['withdrawn', { ...at('s1-bad', REVISION), phase: 'failed', weight: 0, because: '' }],
  ['withdrawn', { ...at(REVISION, 's1-old'), phase: 'waiting' }],
  ['new-revision', { ...at('s1-old', 's1-old'), phase: 'initialized' }],
  ['new-revision', { ...at('s1-bad', 's1-old'), phase: 'failed', weight: 0, because: '' }],
  ['restart', { ...at('s1-other', 's1-old'), phase: 'progressing', weight: 50, iterations: 0 }],
  ['start', { ...at(REVISION, 's1-old'), phase: 'progressing', weight: 0, iterations: 0 }],
  ['look', { ...at(REVISION, 's1-old'), phase: 'progressing', weight: 50, iterations: 0 }],
  ['wait', { ...at(REVISION, 's1-old', 95_000), phase: 'progressing', weight: 50, iterations: 0 }],
  ['shift', { ...at(REVISION, 's1-old', 99_000), phase: 'promoting', weight: 50, iterations: 0 }],
  ['wait', { ...at(REVISION, 's1-old', 99_000), phase: 'finalising' }],
  ['drain', { ...at(REVISION, 's1-old'), phase: 'finalising' }]
])('finds %s in %j', (kind, state) => {
  expect(find(state).finding.situation.kind).toBe(kind)
})

test.each([
  ['progressing', 'abort'],
  ['promoting', 'nothing-to-abort'],
  ['succeeded', 'nothing-to-abort']
] as const)('the rollback annotation in %s is %s', (phase, kind) => {
  const standing = at(REVISION, 's1-old')
  const state: RolloutState = phase === 'succeeded' ? { ...standing, phase } : { ...standing, phase, weight: 50, iterations: 0 }
  expect(find(state, { annotations: { 'flagger.app/rollback': 'true' } }).finding.situation.kind).toBe(kind)
})

test('the next look is an interval after the last one, or after the last write where that is not known', () => {
  const state: RolloutState = { ...at(REVISION, 's1-old', 95_000), phase: 'progressing', weight: 50, iterations: 0 }
  expect(find(state).finding.dueAt).toBe(105_000)
  const { finding, cluster } = find(state, {}, 90_000)
  expect(finding.dueAt).toBe(100_000)
  expect([isDue(finding, cluster), isSlow(finding, cluster)]).toEqual([true, false])
})
