import { expect, test } from 'vitest'
import { factsOf } from '../../test/route-mesh.ts'
import { xxHash64 } from '../std/xxhash.ts'
import { cookieValue, stickinessOf, withCookies } from './hash-policy.ts'
import type { RequestFacts } from './request-facts.ts'
import type { HashPolicy } from './route-table.ts'

const HEADER: HashPolicy = { kind: 'header', name: 'x-user' }
const QUERY: HashPolicy = { kind: 'query', name: 'user' }
const MASK = 2n ** 64n - 1n

function cookie(over: Partial<Extract<HashPolicy, { kind: 'cookie' }>> = {}): HashPolicy {
  return { kind: 'cookie', name: 'user', path: '', ttl: undefined, attributes: [], ...over }
}

function hashOf(
  policy: HashPolicy,
  facts: Partial<RequestFacts> & { readonly headers?: Readonly<Record<string, string>> }
): bigint | undefined {
  const { headers = {}, ...rest } = facts
  return stickinessOf([policy], { ...factsOf({ host: 'h', headers }), ...rest }).hash
}

test('a header is hashed as its line; several lines sorted, each seeded with the one before; none gives no hash', () => {
  expect(hashOf(HEADER, { headers: { 'x-user': 'ann' } })).toBe(xxHash64('ann'))
  expect(hashOf(HEADER, { lines: () => ['b', 'a'] })).toBe(xxHash64('b', xxHash64('a')))
  expect(hashOf(HEADER, {})).toBeUndefined()
})

test('pseudo-headers and the host can be hashed', () => {
  expect(hashOf({ kind: 'header', name: ':authority' }, {})).toBe(xxHash64('h'))
  expect(hashOf({ kind: 'header', name: 'host' }, {})).toBe(xxHash64('h'))
  expect(hashOf({ kind: 'header', name: ':path' }, { path: '/a?b' })).toBe(xxHash64('/a?b'))
  expect(hashOf({ kind: 'header', name: ':unknown' }, {})).toBeUndefined()
})

test('a query parameter is hashed as written, the first of its name; an empty one too', () => {
  expect(hashOf(QUERY, { path: '/a?x=1&user=u%34&user=z' })).toBe(xxHash64('u%34'))
  expect(hashOf(QUERY, { path: '/a?user' })).toBe(xxHash64(''))
  expect(hashOf(QUERY, { path: '/a?users=1' })).toBeUndefined()
  expect(hashOf(QUERY, { path: '/user=1' })).toBeUndefined()
})

test('a source address is hashed without its port', () => {
  expect(hashOf({ kind: 'source-ip' }, { remote: '127.0.0.1:50000' })).toBe(xxHash64('127.0.0.1'))
  expect(hashOf({ kind: 'source-ip' }, { remote: '[::1]:50000' })).toBe(xxHash64('::1'))
})

test('a cookie is hashed by its value; without a ttl none is made', () => {
  expect(hashOf(cookie(), { headers: { cookie: 'a=1; user="ann"; user=bob' } })).toBe(xxHash64('ann'))
  expect(stickinessOf([cookie()], factsOf({ host: 'h' }))).toEqual({ hash: undefined, cookies: [] })
})

test('a missing or empty cookie with a ttl is made from both addresses, with its life, path and attributes', () => {
  const value = xxHash64('127.0.0.1:50000127.0.0.1:80').toString(16).padStart(16, '0')
  const made = stickinessOf([cookie({ ttl: 0 })], factsOf({ host: 'h', headers: { cookie: 'user=' } }))
  expect(made).toEqual({ hash: xxHash64(value), cookies: [`user="${value}"; HttpOnly`] })
  const attributes = [
    ['SameSite', 'Lax'],
    ['Secure', '']
  ] as const
  const long = stickinessOf([cookie({ ttl: 3_600_000, path: '/app', attributes })], factsOf({ host: 'h' }))
  expect(long.cookies).toEqual([`user="${value}"; Max-Age=3600; Path=/app; SameSite=Lax; Secure; HttpOnly`])
})

test('hashes of several policies are folded: rotated left by one, xor the next; those without are skipped', () => {
  const facts = factsOf({ host: 'h', path: '/?user=u', headers: { 'x-user': 'ann' } })
  const first = xxHash64('ann')
  const rotated = ((first << 1n) | (first >> 63n)) & MASK
  expect(stickinessOf([HEADER, QUERY], facts).hash).toBe(rotated ^ xxHash64('u'))
  expect(stickinessOf([cookie(), QUERY], facts).hash).toBe(xxHash64('u'))
  expect(stickinessOf([HEADER, HEADER], facts).hash).not.toBe(0n)
})

test('a cookie is found by its whole name', () => {
  expect(cookieValue('xuser=1; user=2', 'user')).toBe('2')
  expect(cookieValue('user', 'user')).toBe('')
  expect(cookieValue(undefined, 'user')).toBe('')
  expect(['user="', 'user=a"', 'user="a', 'user=""'].map((line) => cookieValue(line, 'user'))).toEqual(['"', 'a"', '"a', ''])
})

test('the life of a cookie is in whole seconds, and none for less than one', () => {
  const ages = [999, 1000, 1999].map(
    (ttl) => /Max-Age=\d+/.exec(stickinessOf([cookie({ ttl })], factsOf({ host: 'h' })).cookies[0] ?? '')?.[0]
  )
  expect(ages).toEqual([undefined, 'Max-Age=1', 'Max-Age=1'])
})

test("cookies are added to a route's edits of the answer", () => {
  const edits = { set: [['a', 'b'] as const], add: [['set-cookie', 'x=1'] as const], remove: ['c'] }
  expect(withCookies(edits, [])).toBe(edits)
  expect(withCookies(edits, ['y=2'])).toEqual({ ...edits, add: [...edits.add, ['set-cookie', 'y=2']] })
  expect(withCookies(undefined, ['y=2'])).toEqual({ set: [], add: [['set-cookie', 'y=2']], remove: [] })
})
