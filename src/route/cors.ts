// CORS at the time of a request (istio.md 1.12): preflights are answered here, other requests get the answer's fields. Nothing is ever
// blocked: that is what browsers do with the answer.

import type { HeaderEdits } from './decision.ts'
import type { Expression } from './expression.ts'
import { matchesText } from './matching.ts'
import type { RequestFacts } from './request-facts.ts'
import type { Cors } from './route-table.ts'

/** What the policy says of one request: nothing, the answer to a preflight, or fields for the answer from upstream. */
export type CorsOutcome =
  | { readonly kind: 'none' }
  | { readonly kind: 'preflight'; readonly headers: readonly (readonly [name: string, value: string])[] }
  | { readonly kind: 'actual'; readonly fields: readonly (readonly [name: string, value: string])[] }

/** The policy says nothing of the request. */
export const NO_CORS: CorsOutcome = { kind: 'none' }

/** Judges a request; `regexes` are those of the policy's origins, in their order. */
export function judgeCors(cors: Cors, regexes: readonly (Expression | undefined)[], facts: RequestFacts): CorsOutcome {
  const origin = facts.header('origin') ?? ''
  if (origin === '') return NO_CORS
  const allowed = cors.origins.some((test, at) => matchesText(test, regexes[at], origin))
  const asked = facts.method === 'OPTIONS' ? (facts.header('access-control-request-method') ?? '') : ''
  if (asked !== '' && (allowed || !cors.forwardsUnmatched)) {
    return { kind: 'preflight', headers: preflightFields(cors, facts, { origin: allowed ? origin : undefined, method: asked }) }
  }
  return allowed ? { kind: 'actual', fields: actualFields(cors, origin) } : NO_CORS
}

interface Preflight {
  /** undefined: not an allowed one. */
  readonly origin: string | undefined
  readonly method: string
}

type Field = readonly [name: string, value: string]

function preflightFields(cors: Cors, facts: RequestFacts, { origin, method }: Preflight): Field[] {
  const { allowMethods, allowHeaders, maxAge, exposeHeaders } = cors
  const fields: Field[] = []
  if (origin !== undefined) fields.push(['access-control-allow-origin', origin])
  if (cors.allowCredentials) fields.push(['access-control-allow-credentials', 'true'])
  if (allowMethods !== undefined) fields.push(['access-control-allow-methods', allowMethods === '*' ? method : allowMethods])
  if (allowHeaders !== undefined) {
    const headers = allowHeaders === '*' ? (facts.header('access-control-request-headers') ?? '') : allowHeaders
    fields.push(['access-control-allow-headers', headers])
  }
  if (maxAge !== undefined) fields.push(['access-control-max-age', maxAge])
  if (origin !== undefined && exposeHeaders !== undefined) fields.push(['access-control-expose-headers', exposeHeaders])
  return fields
}

function actualFields(cors: Cors, origin: string): Field[] {
  const fields: Field[] = [['access-control-allow-origin', origin]]
  if (cors.allowCredentials) fields.push(['access-control-allow-credentials', 'true'])
  if (cors.exposeHeaders !== undefined) fields.push(['access-control-expose-headers', cors.exposeHeaders])
  return fields
}

/** The edits with the fields in place of what upstream or the edits say of them. */
export function withFields(edits: HeaderEdits | undefined, fields: readonly Field[]): HeaderEdits {
  if (edits === undefined) return { set: fields, add: [], remove: [] }
  if (edits.stages !== undefined) {
    const set = fields.map(([name, value]) => [name, [value]] as const)
    return { ...edits, stages: [...edits.stages, { remove: [], set, add: [] }] }
  }
  const others = (list: readonly Field[]): Field[] => list.filter(([name]) => !fields.some(([own]) => own === name))
  return { ...edits, set: [...others(edits.set), ...fields], add: others(edits.add) }
}
