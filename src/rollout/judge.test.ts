import { expect, test } from 'vitest'
import type { MetricQuestion } from './ask.ts'
import type { MetricCheck } from './plan.ts'
import { haltText, judgeHook, judgeMetric, shownDuration } from './judge.ts'

const question = (check: MetricCheck): MetricQuestion => ({ kind: 'metric', check, workload: 'api', namespace: 'test' })
const rate = (min: number): MetricQuestion => question({ metric: 'request-success-rate', interval: 1, min, max: undefined })
const duration = (max: number): MetricQuestion => question({ metric: 'request-duration', interval: 1, min: undefined, max })

test.each([
  [rate(99), 99, 'yes'],
  [rate(99), 98.999, 'success rate 99.00% < 99%'],
  [rate(99), 90, 'success rate 90.00% < 99%'],
  [rate(99), 0, 'success rate 0.00% < 99%'],
  [duration(500), 500.9, 'yes'],
  [duration(500), 515, 'request duration 515ms > 500ms'],
  [duration(500.7), 501, 'request duration 501ms > 500ms'],
  [duration(500), 1500, 'request duration 1.5s > 500ms']
])('%j with %d is %s', (asked, value, expected) => {
  const answer = judgeMetric(asked, { kind: 'value', value }, 'hold')
  expect(answer.kind === 'yes' ? 'yes' : answer.because).toBe(expected)
})

test('no data holds, or fails where the Canary says so; a source that is down always holds', () => {
  expect(judgeMetric(rate(99), { kind: 'no-data' }, 'hold').kind).toBe('unknown')
  expect(judgeMetric(rate(99), { kind: 'no-data' }, 'fail').kind).toBe('no')
  expect(judgeMetric(rate(99), { kind: 'down', because: 'x' }, 'fail').kind).toBe('unknown')
})

test('missing data is told in the words that users of Flagger search for', () => {
  const answer = judgeMetric(rate(99), { kind: 'no-data' }, 'hold')
  expect(haltText('api.test', answer.kind === 'yes' ? '' : answer.because)).toBe(
    'Halt advancement no values found for istio metric request-success-rate probably api.test is not receiving traffic'
  )
  expect(haltText('api.test', 'success rate 90.00% < 99%')).toBe('Halt api.test advancement success rate 90.00% < 99%')
})

test.each([
  [200, '', { kind: 'yes' }],
  [204, '', { kind: 'yes' }],
  [400, 'metadata not found in payload\n', { kind: 'no', because: '400: metadata not found in payload' }],
  [500, '', { kind: 'no', because: '500' }],
  [302, '', { kind: 'no', because: '302' }]
])('a webhook that answers %d %j', (status, body, answer) => {
  expect(judgeHook({ kind: 'answered', status, body })).toEqual(answer)
})

test('a webhook without an answer is refused with the reason', () => {
  expect(judgeHook({ kind: 'unreachable', because: 'connect refused' })).toEqual({ kind: 'no', because: 'connect refused' })
})

test.each([
  [500, '500ms'],
  [1500, '1.5s'],
  [90_000, '1m30s'],
  [3_660_000, '1h1m0s']
])('%d ms is shown as %s', (ms, shown) => {
  expect(shownDuration(ms)).toBe(shown)
})
