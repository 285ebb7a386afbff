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
import type { Ends, Known, Place, RequestText, Times } from './known-facts.ts'

/** What an exchange has seen so far. */
export interface Seen {
  readonly status: number
  readonly flags: string
  readonly details: string
  /** The head of the upstream's answer, or the line with the time it took. */
  readonly answer: HeadText
  readonly tries: number
  readonly slot: EndpointSlot | undefined
  /** The proxy's end of the connection to the endpoint. */
  readonly local: string | undefined
  /** Why there is no connection. */
  readonly failure: string | undefined
  readonly received: number
  readonly sent: number
  readonly times: Omit<Times, 'started'>
  /** The try, as it went upstream: the same object for both sides. */
  readonly request: RequestText
}

/** A forwarded request, with the head that it has upstream. */
export function requestOf({ decision, method, minor }: ExchangeStart, head: HeadText): RequestText {
  return { method, minor, path: decision.path, authority: decision.authority, head }
}

/** What is known of a forwarded request. */
export function knownOf(from: ExchangeStart, seen: Seen): Known {
  const { decision, started, client, place } = from
  const { status, flags, details, answer, slot, local, failure, tries, received, sent, times, request } = seen
  return {
    place,
    client,
    route: decision.route,
    cluster: decision.cluster,
    request,
    answer,
    body: '',
    status,
    flags,
    details,
    attempts: tries,
    upstream: { host: slot?.key, local, failure },
    received,
    sent,
    times: { started, ...times }
  }
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

function namesOf(endpoint: Endpoint): InboundNames {
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
    client: { remote: known.upstream.local ?? '', local: slot.key },
    route: INBOUND,
    cluster,
    status: end === 'left' && known.answer === NO_HEAD ? 0 : known.status,
    flags,
    details,
    attempts: 1,
    times: { ...known.times, started }
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
    upstream: {},
    received,
    sent: Buffer.byteLength(body),
    times: { started }
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
const shortTimes: (HeadText | undefined)[] = Array.from({ length: SHORT_TIMES })

/** The line that says how long the endpoint took, as a head of an answer has it. */
export function serviceTimeLine(ms: Millis): HeadText {
  const whole = Math.floor(ms)
  return whole >= 0 && whole < SHORT_TIMES ? (shortTimes[whole] ??= serviceTime(whole)) : serviceTime(whole)
}

function serviceTime(ms: number): HeadText {
  return new HeadText(`\r\n${SERVICE_TIME}: ${ms}\r\n`)
}
