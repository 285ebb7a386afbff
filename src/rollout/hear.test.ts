import { expect, test } from 'vitest'
import type { KubeObject } from '../api/object.ts'
import type { Answer, Question } from './ask.ts'
import { planOf } from './plan.ts'
import type { Situation } from './situation.ts'
import type { RolloutState } from './state.ts'
import type { Tick } from './tick.ts'
import { hear } from './hear.ts'

const canary: KubeObject = {
  apiVersion: 'flagger.app/v1beta1',
  kind: 'Canary',
  metadata: { name: 'api', namespace: 'test', uid: 'u' },
  spec: { targetRef: { kind: 'Deployment', name: 'api' }, service: { port: 80 }, analysis: { interval: '10s' } }
}
const none = { primary: undefined, apexService: undefined, canaryService: undefined, primaryService: undefined }
const state: RolloutState = { phase: 'progressing', since: 0, applied: 'a', promoted: 'b', failedChecks: 0, weight: 20 }

function tick(situation: Situation, questions: readonly Question[] = [], answers: readonly Answer[] = []): Tick {
  const rules = { canaryRule: undefined, primaryRule: undefined, virtualService: undefined }
  return {
    canary,
    cluster: { ...none, ...rules, now: 50_000, lookedAt: undefined, target: undefined },
    finding: { plan: planOf(canary), state, revision: 'c', dueAt: 0, situation },
    questions,
    answers
  }
}

const put: Question['put'] = { kind: 'provider' }
const yes: Answer = { kind: 'yes' }
const no: Answer = { kind: 'no', because: 'x' }

test.each<readonly [Question['about'], Answer, string]>([
  ['rollback', yes, 'roll-back'],
  ['rollback', no, 'passed'],
  ['start', no, 'failed'],
  ['load', no, 'failed'],
  ['metric', no, 'failed'],
  ['metric', { kind: 'unknown', because: 'x' }, 'held'],
  ['approval', no, 'gated'],
  ['traffic', no, 'gated'],
  ['promotion', no, 'gated'],
  ['promotion', yes, 'passed']
])('%s answered %j is %s', (about, answer, verdict) => {
  expect(hear(tick({ kind: 'start' }, [{ about, put, stopAt: 'no' }], [answer])).verdict).toBe(verdict)
})

test('no questions pass, unanswered ones hold', () => {
  expect(hear(tick({ kind: 'start' })).verdict).toBe('passed')
  expect(hear(tick({ kind: 'start' }, [{ about: 'metric', put, stopAt: 'no' }])).verdict).toBe('held')
})
