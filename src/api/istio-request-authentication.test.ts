import { expect, test } from 'vitest'
import { requestAuthenticationSpec } from './istio-request-authentication.ts'
import { validate } from './validate.ts'

test.each([
  ['a rule with keys', { jwtRules: [{ issuer: 'a', jwks: '{}', fromHeaders: [{ name: 'x-token', prefix: 't ' }] }] }, []],
  ['an issuer is not empty', { jwtRules: [{ issuer: '' }] }, ['jwtRules[0].issuer']],
  ['a place has a name', { jwtRules: [{ fromHeaders: [{ prefix: 't ' }] }] }, ['jwtRules[0].fromHeaders[0].name']],
  [
    'a header is a name',
    { jwtRules: [{ outputClaimToHeaders: [{ header: 'a b', claim: 'c' }] }] },
    ['jwtRules[0].outputClaimToHeaders[0].header']
  ]
])('%s', (_, value, fields) => {
  expect(validate(requestAuthenticationSpec, value, 'built-in').map((cause) => cause.field)).toEqual(fields)
})
