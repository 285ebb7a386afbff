// The fields that the engine must know: found by name, and what their values say put into the registers. What two readers could
// understand differently in them is refused (RFC 9110 and 9112 read strictly: proxy.md 8, envoy.md 13).

import {
  CONNECTION,
  CONTENT_LENGTH,
  CONTENT_TYPE,
  DATE,
  DROP,
  EXPECT,
  EXTERNAL_ADDRESS,
  FORWARDED_FOR,
  FORWARDED_PROTO,
  GRPC_STATUS,
  HEAD,
  HOST,
  NAMED,
  OTHER,
  PROXY_CONNECTION,
  RATE_LIMITED,
  REQUEST_ID,
  SERVER,
  TE,
  TRANSFER_ENCODING,
  UPGRADE,
  fieldKind,
  head,
  nameEnd,
  nameStart,
  refuse,
  refuseOver,
  valueEnd,
  valueStart
} from './head.ts'
import { BLANK, SEPARATOR, TOKEN, ascii, digit, skip, spells } from './octets.ts'

const KNOWN: readonly (readonly [name: string, kind: number])[] = [
  ['host', HOST],
  ['content-length', CONTENT_LENGTH],
  ['transfer-encoding', TRANSFER_ENCODING],
  ['connection', CONNECTION],
  ['upgrade', UPGRADE],
  ['expect', EXPECT],
  ['te', TE],
  ['keep-alive', DROP],
  ['proxy-connection', PROXY_CONNECTION],
  ['trailer', DROP],
  ['http2-settings', DROP],
  ['x-request-id', REQUEST_ID],
  ['x-forwarded-for', FORWARDED_FOR],
  ['x-forwarded-proto', FORWARDED_PROTO],
  ['date', DATE],
  ['server', SERVER],
  ['content-type', CONTENT_TYPE],
  ['grpc-status', GRPC_STATUS],
  ['x-envoy-ratelimited', RATE_LIMITED],
  ['x-forwarded-client-cert', DROP],
  ['x-envoy-external-address', EXTERNAL_ADDRESS],
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

const CHUNKED = ascii('chunked')
const CLOSE = ascii('close')
const KEEP_ALIVE = ascii('keep-alive')
const UPGRADE_WORD = ascii('upgrade')
const CONTINUE = ascii('100-continue')

/** Puts what the field at `index` says into the registers: HEAD, or the status to refuse the message with. */
export function noteField(bytes: Uint8Array, index: number): number {
  const start = nameStart[index] as number
  const kind = kindOf(bytes, start, (nameEnd[index] as number) - start)
  fieldKind[index] = kind
  return kind === OTHER || kind === DROP || kind === EXTERNAL_ADDRESS ? HEAD : note(bytes, index, kind)
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
    case PROXY_CONNECTION:
      return noteProxyConnection(bytes, index)
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
      return noteFirst(index, kind)
  }
}

// Fields that somebody looks at but nobody changes.
function noteFirst(index: number, kind: number): number {
  if (kind >= CONTENT_TYPE) fieldKind[index] = OTHER
  if (kind === CONTENT_TYPE && head.contentType < 0) head.contentType = index
  else if (kind === GRPC_STATUS && head.grpcStatus < 0) head.grpcStatus = index
  else if (kind === RATE_LIMITED) head.rateLimited = index
  return HEAD
}

// Digits only, once, below 2^53. An equal second one is refused too: there is no reason to send it and a reader that adds them up exists.
function noteLength(bytes: Uint8Array, index: number): number {
  const from = valueStart[index] as number
  const to = valueEnd[index] as number
  if (head.contentLength >= 0) return refuse(400, 'two Content-Length fields')
  if (from === to || to - from > 15) return refuse(400, 'a Content-Length that is not one number')
  let length = 0
  for (let at = from; at < to; at++) {
    const value = digit(bytes, at)
    if (value < 0 || value > 9) return refuse(400, 'a Content-Length that is not one number')
    length = length * 10 + value
  }
  head.contentLength = length
  return HEAD
}

