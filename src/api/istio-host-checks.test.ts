import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  checkDomain,
  checkGatewayNames,
  checkName,
  checkNamespaceName,
  domainProblem,
  hostsOverlap,
  isAddressOrRange,
  isDnsLabel,
  isIpAddress,
  isSubsetOf,
  nameProblem
} from './istio-host-checks.ts'

test.each([
  ['reviews', true, true],
  ['reviews.default.svc.cluster.local', true, true],
  ['a.example.', true, true],
  ['*', false, true],
  ['*.example', false, true],
  ['*-x.example', false, true],
  ['*x', false, true],
  ['1.2.3.4', false, false],
  ['a.*.example', false, false],
  ['a_b.example', false, false],
  ['-a.example', false, false],
  ['a..example', false, false],
  ['.', false, false],
  ['', false, false],
  [`${'a'.repeat(64)}.example`, false, false],
  [`${'a.'.repeat(128)}b`, false, false]
])('%s is a name: %s, a domain: %s', (text, name, domain) => {
  expect([nameProblem(text) === undefined, domainProblem(text) === undefined]).toEqual([name, domain])
  expect([checkName(text, 'p').length, checkDomain(text, 'p').length]).toEqual([name ? 0 : 1, domain ? 0 : 1])
})

test('labels, namespaces, addresses', () => {
  expect(['a', 'A-1', '-', 'a.b', 'a'.repeat(64)].map(isDnsLabel)).toEqual([true, true, false, false, false])
  expect(checkNamespaceName('a.b', 'p')).toHaveLength(1)
  expect(['1.2.3.4', '::1', 'a', '1.2.3.0/24'].map(isIpAddress)).toEqual([true, true, false, false])
  expect(isAddressOrRange('1.2.3.0/24')).toBe(true)
})

test.each([
  [['mesh'], []],
  [['shop/gate', 'gate'], []],
  [['gate.shop'], ['warning: using legacy gatewayname format "gate.shop"; prefer the <namespace>/<name> format: "shop/gate"']],
  [['./gate'], ['error: invalid value for namespace: "."']],
  [['/gate'], ['error: config namespace and gateway name cannot be empty']],
  [['shop/a.b'], ['error: invalid value for gateway name: "a.b"']],
  // Istio looks no further than the first name without a namespace.
  [['gate', './other'], []]
])('gateways %o: %o', (names, wanted) => {
  expect(checkGatewayNames(names, 'p').map(({ severity, message }) => `${severity}: ${message}`)).toEqual(wanted)
})

test.each([
  ['a.example', 'a.example', true],
  ['a.example', '*.example', true],
  ['*.a.example', '*.example', true],
  ['*.example', 'a.example', false],
  ['b.test', '*', true],
  ['a.example', '*.test', false]
])('%s is within %s: %s', (inner, outer, wanted) => {
  expect(isSubsetOf(inner, outer)).toBe(wanted)
})

test('overlap goes both ways, and what is within something overlaps it', () => {
  const host = fc.constantFrom('a.example', 'b.a.example', '*.example', '*.a.example', '*', 'a.test', '*.test')
  fc.assert(
    fc.property(host, host, (a, b) => {
      expect(hostsOverlap(a, b)).toBe(hostsOverlap(b, a))
      expect(!isSubsetOf(a, b) || hostsOverlap(a, b)).toBe(true)
    }),
    { seed: 42 }
  )
})
