import { expect, test } from 'vitest'
import {
  checkBind,
  checkEndpoint,
  checkEndpointAddress,
  checkEndpointParts,
  checkListenPort,
  checkPlacedHost,
  checkProtocol,
  checkUnixAddress,
  isHttpProtocol,
  isPartialWildcard,
  isTlsProtocol,
  isUnixAddress
} from './istio-endpoint-checks.ts'

test('protocols are known in any case', () => {
  expect(['http', 'GRPC-Web', 'Mongo', '', undefined].flatMap((protocol) => checkProtocol(protocol, 'p'))).toEqual([])
  expect(checkProtocol('http1', 'p')).toMatchObject([{ message: 'unsupported protocol: http1' }])
  expect([isHttpProtocol('grpc'), isHttpProtocol('https'), isTlsProtocol('https'), isTlsProtocol('tcp')]).toEqual([
    true,
    false,
    true,
    false
  ])
})

test('sockets have absolute names and no port', () => {
  expect([isUnixAddress('unix:///a'), isUnixAddress('/a'), isUnixAddress(undefined)]).toEqual([true, false, false])
  expect(
    ['unix:///a', 'unix://@a', 'unix://', 'unix://@', 'unix://a', 'unix:///a/'].map((address) => checkUnixAddress(address, 'p').length)
  ).toEqual([0, 0, 1, 1, 1, 1])
  expect([
    checkListenPort(0, 'p', 'unix:///a').length,
    checkListenPort(1, 'p', 'unix:///a').length,
    checkListenPort(0, 'p', undefined).length
  ]).toEqual([0, 1, 1])
  expect(['', '127.0.0.1', '::', 'a', 'unix:///a'].map((bind) => checkBind(bind, 'p').length)).toEqual([0, 0, 0, 1, 0])
})

const GATEWAY = { kind: 'gateway', namespaces: ['*', '.'] } as const
const SIDECAR = { kind: 'sidecar', namespaces: ['*', '.', '~'] } as const

test.each([
  ['a.example', 0, 1],
  ['*', 0, 1],
  ['*/*', 0, 0],
  ['./*.example', 0, 0],
  ['~/*', 1, 0],
  ['ns/a.example', 0, 0],
  ['N_/a.example', 1, 1],
  ['ns/', 1, 1],
  ['/a.example', 1, 1],
  ['short', 1, 1],
  ['ns/*a.example', 1, 1],
  ['1.1.1.1', 0, 1],
  ['ns/1.1.1.1', 0, 1]
])('the host %s has %i faults in a gateway, %i in a sidecar', (host, gateway, sidecar) => {
  expect([checkPlacedHost(host, 'p', GATEWAY).length, checkPlacedHost(host, 'p', SIDECAR).length]).toEqual([gateway, sidecar])
})

test('a star stands for a whole label or more', () => {
  expect(['*', '*.a', '*a', 'a'].map(isPartialWildcard)).toEqual([false, false, true, false])
})

test.each([
  [{ address: 'a.example', ports: { http: 80 }, labels: { a: 'b' } }, []],
  [{ address: '::1' }, []],
  [{ network: 'n' }, ['p']],
  [{}, ['p']],
  [{ address: 'a b' }, ['p.address']],
  [{ address: 'unix:///a', ports: { http: 80 } }, ['p.ports']],
  [{ address: '1.1.1.1', ports: { 'a.b': 0 }, labels: { '/': 'x' } }, ['p.ports["a.b"]', 'p.ports["a.b"]', 'p.labels["/"]']]
])('the endpoint %o has faults at %o', (endpoint, paths) => {
  expect(checkEndpoint(endpoint, 'p').map(({ path }) => path)).toEqual(paths)
})

test('a network without an address is a warning, neither is an error', () => {
  expect(checkEndpointAddress({ network: 'n' }, 'p')).toMatchObject([{ severity: 'warning' }])
  expect(checkEndpointAddress({}, 'p')).toMatchObject([{ severity: 'error' }])
  expect(checkEndpointParts({}, 'p')).toEqual([])
})
