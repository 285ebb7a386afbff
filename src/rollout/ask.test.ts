import { expect, test } from 'vitest'
import type { KubeObject } from '../api/object.ts'
import { type Answer, ask, nextQuestion } from './ask.ts'
import type { ClusterView } from './cluster-view.ts'
import { revisionOf } from './revision.ts'
import type { RolloutState, Standing } from './state.ts'

const template = { metadata: { labels: { app: 'api' } }, spec: { containers: [{ name: 'api', image: 'api:2' }] } }
const revision = revisionOf(template)
const READY = { observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 2 }
const hook = (type: string): unknown => ({ name: type, type, url: `http://hooks/${type}` })
const ALL_HOOKS = [
  'confirm-rollout',
  'pre-rollout',
  'rollout',
  'confirm-traffic-increase',
  'confirm-promotion',
  'post-rollout',
  'rollback'
].map(hook)

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
test.each<readonly [string, RolloutState, readonly string[]]>([
  ['first step', progressing(0), ['rollback', 'start', 'traffic']],
  ['middle', progressing(20), ['rollback', 'load', 'metric', 'traffic']],
  ['last rung', progressing(40), ['rollback', 'load', 'metric', 'traffic', 'promotion']],
  ['waiting for promotion', { ...progressing(40), phase: 'waiting-promotion', weight: 40 }, ['rollback', 'load', 'metric', 'promotion']],
  ['new revision', { phase: 'initialized', since: 0, applied: 's1-old', promoted: 's1-old', failedChecks: 0 }, ['approval']],
  ['promoting', { ...progressing(40), phase: 'promoting', weight: 40 }, []]
])('asks in the order of Flagger: %s', (_, state, abouts) => {
  expect(ask(canary({ webhooks: ALL_HOOKS }), state, cluster()).map(({ about }) => about)).toEqual(abouts)
})

test('asking stops at a refusal, and after an unknown answer only metrics go on', () => {
  const questions = ask(
    canary({ webhooks: ALL_HOOKS, metrics: [{ name: 'request-success-rate' }, { name: 'request-duration' }] }),
    progressing(20),
    cluster()
  )
  const about = (answers: readonly Answer[]): string | undefined => nextQuestion(questions, answers)?.about
  expect(about([])).toBe('rollback')
  expect(about([yes])).toBeUndefined()
  expect(about([no, no])).toBeUndefined()
  expect(about([no, yes, unknown])).toBe('metric')
  expect(about([no, yes, unknown, yes])).toBeUndefined()
  expect(about([no, yes, yes, yes])).toBe('traffic')
})
