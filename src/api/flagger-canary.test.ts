import { expect, test } from 'vitest'
import { canarySpec, canaryStatus } from './flagger-canary.ts'
import { validate } from './validate.ts'

test.each([
  ['target and analysis are needed', canarySpec, { service: { port: 80 } }, ['targetRef', 'analysis']],
  ['phases are known', canaryStatus, { phase: 'Resting' }, ['phase']],
  [
    'a condition has type, status and reason',
    canaryStatus,
    { phase: 'Succeeded', conditions: [{ type: 'Promoted' }] },
    ['conditions[0].reason', 'conditions[0].status']
  ]
])('%s', (_, schema, value, fields) => {
  expect(validate(schema, value, 'built-in').map((cause) => cause.field)).toEqual(fields)
})
