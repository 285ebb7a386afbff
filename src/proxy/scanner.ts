// Reads the head of a request or a response from bytes into registers: one module-wide set, valid until the next scan, no allocation. The
// rules against request smuggling are those of RFC 9112 read strictly (proxy.md 8, envoy.md 13): what two readers could understand
// differently is refused. The single set of registers and the absence of objects are paid for by bench/proxy.ts.

import { LIMITS } from './limits.ts'
import { AUTHORITY, METHOD, SEPARATOR, TARGET, TOKEN, VALUE, ascii, spells } from './octets.ts'

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

const KNOWN: readonly (readonly [name: string, kind: number])[] = [
  ['host', HOST],
  ['content-length', CONTENT_LENGTH],
  ['transfer-encoding', TRANSFER_ENCODING],
  ['connection', CONNECTION],
  ['upgrade', UPGRADE],
  ['expect', EXPECT],
  ['te', TE],
  ['keep-alive', DROP],
  ['proxy-connection', DROP],
  ['trailer', DROP],
  ['http2-settings', DROP],
  ['x-request-id', REQUEST_ID],
  ['x-forwarded-for', FORWARDED_FOR],
  ['x-forwarded-proto', FORWARDED_PROTO],
  ['date', DATE],
  ['server', SERVER],
  ['x-envoy-internal', DROP],
  ['x-envoy-retry-on', DROP],
  ['x-envoy-retry-grpc-on', DROP],
  ['x-envoy-max-retries', DROP],
  ['x-envoy-retriable-status-codes', DROP],
  ['x-envoy-retriable-header-names', DROP],
  ['x-envoy-upstream-rq-timeout-ms', DROP],
  ['x-envoy-upstream-rq-per-try-timeout-ms', DROP],
  ['x-envoy-upstream-rq-timeout-alt-response', DROP],
  ['x-envoy-upstream-service-time', DROP],
  ['x-envoy-expected-rq-timeout-ms', DROP],
  ['x-envoy-attempt-count', DROP],
  ['x-envoy-hedge-on-per-try-timeout', DROP],
  ['x-envoy-force-trace', DROP],
  ['x-envoy-ip-tags', DROP]
]

interface Name {
  readonly bytes: Uint8Array
  readonly kind: number
}

const BY_LENGTH: readonly (readonly Name[])[] = Array.from({ length: 48 }, (_, length) =>
  KNOWN.filter(([name]) => name.length === length).map(([name, kind]) => ({ bytes: ascii(name), kind }))
)
const NONE: readonly Name[] = []

/** Offsets of the fields of the head read last. */
export const nameStart = new Int32Array(LIMITS.fieldsMax)
export const nameEnd = new Int32Array(LIMITS.fieldsMax)
export const valueStart = new Int32Array(LIMITS.fieldsMax)
export const valueEnd = new Int32Array(LIMITS.fieldsMax)
export const fieldKind = new Uint8Array(LIMITS.fieldsMax)

