// Who a request comes from, as far as its tokens tell: the verdict over all rules of a gateway, and what the tokens change on the request
// (istio.md 1.3). A request may have no token; one that it has must be good.

import type { Millis } from '../std/clock.ts'
import { ownAnswer } from './fault.ts'
import type { Decision, HeaderEdits, RouteRef } from './decision.ts'
import type { RequestFacts } from './request-facts.ts'
import type { Claims, TokenRule } from './token-rule.ts'
import { findTokens, judgeToken, matchableClaims, readToken, unaccepted, withoutParameter } from './tokens.ts'
import type { FoundToken, ReadToken, TokenFault } from './tokens.ts'
import { breaksHead, octetsOf } from '../std/octets.ts'

/** How the response code details of a refused token begin. */
export const TOKEN_DETAILS = 'jwt_authn_access_denied'

/** What is known of a signature: `pending` while it is being checked. */
export type SignatureState = 'valid' | 'invalid' | 'no-key' | 'pending'

/** What a gateway concludes about the sender of a request. */
export type Identity =
  | { readonly kind: 'pending' }
  | { readonly kind: 'refused'; readonly fault: TokenFault }
  | {
      readonly kind: 'known'
      /** undefined: nobody in particular. */
      readonly claims: Claims | undefined
      /** Headers that the request has from now on; undefined: not any more. */
      readonly headers: ReadonlyMap<string, string | undefined>
      readonly path: string
    }

type Outcome =
  | { readonly kind: 'missing' }
  | { readonly kind: 'pending' }
  | { readonly kind: 'refused'; readonly fault: TokenFault }
  | { readonly kind: 'good'; readonly tokens: readonly (FoundToken & { readonly read: ReadToken })[] }

/**
 * Judges the tokens of a request: it is good when the tokens of one rule are, or when no rule finds a bad one. `signature` tells of a
 * token's signature by the keys of a rule.
 */
export function identify(
  rules: readonly TokenRule[],
  facts: RequestFacts,
  now: Millis,
  signature: (rule: TokenRule, token: string) => SignatureState
): Identity {
  const outcomes = rules.map((rule) => ({ rule, outcome: outcomeOf(rule, facts, now, signature) }))
  if (outcomes.some(({ outcome }) => outcome.kind === 'pending')) return { kind: 'pending' }
  const good = outcomes.find(({ outcome }) => outcome.kind === 'good')
  const bad = outcomes.findLast(({ outcome }) => outcome.kind === 'refused')
  if (good === undefined && bad?.outcome.kind === 'refused') return { kind: 'refused', fault: bad.outcome.fault }
  return known(rules, facts, good?.outcome.kind === 'good' ? { rule: good.rule, tokens: good.outcome.tokens } : undefined)
}

function outcomeOf(
  rule: TokenRule,
  facts: RequestFacts,
  now: Millis,
  signature: (rule: TokenRule, token: string) => SignatureState
): Outcome {
  const tokens: (FoundToken & { readonly read: ReadToken })[] = []
  for (const found of findTokens(rule, facts)) {
    const read = readToken(found.token)
    const fault = 'status' in read ? read : (judgeToken(rule, read, now) ?? faultOf(signature(rule, found.token)))
    if (fault === 'pending') return { kind: 'pending' }
    if (fault !== undefined) return { kind: 'refused', fault }
    if (!('status' in read)) tokens.push({ ...found, read })
  }
  return tokens.length === 0 ? { kind: 'missing' } : { kind: 'good', tokens }
}

function faultOf(state: SignatureState): TokenFault | 'pending' | undefined {
  if (state === 'no-key') return unaccepted("Jwks doesn't have key to match kid or alg from Jwt")
  return state === 'valid' ? undefined : state === 'pending' ? 'pending' : unaccepted('Jwt verification fails')
}

interface Good {
  readonly rule: TokenRule
  readonly tokens: readonly (FoundToken & { readonly read: ReadToken })[]
}

