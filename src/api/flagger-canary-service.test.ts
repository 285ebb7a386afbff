import { expect, test } from 'vitest'
import { canaryService } from './flagger-canary-service.ts'
import { validate } from './validate.ts'

test.each([
  ['a port is enough', canaryService, { port: 80, targetPort: 'http' }, []],
  ['a port is needed', canaryService, {}, ['port']],
  [
    'an allowed origin has one form',
    canaryService,
    { port: 80, corsPolicy: { allowOrigins: [{}] } },
    ['<nil>', 'corsPolicy.allowOrigins[0].exact']
  ],
  ['a balancer is simple or by hash', canaryService, { port: 80, trafficPolicy: { loadBalancer: { simple: 'RANDOM' } } }, []]
])('%s', (_, schema, value, fields) => {
  expect(validate(schema, value, 'built-in').map((cause) => cause.field)).toEqual(fields)
})
