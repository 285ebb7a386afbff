import { expect, test } from 'vitest'
import { canaryOf, clusterOf, deploymentOf, progressing, READY } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { planOf } from '../canary/plan.ts'
import { REFRESH_ANNOTATION } from '../objects/refresh-mark.ts'
import { isEmptying, mustRefresh } from './refresh.ts'
import { withConfigs } from '../objects/revision.ts'

const plan = planOf(canaryOf())
const target = (replicas: number, pods: number, annotations: Record<string, string> = {}): KubeObject => {
  const object = deploymentOf('api:2', 'api', { replicas })
  return { ...object, metadata: { ...object.metadata, annotations }, status: { ...READY, replicas: pods } }
}
const MARK = { [REFRESH_ANNOTATION]: 'true' }

test.each([
  ['with pods', target(2, 2), true],
  ['told to have none, of which one is left', target(0, 1), true],
  ['that has not been seen to be told so', { ...target(0, 0), status: { ...READY, observedGeneration: 0, replicas: 0 } }, true],
  ['without pods', target(0, 0), false]
])('a target %s has its pods made again for changed configs only', (_, object, needed) => {
  const cluster = clusterOf({ target: object })
  const now = withConfigs('s1-a', { 'configmap/c': '2' })
  const taken = (applied: string, revision = now): boolean => mustRefresh(plan, { ...progressing(20), applied }, revision, cluster)
  expect(taken(withConfigs('s1-a', { 'configmap/c': '1' }))).toBe(needed)
  expect(taken(withConfigs('s1-b', { 'configmap/c': '1' }))).toBe(needed)
  expect(taken(withConfigs('s1-b', { 'configmap/c': '2' }))).toBe(false)
  expect([taken('s1-a'), taken('s1-a', 's1-b')]).toEqual([false, false])
})

test('a target with the mark empties until no pod is left', () => {
  const emptying = (object: KubeObject | undefined): boolean => isEmptying(plan, clusterOf({ target: object }))
  expect([target(2, 2), target(2, 2, MARK), target(0, 1, MARK), target(0, 0, MARK), undefined].map(emptying)).toEqual([
    false,
    true,
    true,
    false,
    false
  ])
})
