import { expect, test } from 'vitest'
import { inputOf, sourceOf } from '../../test/argo.ts'
import { scalersOf } from './argo-scalers.ts'

test('an autoscaler of the Rollout scales its Deployment and is named by the Canary; others stay', () => {
  const ours = sourceOf('HorizontalPodAutoscaler', { scaleTargetRef: { kind: 'Rollout', name: 'api' }, maxReplicas: 3 })
  const theirs = sourceOf('HorizontalPodAutoscaler', { scaleTargetRef: { kind: 'Rollout', name: 'web' } })
  const { objects, reference } = scalersOf(
    sourceOf('Rollout', {}),
    { name: 'server', template: {}, made: undefined },
    inputOf(ours, theirs)
  )
  expect(objects.map((object) => object['spec'])).toEqual([
    { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'server' }, maxReplicas: 3 }
  ])
  expect(reference).toEqual({ apiVersion: 'v1', kind: 'HorizontalPodAutoscaler', name: 'api' })
})
