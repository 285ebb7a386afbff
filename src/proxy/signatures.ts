// Whether tokens are signed with the keys of their issuer. Checking takes a moment and does not happen here and now: who asks the first time
// waits, and a token that comes again costs nothing. What is kept is bounded, whatever tokens clients invent: good ones and bad ones apart, so
// that bad ones cannot push good ones out.

import type { JWK } from 'jose'
import type { SignatureState } from '../route/identity.ts'
import type { TokenRule } from '../route/token-rule.ts'
import { isObject, listAt, parsedJson } from '../std/json.ts'
import { LIMITS } from './limits.ts'
import type { LimitName, Limits } from './limits.ts'

type Known = Exclude<SignatureState, 'pending'>

/** A set of keys in use; `id` stands for it in what is known of tokens. */
interface KeySet {
  readonly id: number
  readonly keys: readonly JWK[]
}

/** Key types by the first letters of an algorithm: a key never serves another type, and `none` has no key. */
const TYPES: Readonly<Record<string, string>> = { RS: 'RSA', PS: 'RSA', ES: 'EC', Ed: 'OKP', HS: 'oct' }
const ALGORITHMS = new Set('RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519 HS256 HS384 HS512'.split(' '))

/** Bounds of what is kept. */
export type SignatureLimits = Pick<Limits, 'goodTokensMax' | 'badTokensMax' | 'tokenBytesMax' | 'keySetsMax' | 'keysMax'>

/** Owns the keys in use and what is known of tokens, for one worker. */
export class Signatures {
  readonly #keySets = new Map<string, KeySet>()
  readonly #good = new Map<string, Known>()
  readonly #bad = new Map<string, Known>()
  readonly #checking = new Map<string, Promise<Known>>()
  #sets = 0
  readonly #limits: SignatureLimits
  readonly #reach: (limit: LimitName) => void

  constructor(limits: SignatureLimits = LIMITS, reach: (limit: LimitName) => void = () => undefined) {
    this.#limits = limits
    this.#reach = reach
  }

  /** Tokens of which something is kept. */
  get size(): number {
    return this.#good.size + this.#bad.size
  }

  /** What is known of a token by the keys of a rule; undefined: `check` it. */
  known(rule: TokenRule, token: string): Known | undefined {
    if (rule.keys === undefined) return 'no-key'
    const id = `${this.#keySet(rule.keys).id} ${token}`
    return touched(this.#good, id) ?? touched(this.#bad, id)
  }

  /** Checks a token; several who ask at once share one check. Never rejects. */
  check(rule: TokenRule, token: string): Promise<Known> {
    if (rule.keys === undefined) return Promise.resolve('no-key')
    const set = this.#keySet(rule.keys)
    const id = `${set.id} ${token}`
    const under = this.#checking.get(id)
    if (under !== undefined) return under
    const checking = verify(set.keys, token, (fitting) => this.#tried(fitting))
      // A token that the library cannot read is a bad one.
      .catch((): Known => 'invalid')
      .then((state) => {
        this.#checking.delete(id)
        if (token.length > this.#limits.tokenBytesMax) this.#reach('tokenBytesMax')
        else if (state === 'valid') this.#keep(this.#good, id, state, 'goodTokensMax')
        else this.#keep(this.#bad, id, state, 'badTokensMax')
        return state
      })
    this.#checking.set(id, checking)
    return checking
  }

  #tried(keys: readonly JWK[]): readonly JWK[] {
    const { keysMax } = this.#limits
    if (keys.length <= keysMax) return keys
    this.#reach('keysMax')
    return keys.slice(0, keysMax)
  }

  #keep<T>(map: Map<string, T>, id: string, value: T, limit: 'goodTokensMax' | 'badTokensMax' | 'keySetsMax'): void {
    map.delete(id)
    const [oldest] = map.keys()
    if (oldest !== undefined && map.size >= this.#limits[limit]) {
      this.#reach(limit)
      map.delete(oldest)
    }
    map.set(id, value)
  }

  #keySet(text: string): KeySet {
    const known = touched(this.#keySets, text)
    if (known !== undefined) return known
    this.#sets += 1
    const fresh = { id: this.#sets, keys: keysOf(text) }
    this.#keep(this.#keySets, text, fresh, 'keySetsMax')
    return fresh
  }
}

async function verify(keys: readonly JWK[], token: string, tried: (fitting: readonly JWK[]) => readonly JWK[]): Promise<Known> {
  // Only where tokens are looked at is the library loaded.
  const { compactVerify, decodeProtectedHeader } = await import('jose')
  const { alg = '', kid } = decodeProtectedHeader(token)
  const type = ALGORITHMS.has(alg) ? TYPES[alg.slice(0, 2)] : undefined
  const fitting = keys.filter((key) => key.kty === type && (key.alg ?? alg) === alg && (kid === undefined || (key.kid ?? kid) === kid))
  if (type === undefined || fitting.length === 0) return 'no-key'
  for (const key of tried(fitting)) {
    // A key of another curve or size is no error of the token: the next one may fit.
    const verified = await compactVerify(token, key, { algorithms: [alg] }).catch(() => undefined)
    if (verified !== undefined) return 'valid'
  }
  return 'invalid'
}

function keysOf(text: string): readonly JWK[] {
  // The library looks at the fields of each key that it is given.
  return listAt(parsedJson(text), 'keys').filter(isObject)
}

/** The most recently used is last. */
function touched<T>(map: Map<string, T>, id: string): T | undefined {
  const value = map.get(id)
  if (value === undefined) return undefined
  map.delete(id)
  map.set(id, value)
  return value
}
