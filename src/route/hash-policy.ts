// What makes a caller stick to an endpoint (envoy.md 3): the hash of a request by the policies of its route, and the cookies it is given
// when it has none. Which endpoint a hash leads to is balance.ts's to say.

import { xxHash64 } from '../std/xxhash.ts'
import type { HeaderEdits } from './decision.ts'
import { headerValue } from './matching.ts'
import { pathEnd } from './path.ts'
import type { RequestFacts } from './request-facts.ts'
import type { HashPolicy } from './route-table.ts'

/** A request's hash, undefined when no policy finds anything, and the values of Set-Cookie lines it is answered with. */
export interface Stickiness {
  readonly hash: bigint | undefined
  readonly cookies: readonly string[]
}

const MASK = 0xffffffffffffffffn
const NONE: Stickiness = { hash: undefined, cookies: [] }

/** Evaluates all policies; several that find something are folded: the value so far rotated left by one bit, xor the next. */
export function stickinessOf(policies: readonly HashPolicy[], facts: RequestFacts): Stickiness {
  if (policies.length === 0) return NONE
  let hash: bigint | undefined
  const cookies: string[] = []
  for (const policy of policies) {
    const next = hashBy(policy, facts, cookies)
    if (next === undefined) continue
    hash = hash === undefined ? next : (((hash << 1n) | (hash >> 63n)) & MASK) ^ next
  }
  return { hash, cookies }
}

function hashBy(policy: HashPolicy, facts: RequestFacts, cookies: string[]): bigint | undefined {
  switch (policy.kind) {
    case 'header':
      return headerHash(linesOf(facts, policy.name))
    case 'source-ip':
      return xxHash64(withoutPort(facts.remote))
    case 'query': {
      const value = queryValue(facts.path, policy.name)
      return value === undefined ? undefined : xxHash64(value)
    }
    case 'cookie': {
      const sent = cookieValue(facts.header('cookie'), policy.name)
      if (sent !== '') return xxHash64(sent)
      if (policy.ttl === undefined) return undefined
      // The same for all requests of one connection, so that those sent at once agree.
      const made = xxHash64(facts.remote + facts.local)
        .toString(16)
        .padStart(16, '0')
      cookies.push(setCookie(policy, made))
      return xxHash64(made)
    }
  }
}

/** The first parameter of this name, as written; '' for one without a value. */
function queryValue(path: string, name: string): string | undefined {
  for (const pair of path.slice(pathEnd(path) + 1).split('&')) {
    const equals = pair.indexOf('=')
    if ((equals < 0 ? pair : pair.slice(0, equals)) === name) return equals < 0 ? '' : pair.slice(equals + 1)
  }
  return undefined
}

/** Pseudo-headers too: the path is the one received, with its query. */
function linesOf(facts: RequestFacts, name: string): readonly string[] {
  if (name === 'host' || name.startsWith(':')) return [headerValue(name, facts, facts.path) ?? ''].filter((value) => value !== '')
  if (facts.lines !== undefined) return facts.lines(name)
  const joined = facts.header(name)
  return joined === undefined ? [] : [joined]
}

/** Several lines in sorted order, each hashed with the hash before it as seed. */
function headerHash(lines: readonly string[]): bigint | undefined {
  if (lines.length === 0) return undefined
  let hash = 0n
  for (const line of lines.toSorted()) hash = xxHash64(line, hash)
  return hash
}

function withoutPort(address: string): string {
  return address.slice(0, address.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1')
}

/** The value of the first cookie of this name, without the double quotes around it; '' when there is none. */
export function cookieValue(line: string | undefined, name: string): string {
  for (const pair of (line ?? '').split(';')) {
    const equals = pair.indexOf('=')
    if (equals < 0 || pair.slice(0, equals).trim() !== name) continue
    const value = pair.slice(equals + 1).trim()
    return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
  }
  return ''
}

function setCookie(policy: Extract<HashPolicy, { kind: 'cookie' }>, value: string): string {
  const seconds = Math.floor((policy.ttl ?? 0) / 1000)
  let text = `${policy.name}="${value}"`
  if (seconds > 0) text += `; Max-Age=${seconds}`
  if (policy.path !== '') text += `; Path=${policy.path}`
  for (const [name, attribute] of policy.attributes) text += attribute === '' ? `; ${name}` : `; ${name}=${attribute}`
  return `${text}; HttpOnly`
}

/** A route's edits of an endpoint's answer with the cookies that were made for the request. */
export function withCookies(edits: HeaderEdits | undefined, cookies: readonly string[]): HeaderEdits | undefined {
  if (cookies.length === 0) return edits
  const add = [...(edits?.add ?? []), ...cookies.map((cookie) => ['set-cookie', cookie] as const)]
  return { set: edits?.set ?? [], add, remove: edits?.remove ?? [] }
}
