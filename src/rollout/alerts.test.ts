import { expect, test } from 'vitest'
import { canaryOf, clusterOf, deploymentOf, hookOf, progressing, READY, REVISION } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { type Alert, alertEntries, alertOf, hears, type Severity } from './alerts.ts'
import { type Answer, questionsFor } from './ask.ts'
import type { ClusterView } from '../objects/cluster-view.ts'
import { findingOf } from './situation.ts'
import type { RolloutState } from './state.ts'
import { stepOf } from './step.ts'
import type { RevisionEvidence } from '../gate/evidence.ts'

const STANDING = { since: 0, applied: 's1-old', promoted: 's1-old', failedChecks: 0 }
const YES: Answer = { kind: 'yes' }
const NO: Answer = { kind: 'no', because: '403' }

interface Given {
  readonly canary?: KubeObject
  readonly state: RolloutState
  readonly cluster?: Partial<ClusterView>
  readonly answers?: readonly Answer[]
}

function told({ canary = canaryOf(), state, cluster = {}, answers = [] }: Given): Alert | undefined {
  const view = clusterOf(cluster)
  const finding = findingOf(canary, state, view)
  const tick = { canary, cluster: view, finding, questions: questionsFor(finding, canary, view), answers }
  return alertOf(tick, stepOf(tick))
}

const stuck: KubeObject = {
  ...deploymentOf('api:2'),
  status: { ...READY, availableReplicas: 0, conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }] }
}
const annotated = (annotations: Record<string, string>): KubeObject => ({
  ...canaryOf(),
  metadata: { name: 'api', namespace: 'test', uid: 'u', annotations }
})

test.each<readonly [string, Given, Severity, string]>([
  [
    'the end of initialisation',
    { state: { ...STANDING, phase: 'initializing' }, answers: [YES] },
    'info',
    'Deployment initialization completed.'
  ],
  ['a new revision', { state: { ...STANDING, phase: 'initialized' } }, 'info', 'New revision detected, progressing canary analysis.'],
  [
    'a revision that waits for approval',
    { canary: canaryOf({ webhooks: [hookOf('confirm-rollout')] }), state: { ...STANDING, phase: 'succeeded' }, answers: [NO] },
    'warn',
    'api.test is waiting for approval of its new revision (webhook confirm-rollout)'
  ],
  [
    'a promotion that waits for approval',
    { canary: canaryOf({ metrics: [], webhooks: [hookOf('confirm-promotion')] }), state: progressing(40), answers: [NO] },
    'warn',
    'api.test is waiting for approval of its promotion (webhook confirm-promotion)'
  ],
  [
    'a traffic increase that waits for approval',
    { canary: canaryOf({ webhooks: [hookOf('confirm-traffic-increase')] }), state: progressing(0), answers: [NO] },
    'warn',
    'api.test is waiting for approval of its traffic increase (webhook confirm-traffic-increase)'
  ],
  [
    'a rollback by webhook',
    { canary: canaryOf({ webhooks: [hookOf('rollback')] }), state: progressing(20), answers: [YES] },
    'warn',
    'Rolling back api.test manual webhook invoked'
  ],
  [
    'a rollback by annotation',
    { canary: annotated({ 'flagger.app/rollback': 'true' }), state: progressing(20) },
    'warn',
    'Rolling back api.test annotation flagger.app/rollback=true'
  ],
  ['the threshold', { state: progressing(20, 2) }, 'error', 'Rolling back api.test failed checks threshold reached 2'],
  [
    'pods that never come (nothing is told of them by Flagger)',
    { state: progressing(20), cluster: { target: stuck, now: 700_000 } },
    'error',
    'Rolling back api.test progress deadline exceeded 600s'
  ],
  [
    'a promotion that fails',
    {
      state: { ...progressing(40), phase: 'promoting', iterations: 0 },
      cluster: { primary: { ...stuck, metadata: { name: 'api-primary', namespace: 'test', generation: 1 } }, now: 700_000 }
    },
    'error',
    'Promotion of api.test failed'
  ],
  [
    'success',
    { state: { ...STANDING, applied: REVISION, phase: 'finalising' } },
    'info',
    'Canary analysis completed successfully, promotion finished.'
  ],
  [
    'success without analysis',
    { canary: canaryOf({}, { skipAnalysis: true }), state: progressing(0) },
    'info',
    'Canary analysis was skipped, promotion finished.'
  ],
  [
    'a revision that is taken back',
    { state: { ...progressing(20), promoted: REVISION, applied: 's1-other' } },
    'info',
    'The new revision of api.test was withdrawn, all traffic goes to the primary'
  ]
])('%s is told', (_, given, severity, message) => {
  const alert = told(given)
  expect(alert).toMatchObject({ severity, message: expect.stringContaining(message) })
})

test.each<readonly [string, Given]>([
  ['a step', { state: progressing(20), answers: [YES] }],
  ['a failed check', { state: progressing(20), answers: [{ kind: 'no', because: 'success rate 90.00% < 99%' }] }],
  ['a Canary at rest', { state: { ...STANDING, applied: REVISION, promoted: REVISION, phase: 'succeeded' } }],
  ['a restart', { state: { ...progressing(20), applied: 's1-other' } }],
  [
    'a muted gate',
    {
      canary: canaryOf({ webhooks: [{ ...hookOf('confirm-rollout'), muteAlert: true }] }),
      state: { ...STANDING, phase: 'succeeded' },
      answers: [NO]
    }
  ],
  [
    'a muted traffic gate',
    { canary: canaryOf({ webhooks: [{ ...hookOf('confirm-traffic-increase'), muteAlert: true }] }), state: progressing(0), answers: [NO] }
  ]
])('%s is not told', (_, given) => {
  expect(told(given)).toBeUndefined()
})

