// One tick at a time: what is concluded.

import { expect, test } from 'vitest'
import type { KubeObject } from '../api/object.ts'
import type { Answer } from './ask.ts'
import type { ClusterView } from './cluster-view.ts'
import { promotionMark, revisionOf } from './revision.ts'
import type { RolloutState, Standing } from './state.ts'
import { step } from './step.ts'

const template = { metadata: { labels: { app: 'api' } }, spec: { containers: [{ name: 'api', image: 'api:2' }] } }
const revision = revisionOf(template)
const READY = { observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 2 }
const hook = (type: string): unknown => ({ name: type, type, url: `http://hooks/${type}` })

function canary(analysis: Record<string, unknown> = {}, spec: Record<string, unknown> = {}): KubeObject {
  return {
    apiVersion: 'flagger.app/v1beta1',
    kind: 'Canary',
    metadata: { name: 'api', namespace: 'test', uid: 'u' },
    spec: {
      targetRef: { kind: 'Deployment', name: 'api' },
      service: { port: 80 },
      ...spec,
      analysis: {
        interval: '10s',
        threshold: 2,
        stepWeight: 20,
        maxWeight: 40,
        metrics: [{ name: 'request-success-rate', thresholdRange: { min: 99 } }],
        ...analysis
      }
    }
  }
}

function cluster(change: Partial<ClusterView> = {}): ClusterView {
  const deployment = (name: string): KubeObject => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'test', generation: 1 },
    spec: { replicas: 2, selector: { matchLabels: { app: 'api' } }, template },
    status: READY
  })
  return {
    now: 100_000,
    lookedAt: undefined,
    target: deployment('api'),
    primary: deployment('api-primary'),
    apexService: undefined,
    canaryService: undefined,
    primaryService: undefined,
    canaryRule: undefined,
    primaryRule: undefined,
    virtualService: undefined,
    ...change
  }
}

type Running = Standing & { readonly weight: number }

const progressing = (weight: number, failedChecks = 0): Running & { readonly phase: 'progressing' } => ({
  phase: 'progressing',
  since: 0,
  applied: revision,
  promoted: 's1-old',
  failedChecks,
  weight
})
const yes: Answer = { kind: 'yes' }
const no: Answer = { kind: 'no', because: 'success rate 90.00% < 99%' }
const unknown: Answer = { kind: 'unknown', because: 'no values found' }
const messages = (conclusion: ReturnType<typeof step>): readonly string[] =>
  conclusion.announcements.flatMap((told) => (told.kind === 'event' ? [told.message] : []))

test.each<readonly [string, RolloutState, readonly Answer[], readonly [phase: string, weight: number, message: string]]>([
  ['the first step needs no metric', progressing(0), [], ['progressing', 20, 'Advance api.test canary weight 20']],
  ['a passed check moves on', progressing(20), [yes], ['progressing', 40, 'Advance api.test canary weight 40']],
  ['a failed check halts', progressing(20), [no], ['progressing', 20, 'Halt api.test advancement success rate 90.00% < 99%']],
  [
    'the threshold is tested in the same tick',
    progressing(20, 1),
    [no],
    ['failed', 0, 'Rolling back api.test failed checks threshold reached 2']
  ],
  ['no data holds', progressing(20, 1), [unknown], ['progressing', 20, 'Halt api.test advancement no values found']],
  ['the last rung promotes', progressing(40), [yes], ['promoting', 40, 'Copying api.test template spec to api-primary.test']],
  ['nothing answered holds', progressing(20), [], ['progressing', 20, 'Halt api.test advancement not all was answered']]
])('%s', (_, state, answers, [phase, weight, message]) => {
  const conclusion = step(canary(), state, cluster(), answers)
  expect(conclusion.state.phase).toBe(phase)
  expect(conclusion.canaryWeight).toBe(weight)
  expect(messages(conclusion)).toContain(message)
})

