import { expect, test } from 'vitest'
import { canaryOf } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { namedOf } from './named.ts'
import { danglingOf } from './rollout-references.ts'

const ALL = new Set(['MetricTemplate', 'AlertProvider', 'HorizontalPodAutoscaler'])
const CANARY = canaryOf(
  {
    metrics: [
      { name: 'latency', templateRef: { name: 'p95' } },
      { name: 'errors', templateRef: { name: 'errors', namespace: 'istio-system' } },
      { name: 'request-success-rate' },
      { name: 'odd', templateRef: { name: '' } }
    ],
    alerts: [{ name: 'chat', providerRef: { name: 'on-call' } }]
  },
  { autoscalerRef: { kind: 'HorizontalPodAutoscaler', name: 'api' } }
)

function named(kind: string, name: string, namespace: string): KubeObject {
  return { apiVersion: 'x', kind, metadata: { name, namespace } }
}

test('what is not there is named, with what comes of it', () => {
  expect(danglingOf(CANARY, namedOf([]), ALL).map(({ path, text }) => `${path}: ${text}`)).toEqual([
    'spec.analysis.metrics[0].templateRef: MetricTemplate test/p95 does not exist: the check latency holds the rollout until it does',
    'spec.analysis.metrics[1].templateRef: MetricTemplate istio-system/errors does not exist: the check errors holds the rollout until it does',
    'spec.analysis.alerts[0].providerRef: AlertProvider test/on-call does not exist: nobody is told until it does',
    'spec.autoscalerRef: HorizontalPodAutoscaler test/api does not exist: nothing scales the primary until it does'
  ])
})

test('what is there is not named, in its own namespace only', () => {
  const there = [
    named('MetricTemplate', 'p95', 'other'),
    named('MetricTemplate', 'errors', 'istio-system'),
    named('AlertProvider', 'on-call', 'test')
  ]
  expect(danglingOf(CANARY, namedOf(there), ALL).map(({ path }) => path)).toEqual([
    'spec.analysis.metrics[0].templateRef',
    'spec.autoscalerRef'
  ])
})

test('of kinds that are not known nothing is said', () => {
  expect(danglingOf(CANARY, namedOf([]), new Set(['AlertProvider'])).map(({ path }) => path)).toEqual([
    'spec.analysis.alerts[0].providerRef'
  ])
})