function noteCoding(bytes: Uint8Array, index: number): number {
  const from = valueStart[index] as number
  if (head.chunked) return refuse(400, 'two Transfer-Encoding fields')
  const to = valueEnd[index] as number
  // A tab behind the word hides it from readers that end it at a space only: llhttp is one.
  if (to - from !== CHUNKED.length || !spells(bytes, from, CHUNKED) || hasTab(bytes, to, head.lineEnd)) {
    return refuse(501, 'a transfer coding other than chunked')
  }
  head.chunked = true
  return HEAD
}

function hasTab(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] === 9) return true
  return false
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
    // Blanks alone separate nothing: `k keep-alive` keeps the connection for one reader and not for another.
    at = skip(BLANK, bytes, stop, end)
    if (at < end && bytes[at] !== 0x2c) return refuse(400, 'not a list in Connection')
    at = skip(SEPARATOR, bytes, at, end)
  }
  return head.nominations >= head.bounds.nominationsMax ? refuseOver(400, 'nominationsMax') : HEAD
}

// Its close is obeyed, as by llhttp: a reader that does so would not read on. All else in it counts for nothing, and it goes no further.
function noteProxyConnection(bytes: Uint8Array, index: number): number {
  const end = valueEnd[index] as number
  fieldKind[index] = DROP
  let at = skip(SEPARATOR, bytes, valueStart[index] as number, end)
  while (at < end) {
    const stop = skip(TOKEN, bytes, at, end)
    if (stop - at === CLOSE.length && spells(bytes, at, CLOSE)) head.close = true
    at = skip(SEPARATOR, bytes, Math.max(stop, at + 1), end)
  }
  return HEAD
}

function noteOption(bytes: Uint8Array, from: number, length: number): void {
  if (length === CLOSE.length && spells(bytes, from, CLOSE)) head.close = true
  else if (length === KEEP_ALIVE.length && spells(bytes, from, KEEP_ALIVE)) head.keepAlive = true
  else if (length === UPGRADE_WORD.length && spells(bytes, from, UPGRADE_WORD)) head.connectionUpgrade = true
  else head.nominations++
}

/**
 * Marks the fields that a Connection field names, which may come before it: call at the end of a head. Framing and Host cannot be named
 * away. Always HEAD.
 */
export function markNamed(bytes: Uint8Array): number {
  for (let index = 0; index < head.fields; index++) {
    const kind = fieldKind[index]
    const exempt = kind === CONNECTION || kind === HOST || kind === CONTENT_LENGTH || kind === TRANSFER_ENCODING
    if (!exempt && isNamed(bytes, index)) fieldKind[index] = NAMED
  }
  return HEAD
}

function isNamed(bytes: Uint8Array, field: number): boolean {
  const start = nameStart[field] as number
  const length = (nameEnd[field] as number) - start
  for (let index = 0; index < head.fields; index++) {
    if (fieldKind[index] === CONNECTION && listHas(bytes, index, start, length)) return true
  }
  return false
}

// Whether the list in the field at `index` has the `length` bytes from `start`, letter case aside.
function listHas(bytes: Uint8Array, index: number, start: number, length: number): boolean {
  const end = valueEnd[index] as number
  let at = skip(SEPARATOR, bytes, valueStart[index] as number, end)
  while (at < end) {
    const stop = skip(TOKEN, bytes, at, end)
    if (stop - at === length && sameToken(bytes, at, start, length)) return true
    at = skip(SEPARATOR, bytes, stop, end)
  }
  return false
}

function sameToken(bytes: Uint8Array, one: number, other: number, length: number): boolean {
  for (let at = 0; at < length; at++) if (lower(bytes[one + at] as number) !== lower(bytes[other + at] as number)) return false
  return true
}

function lower(octet: number): number {
  return octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet
}
