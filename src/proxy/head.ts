// The registers that hold the head scanned last: one module-wide set, valid until the next scan, no allocation. The single set and the
// absence of objects are paid for by bench/proxy.ts. Only the scanner and known-fields.ts write them.

import { BOUNDS, LIMITS } from './limits.ts'
import type { HeadLimits, LimitName } from './limits.ts'

/** What a scan came to: more bytes are needed, a head was read, or (any other number) the status to refuse it with. */
export const MORE = 0
export const HEAD = 1

/** Names the engine must know; every other field is OTHER. */
export const OTHER = 0
export const HOST = 1
export const CONTENT_LENGTH = 2
export const TRANSFER_ENCODING = 3
export const CONNECTION = 4
export const UPGRADE = 5
export const EXPECT = 6
export const TE = 7
/** Always removed: keep-alive, proxy-connection, trailer, http2-settings, x-envoy-internal and the x-envoy control fields. */
export const DROP = 8
export const REQUEST_ID = 9
export const FORWARDED_FOR = 10
export const FORWARDED_PROTO = 11
export const DATE = 12
export const SERVER = 13
/** Named by a Connection field, hence removed. */
export const NAMED = 14
/** Who called from outside: the first proxy of all says it. */
export const EXTERNAL_ADDRESS = 15
/** Only while it is noted: it becomes DROP. */
export const PROXY_CONNECTION = 16
/** Only while they are noted: they become OTHER. */
export const CONTENT_TYPE = 17
export const GRPC_STATUS = 18
export const RATE_LIMITED = 19

/** Fields that there are registers for. */
export const FIELDS_MOST = BOUNDS.fieldsMax.most

/** Offsets of the fields of the head read last. */
export const nameStart = new Int32Array(FIELDS_MOST)
export const nameEnd = new Int32Array(FIELDS_MOST)
export const valueStart = new Int32Array(FIELDS_MOST)
export const valueEnd = new Int32Array(FIELDS_MOST)
export const fieldKind = new Uint8Array(FIELDS_MOST)

const NO_LIMIT: LimitName | undefined = undefined as LimitName | undefined
const DEFAULTS: HeadLimits = LIMITS

/** The rest of the registers; offsets are into the buffer that was scanned, -1 is absent. */
export const head = {
  /** Why the message was refused, in words. */
  reason: '',
  /** The bound that it was refused for. */
  limit: NO_LIMIT,
  /** The bounds it is read by; the scanner's caller says them for each message. */
  bounds: DEFAULTS,
  start: 0,
  /** First byte after the blank line. */
  end: 0,
  /** First byte after the line read last. */
  lineEnd: 0,
  /** First byte of the first field. */
  fieldsStart: 0,
  fields: 0,
  methodEnd: 0,
  targetStart: 0,
  targetEnd: 0,
  status: 0,
  minor: 1,
  /** Index of the field, -1 when absent; of several the last for x-forwarded-for, the first for what is only looked at. */
  host: -1,
  upgrade: -1,
  requestId: -1,
  forwardedFor: -1,
  contentType: -1,
  grpcStatus: -1,
  rateLimited: -1,
  contentLength: -1,
  chunked: false,
  close: false,
  keepAlive: false,
  connectionUpgrade: false,
  continues: false,
  date: false,
  forwardedProto: false,
  /** Names in Connection fields other than close, keep-alive and upgrade. */
  nominations: 0
}

/** Notes why a message is refused; returns the status. */
export function refuse(status: number, reason: string): number {
  head.reason = reason
  head.limit = undefined
  return status
}

const OVER = {
  headBytesMax: (most: number) => `the message head is longer than ${most} bytes`,
  fieldsMax: (most: number) => `more than ${most} header fields`,
  nominationsMax: (most: number) => `${most} names or more in Connection`
} as const

/** Notes that a message is refused for being over a bound; returns the status. */
export function refuseOver(status: number, limit: keyof typeof OVER): number {
  head.reason = OVER[limit](head.bounds[limit])
  head.limit = limit
  return status
}

/** Empties the registers for a message that begins at `start`. */
export function reset(start: number): void {
  head.reason = ''
  head.limit = undefined
  head.start = start
  head.fields = 0
  head.host = -1
  head.upgrade = -1
  head.requestId = -1
  head.forwardedFor = -1
  head.contentType = -1
  head.grpcStatus = -1
  head.rateLimited = -1
  head.contentLength = -1
  head.chunked = false
  head.close = false
  head.keepAlive = false
  head.connectionUpgrade = false
  head.continues = false
  head.date = false
  head.forwardedProto = false
  head.nominations = 0
}

/** Whether the head in the registers leaves the connection open: `close` wins over `keep-alive` (RFC 9112 9.3). */
export function keepsConnection(): boolean {
  return !head.close && (head.minor === 1 || head.keepAlive)
}
