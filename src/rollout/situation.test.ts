import { expect, test } from 'vitest'
import { canaryOf, clusterOf, REVISION } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { REQUESTS } from './requests.ts'
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

const RUN: RolloutState = { ...at(REVISION, 's1-old'), phase: 'progressing', weight: 50, iterations: 0 }
const EARLY: RolloutState = { ...RUN, since: 95_000 }
const BAD: RolloutState = { ...at(REVISION, 's1-old'), phase: 'failed', weight: 0, because: '' }
const HALFWAY: RolloutState = { ...BAD, weight: 100 }
const DRAIN: RolloutState = { ...at(REVISION, 's1-old'), phase: 'finalising' }
const PENDING: RolloutState = { ...at('s1-old', 's1-old'), phase: 'waiting' }
const REST: RolloutState = { ...at(REVISION, REVISION), phase: 'succeeded' }

test.each<readonly [string, RolloutState, object]>([
  ['abort', RUN, { kind: 'abort' }],
  ['abort', DRAIN, { kind: 'drain' }],
  ['restart', EARLY, { kind: 'restart', asked: true }],
  ['restart', REST, { kind: 'idle' }],
  ['retry', BAD, { kind: 'retry' }],
  ['retry', HALFWAY, { kind: 'mend-promotion' }],
  ['retry', RUN, { kind: 'look' }],
  ['promote', EARLY, { kind: 'promote' }],
  ['promote', PENDING, { kind: 'new-revision', approved: true }],
  ['promote', BAD, { kind: 'idle' }],
  ['pause', RUN, { kind: 'look', paused: true }],
  ['pause', EARLY, { kind: 'wait' }],
  ['pause', DRAIN, { kind: 'paused' }],
  ['pause', PENDING, { kind: 'paused' }],
  ['pause', REST, { kind: 'idle' }]
])('request %s in %j finds %j', (request, state, situation) => {
  const name = Object.entries(REQUESTS).find(([key]) => key === request)?.[1] ?? ''
  const found = find(state, { annotations: { [name]: 'true' } }).finding
  expect(found.situation).toMatchObject(situation)
  expect(find(state, { annotations: { [name]: 'false' } }).finding.heeded.drop).toEqual([])
})

test('requests to a Canary that is suspended are left for later', () => {
  const canary = canaryOf({}, { suspend: true })
  const asked = { ...canary, metadata: { ...canary.metadata, annotations: { [REQUESTS.abort]: 'true' } } }
  expect(findingOf(asked, RUN, clusterOf({}))).toMatchObject({ situation: { kind: 'suspended' }, heeded: { drop: [] } })
})

test('the next look is an interval after the last one, or after the last write where that is not known', () => {
  const state: RolloutState = { ...at(REVISION, 's1-old', 95_000), phase: 'progressing', weight: 50, iterations: 0 }
  expect(find(state).finding.dueAt).toBe(105_000)
  const { finding, cluster } = find(state, {}, 90_000)
  expect(finding.dueAt).toBe(100_000)
  expect([isDue(finding, cluster), isSlow(finding, cluster)]).toEqual([true, false])
})
