// Tokens that callers bring, always the same ones, and the rule of a gateway that looks at them. Checking one takes place beside the event loop:
// a run waits for it, so that the same play gives the same run.

import { createHmac } from 'node:crypto'
import { Signatures } from '../../src/proxy/signatures.ts'
import type { TokenRule } from '../../src/route/token-rule.ts'
import { encoded, tokenRule } from '../tokens.ts'

const SECRET = 'a key of 32 bytes for the fuzzer'
const KEYS = { keys: [{ kty: 'oct', kid: 'k', alg: 'HS256', k: Buffer.from(SECRET).toString('base64url') }] }

/** What a gateway that looks at tokens asks: ours, whose subject goes on in a header. */
export const TOKEN_RULE: TokenRule = tokenRule({
  issuer: 'fuzz',
  keys: JSON.stringify(KEYS),
  claimHeaders: [{ header: 'x-subject', claim: 'sub' }],
  payloadHeader: 'x-payload'
})

function tokenOf(claims: object, header: object = {}, secret = SECRET): string {
  const text = `${encoded({ alg: 'HS256', kid: 'k', ...header })}.${encoded({ iss: 'fuzz', sub: 'ann', exp: 4_102_444_800, ...claims })}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

/** Good, expired, of somebody else, signed by nobody, and none at all. */
export const TOKENS: readonly string[] = [
  tokenOf({}),
  tokenOf({ sub: 'bob', scope: 'a b' }),
  tokenOf({ exp: 1 }),
  tokenOf({ iss: 'other' }),
  tokenOf({}, {}, 'another key that nobody knows of!'),
  tokenOf({}, { kid: 'unknown' }),
  tokenOf({}, { alg: 'none' }),
  'no.token'
]

type Check = (this: Signatures, rule: TokenRule, token: string) => ReturnType<Signatures['check']>

const underWay = new Set<Promise<unknown>>()
// A method has a value.
const check = Object.getOwnPropertyDescriptor(Signatures.prototype, 'check')?.value as Check

// There is no other place from where a run could see that the engine waits.
Signatures.prototype.check = function checkSeen(rule, token) {
  const checking = check.call(this, rule, token)
  underWay.add(checking)
  void checking.finally(() => underWay.delete(checking))
  return checking
}

/** Tokens are being checked. */
export const isChecking = (): boolean => underWay.size > 0

/** Resolves once those that are being checked are. */
export async function checked(): Promise<void> {
  await Promise.all(underWay)
}