test('the beginning has the plan in its fields, all have image and revision, a failure its cause', () => {
  expect(told({ state: { ...STANDING, phase: 'initialized' } })?.fields).toEqual([
    { name: 'Target', value: 'Deployment/api.test' },
    { name: 'Failed checks threshold', value: '2' },
    { name: 'Progress deadline', value: '600s' },
    { name: 'Traffic routing', value: 'Weight step: 20 max: 40' },
    { name: 'Image', value: 'api:2' },
    { name: 'Revision', value: REVISION }
  ])
  expect(told({ state: { ...progressing(20, 2), because: 'request duration 2s > 500ms' } })?.fields).toEqual([
    { name: 'Cause', value: 'request duration 2s > 500ms' },
    { name: 'Image', value: 'api:2' },
    { name: 'Revision', value: REVISION }
  ])
})

test.each<readonly [Record<string, unknown>, string]>([
  [{ stepWeight: undefined, maxWeight: undefined, stepWeights: [1, 10, 50] }, 'Weight steps: 1,10,50 max: 50'],
  [{ stepWeight: 50, maxWeight: undefined }, 'Weight step: 50 max: 100'],
  [{ iterations: 3, stepWeight: undefined, maxWeight: undefined }, 'Blue/Green'],
  [{ iterations: 3, stepWeight: undefined, maxWeight: undefined, match: [{ headers: { x: { exact: 'y' } } }] }, 'A/B Testing']
])('the routing of %j is called %s', (analysis, routing) => {
  const alert = told({ canary: canaryOf(analysis), state: { ...STANDING, phase: 'initialized' } })
  expect(alert?.fields).toContainEqual({ name: 'Traffic routing', value: routing })
})

test('weights that the traffic asks for are not called those of the Canary', () => {
  const canary = canaryOf()
  const auto = { ...canary, metadata: { ...canary.metadata, annotations: { 'serin.dev/pace': 'evidence, ladder=auto' } } }
  const alert = told({ canary: auto, state: { ...STANDING, phase: 'initialized' } })
  expect(alert?.fields).toContainEqual({ name: 'Traffic routing', value: 'Weight as the traffic allows max: 50' })
})

test("entries hear their severity and above; an unset one is info, its namespace the Canary's", () => {
  const canary = canaryOf({
    alerts: [
      { name: 'all', providerRef: { name: 'dev' } },
      { name: 'bad', severity: 'error', providerRef: { name: 'on-call', namespace: 'ops' } }
    ]
  })
  expect(alertEntries(canary)).toEqual([
    { name: 'all', severity: 'info', provider: { name: 'dev', namespace: 'test' } },
    { name: 'bad', severity: 'error', provider: { name: 'on-call', namespace: 'ops' } }
  ])
  const severities: readonly Severity[] = ['info', 'warn', 'error']
  expect(severities.map((entry) => severities.filter((alert) => hears(entry, alert)))).toEqual([
    ['info', 'warn', 'error'],
    ['warn', 'error'],
    ['error']
  ])
})

const PACED = annotated({ 'serin.dev/pace': 'evidence' })
const ASKING: RevisionEvidence = {
  kind: 'hold',
  outcome: 'no-data',
  weight: 20,
  sentence: 'Holding at 20 %: 3 v2 requests in 10 min are too few to exclude +1 point.',
  reason: 'unproven',
  revision: REVISION,
  news: false
}

test('what the gate asks people is told once for a weight, in its words', () => {
  const cluster = { evidence: ASKING, lookedAt: 0 }
  const alert = told({ canary: PACED, state: progressing(20), cluster, answers: [YES] })
  expect(alert).toMatchObject({ severity: 'warn', message: ASKING.sentence })
  expect(told({ canary: PACED, state: { ...progressing(20), asks: 'before' }, cluster, answers: [YES] })).toBeUndefined()
})

test('traffic that is taken off a canary without blame is told in the words of the gate', () => {
  const evidence: RevisionEvidence = {
    ...ASKING,
    kind: 'retreat',
    sentence: 'Traffic taken off v2: no counts of it for 60 s; not blamed on it.'
  }
  expect(told({ state: progressing(20), cluster: { evidence } })).toMatchObject({ severity: 'warn', message: evidence.sentence })
})

test('a rollback on evidence is told with the sentence of the gate as its cause', () => {
  const evidence: RevisionEvidence = { ...ASKING, kind: 'rollback', outcome: 'fail', sentence: 'v2 rolled back after 12 s at 20 %.' }
  const alert = told({ state: { ...progressing(20, 2), because: evidence.sentence }, cluster: { evidence } })
  expect(alert).toMatchObject({ severity: 'error', message: 'Rolling back api.test on evidence' })
  expect(alert?.fields[0]).toEqual({ name: 'Cause', value: evidence.sentence })
})
