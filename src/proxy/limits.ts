// Every bound of the data plane, by name, with its default. Nothing in this part waits, buffers or counts without one of these, and each
// time that one is reached is counted under its name (serin_mesh_limit_reached_total).

import type { Millis } from '../std/clock.ts'

/** Bounds of one message that are the same in every data plane: the scanner's registers have these sizes. */
export const HEAD_LIMITS = {
  /** Bytes of a message head with its blank line; a longer one is refused (431, or 502 from an upstream). */
  headBytesMax: 65_536,
  /** Bytes of all interim answers (1xx) to one request; an endpoint that sends more has failed it (502). */
  interimBytesMax: 65_536,
  /** Header fields of one head. */
  fieldsMax: 128,
  /** Names in Connection fields of one head. */
  nominationsMax: 10,
  /** Extension bytes of one chunked message. */
  chunkExtensionBytesMax: 1024,
  /** Trailer bytes of one chunked message; trailers are checked and dropped, as Envoy does by default. */
  trailerBytesMax: 8192
} as const

/** Bounds of one data plane. Times are milliseconds, sizes bytes. */
export interface Limits {
  /** A request is kept for another attempt while head and body together are at most this long. */
  readonly retainBytesMax: number
  /** The reader of one side stops while more than this waits to be written on the other side. */
  readonly pendingBytesMax: number
  /** Body bytes read and dropped after an answer that came before the end of the request. */
  readonly discardBytesMax: number
  /** Bytes of a mirrored request that may wait to be sent; a copy that is slower is given up. */
  readonly copyBytesMax: number
  /** Mirrored requests in flight. */
  readonly copiesMax: number
  /** Client connections of one listener. */
  readonly connectionsMax: number
  /** Idle upstream connections kept for one endpoint. */
  readonly idlePerEndpointMax: number
  /** From the first byte of a request head (or the accept) to its end. */
  readonly headerTimeout: Millis
  /** From the first byte of a request to its end. */
  readonly requestTimeout: Millis
  /** A kept-alive client connection without a request. */
  readonly idleTimeout: Millis
  /** No byte in either direction during an exchange. */
  readonly streamIdleTimeout: Millis
  /** After an early answer, how long the rest of the request is read. */
  readonly discardTimeout: Millis
  /** How long a drain waits for requests in flight. */
  readonly drainTimeout: Millis
  /** Lines of the access log that wait to be taken; further ones are left out. */
  readonly accessLogBytesMax: number
  /** How often deadlines are looked at: a deadline is met at most this late. */
  readonly sweepPeriod: Millis
}

/** The defaults: Envoy's where it has one, the edge profile's for header and request times. */
export const LIMITS: Limits = {
  retainBytesMax: 65_536,
  pendingBytesMax: 32_768,
  // An upload is dropped whole where time allows: a client whose connection ends in mid-upload may never read the answer it was given.
  discardBytesMax: 67_108_864,
  copyBytesMax: 262_144,
  copiesMax: 1024,
  connectionsMax: 20_000,
  idlePerEndpointMax: 1024,
  headerTimeout: 60_000,
  requestTimeout: 300_000,
  idleTimeout: 3_600_000,
  streamIdleTimeout: 300_000,
  discardTimeout: 5000,
  drainTimeout: 10_000,
  accessLogBytesMax: 4_194_304,
  sweepPeriod: 50
}

/** The name of a bound, as its counter has it. */
export type LimitName = keyof Limits | keyof typeof HEAD_LIMITS

/** All of them. */
export const LIMIT_NAMES: readonly string[] = [...Object.keys(HEAD_LIMITS), ...Object.keys(LIMITS)]
