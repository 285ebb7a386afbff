import { describe, expect, test } from 'vitest'
import { asksWhere, askedLabels, localCaller, localize } from './locality.ts'
import type { EffectivePolicy } from './destination-rules.ts'
import { PLAIN_ENDPOINT } from './plain.ts'
import { withTopology } from './topology.ts'
import type { LabelledEndpoint } from './workload-entries.ts'

type Setting = NonNullable<NonNullable<EffectivePolicy['loadBalancer']>['localityLbSetting']>

/** Endpoints by locality, weight and labels; addresses count from 0. */
function members(
  ...list: readonly (readonly [locality: string, more?: { weight?: number; labels?: Record<string, string> }])[]
): LabelledEndpoint[] {
  return list.map(([locality, { weight = 1, labels = {} } = {}], at) => ({
    endpoint: { ...PLAIN_ENDPOINT, address: String(at), port: 1, locality, weight },
    labels: withTopology(labels, locality),
    ready: true
  }))
}

function policy(localityLbSetting?: Setting, more: EffectivePolicy = { outlierDetection: {} }): EffectivePolicy {
  return localityLbSetting === undefined ? more : { ...more, loadBalancer: { localityLbSetting } }
}

/** Priorities by address. */
function priorities(
  list: readonly LabelledEndpoint[],
  rule: EffectivePolicy,
  labels: Record<string, string> = {},
  at = 'r1/z1/s1'
): Record<string, number> {
  return Object.fromEntries(localize(list, rule, localCaller(labels, at)).endpoints.map(({ address, priority }) => [address, priority]))
}

const PLACES = members(['r1/z1/s1'], ['r1/z1/s2'], ['r1/z2'], ['r2/z1/s1'], ['r3'])

describe('failover by locality', () => {
  test('with outlier detection it is on: subzone, zone, region, elsewhere', () => {
    expect(priorities(PLACES, policy())).toEqual({ 0: 0, 1: 1, 2: 2, 3: 3, 4: 3 })
    expect(localize(PLACES, policy(), localCaller({}, 'r1/z1')).localities).toBeUndefined()
  })

  test('priorities have no gaps', () => {
    expect(priorities(PLACES, policy(), {}, 'r9')).toEqual({ 0: 0, 1: 0, 2: 0, 3: 0, 4: 0 })
    expect(priorities(PLACES, policy(), {}, 'r3')).toEqual({ 0: 1, 1: 1, 2: 1, 3: 1, 4: 0 })
  })

  test('a named region comes before the others', () => {
    expect(priorities(PLACES, policy({ failover: [{ from: 'r1', to: 'r3' }] }))).toEqual({ 0: 0, 1: 1, 2: 2, 3: 4, 4: 3 })
    expect(priorities(PLACES, policy({ failover: [{ from: 'r2', to: 'r3' }] }))).toEqual({ 0: 0, 1: 1, 2: 2, 3: 3, 4: 3 })
  })

  test('with a failover or priorities written, localities share by their weights', () => {
    const { localities } = localize(PLACES, policy({ failover: [{ from: 'r1', to: 'r3' }] }), localCaller({}, 'r1/z1/s1'))
    expect(localities?.find(({ locality }) => locality === 'r3')).toEqual({ locality: 'r3', priority: 3, weight: 1 })
  })

  test('without outlier detection, and when it is turned off, there is none', () => {
    expect(priorities(PLACES, policy(undefined, {}))).toEqual({ 0: 0, 1: 0, 2: 0, 3: 0, 4: 0 })
    expect(priorities(PLACES, policy({ failover: [{ from: 'r1', to: 'r3' }] }, {}))).toEqual({ 0: 0, 1: 0, 2: 0, 3: 0, 4: 0 })
    expect(priorities(PLACES, policy({ enabled: false }))).toEqual({ 0: 0, 1: 0, 2: 0, 3: 0, 4: 0 })
    expect(localize(PLACES, policy({ enabled: false }), localCaller({}, 'r1')).localities).toBeUndefined()
  })
})

