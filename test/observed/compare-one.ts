// One request: its answer, what its endpoint saw, its tries and copies, and how long it took.

import type { Answer } from './caller.ts'
import type { Case, SeenOne, SeenUpstream } from './case-file.ts'
import { same } from './compare-counts.ts'
import { compareFields, expectedPattern } from './compare-fields.ts'
import type { Arrival } from './echo.ts'
import { answeredBy, triesOf } from './plays.ts'
import type { Played } from './world.ts'

/** Later than configured is right up to here (README, "Times"). */
export const LATE_MAX = 100

export function compareOne(each: Case, seen: SeenOne, played: Played): string[] {
  const [answer] = played.answers
  if (answer === undefined) return ['nothing was asked']
  const arrival = answeredBy(played, answer)
  return [
    ...compareAnswer(seen, answer, arrival),
    ...compareEndpoint(each, seen, arrival),
    ...compareAttempts(played, seen.attempts ?? 0),
    ...compareLine(seen, played),
    ...compareCopies(seen.mirrored ?? [], played),
    ...compareTime(seen, answer)
  ]
}

/** The answer that a client got, and the request that its endpoint saw. */
export function compareAnswer(seen: SeenOne, answer: Answer, arrival: Arrival | undefined): string[] {
  if (!answer.done) return ['no answer came']
  return [
    ...same('status', answer.status, seen.status),
    ...same('aborted', answer.aborted, seen.aborted ?? false),
    ...same('answered by', arrival?.cluster ?? 'the proxy', seen.upstream?.cluster ?? 'the proxy'),
    ...compareFields('answer', seen.headers, answer.headers, arrival === undefined ? 'local' : 'answer'),
    ...compareBody(seen, answer),
    ...(seen.upstream === undefined || arrival === undefined ? [] : compareUpstream('upstream', seen.upstream, arrival))
  ]
}

// What the log says of the request. A route without a name has none there either.
function compareLine(seen: SeenOne, { lines }: Played): string[] {
  const [line] = lines
  if (line === undefined || lines.length > 1) return [`log: got ${lines.length} lines`]
  return [
    ...same('flags', line.flags, seen.flags),
    ...same('routeName', line.routeName, seen.routeName ?? '-'),
    ...same('details', line.details, seen.details)
  ]
}

// A balancer's choice is no fact, but where a hash or a subset makes it, or there is but one endpoint.
function compareEndpoint({ group }: Case, { upstream, headers }: SeenOne, arrival: Arrival | undefined): string[] {
  const isFree = group === 'lb' || group === 'outlier' || upstream?.endpoint === 'any' || headers['set-cookie'] !== undefined
  return isFree || upstream === undefined || arrival === undefined ? [] : same('endpoint', arrival.endpoint, upstream.endpoint)
}

// The text of the proxy's own connection errors and of refused tokens is Envoy's.
function compareBody({ status, body, flags }: SeenOne, answer: Answer): string[] {
  if (body === undefined || body.startsWith('upstream connect error')) return []
  if ((status === 401 || status === 403) && flags === '-') return []
  return expectedPattern(body).test(answer.body) ? [] : [`body: got ${JSON.stringify(answer.body)}, wanted ${JSON.stringify(body)}`]
}

function compareUpstream(what: string, seen: SeenUpstream, arrival: Arrival): string[] {
  return [
    ...same(`${what} method`, arrival.method, seen.method),
    ...same(`${what} path`, arrival.path, seen.path),
    ...same(`${what} authority`, arrival.authority, seen.authority),
    ...same(`${what} body`, arrival.body, seen.body ?? ''),
    ...compareFields(what, seen.headers, arrival.headers, what === 'upstream' ? 'request' : 'copy')
  ]
}

function compareCopies(seen: readonly SeenUpstream[], { arrivals }: Played): string[] {
  const got = arrivals.filter(({ copy }) => copy).toSorted((a, b) => (a.cluster < b.cluster ? -1 : 1))
  const wanted = seen.toSorted((a, b) => (a.cluster < b.cluster ? -1 : 1))
  const names = (list: readonly { readonly cluster: string }[]): string => list.map(({ cluster }) => cluster).join(' ')
  if (names(got) !== names(wanted)) return [`copies: got ${names(got)}, wanted ${names(wanted)}`]
  return wanted.flatMap((copy, at) => (got[at] === undefined ? [] : compareUpstream(`copy ${at}`, copy, got[at])))
}

/**
 * Tries that reached an endpoint's address against those observed: some observations count a try that found no endpoint, or that a breaker
 * refused, which nobody saw.
 */
export function compareAttempts(played: Played, wanted: number): string[] {
  const tries = triesOf(played)
  const unseen = played.lines.filter(({ flags }) => /U[OH]/.test(flags)).length
  return tries === wanted || tries + unseen === wanted ? [] : same('attempts', tries, wanted)
}

function compareTime({ ms }: SeenOne, answer: Answer): string[] {
  if (ms === undefined) return []
  const got = answer.endedAt - answer.startedAt
  // The observation has a few milliseconds of its own, either way.
  return got >= ms - 10 && got <= ms + LATE_MAX ? [] : [`ms: got ${got}, wanted ${ms}`]
}
