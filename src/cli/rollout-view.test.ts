import { expect, test } from 'vitest'
import { canaryOf, configMapOf, deploymentOf, hookOf, REVISION } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { planOf } from '../canary/plan.ts'
import { virtualServiceWrites } from '../objects/render-virtual-service.ts'
import { REQUESTS } from '../rollout/requests.ts'
import type { ReleaseFacts } from './release-facts.ts'
import { releaseRows } from './release-view.ts'
import { factsOf, hasEnded } from './rollout-facts.ts'
import { blockOf, changeLine, dataText, tableOf } from './rollout-view.ts'

const NOW = Date.UTC(2026, 10, 22, 12, 0, 0)
const STATUS = {
  phase: 'Progressing',
  canaryWeight: 20,
  failedChecks: 1,
  iterations: 0,
  lastAppliedSpec: REVISION,
  lastPromotedSpec: 's1-old',
  lastTransitionTime: '2026-11-22T11:59:56Z',
  conditions: [
    {
      type: 'Promoted',
      status: 'Unknown',
      reason: 'Progressing',
      message: 'New revision detected, progressing canary analysis. Last failed check: success rate 90.00% < 99%'
    }
  ]
}

function given(status: object = {}, metadata: object = {}, canary: KubeObject = canaryOf()): KubeObject {
  return {
    ...canary,
    metadata: { ...canary.metadata, creationTimestamp: '2026-11-22T11:00:00Z', ...metadata },
    status: { ...STATUS, ...status }
  }
}

const target = deploymentOf('api:2')
const lines = (canary: KubeObject): readonly string[] => blockOf(factsOf(canary, target), NOW).map(({ text }) => text)

test('steps are those of the pace that a ConfigMap says', () => {
  const canary = given({}, { annotations: { 'serin.dev/gate-config': 'rules' } }, canaryOf({ stepWeight: undefined }))
  const object = configMapOf('rules', { pace: 'evidence' })
  expect([factsOf(canary, target).steps, factsOf(canary, target, { gateConfig: { kind: 'found', object } }).steps]).toEqual([1, 3])
})

test('one Canary is shown with all that one asks', () => {
  expect(lines(given())).toEqual([
    'canary test/api: Progressing',
    '  Target:        deployment/api, weighted, a look every 10s',
    '  Weight:        primary 80 %, canary 20 %',
    '  Step:          1 of 2',
    '  Failed checks: 1 of 2',
    '  Cause:         success rate 90.00% < 99%',
    '  Next look:     in 6s',
    '  Age:           60m',
    '  Changed:       4s ago',
    '  Condition:     Promoted=Unknown Progressing: New revision detected, progressing canary analysis. Last failed check: success rate 90.00% < 99%'
  ])
})

test('what was asked is waited for until the status has it, though the annotation goes later', () => {
  const asked = { annotations: { [REQUESTS.abort]: 'true' } }
  expect(factsOf(given({}, asked), target).waitingFor).toBe('abort, as asked')
  expect(factsOf(given({ phase: 'Failed', canaryWeight: 0 }, asked), target).waitingFor).toBeNull()
  expect(factsOf(given({ phase: 'Failed', canaryWeight: 100 }, asked), target).waitingFor).toBe('abort, as asked')
  const promoted = { annotations: { [REQUESTS.promote]: 'true' } }
  expect(factsOf(given({ phase: 'Promoting' }, promoted), target).waitingFor).toBe('promote, as asked')
  expect(factsOf(given({ phase: 'Succeeded' }, promoted), target).waitingFor).toBeNull()
})

test('what the gate cannot prove is for people to decide', () => {
  const message =
    'New revision detected, progressing canary analysis. Needs a decision: Holding at 20 %: 3 v2 requests in 10 min are too few.'
  const asking = given({ failedChecks: 0, conditions: [{ type: 'Promoted', status: 'Unknown', reason: 'Progressing', message }] })
  expect(factsOf(asking, target)).toMatchObject({ outcome: 'waiting', cause: null })
  expect(lines(asking)).toContain(
    '  Waiting for:   a decision (serin promote, or serin abort): Holding at 20 %: 3 v2 requests in 10 min are too few.'
  )
})

test('who is waited for is named', () => {
  const gated = canaryOf({ webhooks: [hookOf('confirm-promotion')] })
  const waiting = given({ phase: 'WaitingPromotion' }, {}, gated)
  expect(lines(waiting)).toContain('  Waiting for:   approval to promote (confirm-promotion, or serin promote)')
  expect(factsOf(waiting, target).outcome).toBe('waiting')
  const paused = given({}, { annotations: { [REQUESTS.pause]: 'true' } })
  expect(changeLine(factsOf(paused, target))).toBe(
    'test/api Progressing weight=20 step=1/2 failed=1/2 waiting for serin resume: it is paused'
  )
  expect([hasEnded(factsOf(paused, target), 'goes on'), hasEnded(factsOf(paused, target), 'ends')]).toEqual([false, true])
})

test('many are a table, wide with why', () => {
  const all = [given(), given({ phase: 'Succeeded', canaryWeight: 0, failedChecks: 0 }, { name: 'other-one', namespace: 'x' })].map(
    (each) => factsOf(each, target)
  )
  expect(tableOf(all, NOW, 'narrow').map(({ text }) => text)).toEqual([
    'NAMESPACE   NAME        STATUS        WEIGHT   STEP   FAILED   AGE',
    'test        api         Progressing   20       1/2    1/2      60m',
    'x           other-one   Succeeded     0        2/2    0/2      60m'
  ])
  expect(tableOf(all, NOW, 'wide')[1]?.text).toContain('weighted   10s        4s        success rate 90.00% < 99%')
})

