// What a local rate limit makes of a decision: the request goes on with additions, or is answered here. Which limits a request comes by depends
// on what answers it: an injected abort and a CORS preflight are answered before the limits behind them are asked.

import { CORS_DETAILS } from './decide.ts'
import type { Decision, RouteRef } from './decision.ts'
import { TOKEN_DETAILS } from './identity.ts'
import { refusal, withAdditions } from './limit-filter.ts'
import type { LimitVerdict } from './limit-filter.ts'
import type { LimitPlace, PlacedLimit } from './local-limit.ts'
import type { LimitedRequest } from './rate-descriptors.ts'

const NO_ROUTE: RouteRef = { virtualService: undefined, name: undefined, index: -1 }
const BEFORE_FAULT: readonly LimitPlace[] = ['first', 'before-fault']

/** The limits that a request comes by on its way to what was decided. */
export function limitsBefore(filters: readonly PlacedLimit[], decision: Decision): readonly PlacedLimit[] {
  // A path that cannot be normalized is refused before any filter sees the request.
  if (decision.kind === 'no-route' && decision.because === 'bad-path') return []
  if (decision.kind !== 'respond') return filters
  if (decision.details?.startsWith(TOKEN_DETAILS) === true) return filters.filter(({ place }) => place === 'first')
  if (decision.flag === 'FI') return filters.filter(({ place }) => BEFORE_FAULT.includes(place))
  return decision.details === CORS_DETAILS ? filters.filter(({ place }) => place !== 'last') : filters
}

/** The decision with what the limits say. A limit behind an injected delay refuses after it. */
export function limitedDecision(decision: Decision, verdict: LimitVerdict, request: LimitedRequest): Decision {
  const { refusedBy, response } = verdict
  if (refusedBy === undefined) return withVerdict(decision, verdict, request)
  const { limit, place } = refusedBy
  const delay = decision.kind === 'redirect' || BEFORE_FAULT.includes(place) ? 0 : decision.delay
  const answer = refusal(limit, request)
  return {
    kind: 'respond',
    route: decision.route ?? NO_ROUTE,
    ...answer,
    response: withAdditions(decision.response, response, (name) => LOCAL.has(name) || answer.headers.some(([own]) => own === name)),
    delay,
    flag: 'RL',
    details: 'local_rate_limited'
  }
}

/** Names that every answer of the proxy itself has. */
const LOCAL = new Set(['content-length', 'content-type', 'date', 'server'])

function withVerdict(decision: Decision, { request: marks, response }: LimitVerdict, { facts }: LimitedRequest): Decision {
  if (marks.length + response.length === 0) return decision
  const answered = { ...decision, response: withAdditions(decision.response, response, (name) => LOCAL.has(name)) }
  if (answered.kind !== 'forward') return answered
  return { ...answered, request: withAdditions(answered.request, marks, (name) => facts.header(name) !== undefined) }
}
