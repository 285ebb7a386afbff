// Signed tokens for tests: a key pair made once, and tokens with any header and claims.

import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { TokenRule } from '../src/route/token-rule.ts'

/** An issuer with its keys. */
export interface Issuer {
  readonly name: string
  /** A JSON Web Key Set. */
  readonly keys: string
  /** A token of the issuer: claims over usual ones, header fields over usual ones. */
  token(claims?: object, header?: object): string
}

/** An issuer with one key of its own. */
export function issuer(name = 'https://issuer.example.com', kid = 'k1'): Issuer {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' }
  return {
    name,
    keys: JSON.stringify({ keys: [jwk] }),
    token: (claims = {}, header = {}) =>
      signed(privateKey, { alg: 'ES256', typ: 'JWT', kid, ...header }, { iss: name, sub: 'ann', exp: 4_102_444_800, ...claims })
  }
}

function signed(key: KeyObject, header: object, claims: object): string {
  const text = `${encoded(header)}.${encoded(claims)}`
  const pem = createPrivateKey(key.export({ type: 'pkcs8', format: 'pem' }))
  return `${text}.${sign('sha256', Buffer.from(text), { key: pem, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

/** What a gateway asks of tokens: any issuer's by these keys, found where most clients put them. */
export function tokenRule(rest: Partial<TokenRule> = {}): TokenRule {
  return {
    issuer: undefined,
    audiences: [],
    keys: '',
    headers: [],
    parameters: [],
    cookies: [],
    forwards: false,
    claimHeaders: [],
    payloadHeader: undefined,
    lists: ['scope'],
    ...rest
  }
}

/** A part of a token. */
export function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
