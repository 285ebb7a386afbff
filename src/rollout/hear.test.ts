import { expect, test } from 'vitest'
import { tickOf } from '../../test/rollout-objects.ts'
import type { Answer, Question } from './ask.ts'
import { hear } from './hear.ts'

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
