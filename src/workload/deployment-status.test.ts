import { expect, test } from 'vitest'
import { deadlineOf, deploymentStatus } from './deployment-status.ts'
import type { Deployment } from '../api/builtin-types-apps.ts'

const deploymentOf = (spec: Partial<Deployment['spec']> = {}): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', generation: 2 },
  spec: { replicas: 3, selector: {}, template: { spec: { containers: [] } }, ...spec }
})

test('the deadline runs from the last progress, and not while paused, complete, late or without limit', () => {
  const condition = { type: 'Progressing', status: 'True' as const, reason: 'ReplicaSetUpdated', lastUpdateTime: '1970-01-01T00:00:05Z' }
  expect(deadlineOf(deploymentOf(), condition)).toBe(605_000)
  expect(deadlineOf(deploymentOf({ paused: true }), condition)).toBeUndefined()
  expect(deadlineOf(deploymentOf({ progressDeadlineSeconds: 2_147_483_647 }), condition)).toBeUndefined()
  for (const reason of ['NewReplicaSetAvailable', 'ProgressDeadlineExceeded'])
    expect(deadlineOf(deploymentOf(), { ...condition, reason })).toBeUndefined()
  expect(deadlineOf(deploymentOf(), undefined)).toBeUndefined()
})

test('a condition keeps its transition time while its status stays', () => {
  const base = deploymentOf({ replicas: 0 })
  const view = { revisions: { current: undefined, old: [] }, current: 'web-x', progress: 'created' as const, collisions: undefined }
  const status = deploymentStatus({ ...view, deployment: base, now: 5000 })
  const later = deploymentStatus({ ...view, deployment: { ...base, status }, now: 9000 })
  expect(later.conditions?.[1]).toMatchObject({ lastTransitionTime: '1970-01-01T00:00:05Z', lastUpdateTime: '1970-01-01T00:00:09Z' })
  expect(later.conditions?.[0]).toEqual(status.conditions?.[0])
})
