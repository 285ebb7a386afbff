import { expect, test } from 'vitest'
import { ruleFaults } from '../../test/istio-faults.ts'
import { checkDestination, checkDestinations, checkHttpRoute } from './istio-route-checks.ts'

const TO = 'route: [{destination: {host: b}}]'

test.each([
  [`{${TO}}`, []],
  ['{delegate: {name: d}, match: [{uri: {prefix: /}}]}', []],
  [`{delegate: {name: d}, ${TO}}`, ['HTTP route rule cannot contain both route and delegate']],
  ['{redirect: {uri: /x}, fault: {delay: {fixedDelay: 1s}}}', ['HTTP route rule cannot contain both fault and redirect']],
  [`{directResponse: {status: 200}, ${TO}}`, ['HTTP route rule cannot contain both route and directResponse']],
  [`{mirror: {host: b}, mirrors: [{destination: {host: c}}], ${TO}}`, ['HTTP route rule cannot contain both mirror and mirrors']],
  ['{route: []}', ['HTTP route, redirect or direct_response is required']],
  [`{timeout: 0s, ${TO}}`, ['duration must be greater than 1ms']],
  [`{mirror: {host: "*"}, ${TO}}`, ['invalid destination host *']],
  [
    `{rewrite: {authority: a}, headers: {request: {add: {Host: b}}}, ${TO}}`,
    ['authority may be set in only one of rewrite.authority, request set and request add']
  ],
  [
    '{route: [{destination: {host: b}, headers: {request: {set: {host: x}, add: {host: y}}}}]}',
    ['authority may be set in only one of request set and request add']
  ]
])('the rule %s: %o', (rule, wanted) => {
  expect(ruleFaults(rule).map((line) => line.slice(line.indexOf(': ') + 2))).toEqual(wanted)
})

test('a rule of a delegate may not delegate', () => {
  expect(checkHttpRoute({ delegate: { name: 'd' } }, 'p', 'delegate')).toHaveLength(1)
  expect(checkHttpRoute({ delegate: { name: 'd' } }, 'p', 'root')).toEqual([])
})

test.each([
  [{ host: '*.example' }, []],
  [{ host: '1.2.3.4' }, ['p.host']],
  [{ host: '' }, ['p.host']],
  [{ host: 'a', subset: '' }, []],
  [{ host: 'a', subset: 'v1.0' }, ['p.subset']],
  [{ host: 'a', port: {} }, ['p.port.number']]
])('the destination %o has faults at %o', (destination, paths) => {
  expect(checkDestination(destination, 'p').map(({ path }) => path)).toEqual(paths)
})

test.each([
  [[10, 10], []],
  [[200, 100], []],
  [[0], []],
  [[-1], ['weight -1 < 0']],
  [[0, 0], ['total destination weight = 0']],
  [[undefined, undefined], ['total destination weight = 0']],
  [[-1, 101], ['weight -1 < 0']]
])('weights %o: %o', (weights, wanted) => {
  const route = weights.map((weight) => ({ destination: { host: 'a' }, ...(weight !== undefined && { weight }) }))
  expect(checkDestinations(route, 'p').map(({ message }) => message)).toEqual(wanted)
})