test('a rollback hook that agrees ends the run', () => {
  const conclusion = step(canary({ webhooks: [hook('rollback'), hook('post-rollout')] }), progressing(20), cluster(), [yes])
  expect(conclusion).toMatchObject({
    state: { phase: 'failed', because: 'manual webhook invoked' },
    canaryWeight: 0,
    canaryReplicas: 'zero'
  })
  expect(conclusion.announcements.at(-1)).toMatchObject({ kind: 'hook', call: { payload: { phase: 'Failed' } } })
})

test('a look is taken once an interval', () => {
  expect(step(canary(), progressing(20), cluster({ lookedAt: 95_000 }), [])).toMatchObject({ look: 'none', wake: 5000, announcements: [] })
})

test('a primary that already has the revision is a promotion that was interrupted', () => {
  const marked = { ...template, metadata: { ...template.metadata, annotations: { 'flagger-id': promotionMark('u', revision) } } }
  const primary = { ...cluster().primary!, spec: { replicas: 2, template: marked } }
  expect(step(canary(), progressing(40), cluster({ primary }), []).state.phase).toBe('promoting')
})

test('a step that was written to the VirtualService before a crash counts as taken', () => {
  const route = [
    { destination: { host: 'api-primary' }, weight: 60 },
    { destination: { host: 'api-canary' }, weight: 40 }
  ]
  const virtualService = { apiVersion: 'v', kind: 'VirtualService', metadata: {}, spec: { http: [{ route }] } }
  expect(step(canary(), progressing(20), cluster({ virtualService }), []).state).toMatchObject({ phase: 'progressing', weight: 40 })
})

test('traffic leaves a canary without pods', () => {
  const target = { ...cluster().target!, status: { ...READY, availableReplicas: 0 } }
  expect(step(canary(), progressing(20), cluster({ target }), [])).toMatchObject({
    state: { phase: 'progressing', weight: 0 },
    canaryWeight: 0
  })
})

test('a primary stuck in promotion leaves all traffic with the canary, and the next revision mends it', () => {
  const conditions = [{ type: 'Progressing', reason: 'ProgressDeadlineExceeded' }]
  const primary = { ...cluster().primary!, status: { ...READY, availableReplicas: 0, conditions } }
  const failed = step(canary(), { ...progressing(40), phase: 'promoting', weight: 40 }, cluster({ primary }), [])
  expect(failed).toMatchObject({ state: { phase: 'failed', weight: 100 }, canaryWeight: 100, canaryReplicas: 'keep' })
  const later: RolloutState = {
    phase: 'failed',
    weight: 100,
    because: '',
    since: 0,
    applied: 's1-bad',
    promoted: 's1-old',
    failedChecks: 0
  }
  const mended = step(canary(), later, cluster({ primary }), [])
  expect(mended).toMatchObject({ state: { phase: 'promoting', weight: 100 }, primarySpec: 'copy-canary' })
})

test.each<readonly [string, KubeObject, Partial<ClusterView>, string]>([
  ['no target', canary(), { target: undefined }, 'deployment api.test not found'],
  ['suspended', canary({}, { suspend: true }), {}, 'skipping canary run as object is suspended'],
  [
    'no primary',
    canary(),
    { primary: undefined },
    'api-primary.test is gone and the target is not the promoted revision: apply the promoted revision to have it made again'
  ]
])('%s: nothing is touched, and it is said', (_, object, change, message) => {
  const conclusion = step(object, progressing(20), cluster(change), [])
  expect(conclusion.objects).toBe('none')
  expect(messages(conclusion)).toEqual([message])
})

test('a status that Flagger left is gone on with, its hashes adopted', () => {
  const state: RolloutState = { phase: 'initialized', since: 0, applied: '5678f5d574', promoted: '5678f5d574', failedChecks: 0 }
  expect(step(canary(), state, cluster(), []).state).toEqual({ ...state, applied: revision, promoted: revision })
})