/** The rest of the registers; offsets are into the buffer that was scanned, -1 is absent. */
export const head = {
  reason: '',
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
  /** Index of the field, -1 when absent. */
  host: -1,
  upgrade: -1,
  requestId: -1,
  forwardedFor: -1,
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

const VERSION = ascii('http/1.')
const CHUNKED = ascii('chunked')
const CLOSE = ascii('close')
const KEEP_ALIVE = ascii('keep-alive')
const UPGRADE_WORD = ascii('upgrade')
const CONTINUE = ascii('100-continue')

function refuse(status: number, reason: string): number {
  head.reason = reason
  return status
}

function reset(start: number): void {
  head.reason = ''
  head.start = start
  head.fields = 0
  head.host = -1
  head.upgrade = -1
  head.requestId = -1
  head.forwardedFor = -1
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

/** Reads a request head from bytes [start, end). One empty line before it is skipped. MORE, HEAD, or the status to refuse with. */
export function scanRequest(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  if (bytes[at] === 13) {
    if (at + 1 >= end) return MORE
    if (bytes[at + 1] !== 10) return refuse(400, 'a bare carriage return before the request')
    at += 2
  }
  reset(at)
  let result = requestLine(bytes, at, end)
  if (result === HEAD) result = scanFields(bytes, head.lineEnd, end)
  if (result === MORE) return incomplete(start, end)
  if (result !== HEAD) return result
  return head.end - start > LIMITS.headBytesMax ? refuse(431, 'a head over the limit') : requestFraming()
}

function requestLine(bytes: Uint8Array, start: number, end: number): number {
  const methodEnd = skip(METHOD, bytes, start, end)
  if (methodEnd >= end) return MORE
  if (methodEnd === start || bytes[methodEnd] !== 32) return refuse(400, 'not a method')
  const targetEnd = skip(TARGET, bytes, methodEnd + 1, end)
  if (targetEnd >= end) return MORE
  if (targetEnd === methodEnd + 1 || bytes[targetEnd] !== 32) return refuse(400, 'not a request target')
  head.methodEnd = methodEnd
  head.targetStart = methodEnd + 1
  head.targetEnd = targetEnd
  head.lineEnd = targetEnd + 11
  return requestVersion(bytes, targetEnd + 1, end)
}

// The first offset from `at` whose octet is not in the class.
function skip(octets: Uint8Array, bytes: Uint8Array, at: number, end: number): number {
  let next = at
  while (next < end && octets[bytes[next] as number] === 1) next++
  return next
}

function incomplete(start: number, end: number): number {
  return end - start >= LIMITS.headBytesMax ? refuse(431, 'a head over the limit') : MORE
}

// `HTTP/1.x` CR LF, exactly ten bytes; refuses as soon as a byte is wrong.
function requestVersion(bytes: Uint8Array, at: number, end: number): number {
  const have = Math.min(end - at, VERSION.length)
  if (!spells(bytes, at, VERSION.subarray(0, have)) || (have > 0 && bytes[at] !== 0x48)) return badVersion(bytes, at, end)
  if (at + 7 >= end) return MORE
  const minor = (bytes[at + 7] as number) - 0x30
  if (minor < 0 || minor > 9) return refuse(400, 'not a protocol version')
  if (at + 8 >= end) return MORE
  if (bytes[at + 8] !== 13) return refuse(400, 'no line end after the version')
  if (at + 9 >= end) return MORE
  if (bytes[at + 9] !== 10) return refuse(400, 'no line end after the version')
  if (minor > 1) return refuse(505, 'not HTTP/1.0 or HTTP/1.1')
  head.minor = minor
  return HEAD
}

function badVersion(bytes: Uint8Array, at: number, end: number): number {
  const major = bytes[at + 5] as number
  const other = at + 8 < end && bytes[at] === 0x48 && bytes[at + 4] === 0x2f && major >= 0x30 && major <= 0x39 && bytes[at + 6] === 0x2e
  return other ? refuse(505, 'not HTTP/1.0 or HTTP/1.1') : refuse(400, 'not a protocol version')
}

function requestFraming(): number {
  if (head.chunked && head.contentLength >= 0) return refuse(400, 'both a length and a transfer coding')
  if (head.chunked && head.minor === 0) return refuse(400, 'a transfer coding in HTTP/1.0')
  return HEAD
}

/** Reads a response head from bytes [start, end): MORE, HEAD, or 502 with the reason. 204, 304, 1xx and HEAD are the caller's to know. */
export function scanResponse(bytes: Uint8Array, start: number, end: number): number {
  reset(start)
  const line = statusLine(bytes, start, end)
  if (line === MORE) return responseIncomplete(start, end)
  if (line < 0) return refuse(502, 'not a status line')
  const fields = scanFields(bytes, line, end)
  if (fields === MORE) return responseIncomplete(start, end)
  if (fields !== HEAD) return 502
  if (head.end - start > LIMITS.headBytesMax) return refuse(502, 'a head over the limit')
  if (head.chunked && head.contentLength >= 0) return refuse(502, 'both a length and a transfer coding')
  return head.chunked && head.minor === 0 ? refuse(502, 'a transfer coding in HTTP/1.0') : HEAD
}

function responseIncomplete(start: number, end: number): number {
  return end - start >= LIMITS.headBytesMax ? refuse(502, 'a head over the limit') : MORE
}

// The offset after the status line, MORE (0), or -1. The reason phrase and the space before it may be missing.
function statusLine(bytes: Uint8Array, start: number, end: number): number {
  const have = Math.min(end - start, VERSION.length)
  if (!spells(bytes, start, VERSION.subarray(0, have)) || (have > 0 && bytes[start] !== 0x48)) return -1
  if (badStatusStart(bytes, start, end)) return -1
  if (start + 13 > end) return MORE
  head.minor = digit(bytes, start + 7)
  head.status = digit(bytes, start + 9) * 100 + digit(bytes, start + 10) * 10 + digit(bytes, start + 11)
  const after = bytes[start + 12]
  if (head.status < 100 || (after !== 32 && after !== 13)) return -1
  return lineEndAt(bytes, skip(VALUE, bytes, start + 12, end), end)
}

function lineEndAt(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return MORE
  if (bytes[at] !== 13) return -1
  if (at + 1 >= end) return MORE
  return bytes[at + 1] === 10 ? at + 2 : -1
}

function badStatusStart(bytes: Uint8Array, start: number, end: number): boolean {
  if (start + 7 < end && bytes[start + 7] !== 0x30 && bytes[start + 7] !== 0x31) return true
  if (start + 8 < end && bytes[start + 8] !== 32) return true
  for (let at = start + 9; at < Math.min(end, start + 12); at++) {
    const value = digit(bytes, at)
    if (value < 0 || value > 9) return true
  }
  return false
}

function digit(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) - 0x30
}

/** Reads fields up to and with the blank line into the registers; the offset after it is `head.end`. Also reads a trailer section. */
export function scanFields(bytes: Uint8Array, start: number, end: number): number {
  head.fieldsStart = start
  let at = start
  for (;;) {
    if (at >= end) return MORE
    if (bytes[at] === 13) return blankLine(bytes, at, end)
    const result = scanField(bytes, at, end)
    if (result !== HEAD) return result
    at = head.lineEnd
  }
}

function scanField(bytes: Uint8Array, start: number, end: number): number {
  const nameStop = skip(TOKEN, bytes, start, end)
  if (nameStop >= end) return MORE
  if (bytes[nameStop] !== 0x3a || nameStop === start) return refuse(400, 'not a field name')
  let valueAt = nameStop + 1
  while (valueAt < end && (bytes[valueAt] === 32 || bytes[valueAt] === 9)) valueAt++
  const stop = skip(VALUE, bytes, valueAt, end)
  const line = lineEndAt(bytes, stop, end)
  if (line === MORE) return MORE
  if (line < 0) return refuse(400, 'a control character in a field value')
  const index = head.fields
  if (index >= LIMITS.fieldsMax) return refuse(431, 'too many fields')
  head.lineEnd = line
  head.fields = index + 1
  nameStart[index] = start
  nameEnd[index] = nameStop
  valueStart[index] = valueAt
  valueEnd[index] = withoutBlanks(bytes, valueAt, stop)
  return noteField(bytes, index)
}

function withoutBlanks(bytes: Uint8Array, start: number, end: number): number {
  let stop = end
  while (stop > start && (bytes[stop - 1] === 32 || bytes[stop - 1] === 9)) stop--
  return stop
}

function noteField(bytes: Uint8Array, index: number): number {
  const start = nameStart[index] as number
  const kind = kindOf(bytes, start, (nameEnd[index] as number) - start)
  fieldKind[index] = kind
  return kind === OTHER || kind === DROP ? HEAD : note(bytes, index, kind)
}

function blankLine(bytes: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end) return MORE
  if (bytes[at + 1] !== 10) return refuse(400, 'a bare carriage return')
  head.end = at + 2
  return head.nominations > 0 ? markNamed(bytes) : HEAD
}

