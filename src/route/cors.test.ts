import { describe, expect, test } from 'vitest'
import { judgeCors, withFields } from './cors.ts'
import type { RequestFacts } from './request-facts.ts'
import type { Cors } from './route-table.ts'

const CORS: Cors = {
  origins: [{ kind: 'exact', value: 'https://e.com' }],
  allowMethods: 'GET,PUT',
  allowHeaders: '*',
  exposeHeaders: 'x-out',
  maxAge: '60',
  allowCredentials: true,
  forwardsUnmatched: true
}

function facts(method: string, headers: Readonly<Record<string, string>>): RequestFacts {
  return {
    method,
    path: '/',
    authority: 'a',
    scheme: 'http',
    remote: '127.0.0.1:50000',
    local: '127.0.0.1:80',
    header: (name) => headers[name]
  }
}

const ASKS = { origin: 'https://e.com', 'access-control-request-method': 'PUT' }

describe('which requests are judged', () => {
  test.each<[string, RequestFacts, string]>([
    ['without origin', facts('GET', {}), 'none'],
    ['an empty origin', facts('GET', { origin: '' }), 'none'],
    ['another origin', facts('GET', { origin: 'https://e.com.evil' }), 'none'],
    ['an allowed origin, whatever the method', facts('DELETE', { origin: 'https://e.com' }), 'actual'],
    ['OPTIONS that asks for no method', facts('OPTIONS', { origin: 'https://e.com' }), 'actual'],
    ['a preflight', facts('OPTIONS', ASKS), 'preflight'],
    ['what looks like one with another method', facts('GET', ASKS), 'actual'],
    ['a preflight of another origin', facts('OPTIONS', { ...ASKS, origin: 'https://evil' }), 'none']
  ])('%s', (_, request, kind) => {
    expect(judgeCors(CORS, [undefined], request).kind).toBe(kind)
  })
})

test('a preflight is answered with everything that is configured; * of headers is what was asked for', () => {
  expect(judgeCors(CORS, [undefined], facts('OPTIONS', { ...ASKS, 'access-control-request-headers': 'x-a' }))).toEqual({
    kind: 'preflight',
    headers: [
      ['access-control-allow-origin', 'https://e.com'],
      ['access-control-allow-credentials', 'true'],
      ['access-control-allow-methods', 'GET,PUT'],
      ['access-control-allow-headers', 'x-a'],
      ['access-control-max-age', '60'],
      ['access-control-expose-headers', 'x-out']
    ]
  })
})

test('a preflight of another origin is answered without origin and exposed headers when it is not to go on', () => {
  const judged = judgeCors(
    { ...CORS, forwardsUnmatched: false, allowMethods: '*' },
    [undefined],
    facts('OPTIONS', { ...ASKS, origin: 'https://evil' })
  )
  expect(judged).toEqual({
    kind: 'preflight',
    headers: [
      ['access-control-allow-credentials', 'true'],
      ['access-control-allow-methods', 'PUT'],
      ['access-control-allow-headers', ''],
      ['access-control-max-age', '60']
    ]
  })
})

test('fields take the place of what edits of the route say of them', () => {
  const edits = {
    set: [['access-control-allow-origin', 'https://set'] as const, ['x-r', '1'] as const],
    add: [['access-control-allow-origin', 'https://add'] as const],
    remove: ['x-q']
  }
  const fields = [['access-control-allow-origin', 'https://e.com'] as const]
  expect(withFields(edits, fields)).toEqual({ set: [['x-r', '1'], ...fields], add: [], remove: ['x-q'] })
  expect(withFields(undefined, fields)).toEqual({ set: fields, add: [], remove: [] })
  expect(withFields({ ...edits, givesCookie: true }, fields).givesCookie).toBe(true)
  const stage = { remove: [], set: [['x', [{ kind: 'nothing' as const }]] as const], add: [] }
  const own = { remove: [], set: [['access-control-allow-origin', ['https://e.com']]], add: [] }
  expect(withFields({ set: [], add: [], remove: [], stages: [stage] }, fields).stages).toEqual([stage, own])
})
