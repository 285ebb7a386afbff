import { expect, test } from 'vitest'
import { isWithoutSource, metricChecksOf, modelOf, responsesOf } from './metric-checks.ts'

const kinds = (...metrics: readonly unknown[]): readonly string[] =>
  metricChecksOf(metrics, 'test').map(({ kind, name }) => `${kind} ${name}`)

test('built-in checks and queries come first as listed, templates after them as listed', () => {
  const metrics = [
    { name: 'a', templateRef: { name: 'x' } },
    { name: 'request-duration', query: 'q', templateRef: { name: 'y' } },
    { name: 'b', query: 'q' },
    { name: 'request-success-rate' }
  ]
  expect(kinds(...metrics)).toEqual([
    'builtin request-duration',
    'query request-duration',
    'query b',
    'builtin request-success-rate',
    'template a',
    'template request-duration'
  ])
})

test('a metric with neither a known name nor a query nor a template has no source', () => {
  expect([{ name: 'x' }, { name: 'x', query: '' }, { name: 'x', templateRef: {} }].map(isWithoutSource)).toEqual([true, true, true])
  const sources = [{ name: 'request-duration' }, { name: 'x', query: 'q' }, { name: 'x', templateRef: { name: 't' } }]
  expect(sources.map(isWithoutSource)).toEqual([false, false, false])
})

test.each([
  [{ name: 'x', query: 'q', thresholdRange: { min: 1, max: 2 } }, 1, 2],
  [{ name: 'x', query: 'q', thresholdRange: {} }, undefined, undefined],
  [{ name: 'x', query: 'q', threshold: 5 }, undefined, 5],
  [{ name: 'x', query: 'q' }, undefined, 0],
  [{ name: 'request-success-rate', threshold: 99 }, 99, undefined],
  [{ name: 'request-success-rate' }, 0, undefined],
  [{ name: 'request-duration', threshold: 500 }, undefined, 500]
])('%j is held between %j and %j', (metric, min, max) => {
  expect(metricChecksOf([metric], 'test')[0]).toMatchObject({ min, max })
})

test('a template metric has a window of a minute unless it says otherwise, and the namespace of its Canary', () => {
  expect(metricChecksOf([{ name: 'x', templateRef: { name: 't' } }], 'test')[0]).toMatchObject({
    interval: 60_000,
    window: '1m',
    template: { name: 't', namespace: 'test' }
  })
  expect(metricChecksOf([{ name: 'x', interval: '1m30s', templateRef: { name: 't', namespace: 'infra' } }], 'test')[0]).toMatchObject({
    interval: 90_000,
    window: '1m30s',
    template: { name: 't', namespace: 'infra' }
  })
})

test('a query may ask for the names, the window and the variables of its metric', () => {
  const [check] = metricChecksOf([{ name: 'x', query: 'q', templateVariables: { code: 5 } }], 'test')
  const names = { name: 'c', namespace: 'test', target: 't', service: 's', ingress: 'i', route: 'r' }
  expect(check && modelOf(check, names)).toEqual({ ...names, interval: '1m', variables: { code: '5' } })
})

test('responses are read by name, and what is none is told', () => {
  expect(responsesOf(undefined)).toEqual({ responses: {}, problems: [] })
  expect(responsesOf(' errors=revert, slow calls = hold,x=step-back,y=to-zero,')).toEqual({
    responses: { errors: 'revert', 'slow calls': 'hold', x: 'step-back', y: 'to-zero' },
    problems: []
  })
  expect(responsesOf('errors=explode,nothing').problems).toEqual([
    '"errors=explode" is not CHECK=hold|step-back|to-zero|revert',
    '"nothing" is not CHECK=hold|step-back|to-zero|revert'
  ])
})
