import { describe, expect, test } from 'vitest'
import { factsOf } from '../../test/route-mesh.ts'
import { encoded, issuer, tokenRule } from '../../test/tokens.ts'
import type { RequestFacts } from './request-facts.ts'
import type { TokenRule } from './token-rule.ts'
import { findTokens, judgeToken, matchableClaims, readToken, withoutParameter } from './tokens.ts'

const NOW = 1_800_000_000_000

const ruleOf = (rest: Partial<TokenRule> = {}): TokenRule =>
  tokenRule({ issuer: 'https://issuer.example.com', lists: ['scope', 'permission'], ...rest })

const factsIn = (path: string, headers: Readonly<Record<string, readonly string[]>> = {}): RequestFacts =>
  factsOf({ host: 'a', path, headers })

function found(rule: TokenRule, facts: RequestFacts): string[] {
  return findTokens(rule, facts).map(({ token, from }) => `${token} ${from.kind} ${from.name}`)
}

describe('where tokens are', () => {
  test('where most clients put them, unless the rule names places', () => {
    const facts = factsIn('/?a=1&access_token=q.q.q', {
      authorization: ['Bearer h.h.h'],
      'x-token': ['t-1.2.3 more'],
      cookie: ['a=1; tok=c.c.c']
    })
    expect(found(ruleOf(), facts)).toEqual(['h.h.h header authorization', 'q.q.q parameter access_token'])
    expect(found(ruleOf({ headers: [{ name: 'x-token', prefix: 't-' }] }), facts)).toEqual(['1.2.3 header x-token'])
    expect(found(ruleOf({ parameters: ['a'] }), facts)).toEqual(['1 parameter a'])
    expect(found(ruleOf({ cookies: ['tok'] }), facts)).toEqual(['c.c.c cookie tok'])
  })

  test('another scheme of authorization, an empty value or nothing: none', () => {
    expect(found(ruleOf(), factsIn('/', { authorization: ['Basic abc'] }))).toEqual([])
    expect(found(ruleOf(), factsIn('/?access_token=', { authorization: ['Bearer '] }))).toEqual([])
    expect(found(ruleOf(), factsIn('/access_token=x'))).toEqual([])
  })

  test('every line of a header counts', () => {
    expect(found(ruleOf(), factsIn('/', { authorization: ['Bearer a.a.a', 'Bearer b.b.b'] }))).toHaveLength(2)
  })
})

test.each([
  ['/?access_token=x', '/'],
  ['/?a=1&access_token=x&b=2', '/?a=1&b=2'],
  ['/?a=1', '/?a=1'],
  ['/', '/']
])('%s without its token: %s', (path, left) => {
  expect(withoutParameter(path, 'access_token')).toBe(left)
})

describe('what is no token', () => {
  test.each([
    'abc',
    'a.b',
    'a.b.c.d',
    '',
    `${encoded({ alg: 'ES256' })}.!.x`,
    `${encoded({ alg: 'ES256' })}.${encoded([1])}.x`,
    `.${encoded({})}.x`,
    `${Buffer.from('{').toString('base64url')}.${encoded({})}.x`,
    `${Buffer.from([0xff, 0xfe]).toString('base64url')}.${encoded({})}.x`
  ])('%s', (token) => {
    expect(readToken(token)).toMatchObject({ status: 401 })
  })
})

describe('judging a token', () => {
  const judged = (claims: object, rule: Partial<TokenRule> = {}): unknown => {
    const read = readToken(issuer().token(claims))
    return 'status' in read ? read : judgeToken(ruleOf(rule), read, NOW)
  }
  const seconds = NOW / 1000

  test.each([
    ['all is well', {}, {}, undefined],
    ['another issuer', { iss: 'x' }, {}, 'Jwt issuer is not configured'],
    ['any issuer', { iss: 'x' }, { issuer: undefined }, undefined],
    ['expired', { exp: seconds - 61 }, {}, 'Jwt is expired'],
    ['expired within the difference of clocks', { exp: seconds - 59 }, {}, undefined],
    ['not yet valid', { nbf: seconds + 61 }, {}, 'Jwt not yet valid'],
    ['soon valid', { nbf: seconds + 59 }, {}, undefined],
    ['a time that is none', { exp: 'tomorrow' }, {}, 'Jwt payload is an invalid Base64url encoded or invalid JSON'],
    ['the audience', { aud: 'shop' }, { audiences: ['shop'] }, undefined],
    ['one of the audiences', { aud: ['a', 'shop'] }, { audiences: ['b', 'shop'] }, undefined],
    ['an audience with scheme and slash', { aud: 'https://shop.example.com/' }, { audiences: ['shop.example.com'] }, undefined]
  ])('%s', (_, claims, rule, text) => {
    expect(judged(claims, rule)).toEqual(text === undefined ? undefined : { status: 401, text })
  })

  test.each([[{}], [{ aud: 'other' }], [{ aud: 7 }], [{ aud: [] }]])('another audience is forbidden: %j', (claims) => {
    expect(judged(claims, { audiences: ['shop'] })).toEqual({ status: 403, text: 'Audiences in Jwt are not allowed' })
  })
})

test('claims that are lists with spaces between', () => {
  const claims = { scope: 'read  write', permission: ['a b'], group: 'a b' }
  expect(matchableClaims(ruleOf(), claims)).toEqual({ scope: ['read', 'write'], permission: ['a b'], group: 'a b' })
  expect(matchableClaims(ruleOf({ lists: ['group'] }), claims)).toMatchObject({ group: ['a', 'b'], scope: 'read  write' })
})