function kindOf(bytes: Uint8Array, start: number, length: number): number {
  const names = length < 48 ? (BY_LENGTH[length] as readonly Name[]) : NONE
  for (let at = 0; at < names.length; at++) {
    const name = names[at] as Name
    if (((bytes[start] as number) | 0x20) === name.bytes[0] && spells(bytes, start, name.bytes)) return name.kind
  }
  return OTHER
}

function note(bytes: Uint8Array, index: number, kind: number): number {
  switch (kind) {
    case HOST:
      if (head.host >= 0) return refuse(400, 'two Host fields')
      head.host = index
      return HEAD
    case CONTENT_LENGTH:
      return noteLength(bytes, index)
    case TRANSFER_ENCODING:
      return noteCoding(bytes, index)
    case CONNECTION:
      return noteConnection(bytes, index)
    case UPGRADE:
      head.upgrade = index
      return HEAD
    case EXPECT:
      return noteExpect(bytes, index)
    case REQUEST_ID:
      head.requestId = index
      return HEAD
    case FORWARDED_FOR:
      head.forwardedFor = index
      return HEAD
    case FORWARDED_PROTO:
      head.forwardedProto = true
      return HEAD
    case DATE:
      head.date = true
      return HEAD
    default:
      return HEAD
  }
}

// Digits only, once, below 2^53. An equal second one is refused too: there is no reason to send it and a reader that adds them up exists.
function noteLength(bytes: Uint8Array, index: number): number {
  const from = valueStart[index] as number
  const to = valueEnd[index] as number
  if (head.contentLength >= 0) return refuse(400, 'two Content-Length fields')
  if (from === to || to - from > 15) return refuse(400, 'not a Content-Length')
  let length = 0
  for (let at = from; at < to; at++) {
    const value = digit(bytes, at)
    if (value < 0 || value > 9) return refuse(400, 'not a Content-Length')
    length = length * 10 + value
  }
  head.contentLength = length
  return HEAD
}

