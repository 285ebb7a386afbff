import { describe, expect, it } from 'vitest'
import { convertAutoscaler, DEFAULT_METRICS } from './autoscaler-versions.ts'
import type { KubeObject } from './object.ts'

const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } }
const memory = { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '64Mi' } } }
const reference = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }

function autoscaler(version: 'v1' | 'v2', spec: object, status: object = { desiredReplicas: 2 }): KubeObject {
  const kept = { minReplicas: 2, maxReplicas: 4, scaleTargetRef: reference, ...spec }
  return { apiVersion: `autoscaling/${version}`, kind: 'HorizontalPodAutoscaler', metadata: { name: 'web' }, spec: kept, status }
}

describe('an autoscaler in another version', () => {
  it('has its CPU utilization as a field in v1 and as a metric in v2', () => {
    const old = autoscaler('v1', { targetCPUUtilizationPercentage: 70 }, { currentReplicas: 0, desiredReplicas: 2 })
    const now = autoscaler('v2', { metrics: [cpu] }, { currentReplicas: 0, desiredReplicas: 2, currentMetrics: null })
    expect(convertAutoscaler(old, 'autoscaling/v2')).toEqual(now)
    expect(convertAutoscaler(now, 'autoscaling/v1')).toEqual(old)
  })

  it('scales by the default metric when v1 names none', () => {
    expect(convertAutoscaler(autoscaler('v1', {}), 'autoscaling/v2')).toMatchObject({ spec: { metrics: DEFAULT_METRICS } })
  })

  it('comes back from v1 with everything v1 has no field for', () => {
    const status = {
      currentReplicas: 2,
      desiredReplicas: 2,
      currentMetrics: [
        { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 12 } } },
        { type: 'Pods', pods: { metric: { name: 'jobs' }, current: { averageValue: '3' } } }
      ],
      conditions: [{ type: 'ScalingActive', status: 'False', reason: 'FailedGetResourceMetric' }]
    }
    const now = autoscaler('v2', { metrics: [cpu, memory], behavior: { scaleDown: { selectPolicy: 'Disabled' } } }, status)
    const old = convertAutoscaler(now, 'autoscaling/v1')
    expect(old).toMatchObject({
      spec: { targetCPUUtilizationPercentage: 70 },
      status: { currentCPUUtilizationPercentage: 12 },
      metadata: { annotations: { 'autoscaling.alpha.kubernetes.io/metrics': JSON.stringify([memory]) } }
    })
    expect(old?.['spec']).not.toHaveProperty('metrics')
    expect(old !== undefined && convertAutoscaler(old, 'autoscaling/v2')).toEqual(now)
  })

  it('passes over an annotation that cannot be read', () => {
    const old = autoscaler('v1', { targetCPUUtilizationPercentage: 70 })
    const annotated = { ...old, metadata: { name: 'web', annotations: { 'autoscaling.alpha.kubernetes.io/metrics': '{[' } } }
    expect(convertAutoscaler(annotated, 'autoscaling/v2')).toMatchObject({ spec: { metrics: [cpu] }, metadata: { name: 'web' } })
  })

  it('is not looked for in other objects, nor in the version it is in', () => {
    expect(convertAutoscaler({ ...autoscaler('v1', {}), kind: 'Scale' }, 'autoscaling/v2')).toBeUndefined()
    expect(convertAutoscaler(autoscaler('v2', {}), 'autoscaling/v2')).toBeUndefined()
  })
})
