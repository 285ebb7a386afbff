import { expect, test } from 'vitest'
import { canaryAnalysis } from './flagger-canary-analysis.ts'
import { validate } from './validate.ts'

test.each([
  ['a step weight is a plan', canaryAnalysis, { interval: '1m', threshold: 5, stepWeight: 10, maxWeight: 50 }, []],
  ['two plans are refused', canaryAnalysis, { interval: '1m', threshold: 5, stepWeight: 10, iterations: 10 }, ['<nil>']],
  ['an interval is in minutes or seconds', canaryAnalysis, { interval: '1h', threshold: 5, iterations: 1 }, ['interval']],
  [
    'hooks have known types',
    canaryAnalysis,
    { interval: '1m', threshold: 5, iterations: 1, webhooks: [{ name: 'a', url: 'http://a', type: 'later' }] },
    ['webhooks[0].type']
  ]
])('%s', (_, schema, value, fields) => {
  expect(validate(schema, value, 'built-in').map((cause) => cause.field)).toEqual(fields)
})
