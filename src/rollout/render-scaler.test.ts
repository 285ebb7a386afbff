import { describe, expect, it, test } from 'vitest'
import { canaryOf, clusterOf, deploymentOf, progressing } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { planOf } from '../canary/plan.ts'
import { pauseWrites, primaryScalerWrites, scalerResource, targetSize } from './render-scaler.ts'
import { PAUSED_ANNOTATION, type Scalers, UPKEEP_ANNOTATION } from '../canary/scaler.ts'
import { findingOf } from './situation.ts'
import type { RolloutState } from './state.ts'
import { type Conclusion, held } from './tick.ts'
import { ownerOf, type Write } from '../objects/write.ts'

const HPA = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', name: 'api' }
const KEDA = { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', name: 'api' }
const STANDING = { since: 0, applied: 'a', promoted: 'a', failedChecks: 0 }
const SPEC = { scaleTargetRef: { kind: 'Deployment', name: 'api' }, minReplicas: 2, maxReplicas: 4 }

const canary = (reference: object, upkeep?: string): KubeObject => {
  const given = canaryOf({}, { autoscalerRef: reference })
  return upkeep === undefined ? given : { ...given, metadata: { ...given.metadata, annotations: { [UPKEEP_ANNOTATION]: upkeep } } }
}

function stepIn(state: RolloutState, change: Partial<Pick<Conclusion, 'objects' | 'canaryReplicas' | 'primarySpec'>> = {}): Conclusion {
  const [given, cluster] = [canaryOf(), clusterOf()]
  const finding = { ...findingOf(given, progressing(20), cluster), state }
  return { ...held({ canary: given, cluster, finding, questions: [], answers: [] }, [], 'none'), state, ...change }
}

const object = (reference: { apiVersion: string; kind: string }, name: string, spec: object, metadata: object = {}): KubeObject => ({
  ...reference,
  metadata: { name, namespace: 'test', ...metadata },
  spec: { ...spec }
})
const hpa = (name: string, spec: object, metadata: object = {}): KubeObject =>
  object({ apiVersion: HPA.apiVersion, kind: HPA.kind }, name, spec, metadata)
const scalers = (target: KubeObject | undefined, primary?: KubeObject): Scalers => ({ served: true, target, primary })
const own = { ownerReferences: [ownerOf(canaryOf())] }
const REST = stepIn({ ...STANDING, phase: 'succeeded' })

describe("the primary's scaler", () => {
  const writes = (seen: Scalers, step = REST, upkeep?: string): readonly Write[] => {
    const given = canary(HPA, upkeep)
    return primaryScalerWrites(given, planOf(given), step, seen)
  }

  it("is made like the target's, owned by the Canary", () => {
    const made = hpa('api-primary', { ...SPEC, scaleTargetRef: { kind: 'Deployment', name: 'api-primary' } }, own)
    expect(writes(scalers(hpa('api', SPEC)))).toEqual([
      { optional: true, verb: 'create', resource: scalerResource({ kind: 'HorizontalPodAutoscaler' }), object: made }
    ])
  })

  it('is not made without a target to copy', () => {
    expect(writes({ served: false, target: undefined, primary: undefined })).toEqual([])
  })

  const stale = hpa(
    'api-primary',
    { ...SPEC, scaleTargetRef: { kind: 'Deployment', name: 'api-primary' }, maxReplicas: 3, behavior: {} },
    own
  )

  it('follows the target at all times: what differs is tested and replaced, what is too much goes', () => {
    const [write] = writes(scalers(hpa('api', SPEC), stale))
    expect(write).toMatchObject({
      name: 'api-primary',
      optional: true,
      patch: {
        operations: [
          { op: 'test', path: '/spec/maxReplicas', value: 3 },
          { op: 'replace', path: '/spec/maxReplicas', value: 4 },
          { op: 'test', path: '/spec/behavior' },
          { op: 'remove', path: '/spec/behavior' }
        ]
      }
    })
  })

  it('follows at promotions only, or never, where the annotation says so', () => {
    const seen = scalers(hpa('api', SPEC), stale)
    const promotion = stepIn({ ...STANDING, phase: 'promoting', weight: 40, iterations: 0 }, { primarySpec: 'copy-canary' })
    expect([writes(seen, REST, 'promotion').length, writes(seen, promotion, 'promotion').length]).toEqual([0, 1])
    expect([writes(seen, REST, 'manual').length, writes(seen, promotion, 'manual').length]).toEqual([0, 0])
    expect(writes(scalers(hpa('api', SPEC)), REST, 'manual')).toHaveLength(1)
  })

  it('is left alone when somebody else made it, and when it is right', () => {
    const foreign = { ...stale, metadata: { ...stale.metadata, ownerReferences: [] } }
    expect(writes(scalers(hpa('api', SPEC), foreign))).toEqual([])
    const right = hpa('api-primary', { ...SPEC, scaleTargetRef: { kind: 'Deployment', name: 'api-primary' } }, own)
    expect(writes(scalers(hpa('api', SPEC), right))).toEqual([])
  })
})

describe('KEDA', () => {
  const plan = planOf(canary(KEDA))
  const keda = (annotations?: Record<string, string>): Scalers =>
    scalers(
      object(
        { apiVersion: KEDA.apiVersion, kind: KEDA.kind },
        'api',
        { minReplicaCount: 1 },
        annotations === undefined ? {} : { annotations }
      )
    )
  const paused = { [PAUSED_ANNOTATION]: '0' }
  const state = (phase: 'initialized' | 'succeeded' | 'waiting' | 'finalising' | 'terminating'): RolloutState => ({ ...STANDING, phase })

  it.each([
    ['initialized', state('initialized'), true],
    ['succeeded', state('succeeded'), true],
    ['waiting for approval', state('waiting'), true],
    ['failed', { ...STANDING, phase: 'failed', weight: 0, because: '' } as const, true],
    ['failed, with all traffic on the target', { ...STANDING, phase: 'failed', weight: 100, because: '' } as const, false],
    ['progressing', progressing(20), false],
    ['finalising', state('finalising'), false],
    ['terminating', state('terminating'), false]
  ])('is held or let go: %s', (_, given, holds) => {
    const operations = (seen: Scalers): unknown =>
      pauseWrites(plan, stepIn(given), seen).map((write) => (write.verb === 'patch' ? write.patch : write))
    const replaced = (op: string): unknown => [{ operations: expect.arrayContaining([expect.objectContaining({ op })]) }]
    expect(operations(keda())).toMatchObject(holds ? (replaced('add') as object) : [])
    expect(operations(keda(paused))).toMatchObject(holds ? [] : (replaced('remove') as object))
  })

  it('keeps other annotations, and a number of pods that a user set during a run', () => {
    const [write] = pauseWrites(plan, REST, keda({ team: 'x' }))
    expect(write).toMatchObject({
      patch: { operations: [{ op: 'add', path: '/metadata/annotations/autoscaling.keda.sh~1paused-replicas', value: '0' }] }
    })
    expect(pauseWrites(plan, stepIn(progressing(20)), keda({ [PAUSED_ANNOTATION]: '3' }))).toEqual([])
  })

  it('is left alone while nothing is to be touched, but for a target that is given back', () => {
    expect(pauseWrites(plan, { ...REST, objects: 'none' }, keda())).toEqual([])
    expect(pauseWrites(plan, stepIn(state('terminating'), { objects: 'none', canaryReplicas: 'target' }), keda(paused))).toHaveLength(1)
    expect(pauseWrites(plan, stepIn({ ...STANDING, phase: 'initializing' }), keda())).toEqual([])
    expect(pauseWrites(planOf(canary(HPA)), REST, scalers(hpa('api', SPEC)))).toEqual([])
  })
})

test.each([
  ['as many as the primary without a scaler', canaryOf(), progressing(0), undefined, 3],
  ['the fewest of its scaler', canary(HPA), progressing(0), scalers(hpa('api', SPEC)), 2],
  ['one where the scaler says nothing', canary(HPA), progressing(0), scalers(undefined), 1],
  [
    'as many as the primary when it is given back',
    canary(HPA),
    { ...STANDING, phase: 'terminating' } as const,
    scalers(hpa('api', SPEC)),
    3
  ]
])('a target without pods gets %s', (...[, given, state, seen, size]) => {
  const primary = deploymentOf('api:1', 'api-primary', { replicas: 3 })
  expect(targetSize(planOf(given), stepIn(state), primary, seen)).toBe(size)
})
