import { expect, test } from 'vitest'
import { canaryOf } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { latestOf, releasesOf } from './release-facts.ts'
import { historyTable, releaseRows } from './release-view.ts'

const NOW = Date.UTC(2026, 10, 22, 12, 0, 0)
const CANARY = { ...canaryOf(), metadata: { ...canaryOf().metadata, uid: 'u1' } }

function releaseOf(name: string, status: object, spec: object = {}): KubeObject {
  return {
    apiVersion: 'serin.dev/v1alpha1',
    kind: 'Release',
    metadata: { name, namespace: 'test', ownerReferences: [{ apiVersion: 'flagger.app/v1beta1', kind: 'Canary', name: 'api', uid: 'u1' }] },
    spec: { canary: 'api', target: 'Deployment/api', revision: `s1-${name}`, images: [`api:${name}`], stages: ['40 %', '80 %'], ...spec },
    status
  }
}

const OLD = releaseOf('1', {
  outcome: 'failed',
  because: 'success rate 80.00% < 99%',
  startedAt: '2026-11-22T10:00:00Z',
  endedAt: '2026-11-22T10:01:30Z'
})
const NEW = releaseOf('2', { outcome: 'succeeded', startedAt: '2026-11-22T11:00:00Z', endedAt: '2026-11-22T11:10:00Z', attempts: 2 })
const NOW_RUNNING = releaseOf('3', {
  outcome: 'running',
  startedAt: '2026-11-22T11:59:00Z',
  checks: [
    { at: '2026-11-22T11:59:10Z', check: 'request-success-rate', outcome: 'fail', because: 'success rate 90.00% < 99%' },
    { at: '2026-11-22T11:59:30Z', check: 'request-success-rate', outcome: 'pass', count: 2 },
    { at: '2026-11-22T11:59:30Z', check: 'confirm-promotion gate', outcome: 'waiting', because: 'closed' }
  ]
})

test("a Canary's Releases are those that it owns, by their ends; what runs is the last, and no other kind of that name counts", () => {
  const others = [releaseOf('4', { outcome: 'running' }, { canary: 'web' }), { ...NEW, metadata: { name: 'x' } }, { ...NEW, spec: {} }]
  expect(releasesOf(CANARY, [NOW_RUNNING, ...others, NEW, OLD]).map(({ name }) => name)).toEqual(['1', '2', '3'])
  expect(latestOf(releasesOf(CANARY, [NEW, OLD]))?.name).toBe('2')
  // taken up again after the newer one
  const again = { ...OLD, status: { outcome: 'running', startedAt: '2026-11-22T10:00:00Z', attempts: 2 } }
  expect(latestOf(releasesOf(CANARY, [NEW, again]))?.name).toBe('1')
  expect(latestOf([])).toBeNull()
})

test('what is on its way is shown with its plan and what each check said last', () => {
  const [release] = releasesOf(CANARY, [NOW_RUNNING])
  expect(release === undefined ? [] : releaseRows(release)).toEqual([
    ['Release', '3 (running, api:3)'],
    ['Plan', '40 %, 80 %'],
    ['Check', 'request-success-rate: pass 2 times'],
    ['Check', 'confirm-promotion gate: waiting, closed']
  ])
})

test('what nobody knows is told from what failed, and the sentence of the gate stands there once', () => {
  const sentence = 'Holding at 10 %: 3 v2 requests so far.'
  const at = '2026-11-22T11:59:30Z'
  const checks = [
    { at, check: 'orders', outcome: 'unknown', cause: 'down', because: 'provider down: connection refused' },
    { at, check: 'evidence', outcome: 'unknown', cause: 'no-data', because: sentence, count: 3 }
  ]
  const rows = (status: object): readonly unknown[] =>
    releasesOf(CANARY, [releaseOf('3', { checks, evidence: sentence, ...status })])
      .flatMap(releaseRows)
      .slice(2)
  expect(rows({ outcome: 'running' })).toEqual([
    ['Evidence', sentence],
    ['Check', 'orders: provider down, connection refused'],
    ['Check', 'evidence: not enough data 3 times']
  ])
  expect(rows({ outcome: 'failed', because: sentence })[0]).toEqual(['Check', 'orders: provider down, connection refused'])
})

test('the history is a table, the latest last, in which texts of strangers steer nothing', () => {
  const hostile = { ...OLD, status: { ...Object(OLD['status']), because: 'bad\u001b[2J' } }
  const text = (width: 'narrow' | 'wide'): readonly string[] =>
    historyTable(releasesOf(CANARY, [NOW_RUNNING, NEW, hostile]), NOW, width).map((line) => line.text)
  expect(text('narrow')).toEqual([
    'RELEASE   OUTCOME     STARTED    TOOK   ATTEMPTS   IMAGES   CAUSE',
    '1         failed      120m ago   90s    1          api:1    bad [2J',
    '2         succeeded   60m ago    10m    2          api:2',
    '3         running     60s ago    60s    1          api:3'
  ])
  expect(text('wide')[1]).toBe('1         failed      120m ago   90s    1          api:1    s1-1       40 %,80 %   bad [2J')
})