function noteCoding(bytes: Uint8Array, index: number): number {
  const from = valueStart[index] as number
  if (head.chunked) return refuse(400, 'two Transfer-Encoding fields')
  if ((valueEnd[index] as number) - from !== CHUNKED.length || !spells(bytes, from, CHUNKED)) {
    return refuse(501, 'a transfer coding other than chunked')
  }
  head.chunked = true
  return HEAD
}

function noteExpect(bytes: Uint8Array, index: number): number {
  const from = valueStart[index] as number
  if ((valueEnd[index] as number) - from !== CONTINUE.length || !spells(bytes, from, CONTINUE)) {
    return refuse(417, 'an expectation other than 100-continue')
  }
  head.continues = true
  return HEAD
}

function noteConnection(bytes: Uint8Array, index: number): number {
  const end = valueEnd[index] as number
  let at = skip(SEPARATOR, bytes, valueStart[index] as number, end)
  while (at < end) {
    const stop = skip(TOKEN, bytes, at, end)
    if (stop === at) return refuse(400, 'not a list in Connection')
    noteOption(bytes, at, stop - at)
    at = skip(SEPARATOR, bytes, stop, end)
    if (at < end && at === stop) return refuse(400, 'not a list in Connection')
  }
  return head.nominations >= LIMITS.nominationsMax ? refuse(400, 'too many names in Connection') : HEAD
}

function noteOption(bytes: Uint8Array, from: number, length: number): void {
  if (length === CLOSE.length && spells(bytes, from, CLOSE)) head.close = true
  else if (length === KEEP_ALIVE.length && spells(bytes, from, KEEP_ALIVE)) head.keepAlive = true
  else if (length === UPGRADE_WORD.length && spells(bytes, from, UPGRADE_WORD)) head.connectionUpgrade = true
  else head.nominations++
}

// A Connection field may come after the fields that it names, so they are marked at the end. Framing and Host cannot be named away.
function markNamed(bytes: Uint8Array): number {
  for (let index = 0; index < head.fields; index++) {
    const kind = fieldKind[index]
    const exempt = kind === CONNECTION || kind === HOST || kind === CONTENT_LENGTH || kind === TRANSFER_ENCODING
    if (!exempt && isNamed(bytes, index)) fieldKind[index] = NAMED
  }
  return HEAD
}

function isNamed(bytes: Uint8Array, field: number): boolean {
  const name = asciiLower(bytes, nameStart[field] as number, nameEnd[field] as number)
  for (let index = 0; index < head.fields; index++) {
    if (fieldKind[index] !== CONNECTION) continue
    const value = asciiLower(bytes, valueStart[index] as number, valueEnd[index] as number)
    if (value.split(/[ \t,]+/).includes(name)) return true
  }
  return false
}

function asciiLower(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to)).toLowerCase()
}

/** Whether the Host field of the head read last can be used: present once in HTTP/1.1 and spelt as an authority. */
export function hostIsUsable(bytes: Uint8Array): boolean {
  if (head.host < 0) return head.minor === 0
  const to = valueEnd[head.host] as number
  for (let at = valueStart[head.host] as number; at < to; at++) if (AUTHORITY[bytes[at] as number] !== 1) return false
  return true
}
