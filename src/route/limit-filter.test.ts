import { describe, expect, test } from 'vitest'
import { limitOf, limitedRequest } from '../../test/local-limit.ts'
import type { HeaderEdits } from './decision.ts'
import { askLimits, prepareOverrides, refusal, withAdditions } from './limit-filter.ts'
import type { Limiters } from './limit-filter.ts'
import type { DescriptorRule, HeaderAddition, LimitOverrides, LocalLimit, PlacedLimit } from './local-limit.ts'
import type { LimitedRequest } from './rate-descriptors.ts'

const ONE = { max: 1, perFill: 1, interval: 60_000 }

interface Setting {
  readonly limits: Readonly<Record<string, LocalLimit>>
  readonly filters?: readonly PlacedLimit[]
  readonly host?: LimitOverrides
  readonly route?: LimitOverrides
  readonly draws?: readonly number[]
}

const LISTENER: PlacedLimit = { name: 'limit', place: 'last', limit: 'a', bucket: '' }

/** Asks as often as there are requests, all at one moment: o is allowed, x refused, ! over the limit and not refused. */
function asked({ limits, filters = [LISTENER], host, route, draws = [] }: Setting, requests: readonly LimitedRequest[]): unknown {
  const limiters: Limiters = new Map()
  const counts: Record<string, number> = {}
  let drawn = 0
  const marks = requests.map((request) => {
    const verdict = askLimits({
      filters,
      overrides: prepareOverrides(host, route),
      request,
      limits: new Map(Object.entries(limits)),
      limitersFor: () => limiters,
      count: (prefix, stat) => {
        counts[`${prefix}.${stat}`] = (counts[`${prefix}.${stat}`] ?? 0) + 1
      },
      workers: 1,
      now: 0,
      draw: () => draws[drawn++] ?? 0
    })
    return verdict.refusedBy === undefined ? (verdict.request.length > 0 ? '!' : 'o') : 'x'
  })
  return { marks: marks.join(''), counts }
}

const THREE = [limitedRequest(), limitedRequest(), limitedRequest()]
const OVER: HeaderAddition = { name: 'x-over', value: '1', action: 'append' }

test('what is refused, and what is counted', () => {
  expect(asked({ limits: { a: limitOf() } }, THREE)).toEqual({
    marks: 'oxx',
    counts: { 'p.enabled': 3, 'p.ok': 1, 'p.rate_limited': 2, 'p.enforced': 2 }
  })
})

test('a limit that is not enabled looks at nothing, one that is not enforced refuses nothing', () => {
  expect(asked({ limits: { a: limitOf({ enabled: 0 }) } }, THREE)).toEqual({ marks: 'ooo', counts: {} })
  expect(asked({ limits: { a: limitOf({ enforced: 0, request: [OVER] }) } }, THREE)).toEqual({
    marks: 'o!!',
    counts: { 'p.enabled': 3, 'p.ok': 1, 'p.rate_limited': 2 }
  })
})

test('shares are drawn for each request', () => {
  const half = limitOf({ enforced: 0.5, request: [OVER] })
  expect(asked({ limits: { a: half }, draws: [0.6, 0.4] }, THREE)).toMatchObject({ marks: 'o!x' })
  expect(asked({ limits: { a: limitOf({ enabled: 0.5 }) }, draws: [0.4, 0.6, 0.4] }, THREE)).toMatchObject({ marks: 'oox' })
})

test('limits are asked in their order; the first that refuses ends it', () => {
  const filters = [LISTENER, { ...LISTENER, name: 'other', limit: 'b' }]
  const counted = { 'p.enabled': 3, 'p.ok': 1, 'p.rate_limited': 2, 'p.enforced': 2, 'q.enabled': 1, 'q.ok': 1 }
  expect(asked({ limits: { a: limitOf(), b: limitOf({ statPrefix: 'q' }) }, filters }, THREE)).toEqual({ marks: 'oxx', counts: counted })
})

test("a route's limit goes before its host's, which goes before the listener's; under the name of the filter only", () => {
  const limits = { a: limitOf({ enabled: 0 }), b: limitOf(), c: limitOf({ bucket: { ...ONE, max: 2 } }) }
  const said = (limit: string, name = 'limit'): LimitOverrides => ({
    limits: { [name]: { limit, bucket: '' } },
    rules: [],
    includesHost: false
  })
  expect(asked({ limits }, THREE)).toMatchObject({ marks: 'ooo' })
  expect(asked({ limits, host: said('b') }, THREE)).toMatchObject({ marks: 'oxx' })
  expect(asked({ limits, host: said('b'), route: said('c') }, THREE)).toMatchObject({ marks: 'oox' })
  expect(asked({ limits, host: said('b', 'another') }, THREE)).toMatchObject({ marks: 'ooo' })
})

