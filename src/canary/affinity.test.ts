import { expect, test } from 'vitest'
import { dig } from '../std/json.ts'
import { type Affinity, affinityOf, type Cookies, cookiesAfterRun, cookiesOfRun, endingEntries, stickyEntries } from './affinity.ts'

const plain: Affinity = { cookieName: 'v', primaryCookieName: undefined, maxAge: 86_400, attributes: '' }
const route = [
  { destination: { host: 'a-primary' }, weight: 90 },
  { destination: { host: 'a-canary' }, weight: 10 }
]

// flagger.md 1.8.
test.each<readonly [unknown, Affinity | undefined]>([
  [undefined, undefined],
  [{ cookieName: 'v' }, plain],
  [{ cookieName: 'v', maxAge: 0 }, plain],
  [
    {
      cookieName: 'v',
      primaryCookieName: 'p',
      maxAge: 60,
      secure: true,
      sameSite: 'Lax',
      path: '/x',
      partitioned: true,
      httpOnly: true,
      domain: 'd'
    },
    { cookieName: 'v', primaryCookieName: 'p', maxAge: 60, attributes: '; Domain=d; HttpOnly; Partitioned; Path=/x; SameSite=Lax; Secure' }
  ]
])('%j', (given, affinity) => {
  expect(affinityOf(given)).toEqual(affinity)
})

test('a run has one value, the next another, and the same one after a crash', () => {
  const first = cookiesOfRun(plain, {}, 'uid/s1-a')
  expect(first).toEqual({ canary: expect.stringMatching(/^v=[A-Za-z]{10}$/) })
  expect(cookiesOfRun(plain, {}, 'uid/s1-a')).toEqual(first)
  expect(cookiesOfRun(plain, first, 'uid/s1-a')).toEqual(first)
  const after = cookiesAfterRun(first)
  expect(after).toEqual({ previous: first.canary })
  expect(cookiesAfterRun(after)).toEqual(after)
  expect(cookiesOfRun(plain, after, 'uid/s1-a').canary).not.toBe(first.canary)
  expect(cookiesOfRun({ ...plain, cookieName: 'w' }, first, 'uid/s1-a').canary).toMatch(/^w=/)
})

test('during a run callers with a cookie keep their side, and who has none gets one', () => {
  const cookies: Cookies = { canary: 'v=AAAA', primary: 'p=BBBB' }
  const entries = stickyEntries(
    { match: [{ uri: { prefix: '/' } }], route },
    { affinity: { ...plain, maxAge: 60 }, cookies, interval: 10_000 }
  )
  const regexOf = (cookie: string): string => `(.*; ?)?${cookie}(;.*)?`
  expect(entries).toEqual([
    {
      match: [{ uri: { prefix: '/' }, headers: { Cookie: { regex: regexOf('v=AAAA') } } }],
      route: [
        { ...route[0], weight: 0 },
        { ...route[1], weight: 100 }
      ]
    },
    {
      match: [{ uri: { prefix: '/' }, headers: { Cookie: { regex: regexOf('p=BBBB') } } }],
      route: [
        { ...route[0], weight: 100 },
        { ...route[1], weight: 0 }
      ]
    },
    {
      match: [{ uri: { prefix: '/' } }],
      route: [
        { ...route[0], headers: { response: { add: { 'Set-Cookie': 'p=BBBB; Max-Age=10' } } } },
        { ...route[1], headers: { response: { add: { 'Set-Cookie': 'v=AAAA; Max-Age=60' } } } }
      ]
    }
  ])
})

// The expressions are matched against the whole field, as Envoy does.
test.each([
  ['v=AAAA', true],
  ['a=b; v=AAAA', true],
  ['a=b;v=AAAA; c=d', true],
  ['xv=AAAA', false],
  ['v=AAAAB', false],
  ['v=XAAAA', false],
  ['a=v=AAAA', false]
])('the cookie is found in "%s": %s', (field, found) => {
  const [entry] = stickyEntries({ route }, { affinity: plain, cookies: { canary: 'v=AAAA' }, interval: 0 })
  const regex = String(dig(Object(entry?.['match'])[0], 'headers', 'Cookie', 'regex'))
  expect(new RegExp(`^(?:${regex})$`).test(field)).toBe(found)
})

test('after a run the cookie is taken back, beside the headers that the route sets itself', () => {
  const entry = { headers: { request: { set: { a: 'b' } }, response: { add: { c: 'd' } } }, route }
  const [ending, last] = endingEntries(entry, { previous: 'v=AAAA' })
  expect(last).toBe(entry)
  expect(ending).toMatchObject({
    headers: { request: { set: { a: 'b' } }, response: { add: { c: 'd', 'Set-Cookie': 'v=AAAA; Max-Age=-1' } } },
    match: [{ headers: { Cookie: {} } }],
    route
  })
  expect(endingEntries(entry, {})).toEqual([entry])
})
