import { describe, expect, it } from 'vitest'
import { autoscalerFaults, daemonUpdateFaults } from './builtin-validate-scale.ts'
import { causeText } from './cause.ts'

const reference = { kind: 'Deployment', name: 'web' }
const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } }
const target = (fields: object): unknown => ({ ...cpu, resource: { name: 'cpu', target: fields } })

describe('an autoscaler is refused for', () => {
  it.each([
    [
      'no most',
      { maxReplicas: 0 },
      '[spec.maxReplicas: Invalid value: 0: must be greater than 0, spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`]'
    ],
    ['a least of none', { minReplicas: 0 }, 'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1'],
    [
      'a most below its least',
      { minReplicas: 5, maxReplicas: 4 },
      'spec.maxReplicas: Invalid value: 4: must be greater than or equal to `minReplicas`'
    ],
    ['no target', { scaleTargetRef: { kind: 'Deployment', name: '' } }, 'spec.scaleTargetRef.name: Required value'],
    [
      'an unknown metric',
      { metrics: [{ type: 'Luck' }] },
      'spec.metrics[0].type: Unsupported value: "Luck": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"'
    ],
    [
      'a metric without its source',
      { metrics: [{ type: 'Pods' }] },
      'spec.metrics[0].pods: Required value: must populate information for the given metric source'
    ],
    [
      'a metric with two sources',
      { metrics: [{ ...cpu, pods: {} }] },
      'spec.metrics[0].pods: Forbidden: must populate the given metric source only'
    ],
    [
      'a metric without a target',
      { metrics: [target({ type: 'Utilization' })] },
      'spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization'
    ],
    [
      'a utilization of nothing',
      { metrics: [target({ type: 'Utilization', averageUtilization: 0 })] },
      'spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0'
    ],
    [
      'too long a window',
      { behavior: { scaleUp: { stabilizationWindowSeconds: 3601 } } },
      'spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600'
    ]
  ])('%s', (_, fields, words) => {
    expect(causeText(autoscalerFaults({ scaleTargetRef: reference, minReplicas: 1, maxReplicas: 4, ...fields }))).toBe(words)
  })

  it('nothing when it is right', () => {
    expect(autoscalerFaults({ scaleTargetRef: reference, minReplicas: 2, maxReplicas: 4, metrics: [cpu] })).toEqual([])
  })
})

describe('the update strategy of a DaemonSet', () => {
  const faults = (rollingUpdate: object): string => causeText(daemonUpdateFaults({ type: 'RollingUpdate', rollingUpdate }, () => []))

  it('leaves room for pods to be missing or doubled, not for both', () => {
    expect(faults({ maxUnavailable: 1, maxSurge: 0 })).toBe('[]')
    expect(faults({ maxUnavailable: 0, maxSurge: '10%' })).toBe('[]')
    expect(faults({ maxUnavailable: 1, maxSurge: 1 })).toContain(
      'maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero'
    )
    expect(faults({ maxUnavailable: 0, maxSurge: 0 })).toContain('maxUnavailable: Required value: cannot be 0 when maxSurge is 0')
  })

  it('has no bounds when pods are replaced on deletion', () => {
    expect(daemonUpdateFaults({ type: 'OnDelete' }, () => [])).toEqual([])
  })
})
