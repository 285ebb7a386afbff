// Tokens of a request (istio.md 1.3): where they are, and what is wrong with one before its signature is looked at. Signatures are the data
// plane's to check. Texts and order are Envoy's, since clients see them.

import { isObject } from '../std/json.ts'
import type { Millis } from '../std/clock.ts'
import type { RequestFacts } from './request-facts.ts'
import type { Claims, TokenRule } from './token-rule.ts'

/** Where a token was found. */
export interface FoundToken {
  readonly token: string
  readonly from: { readonly kind: 'header' | 'parameter' | 'cookie'; readonly name: string }
}

/** Why a token is not accepted. */
export interface TokenFault {
  readonly status: 401 | 403
  readonly text: string
}

/** What the parts of a token say. */
export interface ReadToken {
  readonly header: Claims
  readonly claims: Claims
  /** The middle part as it came. */
  readonly payload: string
}

// Clocks differ: so long a token counts before and after its time.
const SKEW: Millis = 60_000
const USUAL = { headers: [{ name: 'authorization', prefix: 'Bearer ' }], parameters: ['access_token'], cookies: [] } as const

/** The tokens of a request for one rule, header by header, then parameters, then cookies. */
export function findTokens(rule: TokenRule, facts: RequestFacts): FoundToken[] {
  const { headers, parameters, cookies } = rule.headers.length + rule.parameters.length + rule.cookies.length === 0 ? USUAL : rule
  return [
    ...headers.flatMap(({ name, prefix }) => {
      const lines = facts.lines?.(name) ?? [facts.header(name) ?? '']
      return lines.flatMap((line) => found(afterPrefix(line, prefix), 'header', name))
    }),
    ...parameters.flatMap((name) => found(parameterOf(facts.path, name), 'parameter', name)),
    ...cookies.flatMap((name) => found(cookieOf(facts.header('cookie') ?? '', name), 'cookie', name))
  ]
}

function found(token: string | undefined, kind: FoundToken['from']['kind'], name: string): FoundToken[] {
  return token === undefined || token === '' ? [] : [{ token, from: { kind, name } }]
}

/** What follows the prefix, as far as it can be a token. */
function afterPrefix(line: string, prefix: string): string | undefined {
  const at = line.indexOf(prefix)
  return at < 0 ? undefined : /^[\w.-]*/.exec(line.slice(at + prefix.length))?.[0]
}

function parameterOf(path: string, name: string): string | undefined {
  const query = path.indexOf('?')
  if (query < 0) return undefined
  const pair = path
    .slice(query + 1)
    .split('&')
    .find((part) => part.startsWith(`${name}=`))
  return pair?.slice(name.length + 1)
}

function cookieOf(cookies: string, name: string): string | undefined {
  const pair = cookies.split(';').find((part) => part.trim().startsWith(`${name}=`))
  return pair?.trim().slice(name.length + 1)
}

/** The path without a parameter: a token in it does not go upstream. */
export function withoutParameter(path: string, name: string): string {
  const query = path.indexOf('?')
  if (query < 0) return path
  const kept = path
    .slice(query + 1)
    .split('&')
    .filter((part) => !part.startsWith(`${name}=`))
  return kept.length === 0 ? path.slice(0, query) : `${path.slice(0, query)}?${kept.join('&')}`
}

/** The parts of a token; a fault when it is none. */
export function readToken(token: string): ReadToken | TokenFault {
  const [head = '', payload = '', signature, ...more] = token.split('.')
  if (signature === undefined || more.length > 0) {
    return unaccepted('Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections')
  }
  const header = objectOf(head)
  if (header === undefined) return unaccepted('Jwt header is an invalid Base64url encoded or invalid JSON')
  const claims = objectOf(payload)
  if (claims === undefined) return unaccepted('Jwt payload is an invalid Base64url encoded or invalid JSON')
  return { header, claims, payload }
}

function objectOf(part: string): Claims | undefined {
  if (!/^[\w-]+$/.test(part)) return undefined
  try {
    const bytes = Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** What is wrong with a token besides its signature, in the order in which Envoy looks; undefined: nothing. */
export function judgeToken(rule: TokenRule, { claims }: ReadToken, now: Millis): TokenFault | undefined {
  const { iss, exp, nbf, aud } = claims
  if (rule.issuer !== undefined && iss !== rule.issuer) return unaccepted('Jwt issuer is not configured')
  if (isUnfit(exp) || isUnfit(nbf)) return unaccepted('Jwt payload is an invalid Base64url encoded or invalid JSON')
  if (typeof nbf === 'number' && now + SKEW < nbf * 1000) return unaccepted('Jwt not yet valid')
  if (typeof exp === 'number' && now - SKEW > exp * 1000) return unaccepted('Jwt is expired')
  if (rule.audiences.length > 0 && !allows(rule.audiences, aud)) return { status: 403, text: 'Audiences in Jwt are not allowed' }
  return undefined
}

function isUnfit(time: unknown): boolean {
  return time !== undefined && (typeof time !== 'number' || time < 0)
}

function allows(audiences: readonly string[], named: unknown): boolean {
  const wanted = new Set(audiences.map(plainAudience))
  const all: readonly unknown[] = Array.isArray(named) ? named : [named]
  return all.some((one) => typeof one === 'string' && wanted.has(plainAudience(one)))
}

/** Scheme and a slash at the end do not count. */
function plainAudience(audience: string): string {
  return audience.replace(/^https?:\/\//, '').replace(/\/$/, '')
}

/** A token that is answered with 401. */
export function unaccepted(text: string): TokenFault {
  return { status: 401, text }
}

/** The claims as matches see them: lists that are written with spaces between are lists. */
export function matchableClaims(rule: TokenRule, claims: Claims): Claims {
  const split = rule.lists.flatMap((name) => {
    const value = claims[name]
    return typeof value === 'string' && Object.hasOwn(claims, name) ? [[name, value.split(' ').filter((part) => part !== '')] as const] : []
  })
  return split.length === 0 ? claims : { ...claims, ...Object.fromEntries(split) }
}
