// One tick at a time: what is concluded.

import { expect, test } from 'vitest'
import { canaryOf, clusterOf, hookOf, progressing, READY, REVISION, TEMPLATE } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import type { Answer } from './ask.ts'
import type { ClusterView } from '../objects/cluster-view.ts'
import { promotionMark } from '../objects/revision.ts'
import { ROUTING_ANNOTATION } from '../objects/routing-mark.ts'
import type { RolloutState } from './state.ts'
import { step } from './step.ts'

const yes: Answer = { kind: 'yes' }
const no = { kind: 'no', because: 'success rate 90.00% < 99%' } as const satisfies Answer
const unknown: Answer = { kind: 'unknown', cause: 'down', because: 'no values found' }
const messages = (conclusion: ReturnType<typeof step>): readonly string[] =>
  conclusion.announcements.flatMap((told) => (told.kind === 'event' ? [told.message] : []))

test.each<readonly [string, RolloutState, readonly Answer[], readonly [phase: string, weight: number, message: string]]>([
  ['the first step needs no metric', progressing(0), [], ['progressing', 20, 'Advance api.test canary weight 20']],
  ['a passed check moves on', progressing(20), [yes], ['progressing', 40, 'Advance api.test canary weight 40']],
  ['a failed check halts', progressing(20), [no], ['progressing', 20, 'Halt api.test advancement success rate 90.00% < 99%']],
  ['no data holds', progressing(20, 1), [unknown], ['progressing', 20, 'Halt advancement no values found']],
  ['the last rung promotes', progressing(40), [yes], ['promoting', 40, 'Copying api.test template spec to api-primary.test']],
  ['nothing answered holds', progressing(20), [], ['progressing', 20, 'Halt api.test advancement not all was answered']]
])('%s', (_, state, answers, [phase, weight, message]) => {
  const conclusion = step(canaryOf(), state, clusterOf(), answers)
  expect(conclusion.state.phase).toBe(phase)
  expect(conclusion.routing).toEqual({ kind: 'weights', canary: weight })
  expect(messages(conclusion)).toContain(message)
})

test('the last failed check is counted first, and the next tick rolls back at once, with its cause', () => {
  const counted = step(canaryOf(), progressing(20, 1), clusterOf(), [no])
  expect(counted).toMatchObject({
    state: { phase: 'progressing', weight: 20, iterations: 0, failedChecks: 2, because: no.because },
    wake: 0
  })
  const rolledBack = step(canaryOf(), counted.state, clusterOf(), [])
  expect(rolledBack).toMatchObject({ state: { phase: 'failed', because: no.because }, routing: { canary: 0 }, canaryReplicas: 'zero' })
  expect(messages(rolledBack)).toEqual(['Rolling back api.test failed checks threshold reached 2', 'Canary failed! Scaling down api.test'])
})

test('a canary that was scaled to zero, by a rollback that was interrupted or by a user, is rolled back', () => {
  const target = { ...clusterOf().target, spec: { ...Object(clusterOf().target['spec']), replicas: 0 } }
  const conclusion = step(canaryOf(), progressing(20), clusterOf({ target }), [])
  expect(conclusion).toMatchObject({ state: { phase: 'failed', because: 'api.test was scaled to zero' }, routing: { canary: 0 } })
  expect(conclusion.canaryReplicas).toBe('zero')
  expect(messages(conclusion)[0]).toBe('Rolling back api.test canary scaled to zero')
})

test('a release that is taken back in mid-run is withdrawn, not promoted', () => {
  const state: RolloutState = { ...progressing(20), applied: 's1-bad', promoted: REVISION }
  const conclusion = step(canaryOf(), state, clusterOf(), [])
  expect(conclusion).toMatchObject({ state: { phase: 'initialized', applied: REVISION }, routing: { canary: 0 }, canaryReplicas: 'zero' })
  expect(messages(conclusion)).toEqual(['Revision withdrawn! Routing all traffic to primary, scaling down api.test'])
})

test('a rollback hook that agrees ends the run', () => {
  const conclusion = step(canaryOf({ webhooks: [hookOf('rollback'), hookOf('post-rollout')] }), progressing(20), clusterOf(), [yes])
  expect(conclusion).toMatchObject({
    state: { phase: 'failed', because: 'manual webhook invoked' },
    routing: { canary: 0 },
    canaryReplicas: 'zero'
  })
  expect(conclusion.announcements.at(-1)).toMatchObject({ kind: 'hook', call: { payload: { phase: 'Failed' } } })
})

