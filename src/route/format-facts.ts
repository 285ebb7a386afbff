// What a format string may ask about a request, its answer and the connections (istio.md 5). An interface: the engine answers from its
// registers and exchanges, tests from plain objects. What is not known, or not known yet, is undefined.

import type { Millis } from '../std/clock.ts'

/** Facts without arguments, by the names of Envoy's commands. */
export type FactName =
  | 'ACCESS_LOG_TYPE'
  | 'BYTES_RECEIVED'
  | 'BYTES_SENT'
  | 'CONNECTION_ID'
  | 'CONNECTION_TERMINATION_DETAILS'
  | 'DOWNSTREAM_DIRECT_REMOTE_ADDRESS'
  | 'DOWNSTREAM_LOCAL_ADDRESS'
  | 'DOWNSTREAM_REMOTE_ADDRESS'
  | 'DURATION'
  | 'HOSTNAME'
  | 'LOCAL_REPLY_BODY'
  | 'PROTOCOL'
  | 'REQUESTED_SERVER_NAME'
  | 'REQUEST_DURATION'
  | 'REQUEST_TX_DURATION'
  | 'RESPONSE_CODE'
  | 'RESPONSE_CODE_DETAILS'
  | 'RESPONSE_DURATION'
  | 'RESPONSE_FLAGS'
  | 'RESPONSE_TX_DURATION'
  | 'ROUTE_NAME'
  | 'UPSTREAM_CLUSTER'
  | 'UPSTREAM_CLUSTER_RAW'
  | 'UPSTREAM_HOST'
  | 'UPSTREAM_LOCAL_ADDRESS'
  | 'UPSTREAM_PROTOCOL'
  | 'UPSTREAM_REQUEST_ATTEMPT_COUNT'
  | 'UPSTREAM_TRANSPORT_FAILURE_REASON'

/** Which message a header is of. */
export type HeaderSource = 'request' | 'response' | 'trailers'

/** One request as a format sees it. */
export interface FormatFacts {
  /** When the request began. */
  readonly start: Millis
  /** The present. */
  readonly now: Millis
  /** Minutes that the local time zone is east of UTC. */
  readonly zone: number
  /** The first line of a header, undefined when there is none; `:method`, `:path`, `:scheme` and `:authority` are names too. */
  header(of: HeaderSource, name: string): string | undefined
  /** Addresses are `address:port`; IPv6 ones in brackets. */
  fact(name: FactName): string | number | undefined
  /** A variable of the proxy's environment. */
  environment(name: string): string | undefined
  /** A value that a filter left behind (`DYNAMIC_METADATA`), as plain data. */
  metadata(path: readonly string[]): unknown
}
