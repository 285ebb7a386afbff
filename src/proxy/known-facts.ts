// What formats of header values and of the access log ask about a request (route/format-facts.ts), answered from what the proxy knows of it
// at the moment: before an upstream is chosen, when its answer came, or at the end.

import { isIP } from 'node:net'
import { hostname } from 'node:os'
import type { ClusterId, RouteRef } from '../route/decision.ts'
import type { FactName, HeaderSource } from '../route/format-facts.ts'
import type { Millis } from '../std/clock.ts'
import type { Clocks } from './clocks.ts'
import { NO_HEAD } from './head-text.ts'
import type { Fields, HeadText } from './head-text.ts'
import type { LineFacts } from './line-writer.ts'

/** What is known of one request; one flat object, of which each line of a log makes one. */
export interface Known {
  /** Whose proxy it is. */
  readonly place: Place
  readonly client: Ends
  readonly route: RouteRef | undefined
  readonly cluster: ClusterId | undefined
  /** Of TLS that passes; absent: none. */
  readonly serverName?: string
  readonly request: RequestText
  /** Of the answer as it came, or as the proxy made it; NO_HEAD before there is one. */
  readonly answer: Fields
  /** The body of an answer that the proxy made. */
  readonly body: string
  /** 0 before there is an answer. */
  readonly status: number
  readonly flags: string
  /** Response code details in Envoy's words. */
  readonly details: string | undefined
  readonly attempts: number
  /** The endpoint, the proxy's own end of the connection to it, and why there is none. */
  readonly upstreamHost: string | undefined
  readonly upstreamLocal: string | undefined
  readonly upstreamFailure: string | undefined
  /** Bytes of the bodies, without framing. */
  readonly received: number
  readonly sent: number
  /** Instants of the monotonic clock. */
  readonly started: Millis
  readonly requestDone: Millis | undefined
  readonly answered: Millis | undefined
  readonly ended: Millis | undefined
}

/** A proxy as formats name it. */
export interface Place {
  /** `namespace/name` of its pod, which has its access log. */
  readonly pod?: string
  readonly hostname?: string
  readonly environment?: Readonly<Record<string, string>>
}

/** The ends of the client's connection, `address:port`. */
export interface Ends {
  readonly remote: string
  readonly local: string
  /** The proxy is the first: nobody before it says who the client is. */
  readonly edge?: boolean
}

/** A request as it stands. */
export interface RequestText {
  readonly method: string
  readonly path: string
  readonly authority: string
  /** HTTP minor version; below 0: it is no HTTP. */
  readonly minor: number
  /** The whole head, or its beginning. */
  readonly head: HeadText
}

/** Facts of one moment, one after the other. */
export class KnownFacts implements LineFacts {
  now: Millis = 0
  readonly #clocks: Clocks
  #known: Known = NOTHING
  #ended: Millis = 0

  constructor(clocks: Clocks) {
    this.#clocks = clocks
  }

  /** What is known now, of this request, until the next. */
  of(known: Known): this {
    this.now = this.#clocks.clock.now()
    this.#known = known
    this.#ended = known.ended ?? this.#clocks.monotonic()
    return this
  }

  get request(): object {
    return this.#known.request
  }

