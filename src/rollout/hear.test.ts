import { expect, test } from 'vitest'
import { tickOf } from '../../test/rollout-objects.ts'
import type { Answer, Question } from './ask.ts'
import { hear, type Heard } from './hear.ts'
import { metricChecksOf, modelOf } from '../canary/metric-checks.ts'
import type { Plan } from '../canary/plan.ts'

const put: Question['put'] = { kind: 'provider', checks: [] }
const yes: Answer = { kind: 'yes' }
const no: Answer = { kind: 'no', because: 'x' }

test.each<readonly [Question['about'], Answer, string]>([
  ['rollback', yes, 'roll-back'],
  ['rollback', no, 'passed'],
  ['start', no, 'failed'],
  ['load', no, 'failed'],
  ['metric', no, 'failed'],
  ['metric', { kind: 'unknown', cause: 'down', because: 'x' }, 'held'],
  ['approval', no, 'gated'],
  ['traffic', no, 'gated'],
  ['promotion', no, 'gated'],
  ['promotion', yes, 'passed']
])('%s answered %j is %s', (about, answer, verdict) => {
  expect(hear(tickOf({ kind: 'start' }, [{ about, put, stopAt: 'no' }], [answer])).verdict).toBe(verdict)
})

test('no questions pass, unanswered ones hold', () => {
  expect(hear(tickOf({ kind: 'start' })).verdict).toBe('passed')
  expect(hear(tickOf({ kind: 'start' }, [{ about: 'metric', put, stopAt: 'no' }])).verdict).toBe('held')
})

const metric = (name: string, stopAt: Question['stopAt']): Question => {
  const [check] = metricChecksOf([{ name, query: 'q' }], 'test')
  if (check === undefined) throw new Error('no check')
  const names = { name: 'api', namespace: 'test', target: 'api', service: 'api', ingress: 'api', route: 'api' }
  const asked = { workload: 'api', namespace: 'test', model: modelOf(check, names), metricsServer: undefined }
  return { about: 'metric', put: { kind: 'metric', check, ...asked }, stopAt }
}

function heard(onFailure: Plan['onFailure'], ...answers: readonly Answer[]): Heard {
  const tick = tickOf({ kind: 'start' }, [metric('a', 'never'), metric('b', 'no')], answers)
  return hear({ ...tick, finding: { ...tick.finding, plan: { ...tick.finding.plan, onFailure } } })
}

test('a failed check says what the Canary wants of its failure', () => {
  expect(heard({ a: 'revert' }, no)).toMatchObject({ verdict: 'failed', check: 'a', response: 'revert', because: 'x' })
  expect(heard({}, no)).toMatchObject({ verdict: 'failed', check: 'a', response: 'count' })
})

test('one that only holds does so, unless another one fails', () => {
  expect(heard({ a: 'hold' }, no, yes)).toMatchObject({ verdict: 'held', because: 'x' })
  expect(heard({ a: 'hold' }, no, { kind: 'no', because: 'y' })).toMatchObject({ verdict: 'failed', check: 'b', because: 'y' })
  expect(heard({ a: 'hold' }, { kind: 'unknown', cause: 'down', because: 'z' }, no)).toMatchObject({ verdict: 'failed', check: 'b' })
})

test.each([
  ['403', ''],
  ['403: closed', ''],
  ['500: no', ': 500: no'],
  [
    '169.254.169.254 is a link-local or metadata address, which is not called',
    ': 169.254.169.254 is a link-local or metadata address, which is not called'
  ]
])('a rollback hook that answers %j is told as no%s', (because, why) => {
  const hook = {
    name: 'gate',
    type: 'rollback',
    url: 'http://x',
    timeout: 1,
    retries: 0,
    disableTls: false,
    muteAlert: false,
    metadata: undefined
  } as const
  const payload = { name: 'api', namespace: 'test', phase: 'Progressing', checksum: '1' }
  const asked: Question = { about: 'rollback', put: { kind: 'hook', hook, payload }, stopAt: 'yes' }
  const { told } = hear(tickOf({ kind: 'start' }, [asked], [{ kind: 'no', because }]))
  expect(told).toEqual([
    { kind: 'event', type: 'Normal', message: `Rollback hook gate not signaling a rollback${why}`, phase: 'progressing' }
  ])
})
