import { describe, expect, test } from 'vitest'
import type { CorsPolicy, Fault, HttpRoute } from '../api/istio-virtual-service.ts'
import { corsOf, faultOf, mirrorsOf } from './compile-fault.ts'

const ABORT = { httpStatus: 503 }
const DELAY = { fixedDelay: '2s' }

describe('faults', () => {
  test.each<[string, Fault | undefined, ReturnType<typeof faultOf>]>([
    ['none', undefined, undefined],
    ['an abort without a percentage never happens', { abort: ABORT }, undefined],
    ['nor one with an empty percentage', { abort: { ...ABORT, percentage: {} } }, undefined],
    ['a delay without a percentage never happens', { delay: DELAY }, undefined],
    [
      'the old whole percent counts for a delay',
      { delay: { ...DELAY, percent: 10 } },
      { delay: { millis: 2000, millionths: 100_000 }, abort: undefined }
    ],
    ['but not beside the new one', { delay: { ...DELAY, percent: 10, percentage: { value: 0 } } }, undefined],
    ['a share below a millionth is none', { abort: { ...ABORT, percentage: { value: 0.000_09 } } }, undefined],
    [
      'shares are cut off, not rounded: 0.57 times 10000 is a little less than 5700',
      { abort: { ...ABORT, percentage: { value: 0.57 } } },
      { delay: undefined, abort: { status: 503, grpc: undefined, millionths: 5699 } }
    ],
    [
      'a gRPC status by its name',
      { abort: { grpcStatus: 'UNAVAILABLE', percentage: { value: 100 } } },
      { delay: undefined, abort: { status: 200, grpc: 14, millionths: 1_000_000 } }
    ],
    ['an unknown gRPC status does nothing', { abort: { grpcStatus: 'unavailable', percentage: { value: 100 } } }, undefined],
    ['an abort with nothing to answer does nothing', { abort: { percentage: { value: 100 } } }, undefined]
  ])('%s', (_, rule, expected) => {
    expect(faultOf(rule)).toEqual(expected)
  })
})

describe('mirrors', () => {
  const C = { host: 'c' }
  const D = { host: 'd' }
  test.each<[string, HttpRoute, Readonly<Record<string, number>>]>([
    ['none', {}, {}],
    ['all requests when no percentage is given', { mirror: C }, { c: 1_000_000 }],
    ['the old percent', { mirror: C, mirrorPercent: 5 }, { c: 50_000 }],
    ['the oldest spelling of it', { mirror: C, mirror_percent: 7 }, { c: 70_000 }],
    ['the new percentage beats it', { mirror: C, mirrorPercent: 100, mirrorPercentage: { value: 0 } }, {}],
    ['0 is none', { mirror: C, mirrorPercentage: {} }, {}],
    [
      'several, each with its own share',
      { mirrors: [{ destination: C }, { destination: D, percentage: { value: 0.5 } }] },
      { c: 1_000_000, d: 5000 }
    ],
    ['one of several at 0', { mirrors: [{ destination: C, percentage: { value: 0 } }, { destination: D }] }, { d: 1_000_000 }]
  ])('%s', (_, rule, expected) => {
    const mirrors = mirrorsOf(rule, ({ host }) => host)
    expect(Object.fromEntries(mirrors.map(({ cluster, millionths }) => [cluster, millionths]))).toEqual(expected)
  })
})

describe('CORS', () => {
  const EMPTY = {
    origins: [],
    allowMethods: undefined,
    allowHeaders: undefined,
    exposeHeaders: undefined,
    maxAge: undefined,
    allowCredentials: false,
    forwardsUnmatched: true
  }
  test.each<[string, CorsPolicy, object]>([
    ['an empty policy allows no origin', {}, EMPTY],
    [
      'lists are joined, ages are whole seconds',
      { allowMethods: ['GET', 'PUT'], maxAge: '90m' },
      { ...EMPTY, allowMethods: 'GET,PUT', maxAge: '5400' }
    ],
    [
      'every form of origin',
      { allowOrigins: [{ exact: 'https://a' }, { exact: '*' }, { prefix: 'https://b.' }, { regex: '.*' }, {}] },
      {
        ...EMPTY,
        origins: [
          { kind: 'exact', value: 'https://a' },
          { kind: 'present' },
          { kind: 'prefix', value: 'https://b.' },
          { kind: 'regex', value: '.*' }
        ]
      }
    ],
    ['the old field is exact', { allowOrigin: ['https://a.*'] }, { ...EMPTY, origins: [{ kind: 'exact', value: 'https://a.*' }] }],
    [
      'the new field beats it',
      { allowOrigin: ['a'], allowOrigins: [{ exact: 'b' }] },
      { ...EMPTY, origins: [{ kind: 'exact', value: 'b' }] }
    ],
    ['preflights that do not match', { unmatchedPreflights: 'IGNORE' }, { ...EMPTY, forwardsUnmatched: false }],
    ['go on by default', { unmatchedPreflights: 'UNSPECIFIED', allowCredentials: true }, { ...EMPTY, allowCredentials: true }]
  ])('%s', (_, policy, expected) => {
    expect(corsOf(policy)).toEqual(expected)
  })

  test('no policy is none', () => {
    expect(corsOf(undefined)).toBeUndefined()
  })
})
