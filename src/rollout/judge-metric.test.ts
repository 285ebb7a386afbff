import { expect, test } from 'vitest'
import type { Answer, MetricQuestion } from './ask.ts'
import { haltText, judgeMetric, type Measurement, shownDuration } from './judge-metric.ts'
import { metricChecksOf, modelOf } from '../canary/metric-checks.ts'

function question(metric: Record<string, unknown>): MetricQuestion {
  const [check] = metricChecksOf([metric], 'test')
  if (check === undefined) throw new Error('no check')
  const names = { name: 'api', namespace: 'test', target: 'api', service: 'api', ingress: 'api', route: 'api' }
  return { kind: 'metric', check, workload: 'api', namespace: 'test', model: modelOf(check, names), metricsServer: undefined }
}

const rate = (min: number): MetricQuestion => question({ name: 'request-success-rate', thresholdRange: { min } })
const duration = (max: number): MetricQuestion => question({ name: 'request-duration', thresholdRange: { max } })
const custom = (range: unknown): MetricQuestion => question({ name: 'errors', query: 'q', thresholdRange: range })
const value = (number: number): Measurement => ({ kind: 'value', value: number })
const words = (answer: Answer): string =>
  answer.kind === 'yes' ? 'yes' : `${answer.kind === 'no' ? 'no' : answer.cause}: ${answer.because}`

test.each([
  [rate(99), 99, 'yes'],
  [rate(99), 100.000_000_1, 'yes'],
  [rate(99), 98.999, 'no: success rate 99.00% < 99%'],
  [rate(99), 90, 'no: success rate 90.00% < 99%'],
  [rate(99), 0, 'no: success rate 0.00% < 99%'],
  [duration(500), 500.9, 'yes'],
  [duration(500), 515, 'no: request duration 515ms > 500ms'],
  [duration(500.7), 501, 'no: request duration 501ms > 500ms'],
  [duration(500), 1500, 'no: request duration 1.5s > 500ms'],
  [custom({ max: 1 }), 1, 'yes'],
  [custom({ max: 1 }), 1.25, 'no: errors 1.25 > 1'],
  [custom({ min: 2.5 }), -3, 'no: errors -3.00 < 2.5'],
  [custom({}), 1e9, 'yes']
])('%j with %d is %s', (asked, number, expected) => {
  expect(words(judgeMetric(asked, value(number), 'hold'))).toBe(expected)
})

test.each([
  [rate(99), 250, 'no-data: not enough data: metric request-success-rate is 250, which is not a percentage'],
  [rate(0), -1, 'no-data: not enough data: metric request-success-rate is -1, which is not a percentage'],
  [rate(99), Infinity, 'no-data: not enough data: metric request-success-rate is +Inf, which is not a number to compare'],
  [duration(500), -5, 'no-data: not enough data: metric request-duration is -5, which is not a duration'],
  [custom({ min: 1 }), Infinity, 'no-data: not enough data: metric errors is +Inf, which is not a number to compare'],
  [custom({ max: 1 }), -Infinity, 'no-data: not enough data: metric errors is -Inf, which is not a number to compare'],
  [custom({ max: 1 }), NaN, 'no-data: no values found for custom metric: errors']
])('%j with the absurd %d neither passes nor fails', (asked, number, expected) => {
  expect(words(judgeMetric(asked, value(number), 'hold'))).toBe(expected)
})

test('no data holds, or fails where the Canary says so; a source that is down or cannot be asked always holds', () => {
  expect(judgeMetric(rate(99), { kind: 'no-data' }, 'hold').kind).toBe('unknown')
  expect(judgeMetric(rate(99), { kind: 'no-data' }, 'fail').kind).toBe('no')
  expect(judgeMetric(rate(99), value(NaN), 'fail').kind).toBe('no')
  expect(judgeMetric(rate(99), { kind: 'down', because: 'x' }, 'fail').kind).toBe('unknown')
  expect(judgeMetric(rate(99), { kind: 'misconfigured', because: 'x' }, 'fail').kind).toBe('unknown')
})

test('the words say which of the outcomes it is', () => {
  expect(words(judgeMetric(custom({}), { kind: 'down', because: 'connect refused' }, 'hold'))).toBe(
    'down: provider down: metric errors could not be read: connect refused'
  )
  expect(words(judgeMetric(custom({}), { kind: 'misconfigured', because: 'no template' }, 'hold'))).toBe(
    'down: metric errors cannot be asked: no template'
  )
  expect(words(judgeMetric(custom({}), { kind: 'no-data', because: 'empty' }, 'hold'))).toBe(
    'no-data: no values found for custom metric: errors: empty'
  )
})

test('missing data is told in the words that users of Flagger search for', () => {
  const answer = judgeMetric(rate(99), { kind: 'no-data' }, 'hold')
  expect(haltText('api.test', answer.kind === 'yes' ? '' : answer.because)).toBe(
    'Halt advancement no values found for istio metric request-success-rate probably api.test is not receiving traffic'
  )
  expect(haltText('api.test', 'success rate 90.00% < 99%')).toBe('Halt api.test advancement success rate 90.00% < 99%')
})

test.each([
  [500, '500ms'],
  [1500, '1.5s'],
  [90_000, '1m30s'],
  [3_660_000, '1h1m0s']
])('%d ms is shown as %s', (ms, shown) => {
  expect(shownDuration(ms)).toBe(shown)
})