  get start(): Millis {
    return this.now - (this.#ended - this.#known.started)
  }

  get zone(): number {
    return -new Date(this.now).getTimezoneOffset()
  }

  header(of: HeaderSource, name: string): string | undefined {
    const { request, answer, status } = this.#known
    if (of === 'trailers') return undefined
    if (of === 'response') return name === ':status' && status > 0 ? String(status) : answer.field(name)
    switch (name) {
      case ':method':
        return text(request.method)
      case ':path':
        return text(request.path)
      case ':authority':
      case 'host':
        return text(request.authority)
      case ':scheme':
        return request.minor < 0 ? undefined : 'http'
      default:
        return request.head.field(name)
    }
  }

  environment(name: string): string | undefined {
    return this.#known.place.environment?.[name]
  }

  metadata(): unknown {
    return undefined
  }

  fact(name: FactName): string | number | undefined {
    return FACTS[name](this.#known, this.#ended)
  }
}

const OWN_NAME = hostname()

/** Of a request of which nothing is known. */
export const NOTHING: Known = {
  place: {},
  client: { remote: '', local: '' },
  route: undefined,
  cluster: undefined,
  request: { method: '', path: '', authority: '', minor: 1, head: NO_HEAD },
  answer: NO_HEAD,
  body: '',
  status: 0,
  flags: '-',
  details: undefined,
  attempts: 0,
  upstreamHost: undefined,
  upstreamLocal: undefined,
  upstreamFailure: undefined,
  received: 0,
  sent: 0,
  started: 0,
  requestDone: undefined,
  answered: undefined,
  ended: undefined
}

// `ended`: the present, while it has not.
type Fact = (known: Known, ended: Millis) => string | number | undefined

function text(value: string | undefined): string | undefined {
  return value === '' ? undefined : value
}

function since(from: Millis | undefined, to: Millis | undefined): number | undefined {
  return from === undefined || to === undefined ? undefined : Math.floor(to - from)
}

/** The client as the proxy before this one saw it: the last address of x-forwarded-for, whose port nobody knows. */
function forwardedFor(head: HeadText): string | undefined {
  const list = head.field('x-forwarded-for')
  if (list === undefined) return undefined
  if (list !== lastList) {
    const last = list.slice(list.lastIndexOf(',') + 1).trim()
    lastList = list
    lastForwarded = isIP(last) === 0 ? undefined : addressOf(last, 0)
  }
  return lastForwarded
}

// What was made of the list that was asked about last.
let lastList = ''
let lastForwarded: string | undefined

/** `address:port`, an IPv6 address in brackets. */
export function addressOf(address: string, port: number | undefined): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port ?? 0}`
}

const FACTS: Readonly<Record<FactName, Fact>> = {
  ACCESS_LOG_TYPE: () => 'DownstreamEnd',
  BYTES_RECEIVED: ({ received }) => received,
  BYTES_SENT: ({ sent }) => sent,
  CONNECTION_ID: () => 0,
  CONNECTION_TERMINATION_DETAILS: () => undefined,
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: ({ client }) => client.remote,
  DOWNSTREAM_LOCAL_ADDRESS: ({ client }) => client.local,
  DOWNSTREAM_REMOTE_ADDRESS: ({ client, request }) => (client.edge === true ? undefined : forwardedFor(request.head)) ?? client.remote,
  DURATION: ({ started }, ended) => since(started, ended),
  HOSTNAME: ({ place }) => place.hostname ?? OWN_NAME,
  LOCAL_REPLY_BODY: ({ body }) => text(body),
  PROTOCOL: ({ request: { minor } }) => (minor === 1 ? 'HTTP/1.1' : minor === 0 ? 'HTTP/1.0' : undefined),
  REQUESTED_SERVER_NAME: ({ serverName }) => text(serverName),
  REQUEST_DURATION: ({ started, requestDone }) => since(started, requestDone),
  REQUEST_TX_DURATION: ({ started, requestDone }) => since(started, requestDone),
  RESPONSE_CODE: ({ status }) => status,
  RESPONSE_CODE_DETAILS: ({ details }) => details,
  RESPONSE_DURATION: ({ started, answered }) => since(started, answered),
  RESPONSE_FLAGS: ({ flags }) => flags,
  RESPONSE_TX_DURATION: ({ answered }, ended) => since(answered, ended),
  ROUTE_NAME: ({ route }) => text(route?.name),
  // Istio's alternative name of a cluster ends in a semicolon.
  UPSTREAM_CLUSTER: ({ cluster }) => (cluster?.includes('|') === true ? `${cluster};` : cluster),
  UPSTREAM_CLUSTER_RAW: ({ cluster }) => cluster,
  UPSTREAM_HOST: ({ upstreamHost }) => upstreamHost,
  UPSTREAM_LOCAL_ADDRESS: ({ upstreamLocal }) => upstreamLocal,
  UPSTREAM_PROTOCOL: ({ upstreamHost, request }) => (upstreamHost === undefined || request.minor < 0 ? undefined : 'HTTP/1.1'),
  UPSTREAM_REQUEST_ATTEMPT_COUNT: ({ attempts }) => attempts,
  UPSTREAM_TRANSPORT_FAILURE_REASON: ({ upstreamFailure }) => upstreamFailure
}
