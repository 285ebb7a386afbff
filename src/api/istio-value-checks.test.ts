import { expect, test } from 'vitest'
import {
  checkDuration,
  checkDurationOrZero,
  checkExportTo,
  checkFraction,
  checkLabels,
  checkNotNegative,
  checkPercent,
  checkPort,
  checkPortSelector,
  checkRegex,
  checkSelector,
  checkStatus,
  checkStringMatch,
  regexProblem
} from './istio-value-checks.ts'

test.each([
  ['1ms', true],
  ['1.001s', true],
  ['0.25s', true],
  ['100h', true],
  ['0s', false],
  ['0.9ms', false],
  ['1.5ms', false],
  ['30.000000005s', false],
  ['-1s', false],
  ['soon', false],
  ['10', false],
  [undefined, true]
])('a duration %s is taken: %s', (text, taken) => {
  expect(checkDuration(text, 'spec.timeout').length === 0).toBe(taken)
})

test('some timers may be 0', () => {
  expect(checkDurationOrZero('0s', 'p')).toEqual([])
  expect(checkDurationOrZero('0.1ms', 'p')).toHaveLength(1)
})

test('numbers have their bounds', () => {
  expect([0, 1, 65535, 65536].map((port) => checkPort(port, 'p').length)).toEqual([1, 0, 0, 1])
  expect([checkPortSelector(undefined, 'p'), checkPortSelector({ number: 80 }, 'p')]).toEqual([[], []])
  expect(checkPortSelector({}, 'p')).toMatchObject([{ path: 'p.number', message: 'port number 0 must be in the range 1..65535' }])
  expect([0, 0.0001, 0.00009, 100, 100.1, -1].map((value) => checkFraction({ value }, 'p').length)).toEqual([0, 0, 1, 0, 1, 1])
  expect([-1, 0, 100, 101].map((value) => checkPercent(value, 'p').length)).toEqual([1, 0, 0, 1])
  expect([199, 200, 600, 601].map((status) => checkStatus(status, 'p').length)).toEqual([1, 0, 0, 1])
  expect([-1, 0, undefined].map((value) => checkNotNegative(value, 'p', 'it').length)).toEqual([1, 0, 0])
})

test('expressions are those of RE2, not empty and not longer than 1024', () => {
  expect(regexProblem('a.*')).toBeUndefined()
  expect(regexProblem('(?=x)')).toContain('invalid')
  expect(checkRegex('', 'p', 'uri')).toMatchObject([{ code: 'bad-regex', message: '"uri": regex string match should not be empty' }])
  expect([checkRegex('a'.repeat(1024), 'p', 'uri').length, checkRegex('a'.repeat(1025), 'p', 'uri').length]).toEqual([0, 1])
})

test('a text test may be for an empty text, not for an empty prefix', () => {
  expect([{ exact: '' }, {}, null, undefined].map((match) => checkStringMatch(match, 'p', 'f').length)).toEqual([0, 0, 0, 0])
  expect([{ prefix: '' }, { regex: '' }, { regex: '*' }].map((match) => checkStringMatch(match, 'p', 'f').length)).toEqual([1, 1, 1])
})

test('labels are as Kubernetes has them; selectors have no stars', () => {
  expect(checkLabels({ 'a.example/b': 'c', d: '' }, 'p')).toEqual([])
  expect(checkLabels({ 'A_/b': 'c', '/x': 'y', e: '-', '': 'x' }, 'p')).toHaveLength(4)
  expect(checkSelector({}, 'p')).toMatchObject([{ severity: 'warning' }])
  expect(checkSelector({ a: 'b' }, 'p')).toEqual([])
  expect(checkSelector({ 'a*': 'b', c: '*', '': 'd' }, 'p')).toHaveLength(3)
})

test.each([
  [undefined, 'other', 0],
  [['.'], 'other', 0],
  [['*'], 'other', 0],
  [['a', 'b'], 'other', 0],
  [['~'], 'service-entry', 0],
  [['~'], 'other', 1],
  [['~', 'a'], 'service-entry', 1],
  [['*', 'a'], 'other', 1],
  [['.', 'shop'], 'other', 1],
  [['a', 'a'], 'other', 1],
  [['A.b'], 'other', 1]
] as const)('exported to %o, a %s has %i faults', (exportTo, kind, faults) => {
  expect(checkExportTo(exportTo, 'shop', kind)).toHaveLength(faults)
})
