// The header edits of a route at the moment they apply: values with commands are formatted here, constant ones cost nothing more than a look
// (istio.md 1.13).

import type { HeaderEdits } from '../route/decision.ts'
import { editsNow } from '../route/header-edits.ts'
import { fieldIn, ownLine } from './edited-lines.ts'
import { KnownFacts } from './known-facts.ts'
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

/** The head to send upstream, without the attempt count and the blank line, with the edits that are in it. */
export interface EditedHead {
  readonly head: string
  readonly edits: HeaderEdits | undefined
}

/**
 * Request edits are formatted before an endpoint is chosen and before host and path are rewritten, from the fields as the proxy would send
 * them. The registers are read.
 */
export function editedHead(bytes: Buffer, forwarding: Omit<Forwarding, 'edits'>, asking: Asking, clocks: Clocks): EditedHead {
  const edits = forwarding.decision.request
  if (edits?.stages === undefined) return { head: upstreamHead(bytes, { ...forwarding, edits }), edits }
  const plain = upstreamHead(bytes, { ...forwarding, edits: undefined })
  const now = editsNow(edits, 'request', new KnownFacts(clocks, knownAtStart(plain, forwarding, asking)))
  const requestId = fieldIn(plain, 'x-request-id')
  return { head: upstreamHead(bytes, { ...forwarding, edits: now, requestId }), edits: now }
}

function knownAtStart(plain: string, { decision, facts }: Omit<Forwarding, 'edits'>, { place, client, minor, started }: Asking): Known {
  const { method, path, authority } = facts
  return {
    place,
    client,
    route: decision.route,
    cluster: decision.cluster,
    request: { method, path, authority, minor, head: `${plain}x-envoy-attempt-count: 1\r\n` },
    answer: '',
    body: '',
    status: 0,
    flags: '-',
    details: undefined,
    attempts: 0,
    upstream: {},
    received: 0,
    sent: 0,
    times: { started }
  }
}

/** The response edits of a route for an answer. */
export function responseEdits(edits: HeaderEdits | undefined, known: () => Known, clocks: Clocks): HeaderEdits | undefined {
  return edits?.stages === undefined ? edits : editsNow(edits, 'response', new KnownFacts(clocks, known()))
}

const ATTEMPTS = 'x-envoy-attempt-count'

/** The head of one try. A route may take the count off the first; of later ones the proxy writes it again, as Envoy does. */
export function headOfTry({ head, edits }: EditedHead, tries: number): string {
  if (edits === undefined) return `${head}${ATTEMPTS}: ${tries}\r\n`
  if (tries === 1) return head + ownLine(ATTEMPTS, tries, edits)
  const kept = head.split('\r\n').filter((line) => !line.startsWith(`${ATTEMPTS}:`))
  return `${kept.join('\r\n')}${ATTEMPTS}: ${tries}\r\n`
}
