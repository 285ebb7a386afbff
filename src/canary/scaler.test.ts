import { describe, expect, it, test } from 'vitest'
import { canaryOf } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { dig } from '../std/json.ts'
import {
  type Autoscaler,
  autoscalerOf,
  isHeld,
  leastOf,
  PAUSED_ANNOTATION,
  primaryQuery,
  primaryScalerSpec,
  UPKEEP_ANNOTATION
} from './scaler.ts'

const REFERENCE = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', name: 'api' }
const PLAIN: Autoscaler = {
  kind: 'HorizontalPodAutoscaler',
  name: 'api',
  minReplicas: undefined,
  maxReplicas: undefined,
  queries: undefined,
  upkeep: 'continuous'
}

function scaler(kind: Autoscaler['kind'], spec: object): KubeObject {
  return { apiVersion: 'x', kind, metadata: { name: 'api' }, spec }
}

describe('the autoscaler of a Canary', () => {
  it('is what autoscalerRef says', () => {
    const given = { ...REFERENCE, primaryScalerReplicas: { minReplicas: 2, maxReplicas: 5 } }
    expect(autoscalerOf(canaryOf({}, { autoscalerRef: given }))).toEqual({ ...PLAIN, minReplicas: 2, maxReplicas: 5 })
    const queries = { load: 'up' }
    const keda = { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', name: 'so', primaryScalerQueries: queries }
    expect(autoscalerOf(canaryOf({}, { autoscalerRef: keda }))).toEqual({ ...PLAIN, kind: 'ScaledObject', name: 'so', queries })
  })

  it('is none without a reference, and none of a target without a number of pods', () => {
    expect(autoscalerOf(canaryOf())).toBeUndefined()
    expect(autoscalerOf(canaryOf({}, { autoscalerRef: REFERENCE, targetRef: { kind: 'DaemonSet', name: 'api' } }))).toBeUndefined()
  })

  it.each(['manual', 'promotion', 'continuous', 'other'])('is kept as the annotation says: %s', (word) => {
    const canary = canaryOf({}, { autoscalerRef: REFERENCE })
    const annotated = { ...canary, metadata: { ...canary.metadata, annotations: { [UPKEEP_ANNOTATION]: word } } }
    expect(autoscalerOf(annotated)?.upkeep).toBe(word === 'other' ? 'continuous' : word)
  })
})

test.each([
  [undefined, 1],
  [{}, 1],
  [{ minReplicas: 3 }, 3],
  [{ minReplicaCount: 4 }, 4],
  [{ minReplicaCount: 0 }, 1]
])('the fewest pods by %j are %i', (spec, least) => {
  expect(leastOf(spec === undefined ? undefined : scaler('ScaledObject', spec))).toBe(least)
})

test('KEDA is held by the annotation 0 alone', () => {
  const held = (value: string) => ({ ...scaler('ScaledObject', {}), metadata: { annotations: { [PAUSED_ANNOTATION]: value } } })
  expect([isHeld(held('0')), isHeld(held('3')), isHeld(scaler('ScaledObject', {})), isHeld(undefined)]).toEqual([true, false, false, false])
})

test("the primary's HorizontalPodAutoscaler is the target's, aimed at the primary, with the overrides", () => {
  const spec = {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
    minReplicas: 1,
    maxReplicas: 4,
    metrics: [],
    behavior: {}
  }
  const target = scaler('HorizontalPodAutoscaler', spec)
  const aimed = { ...spec, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api-primary' } }
  expect(primaryScalerSpec(PLAIN, 'api', target)).toEqual(aimed)
  expect(primaryScalerSpec({ ...PLAIN, minReplicas: 2, maxReplicas: 9 }, 'api', target)).toEqual({
    ...aimed,
    minReplicas: 2,
    maxReplicas: 9
  })
})

describe("the primary's ScaledObject", () => {
  const keda: Autoscaler = { ...PLAIN, kind: 'ScaledObject' }
  const triggers = [
    { type: 'prometheus', metadata: { name: 'load', query: 'sum(rate(hits{app="api"}[30s]))', threshold: '5' } },
    { type: 'cron', name: 'night', metadata: { start: '0 0 * * *' } }
  ]
  const spec = { scaleTargetRef: { name: 'api' }, minReplicaCount: 1, maxReplicaCount: 3, pollingInterval: 10, triggers }
  const queryOf = (made: unknown): unknown => {
    const list = dig(made, 'triggers')
    return Array.isArray(list) ? dig(list[0], 'metadata', 'query') : undefined
  }

  it("has the target's settings, its own bounds, and its own query", () => {
    const made = primaryScalerSpec({ ...keda, minReplicas: 2, maxReplicas: 5 }, 'api', scaler('ScaledObject', spec))
    expect(made).toMatchObject({ scaleTargetRef: { name: 'api-primary' }, minReplicaCount: 2, maxReplicaCount: 5, pollingInterval: 10 })
    expect(queryOf(made)).toBe('sum(rate(hits{app="api-primary"}[30s]))')
    expect(dig(made, 'triggers')).toMatchObject([{ metadata: { threshold: '5' } }, triggers[1]])
  })

  it('takes the query that the Canary names, by the name of the trigger or of its metadata, and no other', () => {
    const given = (queries: Record<string, string>): unknown =>
      queryOf(primaryScalerSpec({ ...keda, queries }, 'api', scaler('ScaledObject', spec)))
    expect(given({ load: 'up' })).toBe('up')
    expect(given({ other: 'up' })).toBe('sum(rate(hits{app="api"}[30s]))')
  })

  it('names an autoscaler of its own where the target names one', () => {
    const advanced = { restoreToOriginalReplicaCount: true, horizontalPodAutoscalerConfig: { name: 'api-hpa', behavior: {} } }
    expect(primaryScalerSpec(keda, 'api', scaler('ScaledObject', { ...spec, advanced }))).toMatchObject({
      advanced: { restoreToOriginalReplicaCount: true, horizontalPodAutoscalerConfig: { name: 'api-hpa-primary', behavior: {} } }
    })
  })
})

test.each([
  ['sum(rate(hits{app="podinfo"}[30s]))', 'sum(rate(hits{app="podinfo-primary"}[30s]))'],
  ['hits{cluster="test_podinfo-canary_80"}', 'hits{cluster="test_podinfo-primary_80"}'],
  ['hits{app="podinfo", host="podinfo-canary"}', 'hits{app="podinfo-primary", host="podinfo-primary"}'],
  ['hits{app="podinfo-primary"}', 'hits{app="podinfo-primary"}'],
  ['podinfo_requests_total{app=~"podinfo-.*"}', 'podinfo_requests_total{app=~"podinfo-primary-.*"}'],
  ['sum:hits{service:podinfo}', 'sum:hits{service:podinfo-primary}'],
  ["SELECT n FROM q WHERE app = 'podinfo'", "SELECT n FROM q WHERE app = 'podinfo-primary'"],
  ['hits{app="it\\"s podinfo"}', 'hits{app="it\\"s podinfo-primary"}'],
  ['up', 'up']
])('the query %s becomes %s', (query, wanted) => {
  expect(primaryQuery(query, 'podinfo')).toBe(wanted)
})