describe('rules for descriptors', () => {
  const rule = (key: string): DescriptorRule => ({
    stage: 0,
    actions: [{ kind: 'request-header', header: 'x-plan', key, skipAbsent: false }]
  })
  const descriptors = ['a', 'b', 'own'].map((key) => ({ entries: [{ key, value: 'gold' }], bucket: ONE }))
  const limit = (rest: Partial<LocalLimit> = {}): LocalLimit => limitOf({ bucket: { ...ONE, max: 9 }, descriptors, ...rest })
  const said = (rules: readonly DescriptorRule[], includesHost = false): LimitOverrides => ({ limits: {}, rules, includesHost })
  const gold = [limitedRequest({ 'x-plan': 'gold' }), limitedRequest({ 'x-plan': 'gold' })]

  test("the host's count when the route has none", () => {
    expect(asked({ limits: { a: limit() }, host: said([rule('a')]) }, gold)).toMatchObject({ marks: 'ox' })
    expect(asked({ limits: { a: limit() }, host: said([rule('a')]), route: said([rule('none')]) }, gold)).toMatchObject({ marks: 'oo' })
  })

  test('beside those of the route, or never, as the limit or the route says', () => {
    const host = said([rule('a')])
    expect(asked({ limits: { a: limit({ hostRules: 'include' }) }, host, route: said([rule('none')]) }, gold)).toMatchObject({
      marks: 'ox'
    })
    expect(asked({ limits: { a: limit() }, host, route: said([rule('none')], true) }, gold)).toMatchObject({ marks: 'ox' })
    expect(asked({ limits: { a: limit({ hostRules: 'ignore' }) }, host }, gold)).toMatchObject({ marks: 'oo' })
  })

  test("the limit's own go before all others", () => {
    expect(asked({ limits: { a: limit({ rules: [rule('own')] }) } }, gold)).toMatchObject({ marks: 'ox' })
    expect(asked({ limits: { a: limit({ rules: [rule('none')] }) }, host: said([rule('a')]) }, gold)).toMatchObject({ marks: 'oo' })
  })
})

/** One request at the start of time. */
function askedOf(limit: LocalLimit, limiters: Limiters): ReturnType<typeof askLimits> {
  return askLimits({
    filters: [LISTENER],
    overrides: undefined,
    request: limitedRequest(),
    limits: new Map([['a', limit]]),
    limitersFor: () => limiters,
    count: () => undefined,
    workers: 1,
    now: 0,
    draw: () => 0
  })
}

test('a limit that changed starts with full buckets', () => {
  const limiters: Limiters = new Map()
  const ask = (limit: LocalLimit): boolean => askedOf(limit, limiters).refusedBy === undefined
  const first = limitOf()
  expect([ask(first), ask(first), ask(limitOf()), ask(limitOf())]).toEqual([true, false, true, true])
  expect(limiters.size).toBe(1)
})

test('what is announced: the limit, what is left, and the seconds to the next token', () => {
  const limit = limitOf({ announced: true, response: [{ name: 'x-limited', value: 'yes', action: 'append' }] })
  const limiters: Limiters = new Map()
  const lines = (): string[] => askedOf(limit, limiters).response.map(({ name, value }) => `${name}: ${value}`)
  expect(lines()).toEqual(['x-ratelimit-limit: 1', 'x-ratelimit-remaining: 0', 'x-ratelimit-reset: 60'])
  expect(lines()).toEqual(['x-limited: yes', 'x-ratelimit-limit: 1', 'x-ratelimit-remaining: 0', 'x-ratelimit-reset: 60'])
})

test('the answer to a refused request, also to a gRPC client', () => {
  expect(refusal(limitOf(), limitedRequest())).toMatchObject({ status: 429, body: 'local_rate_limited' })
  const grpc = refusal(limitOf({ grpcStatus: 8 }), limitedRequest({ 'content-type': 'application/grpc' }))
  expect(grpc).toMatchObject({ status: 200, body: '' })
  expect(grpc.headers).toContainEqual(['grpc-status', '8'])
  expect(grpc.headers).toContainEqual(['grpc-message', 'local_rate_limited'])
})

describe('additions to the edits of a route', () => {
  const add = (action: HeaderAddition['action'], value = 'new'): HeaderAddition => ({ name: 'x', value, action })
  const has = (name: string): boolean => name === 'x'
  const hasNot = (): boolean => false
  const edits: HeaderEdits = { set: [['x', 'old']], add: [['y', '1']], remove: [] }

  test.each([
    ['append', hasNot, { set: [], add: [['x', 'new']], remove: [] }],
    ['add-if-absent', hasNot, { set: [], add: [['x', 'new']], remove: [] }],
    ['add-if-absent', has, { set: [], add: [], remove: [] }],
    ['overwrite', hasNot, { set: [['x', 'new']], add: [], remove: [] }],
    ['overwrite-if-exists', has, { set: [['x', 'new']], add: [], remove: [] }],
    ['overwrite-if-exists', hasNot, { set: [], add: [], remove: [] }]
  ] as const)('%s', (action, present, wanted) => {
    expect(withAdditions(undefined, [add(action)], present)).toEqual(wanted)
  })

  test('what the edits write is there, what they remove is not', () => {
    expect(withAdditions(edits, [add('add-if-absent')], hasNot)).toEqual(edits)
    expect(withAdditions({ set: [], add: [], remove: ['x'] }, [add('add-if-absent')], has)?.add).toEqual([['x', 'new']])
  })

  test('an overwrite takes the place of what the edits write', () => {
    expect(withAdditions(edits, [add('overwrite')], hasNot)).toEqual({ set: [['x', 'new']], add: [['y', '1']], remove: [] })
    expect(withAdditions(undefined, [add('append', '1'), add('overwrite', '2'), add('append', '3')], hasNot)).toEqual({
      set: [['x', '2']],
      add: [['x', '3']],
      remove: []
    })
  })

  test('edits in stages get one more', () => {
    const staged: HeaderEdits = { set: [], add: [], remove: [], stages: [{ set: [['x', ['old']]], add: [], remove: [] }] }
    expect(withAdditions(staged, [add('overwrite')], hasNot)?.stages).toEqual([
      { set: [['x', ['old']]], add: [], remove: [] },
      { set: [['x', ['new']]], add: [], remove: [] }
    ])
  })

  test('nothing to add leaves them as they are', () => {
    expect(withAdditions(edits, [], hasNot)).toBe(edits)
  })
})
