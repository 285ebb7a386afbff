import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { encoded, issuer, tokenRule } from '../../test/tokens.ts'
import type { TokenRule } from '../route/token-rule.ts'
import { LIMITS } from './limits.ts'
import { Signatures } from './signatures.ts'

const ISSUER = issuer()

const ruleOf = (keys: string | undefined): TokenRule => tokenRule({ keys })

const RULE = ruleOf(ISSUER.keys)

test('a token is checked once and then known', async () => {
  const signatures = new Signatures()
  const token = ISSUER.token()
  expect(signatures.known(RULE, token)).toBeUndefined()
  const [first, second] = [signatures.check(RULE, token), signatures.check(RULE, token)]
  expect(first).toBe(second)
  expect(await first).toBe('valid')
  expect(signatures.known(RULE, token)).toBe('valid')
})

test('what is known is known for one set of keys', async () => {
  const signatures = new Signatures()
  const token = ISSUER.token()
  await signatures.check(RULE, token)
  const other = ruleOf(issuer().keys)
  expect(signatures.known(other, token)).toBeUndefined()
  expect(await signatures.check(other, token)).toBe('invalid')
})

describe('tokens that are not accepted', () => {
  const forged = (header: object, signature: string): string => `${encoded(header)}.${encoded({ sub: 'eve' })}.${signature}`
  const hmac = (text: string): string => createHmac('sha256', ISSUER.keys).update(text).digest('base64url')
  const hs = `${encoded({ alg: 'HS256', kid: 'k1' })}.${encoded({ sub: 'eve' })}`
  test.each([
    ['changed claims', `${ISSUER.token().split('.')[0]}.${encoded({ sub: 'eve' })}.${ISSUER.token().split('.')[2]}`, 'invalid'],
    ['no algorithm', forged({ alg: 'none' }, ''), 'no-key'],
    ['no algorithm, in capitals', forged({ alg: 'NONE', kid: 'k1' }, 'x'), 'no-key'],
    ['the public key as a secret', `${hs}.${hmac(hs)}`, 'no-key'],
    ['another key id', ISSUER.token({}, { kid: 'k2' }), 'no-key'],
    ['an algorithm of another key type', forged({ alg: 'RS256', kid: 'k1' }, 'AAAA'), 'no-key'],
    ['an unknown critical field', ISSUER.token({}, { crit: ['exp'] }), 'invalid'],
    ['a header that is none', 'e30.e30.e30', 'no-key'],
    ['nonsense', 'a.b.c', 'invalid']
  ])('%s', async (_, token, state) => {
    expect(await new Signatures().check(RULE, token)).toBe(state)
  })

  test('without keys', async () => {
    const signatures = new Signatures()
    expect(signatures.known(ruleOf(undefined), 'a.b.c')).toBe('no-key')
    expect(await signatures.check(ruleOf('no JSON'), ISSUER.token())).toBe('no-key')
    expect(await signatures.check(ruleOf('{"keys":[7,{"kty":"EC"}]}'), ISSUER.token())).toBe('invalid')
  })
})

test('keys without id and algorithm serve every token of their type', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const rule = ruleOf(JSON.stringify({ keys: [issuer(), publicKey.export({ format: 'jwk' })].map((key) => ('keys' in key ? {} : key)) }))
  for (const [alg, hash] of [
    ['RS256', 'sha256'],
    ['RS512', 'sha512']
  ] as const) {
    const text = `${encoded({ alg, kid: 'any' })}.${encoded({})}`
    expect(await new Signatures().check(rule, `${text}.${sign(hash, Buffer.from(text), privateKey).toString('base64url')}`)).toBe('valid')
  }
})

test('thousands of tokens leave a bounded number; bad ones do not push good ones out; huge ones are not kept', async () => {
  const signatures = new Signatures()
  const good = ISSUER.token()
  await signatures.check(RULE, good)
  for (let at = 0; at < 3000; at += 1) await signatures.check(RULE, `${encoded({ alg: 'ES256', kid: String(at) })}.e30.AAAA`)
  expect(signatures.size).toBe(LIMITS.badTokensMax + 1)
  expect(signatures.known(RULE, good)).toBe('valid')
  const huge = ISSUER.token({ more: 'x'.repeat(60_000) })
  expect(await signatures.check(RULE, huge)).toBe('valid')
  expect(signatures.known(RULE, huge)).toBeUndefined()
  expect(LIMITS.goodTokensMax).toBeGreaterThan(LIMITS.badTokensMax)
})
