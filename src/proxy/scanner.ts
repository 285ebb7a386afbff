// Reads the head of a request or a response from bytes into the registers of head.ts. The rules against request smuggling are those of
// RFC 9112 read strictly (proxy.md 8, envoy.md 13): what two readers could understand differently is refused.

import { HEAD, MORE, head, nameEnd, nameStart, refuse, refuseOver, reset, valueEnd, valueStart } from './head.ts'
import { markNamed, noteField } from './known-fields.ts'
import { LIMITS } from './limits.ts'
import type { HeadLimits } from './limits.ts'
import { AUTHORITY, BLANK, METHOD, TARGET, TOKEN, VALUE, ascii, digit, skip } from './octets.ts'

const FOLDED = 'a folded header line'
const NO_NAME = 'a header line that does not begin with a name and a colon'
const TLS_HANDSHAKE = 22
// Upper case only: the name of the protocol is case-sensitive (RFC 9112 2.3).
const VERSION = ascii('HTTP/1.')

/** Reads a request head from bytes [start, end). One empty line before it is skipped. MORE, HEAD, or the status to refuse with. */
export function scanRequest(bytes: Uint8Array, start: number, end: number, bounds: HeadLimits = LIMITS): number {
  head.bounds = bounds
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
  return head.end - start > head.bounds.headBytesMax ? refuseOver(431, 'headBytesMax') : requestFraming()
}

function requestLine(bytes: Uint8Array, start: number, end: number): number {
  const methodEnd = skip(METHOD, bytes, start, end)
  if (methodEnd >= end) return MORE
  if (methodEnd === start && bytes[start] === TLS_HANDSHAKE) return refuse(400, 'a TLS handshake where HTTP is spoken')
  if (methodEnd === start || bytes[methodEnd] !== 32) return refuse(400, 'the first word is not a method')
  const targetEnd = skip(TARGET, bytes, methodEnd + 1, end)
  if (targetEnd >= end) return MORE
  if (targetEnd === methodEnd + 1 || bytes[targetEnd] !== 32) return refuse(400, 'not a request target after the method')
  head.methodEnd = methodEnd
  head.targetStart = methodEnd + 1
  head.targetEnd = targetEnd
  head.lineEnd = targetEnd + 11
  return requestVersion(bytes, targetEnd + 1, end)
}

function incomplete(start: number, end: number): number {
  return end - start >= head.bounds.headBytesMax ? refuseOver(431, 'headBytesMax') : MORE
}

// `HTTP/1.x` CR LF, exactly ten bytes; refuses as soon as a byte is wrong, in whatever pieces they come.
function requestVersion(bytes: Uint8Array, at: number, end: number): number {
  const have = Math.min(end - at, 8)
  if (!spellsVersion(bytes, at, have)) return refuse(400, 'not a protocol version after the target')
  if (have < 8 || at + 8 >= end) return MORE
  if (bytes[at + 8] !== 13) return refuse(400, 'no line end after the version')
  if (at + 9 >= end) return MORE
  if (bytes[at + 9] !== 10) return refuse(400, 'no line end after the version')
  head.minor = digit(bytes, at + 7)
  return bytes[at + 5] === 0x31 && head.minor <= 1 ? HEAD : refuse(505, 'not HTTP/1.0 or HTTP/1.1')
}

// Whether `have` bytes from `at` begin `HTTP/`, digit, point, digit.
function spellsVersion(bytes: Uint8Array, at: number, have: number): boolean {
  for (let index = 0; index < have; index++) {
    const octet = bytes[at + index] as number
    const fits = index === 5 || index === 7 ? octet >= 0x30 && octet <= 0x39 : octet === VERSION[index]
    if (!fits) return false
  }
  return true
}

// Whether what there is from `at` can be the beginning of `HTTP/1.`.
function isVersion(bytes: Uint8Array, at: number, end: number): boolean {
  const have = Math.min(end - at, VERSION.length)
  for (let index = 0; index < have; index++) if (bytes[at + index] !== VERSION[index]) return false
  return true
}

function requestFraming(): number {
  if (head.chunked && head.contentLength >= 0) return refuse(400, 'both a length and a transfer coding')
  if (head.chunked && head.minor === 0) return refuse(400, 'a transfer coding in HTTP/1.0')
  return HEAD
}

/** Reads a response head from bytes [start, end): MORE, HEAD, or 502 with the reason. 204, 304, 1xx and HEAD are the caller's to know. */
export function scanResponse(bytes: Uint8Array, start: number, end: number, bounds: HeadLimits = LIMITS): number {
  head.bounds = bounds
  reset(start)
  const line = statusLine(bytes, start, end)
  if (line === MORE) return responseIncomplete(start, end)
  if (line < 0) return refuse(502, 'not a status line')
  const fields = scanFields(bytes, line, end)
  if (fields === MORE) return responseIncomplete(start, end)
  if (fields !== HEAD) return 502
  if (head.end - start > head.bounds.headBytesMax) return refuseOver(502, 'headBytesMax')
  if (head.chunked && head.contentLength >= 0) return refuse(502, 'both a length and a transfer coding')
  return head.chunked && head.minor === 0 ? refuse(502, 'a transfer coding in HTTP/1.0') : HEAD
}

function responseIncomplete(start: number, end: number): number {
  return end - start >= head.bounds.headBytesMax ? refuseOver(502, 'headBytesMax') : MORE
}

// The offset after the status line, MORE (0), or -1. The reason phrase and the space before it may be missing.
function statusLine(bytes: Uint8Array, start: number, end: number): number {
  if (!isVersion(bytes, start, end)) return -1
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
  if (nameStop === start || bytes[nameStop] !== 0x3a) return refuse(400, BLANK[bytes[start] as number] === 1 ? FOLDED : NO_NAME)
  const valueAt = skip(BLANK, bytes, nameStop + 1, end)
  const stop = skip(VALUE, bytes, valueAt, end)
  const line = lineEndAt(bytes, stop, end)
  if (line === MORE) return MORE
  if (line < 0) return refuse(400, 'a control character in a field value')
  const index = head.fields
  if (index >= head.bounds.fieldsMax) return refuseOver(431, 'fieldsMax')
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

function blankLine(bytes: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end) return MORE
  if (bytes[at + 1] !== 10) return refuse(400, 'a bare carriage return')
  head.end = at + 2
  return head.nominations > 0 ? markNamed(bytes) : HEAD
}

/** Whether the Host field of the head read last can be used: present once in HTTP/1.1 and spelt as an authority. */
export function hostIsUsable(bytes: Uint8Array): boolean {
  if (head.host < 0) return head.minor === 0
  const to = valueEnd[head.host] as number
  for (let at = valueStart[head.host] as number; at < to; at++) if (AUTHORITY[bytes[at] as number] !== 1) return false
  return true
}
