// Every bound of the data plane, by name, with its default and what it may be set to. Nothing in this part waits, buffers or counts without
// one of these or a destination's own (docs/limits.md), and each time that one is reached is counted under its name
// (serin_mesh_limit_reached_total).

import type { Millis } from '../std/clock.ts'

/** A bound: `value` unless it is set, between `least` and `most` when it is. Times are milliseconds. */
export interface Bound {
  readonly unit: 'count' | 'bytes' | 'time'
  readonly value: number
  readonly least: number
  readonly most: number
}

type Range = readonly [least: number, most: number]

const count = (value: number, [least, most]: Range): Bound => ({ unit: 'count', value, least, most })
const bytes = (value: number, [least, most]: Range): Bound => ({ unit: 'bytes', value, least, most })
const time = (value: Millis, [least, most]: Range): Bound => ({ unit: 'time', value, least, most })

const KI = 1024
const MI = 1024 * KI
const SECOND = 1000
const DAY = 86_400 * SECOND

/** The defaults are Envoy's where it has one, the edge profile's for header and request times. */
export const BOUNDS = {
  /** Bytes of a message head with its blank line; a longer one is refused (431, or 502 from an upstream). */
  headBytesMax: bytes(64 * KI, [KI, 256 * KI]),
  /** Bytes of all interim answers (1xx) to one request; an endpoint that sends more has failed it (502). */
  interimBytesMax: bytes(64 * KI, [KI, 16 * MI]),
  /** Header fields of one head. The scanner has registers for the most of them. */
  fieldsMax: count(128, [16, 512]),
  /** Names in Connection fields of one head: so many are refused. */
  nominationsMax: count(10, [1, 100]),
  /** Extension bytes of one chunked message. */
  chunkExtensionBytesMax: bytes(KI, [0, 64 * KI]),
  /** Trailer bytes of one chunked message; trailers are checked and dropped, as Envoy does by default. */
  trailerBytesMax: bytes(8 * KI, [0, 64 * KI]),
  /** A request is kept for another attempt while head and body together are at most this long. */
  retainBytesMax: bytes(64 * KI, [0, 16 * MI]),
  /** The reader of one side stops while more than this waits to be written on the other side. */
  pendingBytesMax: bytes(32 * KI, [KI, 64 * MI]),
  /**
   * Body bytes read and dropped after an answer that came before the end of the request. An upload is dropped whole where time allows: a
   * client whose connection ends in mid-upload may never read the answer it was given.
   */
  discardBytesMax: bytes(64 * MI, [0, KI * MI]),
  /** Bytes of a mirrored request that may wait to be sent; a copy that is slower is given up. */
  copyBytesMax: bytes(256 * KI, [KI, 64 * MI]),
  /** All that is kept of requests and answers together; three quarters of it is where keeping for another try and copying end. */
  keptBytesMax: bytes(256 * MI, [MI, 64 * KI * MI]),
  /** Mirrored requests in flight. */
  copiesMax: count(1024, [0, 100_000]),
  /** Client connections of all listeners together. */
  connectionsMax: count(20_000, [1, 1_000_000]),
  /** Requests in flight, delayed ones and tunnels included; further ones are answered 503. */
  requestsMax: count(10_000, [1, 1_000_000]),
  /** Idle upstream connections kept for one endpoint. */
  idlePerEndpointMax: count(1024, [0, 65_536]),
  /** Addresses outside of the mesh whose connections are kept; the one used first makes room. */
  outsideAddressesMax: count(256, [1, 65_536]),
  /** Tries of one request on kept connections that turn out to have been closed by the endpoint; these are no retries of the policy. */
  staleTriesMax: count(3, [0, 100]),
  /** Buffers kept for the next connection that needs one. */
  freeBuffersMax: count(64, [0, 65_536]),
  /** Tokens that are known to be good; the one used first makes room. */
  goodTokensMax: count(1024, [1, 1_000_000]),
  /** Tokens that are known to be bad, apart, so that they cannot push good ones out. */
  badTokensMax: count(256, [1, 1_000_000]),
  /** A longer token is checked each time. */
  tokenBytesMax: bytes(8 * KI, [0, 256 * KI]),
  /** Sets of keys in use; the one used first makes room. */
  keySetsMax: count(64, [1, 65_536]),
  /** Keys of one set that are tried for a token. */
  keysMax: count(32, [1, 1024]),
  /** From the first byte of a request head (or the accept) to its end. */
  headerTimeout: time(60 * SECOND, [100, DAY]),
  /** From the first byte of a request to its end. */
  requestTimeout: time(300 * SECOND, [100, DAY]),
  /** A kept-alive client connection without a request. */
  idleTimeout: time(3600 * SECOND, [100, DAY]),
  /** No byte in either direction during an exchange. */
  streamIdleTimeout: time(300 * SECOND, [100, DAY]),
  /** After an early answer, how long the rest of the request is read. */
  discardTimeout: time(5 * SECOND, [10, DAY]),
  /** How long a listener that closes waits for requests in flight. */
  drainTimeout: time(10 * SECOND, [0, DAY]),
  /** Lines of the access log that wait to be taken; further ones are left out. */
  accessLogBytesMax: bytes(4 * MI, [KI, KI * MI])
} as const satisfies Readonly<Record<string, Bound>>

/** The name of a bound that can be set. */
export type SettableLimit = keyof typeof BOUNDS

/** The system's: open files of the process (`ulimit -n`). */
export const SYSTEM_LIMIT = 'openFilesMax'

/** The name of a bound, as its counter has it. */
export type LimitName = SettableLimit | typeof SYSTEM_LIMIT

/** Bounds of one data plane. Times are milliseconds, sizes bytes. */
export type Limits = Readonly<Record<SettableLimit, number>>

/** Bounds of one message head. */
export type HeadLimits = Pick<Limits, 'headBytesMax' | 'fieldsMax' | 'nominationsMax'>

/** Bounds of the framing of one body. */
export type FrameLimits = Pick<Limits, 'chunkExtensionBytesMax' | 'trailerBytesMax'>

const SETTABLE = Object.entries(BOUNDS)

/** The defaults. */
// every name of the type is an entry
export const LIMITS = Object.fromEntries(SETTABLE.map(([name, { value }]) => [name, value])) as Limits

/** All names. */
export const LIMIT_NAMES: readonly string[] = [...SETTABLE.map(([name]) => name), SYSTEM_LIMIT]