test.each<readonly [string, object, KubeObject | undefined, string]>([
  ['a success of this revision', { phase: 'Succeeded' }, target, 'succeeded'],
  ['a success of the revision before', { phase: 'Succeeded' }, deploymentOf('api:3'), 'running'],
  ['a failure of the revision before', { phase: 'Failed' }, deploymentOf('api:3'), 'running'],
  ['a failure of this revision', { phase: 'Failed' }, target, 'failed'],
  ['a hash of Flagger, which says nothing', { phase: 'Succeeded', lastAppliedSpec: '5d9f' }, deploymentOf('api:3'), 'succeeded'],
  ['a target that may not be read', { phase: 'Succeeded' }, undefined, 'succeeded'],
  ['a failure that is to be retried', { phase: 'Failed', lastAppliedSpec: 's1-retry' }, target, 'running'],
  ['a target that was taken back', { phase: 'Failed', lastPromotedSpec: REVISION, lastAppliedSpec: 's1-bad' }, target, 'failed'],
  ['a rollout on its way', {}, target, 'running']
])('%s is %4$s', (_, status, deployment, outcome) => {
  expect(factsOf(given(status), deployment).outcome).toBe(outcome)
})

test('a suspended Canary has no end, and one without a status is pending', () => {
  expect(factsOf(given({}, {}, canaryOf({}, { suspend: true })), target).outcome).toBe('suspended')
  expect(factsOf(canaryOf(), target)).toMatchObject({ phase: 'Pending', outcome: 'running', changedAt: null })
})

test('iterations are steps, and copies are named', () => {
  const facts = factsOf(given({ canaryWeight: 0, iterations: 3 }, {}, canaryOf({ stepWeight: 0, iterations: 5, mirror: true })), target)
  expect(facts).toMatchObject({ step: 3, steps: 5, strategy: 'blue-green', weight: { canary: 0, mirrored: true } })
})

test('who changed the routes, and what he can do, is shown beside one Canary', () => {
  const canary = given()
  const [made] = virtualServiceWrites({ canary, plan: planOf(canary), routing: { kind: 'weights', canary: 50 }, cookies: {} }, undefined)
  const routes = made?.verb === 'create' ? made.object : canary
  const managedFields = [{ manager: 'argocd-controller', time: '2026-11-22T11:59:00Z', fieldsV1: { 'f:spec': { 'f:http': {} } } }]
  const facts = factsOf(canary, target, { routes: { ...routes, metadata: { ...routes.metadata, managedFields } } })
  expect(facts.routesChanged).toMatch(/^virtualservice api\.test was changed by argocd-controller \(git\) at .*weight 20 -> 50; leave this/)
  expect(blockOf(facts, NOW).map(({ text }) => text)).toContain(`  Routes:        ${facts.routesChanged}`)
})

test('control characters of strangers reach neither terminal nor programs', () => {
  const evil = given(
    { conditions: [{ ...STATUS.conditions[0], message: 'x Last failed check: \u001B[31mred\u202E\u009Bz' }] },
    { name: 'a\u001B]0;x\u0007' }
  )
  const facts = factsOf(evil, target)
  const all = [...blockOf(facts, NOW), ...tableOf([facts], NOW, 'wide')].map(({ text }) => text)
  for (const text of [
    ...all,
    changeLine(facts),
    dataText(facts, 'json line'),
    dataText([facts], 'yaml').replaceAll('\n', ' '),
    dataText(facts, 'json').replaceAll('\n', ' ')
  ]) {
    expect(text).not.toMatch(/[\u0000-\u001F\u007F-\u009F\u202A-\u202E]/)
  }
  expect((JSON.parse(dataText(facts, 'json')) as { readonly cause: string }).cause).toBe('\u001B[31mred\u202E\u009Bz')
})

const RELEASE: ReleaseFacts = {
  name: 'api-1',
  outcome: 'succeeded',
  revision: 's1-1',
  images: [],
  attempts: 1,
  startedAt: null,
  endedAt: null,
  because: null,
  evidence: null,
  exposure: null,
  chart: null,
  stages: [],
  requests: [],
  checks: []
}

test('checks that cannot see what they are for at the traffic that was seen are named', () => {
  const facts = factsOf(given(), target)
  const traffic = { rate: 4, history: { requests: 10_000, bad: 50, dispersion: 1 } }
  expect(facts.weak).toEqual([])
  const text = blockOf(factsOf(given(), target, { seen: { traffic, asked: {} } }), NOW).map((line) => line.text)
  expect(text.filter((line) => line.startsWith('  Warning:'))).toEqual([
    '  Warning:       spec.analysis.metrics[0] its bound of 99 % is within 3 standard errors of what stable does (99.5 % of about 48 requests, 20 % of 4 requests a second for 1m): a canary as good as stable misses it in about 1 of 4.7 looks'
  ])
})

test('what a release has cost is a line of its own', () => {
  const exposure = { requests: 12_345, failed: 60, excess: 41, users: 1, errorBudget: 0.21 }
  const texts = (part: Partial<typeof exposure>): readonly string[] =>
    releaseRows({ ...RELEASE, exposure: { ...exposure, ...part } }).flatMap(([title, text]) => (title === 'Exposure' ? [text] : []))
  expect(texts({})).toEqual(['12,345 requests and 1 user met it; 60 failed, 41 because of it, 0.21 % of the error budget of 30 days'])
  expect(releaseRows(RELEASE).map(([title]) => title)).not.toContain('Exposure')
})