describe('failover by labels', () => {
  const list = members(
    ['', { labels: { network: 'n1', version: 'v1' } }],
    ['', { labels: { network: 'n1', version: 'v2' } }],
    ['', { labels: { network: 'n2', version: 'v1' } }],
    ['', { labels: { version: 'v1' } }]
  )
  const rule = policy({ failoverPriority: ['network', 'version'] })

  test('labels are compared from the first, up to the first that differs', () => {
    expect(priorities(list, rule, { network: 'n1', version: 'v1' }, '')).toEqual({ 0: 0, 1: 1, 2: 2, 3: 2 })
  })

  test('a label that neither has is alike', () => {
    expect(priorities(list, rule, { version: 'v1' }, '')).toEqual({ 0: 1, 1: 1, 2: 1, 3: 0 })
  })

  test('a label may be given its value', () => {
    expect(priorities(list, policy({ failoverPriority: ['version=v2'] }), { version: 'v1' }, '')).toEqual({ 0: 1, 1: 0, 2: 1, 3: 1 })
  })

  test('topology labels follow from the locality', () => {
    const zones = policy({ failoverPriority: ['topology.kubernetes.io/region', 'topology.kubernetes.io/zone'] })
    expect(priorities(PLACES, zones, {}, 'r1/z2')).toEqual({ 0: 1, 1: 1, 2: 0, 3: 2, 4: 2 })
  })

  test('a locality whose endpoints differ is in several priorities, each with a weight of its own', () => {
    const { localities } = localize(list, rule, localCaller({ network: 'n1', version: 'v1' }, ''))
    expect(localities).toEqual([
      { locality: '', priority: 0, weight: 1 },
      { locality: '', priority: 1, weight: 1 },
      { locality: '', priority: 2, weight: 2 }
    ])
  })

  test('with regions besides, these order what the labels leave alike; callers without labels, and names, are not ordered by labels', () => {
    const both = policy({ failoverPriority: ['version=v1'], failover: [{ from: 'r1', to: 'r2' }] })
    const spread = members(
      ['r1', { labels: { version: 'v1' } }],
      ['r2', { labels: { version: 'v1' } }],
      ['r1', { labels: { version: 'v2' } }]
    )
    expect(priorities(spread, both, {}, 'r1')).toEqual({ 0: 0, 1: 1, 2: 2 })
    expect(priorities(list, rule, {}, '')).toEqual({ 0: 0, 1: 0, 2: 0, 3: 0 })
    const named = localize(list, rule, localCaller({ network: 'n1' }, ''), true)
    expect(new Set(named.endpoints.map(({ priority }) => priority))).toEqual(new Set([0]))
  })
})

describe('distribution', () => {
  const rule = policy(
    {
      distribute: [
        { from: 'r9', to: { r9: 100 } },
        { from: 'r1/z1/*', to: { 'r1/z1/*': 70, 'r1/z2': 20, 'r2/*': 10 } }
      ]
    },
    {}
  )

  test('the entry for the place of the caller gives shares; who is not named gets nothing', () => {
    const { endpoints, localities } = localize(PLACES, rule, localCaller({}, 'r1/z1/s1'))
    expect(endpoints.map(({ address }) => address)).toEqual(['0', '1', '2', '3'])
    expect(localities?.map(({ locality, weight }) => [locality, weight])).toEqual([
      ['r1/z1/s1', 35],
      ['r1/z1/s2', 35],
      ['r1/z2', 20],
      ['r2/z1/s1', 10]
    ])
  })

  test('a share is divided by weight and rounded up', () => {
    const weighed = members(['r1/z1/a', { weight: 2 }], ['r1/z1/b', { weight: 1 }])
    expect(localize(weighed, rule, localCaller({}, 'r1/z1')).localities?.map(({ weight }) => weight)).toEqual([47, 24])
  })

  test('from elsewhere everybody shares by weight', () => {
    const { endpoints, localities } = localize(PLACES, rule, localCaller({}, 'r5'))
    expect([endpoints.length, localities?.map(({ weight }) => weight)]).toEqual([5, [1, 1, 1, 1, 1]])
  })

  test('it takes the place of failover', () => {
    expect(priorities(PLACES, { ...rule, outlierDetection: {} })).toEqual({ 0: 0, 1: 0, 2: 0, 3: 0 })
  })
})

test('who calls matters only where a rule asks and endpoints differ', () => {
  expect(asksWhere(PLACES, policy())).toBe(true)
  expect(asksWhere(PLACES.slice(0, 1), policy())).toBe(false)
  expect(asksWhere(PLACES, policy(undefined, {}))).toBe(false)
  expect(asksWhere(PLACES, policy({ enabled: false }))).toBe(false)
  expect(asksWhere([], policy({ failoverPriority: ['a'] }))).toBe(true)
  expect(askedLabels(policy({ failoverPriority: ['a', 'b=c'] }))).toEqual(['a'])
})
