import { describe, expect, it } from 'vitest'
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerStatus } from '../api/builtin-types-apps.ts'
import { formatInstant } from '../std/instant.ts'
import { type AutoscalerView, reconcileAutoscaler, scaledResource } from './autoscaler.ts'

const NOW = 1_000_000_000_000
const AT = formatInstant(NOW)

function autoscaler(change: { spec?: object; status?: HorizontalPodAutoscalerStatus; metadata?: object } = {}): HorizontalPodAutoscaler {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web', namespace: 'test', uid: 'hpa', ...change.metadata },
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, minReplicas: 2, maxReplicas: 4, ...change.spec },
    ...(change.status === undefined ? {} : { status: change.status })
  }
}

const target = (replicas: number): NonNullable<AutoscalerView['target']> => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'test', uid: 'web', resourceVersion: '7' },
  spec: { replicas, selector: {}, template: {} },
  status: { replicas }
})

const status = (view: Omit<AutoscalerView, 'now'>): unknown =>
  reconcileAutoscaler({ ...view, now: NOW }).writes.flatMap((write) => (write.kind === 'patch-status' ? [write.status] : []))[0]

const sizes = (view: Omit<AutoscalerView, 'now'>): readonly unknown[] =>
  reconcileAutoscaler({ ...view, now: NOW }).writes.flatMap((write) =>
    write.kind === 'patch' ? [[write.target.resource, write.body]] : []
  )

describe('an autoscaler', () => {
  it.each([
    [1, 2, 'below Spec.MinReplicas'],
    [9, 4, 'above Spec.MaxReplicas']
  ])('brings %i pods into its bounds: %i', (replicas, wanted, because) => {
    const view = { autoscaler: autoscaler(), target: target(replicas) }
    expect(sizes(view)).toEqual([['deployments', { spec: { replicas: wanted } }]])
    expect(status(view)).toMatchObject({ currentReplicas: replicas, desiredReplicas: wanted, lastScaleTime: AT })
    const [event] = reconcileAutoscaler({ ...view, now: NOW }).events
    expect(event).toMatchObject({
      reason: 'SuccessfulRescale',
      message: `New size: ${wanted}; reason: Current number of replicas ${because}`
    })
  })

  it('leaves what is in its bounds and says that nothing is measured, once', () => {
    const view = { autoscaler: autoscaler(), target: target(3) }
    const { events } = reconcileAutoscaler({ ...view, now: NOW })
    expect(sizes(view)).toEqual([])
    expect(status(view)).toMatchObject({
      currentReplicas: 3,
      desiredReplicas: 3,
      conditions: [
        { type: 'AbleToScale', status: 'True', lastTransitionTime: AT },
        { type: 'ScalingActive', status: 'False', reason: 'FailedGetResourceMetric', lastTransitionTime: AT }
      ]
    })
    expect(events).toMatchObject([{ type: 'Warning', reason: 'FailedGetResourceMetric' }])
    const seen = status(view) as HorizontalPodAutoscalerStatus
    expect(reconcileAutoscaler({ autoscaler: autoscaler({ status: seen }), target: target(3), now: NOW + 60_000 })).toEqual({
      writes: [],
      events: []
    })
  })

  it('never touches a target without pods, as a rollout leaves one', () => {
    const view = { autoscaler: autoscaler(), target: target(0) }
    expect(sizes(view)).toEqual([])
    expect(status(view)).toMatchObject({ conditions: [{}, { type: 'ScalingActive', status: 'False', reason: 'ScalingDisabled' }] })
    expect(reconcileAutoscaler({ ...view, now: NOW }).events).toEqual([])
  })

  it.each([
    ['is not there', {}, 'Deployment "web" not found'],
    [
      'is of a kind that is not scaled',
      { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'web' } },
      'DaemonSet "web" cannot be scaled'
    ]
  ])('says so when its target %s', (_, spec, words) => {
    const view = { autoscaler: autoscaler({ spec }), target: undefined }
    expect(status(view)).toMatchObject({
      conditions: [{ type: 'AbleToScale', status: 'False', reason: 'FailedGetScale', message: expect.stringContaining(words) }]
    })
  })

  it('names what it cannot measure', () => {
    const metrics = [{ type: 'Pods', pods: {} }]
    expect(status({ autoscaler: autoscaler({ spec: { metrics } }), target: target(2) })).toMatchObject({
      conditions: [{}, { reason: 'FailedGetPodsMetric', message: expect.stringContaining('custom or external metrics API') }]
    })
  })

  it('does nothing while it is deleted', () => {
    const view = { autoscaler: autoscaler({ metadata: { deletionTimestamp: AT } }), target: target(9), now: NOW }
    expect(reconcileAutoscaler(view)).toEqual({ writes: [], events: [] })
  })

  it('scales Deployments and ReplicaSets of apps', () => {
    const of = (apiVersion: string, kind: string) =>
      scaledResource(autoscaler({ spec: { scaleTargetRef: { apiVersion, kind, name: 'x' } } }))?.resource
    expect([of('apps/v1', 'Deployment'), of('apps/v1', 'ReplicaSet'), of('other/v1', 'Deployment'), of('apps/v1', 'StatefulSet')]).toEqual([
      'deployments',
      'replicasets',
      undefined,
      undefined
    ])
  })
})
