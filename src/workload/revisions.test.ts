import { expect, test } from 'vitest'
import type { Deployment, ReplicaSet } from '../api/builtin-types-apps.ts'
import { REVISION, currentRevision, forgettable, newReplicaSet, revisionsOf, wantedAnnotations } from './revisions.ts'

const deployment = (image: string): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'web',
    namespace: 'test',
    uid: 'd',
    annotations: { 'kubernetes.io/change-cause': 'because', 'kubectl.kubernetes.io/last-applied-configuration': '{}', [REVISION]: '7' }
  },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image }] } }
  }
})

function stored(image: string, revision: number, replicas = 0): ReplicaSet {
  const made = newReplicaSet(deployment(image), replicas, { [REVISION]: String(revision) })
  return { ...made, metadata: { ...made.metadata, creationTimestamp: `2026-01-01T00:00:0${revision}Z` }, status: { replicas } }
}

test('the ReplicaSet of the template is found though it carries the hash label', () => {
  const sets = [stored('web:1', 1), stored('web:2', 2)]
  expect(revisionsOf(deployment('web:1'), sets)).toEqual({ current: sets[0], old: [sets[1]] })
  expect(revisionsOf(deployment('web:3'), sets)).toEqual({ current: undefined, old: sets })
})

test('a selected old revision gets the next number and remembers its own; annotations about the Deployment are not copied', () => {
  const revisions = revisionsOf(deployment('web:1'), [stored('web:1', 1), stored('web:2', 2)])
  expect(currentRevision(revisions)).toBe(3)
  expect(wantedAnnotations(deployment('web:1'), revisions, { desired: 3, limit: 4 })).toEqual({
    'kubernetes.io/change-cause': 'because',
    'deployment.kubernetes.io/revision': '3',
    'deployment.kubernetes.io/revision-history': '1',
    'deployment.kubernetes.io/desired-replicas': '3',
    'deployment.kubernetes.io/max-replicas': '4'
  })
})

test('only empty ReplicaSets beyond the limit are forgotten, the lowest revision first', () => {
  const old = [stored('web:3', 3), stored('web:1', 1), stored('web:2', 2, 1), stored('web:4', 4)]
  const limited = (limit: number): number[] =>
    forgettable({ ...deployment('web:5'), spec: { ...deployment('web:5').spec, revisionHistoryLimit: limit } }, old).map((each) =>
      Number(each.metadata.annotations?.[REVISION])
    )
  expect(limited(10)).toEqual([])
  expect(limited(2)).toEqual([1, 3])
  expect(limited(0)).toEqual([1, 3, 4])
})
