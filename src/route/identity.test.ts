import { describe, expect, test } from 'vitest'
import { factsOf } from '../../test/route-mesh.ts'
import { issuer, tokenRule } from '../../test/tokens.ts'
import type { Decision } from './decision.ts'
import { identifiedDecision, identify, refusedDecision } from './identity.ts'
import type { Identity, SignatureState } from './identity.ts'
import type { RequestFacts } from './request-facts.ts'
import type { TokenRule } from './token-rule.ts'

const ONE = issuer('https://one.example.com')
const TWO = issuer('https://two.example.com')

const ruleOf = (name: string, rest: Partial<TokenRule> = {}): TokenRule => tokenRule({ issuer: name, ...rest })

const factsIn = (headers: Readonly<Record<string, string>>, path = '/'): RequestFacts => factsOf({ host: 'app.example.com', headers, path })

const bearer = (token: string): RequestFacts => factsIn({ authorization: `Bearer ${token}` })

function judged(rules: readonly TokenRule[], facts: RequestFacts, state: SignatureState = 'valid'): Identity {
  return identify(rules, facts, 1_800_000_000_000, () => state)
}

function kindOf(identity: Identity): string {
  return identity.kind === 'refused' ? `${identity.fault.status} ${identity.fault.text}` : identity.kind
}

describe('one rule', () => {
  const rules = [ruleOf(ONE.name)]

  test('no token: nobody in particular', () => {
    expect(judged(rules, factsIn({}))).toMatchObject({ kind: 'known', claims: undefined })
  })

  test('a good one: its claims, and it does not go upstream', () => {
    const identity = judged(rules, bearer(ONE.token({ scope: 'read write' })))
    expect(identity).toMatchObject({ kind: 'known', claims: { sub: 'ann', scope: ['read', 'write'] } })
    expect(identity.kind === 'known' ? [...identity.headers] : []).toEqual([['authorization', undefined]])
  })

  test.each<readonly [SignatureState, string]>([
    ['pending', 'pending'],
    ['invalid', '401 Jwt verification fails'],
    ['no-key', "401 Jwks doesn't have key to match kid or alg from Jwt"]
  ])('its signature is %s', (state, wanted) => {
    expect(kindOf(judged(rules, bearer(ONE.token()), state))).toBe(wanted)
  })

  test('what is wrong besides is found without its signature', () => {
    expect(kindOf(judged(rules, bearer(TWO.token()), 'pending'))).toBe('401 Jwt issuer is not configured')
    expect(kindOf(judged(rules, bearer('x.y'), 'pending'))).toMatch(/^401 Jwt is not in the form/)
  })

  test('a good one beside a bad one is a bad request', () => {
    const facts = factsIn({ authorization: `Bearer ${ONE.token()}` }, `/?access_token=${TWO.token()}`)
    expect(kindOf(judged(rules, facts))).toBe('401 Jwt issuer is not configured')
  })
})

describe('several rules', () => {
  const rules = [ruleOf(ONE.name), ruleOf(TWO.name)]

  test('a token of either issuer is good, of a third is not', () => {
    expect(kindOf(judged(rules, bearer(ONE.token())))).toBe('known')
    expect(kindOf(judged(rules, bearer(TWO.token())))).toBe('known')
    expect(kindOf(judged(rules, bearer(issuer('https://three').token())))).toBe('401 Jwt issuer is not configured')
    expect(kindOf(judged(rules, factsIn({})))).toBe('known')
  })

  test('each looks in its own places', () => {
    const apart = [
      ruleOf(ONE.name, { headers: [{ name: 'x-one', prefix: '' }] }),
      ruleOf(TWO.name, { headers: [{ name: 'x-two', prefix: '' }] })
    ]
    expect(kindOf(judged(apart, factsIn({ 'x-one': ONE.token() })))).toBe('known')
    expect(kindOf(judged(apart, factsIn({ 'x-two': ONE.token() })))).toBe('401 Jwt issuer is not configured')
  })
})

describe('what a token changes on the request', () => {
  const headersOf = (rest: Partial<TokenRule>, facts: RequestFacts): Record<string, string | undefined> => {
    const identity = judged([ruleOf(ONE.name, rest)], facts)
    return identity.kind === 'known' ? Object.fromEntries(identity.headers) : {}
  }

  test('with forwardOriginalToken it stays', () => {
    expect(headersOf({ forwards: true }, bearer(ONE.token()))).toEqual({})
  })

  test('one in a parameter is taken out of the path', () => {
    const identity = judged([ruleOf(ONE.name)], factsIn({}, `/a?b=1&access_token=${ONE.token()}`))
    expect(identity).toMatchObject({ kind: 'known', path: '/a?b=1' })
  })

  test('claims and the payload as headers; what clients send under these names does not count', () => {
    const claimHeaders = ['sub', 'level', 'beta', 'org.name', 'roles', 'absent', 'broken'].map((claim) => ({ header: `x-${claim}`, claim }))
    const token = ONE.token({ level: 3, beta: true, org: { name: 'acme' }, roles: ['dev'], broken: 'a\r\nb: c' })
    expect(headersOf({ claimHeaders, payloadHeader: 'x-payload' }, bearer(token))).toEqual({
      authorization: undefined,
      'x-sub': 'ann',
      'x-level': '3',
      'x-beta': 'true',
      'x-org.name': 'acme',
      'x-roles': Buffer.from('["dev"]').toString('base64'),
      'x-absent': undefined,
      'x-broken': undefined,
      'x-payload': token.split('.')[1]
    })
    expect(headersOf({ claimHeaders: [{ header: 'x-sub', claim: 'sub' }] }, factsIn({ 'x-sub': 'eve' }))).toEqual({ 'x-sub': undefined })
  })

  test('the route has the last word', () => {
    const forward: Decision = {
      kind: 'forward',
      route: { virtualService: undefined, name: undefined, index: 0 },
      cluster: 'c',
      path: '/',
      authority: 'a',
      timeout: 0,
      retry: undefined,
      request: { set: [['x-sub', 'route']], add: [['x-more', '1']], remove: [] },
      response: undefined,
      delay: 0,
      copies: [],
      hash: undefined,
      cookies: []
    }
    const headers = new Map([
      ['authorization', undefined],
      ['x-sub', 'ann'],
      ['x-group', 'vip']
    ])
    expect(identifiedDecision(forward, headers)).toMatchObject({
      request: {
        remove: ['authorization', 'x-sub', 'x-group'],
        set: [
          ['x-group', 'vip'],
          ['x-sub', 'route']
        ],
        add: [['x-more', '1']]
      }
    })
    expect(identifiedDecision({ ...forward, request: undefined }, new Map())).toEqual({ ...forward, request: undefined })
  })
})

test('the answer to a bad token names what was asked for', () => {
  const facts = factsIn({}, '/a"b?access_token=x')
  expect(refusedDecision({ status: 403, text: 'Audiences in Jwt are not allowed' }, facts, undefined)).toMatchObject({
    kind: 'respond',
    status: 403,
    body: 'Audiences in Jwt are not allowed',
    headers: [
      ['www-authenticate', 'Bearer realm="http://app.example.com/ab", error="invalid_token"'],
      ['content-type', 'text/plain']
    ],
    details: 'jwt_authn_access_denied{Audiences_in_Jwt_are_not_allowed}'
  })
})
