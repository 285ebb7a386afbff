import { expect, test } from 'vitest'
import { validateIstio } from './istio-validate.ts'

function faults(rule: object, selector?: object): string[] {
  const spec = { jwtRules: [{ issuer: 'a', ...rule }], ...(selector === undefined ? {} : { selector }) }
  return validateIstio({ apiVersion: 'security.istio.io/v1', kind: 'RequestAuthentication', metadata: { name: 'a' }, spec }).map(
    ({ severity, path, message }) => `${severity} ${path}: ${message}`
  )
}

test.each([
  [{ jwks: '{"keys":[]}' }, []],
  [{ jwks: '{"kty":"RSA"}' }, []],
  [{ jwksUri: 'https://issuer.example.com/keys' }, []],
  [{ jwks: 'keys' }, ['error spec.jwtRules[0].jwks: cannot parse the JSON Web Key Set']],
  [{ jwks: '{}' }, ['error spec.jwtRules[0].jwks: cannot parse the JSON Web Key Set']],
  [{ jwksUri: 'https://' }, ['error spec.jwtRules[0].jwksUri: cannot parse the URL "https://"']]
])('%j', (rule, wanted) => {
  expect(faults(rule)).toEqual(wanted)
})

test('labels are real ones', () => {
  expect(faults({}, { matchLabels: { 'app*': 'a' } })).not.toEqual([])
})
