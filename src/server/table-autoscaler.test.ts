import { describe, expect, it } from 'vitest'
import { autoscalerCells } from './table-autoscaler.ts'

const cells = (metrics: readonly unknown[], status: object = {}): readonly unknown[] =>
  autoscalerCells(
    {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'web', creationTimestamp: '2026-01-01T00:00:00Z' },
      spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' }, maxReplicas: 4, metrics },
      status
    },
    Date.UTC(2026, 0, 1, 0, 2)
  )

const resource = (target: object): unknown => ({ type: 'Resource', resource: { name: 'cpu', target } })

describe('kubectl get hpa', () => {
  it('shows what is scaled, the bounds and the replicas', () => {
    expect(cells([], { currentReplicas: 3 })).toEqual(['web', 'Deployment/web', '<none>', '<unset>', 4, 3, '2m'])
  })

  it.each([
    ['a utilization', resource({ averageUtilization: 80 }), 'cpu: <unknown>/80%'],
    ['a raw value', resource({ averageValue: '200m' }), 'cpu: <unknown>/200m'],
    ['a metric of the pods', { type: 'Pods', pods: { target: { averageValue: '5' } } }, '<unknown>/5'],
    ['a value of an object', { type: 'Object', object: { target: { value: '9' } } }, '<unknown>/9'],
    ['an average from outside', { type: 'External', external: { target: { averageValue: '9' } } }, '<unknown>/9 (avg)'],
    ['no known type', { type: 'Luck' }, '<unknown type>']
  ])('shows %s', (_, metric, words) => {
    expect(cells([metric])[2]).toBe(words)
  })

  it('shows current values, and how many metrics there are beside the first two', () => {
    const current = [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 12 } } }]
    const metrics = [resource({ averageUtilization: 80 }), resource({ averageValue: '1' }), { type: 'Luck' }]
    expect(cells(metrics, { currentMetrics: current })[2]).toBe('cpu: 12%/80%, cpu: <unknown>/1 + 1 more...')
  })
})
