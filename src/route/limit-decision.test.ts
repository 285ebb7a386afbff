import { describe, expect, test } from 'vitest'
import { limitedRequest } from '../../test/local-limit.ts'
import { CORS_DETAILS } from './decide.ts'
import type { Decision } from './decision.ts'
import { limitedDecision, limitsBefore } from './limit-decision.ts'
import { UNLIMITED } from './limit-filter.ts'
import type { LimitVerdict } from './limit-filter.ts'
import { readLocalLimit } from './envoy-limit.ts'
import type { LimitPlace, PlacedLimit } from './local-limit.ts'
import { ProtoMessage } from './proto-json.ts'

const ROUTE = { virtualService: 'default/v', name: 'r', index: 0 }
const RESPOND = { kind: 'respond', route: ROUTE, status: 200, headers: [], body: '', response: undefined, delay: 0, flag: '-' } as const
const FORWARD: Decision = {
  kind: 'forward',
  route: ROUTE,
  cluster: 'c',
  path: '/',
  authority: 'a',
  timeout: 0,
  retry: undefined,
  request: undefined,
  response: undefined,
  delay: 300,
  copies: ['d'],
  hash: undefined,
  cookies: []
}
const NOWHERE: Decision = { kind: 'no-route', because: 'no-match', route: undefined, response: undefined, delay: 0 }
const PLACES: readonly LimitPlace[] = ['first', 'before-fault', 'before-cors', 'last']
const FILTERS = PLACES.map((place): PlacedLimit => ({ name: place, place, limit: place, bucket: '' }))
const REQUEST = limitedRequest()

const LIMIT = readLocalLimit(new ProtoMessage({ stat_prefix: 'p' }, 'value', []), 'listener')

describe('which limits a request comes by', () => {
  test.each<readonly [string, Decision, readonly LimitPlace[]]>([
    ['on its way upstream', FORWARD, PLACES],
    ['a direct response', RESPOND, PLACES],
    ['a request without a route', NOWHERE, PLACES],
    ['an injected abort', { ...RESPOND, flag: 'FI' }, ['first', 'before-fault']],
    ['a CORS preflight', { ...RESPOND, details: CORS_DETAILS }, ['first', 'before-fault', 'before-cors']],
    ['a path that cannot be normalized', { ...NOWHERE, because: 'bad-path' }, []]
  ])('%s', (_, decision, places) => {
    expect(limitsBefore(FILTERS, decision).map(({ place }) => place)).toEqual(places)
  })
})

function refused(place: LimitPlace): LimitVerdict {
  return { refusedBy: { limit: LIMIT, place }, request: [], response: [{ name: 'x-limited', value: 'yes', action: 'overwrite' }] }
}

test('a refused request is answered here, without copies, with the edits of its route and the additions of the limit', () => {
  const edits = { set: [['x-route', '1']], add: [], remove: [] } as const
  expect(limitedDecision({ ...FORWARD, response: edits }, refused('first'), REQUEST)).toEqual({
    kind: 'respond',
    route: ROUTE,
    status: 429,
    headers: [['content-type', 'text/plain']],
    body: 'local_rate_limited',
    response: {
      set: [
        ['x-route', '1'],
        ['x-limited', 'yes']
      ],
      add: [],
      remove: []
    },
    delay: 0,
    flag: 'RL',
    details: 'local_rate_limited'
  })
  expect(limitedDecision(NOWHERE, refused('last'), REQUEST)).toMatchObject({ kind: 'respond', status: 429, route: { name: undefined } })
})

test('a limit behind an injected delay refuses after it', () => {
  expect(limitedDecision(FORWARD, refused('first'), REQUEST)).toMatchObject({ delay: 0 })
  expect(limitedDecision(FORWARD, refused('last'), REQUEST)).toMatchObject({ delay: 300 })
})

test('what goes on gets what the limits write', () => {
  expect(limitedDecision(FORWARD, UNLIMITED, REQUEST)).toBe(FORWARD)
  const line = { name: 'x-ratelimit-limit', value: '3', action: 'append' } as const
  const verdict = { refusedBy: undefined, request: [{ name: 'x-over', value: '1', action: 'append' } as const], response: [line] }
  const written = { set: [], add: [['x-ratelimit-limit', '3']], remove: [] }
  expect(limitedDecision(FORWARD, verdict, REQUEST)).toEqual({
    ...FORWARD,
    request: { set: [], add: [['x-over', '1']], remove: [] },
    response: written
  })
  expect(limitedDecision(NOWHERE, verdict, REQUEST)).toEqual({ ...NOWHERE, response: written })
})
