// What the proxy knows of a request, put together where a value or a line of the log is formatted: of a forwarded one as its caller's proxy
// sees it, of a try as the called pod's would, and of one that the proxy answers itself.

import type { ClusterId, RouteRef } from '../route/decision.ts'
import type { Endpoint } from '../route/route-table.ts'
import type { EndpointSlot } from '../route/router.ts'
import type { Millis } from '../std/clock.ts'
import { SERVICE_TIME } from './access-format.ts'
import type { ExchangeStart } from './downstream.ts'
import type { Spoken } from './failures.ts'
import { HeadText, NO_HEAD } from './head-text.ts'
import type { Fields } from './head-text.ts'
import type { Ends, Known, Place, RequestText } from './known-facts.ts'

/** A forwarded request, with the head that it has upstream. */
export function requestOf({ decision, method, minor }: ExchangeStart, head: HeadText): RequestText {
  return { method, minor, path: decision.path, authority: decision.authority, head }
}

/** How a try ended: with an answer of the endpoint's or of the limit before it, by a reset, or because the caller's side left. */
export type TryEnd = 'answered' | 'limited' | 'reset' | 'left'

const INBOUND: RouteRef = { virtualService: undefined, name: 'default', index: 0 }
const INBOUND_FLAGS: Readonly<Record<TryEnd, readonly [flags: string, details: string]>> = {
  answered: ['-', 'via_upstream'],
  limited: ['RL', 'local_rate_limited'],
  reset: ['UC', 'upstream_reset_before_response_started{connection_termination}'],
  left: ['DC', 'downstream_remote_disconnect']
}

/** An endpoint as its own proxy names it. */
interface InboundNames {
  readonly place: Place
  readonly cluster: ClusterId
}

// An endpoint is never changed, but replaced.
const names = new WeakMap<Endpoint, InboundNames>()

/** An endpoint as its own proxy names it. */
export function namesOf(endpoint: Endpoint): InboundNames {
  const known = names.get(endpoint)
  if (known !== undefined) return known
  const { namespace, pod, port } = endpoint
  const fresh = { place: { hostname: pod, pod: `${namespace}/${pod}` }, cluster: `inbound|${port}||` }
  names.set(endpoint, fresh)
  return fresh
}

/** The same try as a proxy beside the called pod sees it: it is one hop here, and the endpoint's address stands for both of its ends. */
export function knownInbound(known: Known, slot: EndpointSlot, end: TryEnd, started: Millis): Known {
  const { place, cluster } = namesOf(slot.endpoint)
  const [flags, details] = INBOUND_FLAGS[end]
  return {
    ...known,
    place,
    client: { remote: known.upstreamLocal ?? '', local: slot.key },
    route: INBOUND,
    cluster,
    status: end === 'left' && known.answer === NO_HEAD ? 0 : known.status,
    flags,
    details,
    attempts: 1,
    started
  }
}

/** Where an answer of the proxy itself comes from. */
export interface Here {
  readonly place: Place
  readonly client: Ends
  readonly route: RouteRef | undefined
  readonly request: RequestText
  readonly started: Millis
  readonly received: number
}

/** What is known of a request that the proxy answers itself. */
export function knownHere({ place, client, route, request, started, received }: Here, answer: Omit<Spoken, 'edits'>): Known {
  const { status, flag, details, body, lines } = answer
  return {
    place,
    client,
    route,
    cluster: undefined,
    request,
    answer: new HeadText(`\r\n${lines}`),
    body,
    status,
    flags: flag,
    details,
    attempts: 0,
    upstreamHost: undefined,
    upstreamLocal: undefined,
    upstreamFailure: undefined,
    received,
    sent: Buffer.byteLength(body),
    started,
    requestDone: undefined,
    answered: undefined,
    ended: undefined
  }
}

/** What is known of a message that could not be read. */
export const NO_REQUEST: RequestText = { method: '', path: '', authority: '', minor: 1, head: NO_HEAD }

/** Envoy's words for a message that is refused before it is a request. */
export function refusalDetails(status: number): string {
  if (status === 431) return 'http1.headers_too_large'
  if (status === 503) return 'overload'
  return status === 408 ? 'request_header_timeout' : 'http1.codec_error'
}

// Those of most answers, by their milliseconds.
const SHORT_TIMES = 256
const shortTimes: (Fields | undefined)[] = Array.from({ length: SHORT_TIMES })

/** An answer of which no more is kept than how long the endpoint took. */
export function serviceTime(ms: Millis): Fields {
  const whole = Math.floor(ms)
  return whole >= 0 && whole < SHORT_TIMES ? (shortTimes[whole] ??= serviceTimeOf(whole)) : serviceTimeOf(whole)
}

function serviceTimeOf(ms: number): Fields {
  const text = String(ms)
  return { field: (name) => (name === SERVICE_TIME ? text : undefined) }
}