function known(rules: readonly TokenRule[], facts: RequestFacts, good: Good | undefined): Identity {
  const headers = new Map<string, string | undefined>()
  // Nobody but the gateway writes these.
  for (const { claimHeaders, payloadHeader } of rules) {
    for (const { header } of claimHeaders) headers.set(header, undefined)
    if (payloadHeader !== undefined) headers.set(payloadHeader, undefined)
  }
  const last = good?.tokens.at(-1)
  if (good === undefined || last === undefined) return { kind: 'known', claims: undefined, headers, path: facts.path }
  for (const { read } of good.tokens) writeClaims(good.rule, read, headers)
  const claims = matchableClaims(good.rule, last.read.claims)
  return { kind: 'known', claims, headers, path: good.rule.forwards ? facts.path : takeAway(good.tokens, facts.path, headers) }
}

function writeClaims({ claimHeaders, payloadHeader }: TokenRule, read: ReadToken, headers: Map<string, string | undefined>): void {
  for (const { header, claim } of claimHeaders) headers.set(header, claimText(read.claims, claim) ?? headers.get(header))
  if (payloadHeader !== undefined) headers.set(payloadHeader, read.payload)
}

/** The tokens do not go upstream; the path is what is left of it. */
function takeAway(tokens: readonly FoundToken[], path: string, headers: Map<string, string | undefined>): string {
  for (const { from } of tokens) if (from.kind === 'header') headers.set(from.name, undefined)
  return tokens.reduce((left, { from }) => (from.kind === 'parameter' ? withoutParameter(left, from.name) : left), path)
}

/** A claim, dots leading to nested ones, as a header value; lists and objects as base64 of their JSON. */
function claimText(claims: Claims, name: string): string | undefined {
  let value: unknown = claims
  for (const part of name.split('.'))
    value = typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === part)?.[1] : undefined
  if (typeof value === 'string') return printable(value)
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (value === undefined || value === null) return undefined
  return btoa(octetsOf(JSON.stringify(value)))
}

/** Bytes of UTF-8 as characters; a value that could end a header line is no value. */
function printable(text: string): string | undefined {
  return breaksHead(text) ? undefined : octetsOf(text)
}

/** The answer to a request with a token that is not accepted; `route` is the one it would have taken. */
export function refusedDecision(fault: TokenFault, facts: RequestFacts, route: RouteRef | undefined): Decision {
  const realm = `${facts.scheme}://${facts.authority}${facts.path.split('?')[0] ?? ''}`
  const answer = ownAnswer(facts, { status: fault.status, body: fault.text })
  return {
    kind: 'respond',
    route: route ?? { virtualService: undefined, name: undefined, index: -1 },
    ...answer,
    headers: [['www-authenticate', `Bearer realm="${realm.replaceAll(/["\\]/g, '')}", error="invalid_token"`], ...answer.headers],
    response: undefined,
    delay: 0,
    flag: '-',
    details: `${TOKEN_DETAILS}{${fault.text.replaceAll(' ', '_')}}`
  }
}

/** The decision with the headers of the identity on the request; what the route itself writes wins. */
export function identifiedDecision(decision: Decision, headers: ReadonlyMap<string, string | undefined>): Decision {
  if (decision.kind !== 'forward' || headers.size === 0) return decision
  return { ...decision, request: withHeaders(decision.request, headers) }
}

function withHeaders(edits: HeaderEdits | undefined, headers: ReadonlyMap<string, string | undefined>): HeaderEdits {
  const remove = [...headers.keys()]
  const set = [...headers].flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
  if (edits === undefined) return { remove, set, add: [] }
  if (edits.stages !== undefined) {
    const first = { remove, set: set.map(([name, value]) => [name, [value]] as const), add: [] }
    return { ...edits, stages: [first, ...edits.stages] }
  }
  const own = new Set([...edits.set.map(([name]) => name), ...edits.remove])
  return { remove: [...remove, ...edits.remove], set: [...set.filter(([name]) => !own.has(name)), ...edits.set], add: edits.add }
}
