// The header edits of a route at the moment they apply: values with commands are formatted here, constant ones cost nothing more than a look
// (istio.md 1.13).

import type { Decision, HeaderEdits } from '../route/decision.ts'
import { editsNow } from '../route/header-edits.ts'
import { ownLine } from './edited-lines.ts'
import { HeadText } from './head-text.ts'
import { KnownFacts, NOTHING } from './known-facts.ts'
import type { Ends, Known, Place } from './known-facts.ts'
import { upstreamHead } from './request-head.ts'
import type { Forwarding } from './request-head.ts'
import type { Millis } from '../std/clock.ts'
import type { Clocks } from './clocks.ts'

/** Who asks, and through whose proxy. */
export interface Asking {
  readonly place: Place
  readonly client: Ends
  readonly minor: number
  readonly started: Millis
}

/** The head to send upstream, without what each try says of itself and the blank line, with the edits that are in it. */
export interface EditedHead {
  readonly head: string
  readonly edits: HeaderEdits | undefined
  readonly decision: Pick<Forward, 'timeout' | 'retry'>
}

type Forward = Extract<Decision, { kind: 'forward' }>

/**
 * Request edits are formatted before an endpoint is chosen and before host and path are rewritten, from the fields as the proxy would send
 * them. The registers are read.
 */
export function editedHead(bytes: Buffer, forwarding: Forwarding, asking: Asking, clocks: Clocks): EditedHead {
  const { decision, edits } = forwarding
  if (edits?.stages === undefined) return { head: upstreamHead(bytes, forwarding), edits, decision }
  const plain = upstreamHead(bytes, { ...forwarding, edits: undefined })
  const now = editsNow(edits, 'request', new KnownFacts(clocks).of(knownAtStart(plain, forwarding, asking)))
  const requestId = new HeadText(plain).field('x-request-id')
  return { head: upstreamHead(bytes, { ...forwarding, edits: now, requestId }), edits: now, decision }
}

function knownAtStart(plain: string, { decision, facts }: Forwarding, { place, client, minor, started }: Asking): Known {
  const { method, path, authority } = facts
  const head = new HeadText(headOfTry({ head: plain, edits: undefined, decision }, 1))
  const { route, cluster } = decision
  return { ...NOTHING, place, client, route, cluster, request: { method, path, authority, minor, head }, started }
}

/** The response edits of a route for an answer. */
export function responseEdits(edits: HeaderEdits | undefined, known: () => Known, clocks: Clocks): HeaderEdits | undefined {
  return edits?.stages === undefined ? edits : editsNow(edits, 'response', new KnownFacts(clocks).of(known()))
}

const ATTEMPTS = 'x-envoy-attempt-count'
const EXPECTED = 'x-envoy-expected-rq-timeout-ms'

/**
 * The head of one try: the count of tries and how long this one may take, `elapsed` after the request was complete. A route may take these
 * off the first; of later ones the proxy writes them again, as Envoy does.
 */
export function headOfTry({ head, edits, decision }: EditedHead, tries: number, elapsed: Millis = 0): string {
  const expected = expectedTimeout(decision, tries === 1 ? 0 : elapsed)
  if (tries === 1 && edits === undefined) return head + firstLines(expected)
  const first = tries === 1 ? edits : undefined
  const lines = (expected === 0 ? '' : ownLine(EXPECTED, expected, first)) + ownLine(ATTEMPTS, tries, first)
  if (edits === undefined || tries === 1) return head + lines
  const kept = head.split('\r\n').filter((line) => !line.startsWith(`${ATTEMPTS}:`) && (expected === 0 || !line.startsWith(`${EXPECTED}:`)))
  return kept.join('\r\n') + lines
}

// The lines of a first try that nobody edits: those made last, most often.
let linesFor = 0
let linesMade = ownLine(ATTEMPTS, 1, undefined)

function firstLines(expected: number): string {
  if (expected !== linesFor) {
    linesFor = expected
    linesMade = (expected === 0 ? '' : ownLine(EXPECTED, expected, undefined)) + ownLine(ATTEMPTS, 1, undefined)
  }
  return linesMade
}

// The timeout of a try, or what is left of the route's where that is less; 0 is none.
function expectedTimeout({ timeout, retry }: EditedHead['decision'], elapsed: Millis): number {
  const perTry = retry?.perTryTimeout ?? 0
  if (timeout === 0) return Math.ceil(perTry)
  const left = Math.max(1, Math.floor(timeout - elapsed))
  return perTry > 0 ? Math.min(perTry, left) : left
}
