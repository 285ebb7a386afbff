import { expect, test } from 'vitest'
import { canaryOf, clusterOf, deploymentOf } from '../../test/rollout-objects.ts'
import { planOf } from '../canary/plan.ts'
import { hashOf, targetKindOf } from './targets.ts'

const planFor = (kind: string, service: Record<string, unknown> = {}) =>
  planOf(canaryOf({}, { targetRef: { kind, name: 'api' }, service: { port: 80, ...service } }))
const { target, primary } = clusterOf()

test.each([
  ['Deployment', 'deployments', 'api-primary'],
  ['DaemonSet', 'daemonsets', 'api-primary'],
  ['Service', 'services', 'shop-primary']
])('a %s is among %s, and its primary is %s', (kind, resource, name) => {
  const plan = planFor(kind, { name: 'shop' })
  expect(targetKindOf(plan).resource.resource).toBe(resource)
  expect(targetKindOf(plan).primaryName(plan)).toBe(name)
})

test('a revision is made of the pod template, and of what of a Service its author chose', () => {
  expect(hashOf(planFor('Deployment'), target)).toBe(hashOf(planFor('Deployment'), primary))
  expect(hashOf(planFor('Deployment'), undefined)).toBeUndefined()
  const scaled = deploymentOf('api:2', 'api', { replicas: 7 })
  expect(hashOf(planFor('Deployment'), scaled)).toBe(hashOf(planFor('Deployment'), target))
  expect(hashOf(planFor('Service'), scaled)).not.toBe(hashOf(planFor('Service'), target))
})
