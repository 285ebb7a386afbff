import { describe, expect, test } from 'vitest'
import type { DescriptorAction } from './local-limit.ts'
import { descriptorsOf, prepareRule } from './rate-descriptors.ts'
import type { LimitedRequest } from './rate-descriptors.ts'

function requestOf(path: string, headers: Readonly<Record<string, readonly string[]>> = {}): LimitedRequest {
  const query = path.indexOf('?')
  return {
    facts: {
      method: 'GET',
      path,
      authority: 'app.example.com',
      scheme: 'http',
      remote: '127.0.0.9:1',
      local: '127.0.0.1:80',
      header: (name) => headers[name]?.join(','),
      lines: (name) => headers[name] ?? []
    },
    path,
    pathEnd: query < 0 ? path.length : query,
    remoteAddress: '127.0.0.9',
    cluster: 'outbound|80||b.default.svc.cluster.local'
  }
}

const HEADER: DescriptorAction = { kind: 'request-header', key: 'plan', header: 'x-plan', skipAbsent: false }

function made(actions: readonly DescriptorAction[], request: LimitedRequest): unknown {
  return descriptorsOf([prepareRule({ stage: 0, actions })], 0, request).map((entries) =>
    entries.map(({ key, value }) => `${key}=${value}`)
  )
}

describe('one action', () => {
  const prefix = { name: 'x-plan', invert: false, test: { kind: 'prefix', value: 'go' } } as const
  const regex = { name: ':path', invert: false, test: { kind: 'regex', value: '/a(pi)?(\\?.*)?' } } as const
  const page = { name: 'page', test: { kind: 'exact', value: '2' } } as const
  const CASES: readonly (readonly [string, DescriptorAction, LimitedRequest, unknown])[] = [
    ['a fixed key', { kind: 'generic-key', key: 'generic_key', value: 'all' }, requestOf('/'), [['generic_key=all']]],
    ['the first line of a header', HEADER, requestOf('/', { 'x-plan': ['gold', 'tin'] }), [['plan=gold']]],
    ['an absent header: none', HEADER, requestOf('/'), []],
    ['a pseudo-header', { ...HEADER, header: ':path' }, requestOf('/a?b=1'), [['plan=/a?b=1']]],
    ['the address', { kind: 'remote-address', key: 'remote_address' }, requestOf('/'), [['remote_address=127.0.0.9']]],
    [
      'the cluster',
      { kind: 'destination-cluster', key: 'destination_cluster' },
      requestOf('/'),
      [['destination_cluster=outbound|80||b.default.svc.cluster.local']]
    ],
    ['no cluster: none', { kind: 'destination-cluster', key: 'destination_cluster' }, { ...requestOf('/'), cluster: undefined }, []],
    ['a parameter', { kind: 'query-parameter', key: 'q', parameter: 'page', skipAbsent: false }, requestOf('/?x=1&page=2'), [['q=2']]],
    ['an absent parameter: none', { kind: 'query-parameter', key: 'q', parameter: 'page', skipAbsent: false }, requestOf('/page=2'), []],
    [
      'headers that match',
      { kind: 'header-match', key: 'k', value: 'v', expect: true, tests: [prefix] },
      requestOf('/', { 'x-plan': ['gold'] }),
      [['k=v']]
    ],
    ['headers that do not', { kind: 'header-match', key: 'k', value: 'v', expect: true, tests: [prefix] }, requestOf('/'), []],
    ['no match expected', { kind: 'header-match', key: 'k', value: 'v', expect: false, tests: [prefix] }, requestOf('/'), [['k=v']]],
    ['a regex', { kind: 'header-match', key: 'k', value: 'v', expect: true, tests: [regex] }, requestOf('/api?x'), [['k=v']]],
    ['a regex on the whole value', { kind: 'header-match', key: 'k', value: 'v', expect: true, tests: [regex] }, requestOf('/apis'), []],
    ['parameters that match', { kind: 'query-match', key: 'k', value: 'v', expect: true, tests: [page] }, requestOf('/?page=2'), [['k=v']]],
    ['parameters that do not', { kind: 'query-match', key: 'k', value: 'v', expect: true, tests: [page] }, requestOf('/?page=3'), []]
  ]
  test.each(CASES)('%s', (_, action, request, wanted) => {
    expect(made([action], request)).toEqual(wanted)
  })
})

test('entries stand in the order of the actions; one that cannot be made drops the whole descriptor', () => {
  const fixed: DescriptorAction = { kind: 'generic-key', key: 'a', value: '1' }
  expect(made([fixed, HEADER], requestOf('/', { 'x-plan': ['gold'] }))).toEqual([['a=1', 'plan=gold']])
  expect(made([fixed, HEADER], requestOf('/'))).toEqual([])
})

test('an entry that may be absent is left out; without any entry there is no descriptor', () => {
  const fixed: DescriptorAction = { kind: 'generic-key', key: 'a', value: '1' }
  expect(made([{ ...HEADER, skipAbsent: true }, fixed], requestOf('/'))).toEqual([['a=1']])
  expect(made([{ ...HEADER, skipAbsent: true }], requestOf('/'))).toEqual([])
})

test('only rules of the stage count', () => {
  const rule = prepareRule({ stage: 3, actions: [{ kind: 'generic-key', key: 'a', value: '1' }] })
  expect(descriptorsOf([rule], 0, requestOf('/'))).toEqual([])
  expect(descriptorsOf([rule], 3, requestOf('/'))).toHaveLength(1)
})