test('a look is taken once an interval', () => {
  expect(step(canaryOf(), progressing(20), clusterOf({ lookedAt: 95_000 }), [])).toMatchObject({
    look: 'none',
    wake: 5000,
    announcements: []
  })
})

test('a primary that already has the revision is a promotion that was interrupted', () => {
  const marked = { ...TEMPLATE, metadata: { ...TEMPLATE.metadata, annotations: { 'flagger-id': promotionMark('u', REVISION) } } }
  const primary = { ...clusterOf().primary, spec: { replicas: 2, template: marked } }
  expect(step(canaryOf(), progressing(40), clusterOf({ primary }), []).state.phase).toBe('promoting')
})

test.each([
  ['of the rollout itself before a crash counts as taken', { [ROUTING_ANNOTATION]: `${REVISION}/40` }, 40],
  ['of the rollout itself counts for its own revision only', { [ROUTING_ANNOTATION]: 's1-other/40' }, 20],
  ['of somebody else does not', { [ROUTING_ANNOTATION]: `${REVISION}/20` }, 20],
  ['of somebody else does not, without a mark', {}, 20]
])("a write of the next step's routes %s", (_, annotations, weight) => {
  const route = [
    { destination: { host: 'api-primary' }, weight: 60 },
    { destination: { host: 'api-canary' }, weight: 40 }
  ]
  const virtualService = { apiVersion: 'v', kind: 'VirtualService', metadata: { annotations }, spec: { http: [{ route }] } }
  const cluster = clusterOf({ virtualService, lookedAt: 99_000 })
  expect(step(canaryOf(), progressing(20), cluster, []).state).toMatchObject({
    phase: 'progressing',
    weight,
    iterations: 0
  })
})

test('traffic leaves a canary without pods', () => {
  const target = { ...clusterOf().target, status: { ...READY, availableReplicas: 0 } }
  expect(step(canaryOf(), progressing(20), clusterOf({ target }), [])).toMatchObject({
    state: { phase: 'progressing', weight: 0, iterations: 0 },
    routing: { canary: 0 }
  })
})

test('a primary stuck in promotion leaves all traffic with the canary, and the next revision mends it', () => {
  const conditions = [{ type: 'Progressing', reason: 'ProgressDeadlineExceeded' }]
  const primary = { ...clusterOf().primary, status: { ...READY, availableReplicas: 0, conditions } }
  const failed = step(canaryOf(), { ...progressing(40), phase: 'promoting', weight: 40, iterations: 0 }, clusterOf({ primary }), [])
  expect(failed).toMatchObject({ state: { phase: 'failed', weight: 100 }, routing: { canary: 100 }, canaryReplicas: 'keep' })
  const later: RolloutState = {
    phase: 'failed',
    weight: 100,
    because: '',
    since: 0,
    applied: 's1-bad',
    promoted: 's1-old',
    failedChecks: 0
  }
  const mended = step(canaryOf(), later, clusterOf({ primary }), [])
  expect(mended).toMatchObject({ state: { phase: 'promoting', weight: 100, iterations: 0 }, primarySpec: 'copy-canary' })
})

test.each<readonly [string, KubeObject, Partial<ClusterView>, string]>([
  ['no target', canaryOf(), { target: undefined }, 'deployment api.test not found'],
  ['suspended', canaryOf({}, { suspend: true }), {}, 'skipping canary run as object is suspended'],
  [
    'no primary',
    canaryOf(),
    { primary: undefined },
    'api-primary.test is gone and the target is not the promoted revision: apply the promoted revision to have it made again'
  ]
])('%s: nothing is touched, and it is said', (_, object, change, message) => {
  const conclusion = step(object, progressing(20), clusterOf(change), [])
  expect(conclusion.objects).toBe('none')
  expect(messages(conclusion)).toEqual([message])
})

test('a status that Flagger left is gone on with, its hashes adopted', () => {
  const state: RolloutState = { phase: 'initialized', since: 0, applied: '5678f5d574', promoted: '5678f5d574', failedChecks: 0 }
  expect(step(canaryOf(), state, clusterOf(), []).state).toEqual({ ...state, applied: REVISION, promoted: REVISION })
})
