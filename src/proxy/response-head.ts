// The head of an upstream's answer as the client gets it. Most heads are edited in place: ranges kept move to the left, lines added go
// before the body, and head and body leave in one write (proxy.md 9.3); what does not fit is built as text.

import type { HeaderEdits } from '../route/decision.ts'
import type { TryOutcome } from '../route/retry.ts'
import { addedLines, ownLine, takesAway, writes } from './edited-lines.ts'
import { FIELDS_MOST } from './head.ts'
import { lowerName } from './request-head.ts'
import {
  CONNECTION,
  CONTENT_LENGTH,
  DROP,
  NAMED,
  SERVER,
  TRANSFER_ENCODING,
  UPGRADE,
  fieldKind,
  head,
  nameStart,
  valueEnd,
  valueStart
} from './head.ts'

/** How the body reaches the client. */
export interface ResponseForm {
  readonly edits: HeaderEdits | undefined
  /** Whole milliseconds until the head came. */
  readonly serviceTime: number
  readonly close: boolean
  /** HTTP/1.0 client that asked to keep the connection. */
  readonly keepAlive: boolean
  /** `chunk`: a body that ends with the connection gets chunked framing. `bare`: chunked framing is taken off. */
  readonly framing: 'same' | 'chunk' | 'bare'
  readonly upgrade: boolean
}

const starts = new Int32Array(FIELDS_MOST + 2)
const ends = new Int32Array(FIELDS_MOST + 2)

/** What retries and outlier detection ask about the head in the registers. */
export function outcomeOf(bytes: Buffer): Extract<TryOutcome, { kind: 'response' }> {
  const { status, grpcStatus, rateLimited } = head
  const outcome = { kind: 'response', status, rateLimited: rateLimited >= 0 } as const
  if (grpcStatus < 0) return outcome
  return { ...outcome, grpcStatus: Number(bytes.toString('latin1', valueStart[grpcStatus], valueEnd[grpcStatus])) }
}

// What most answers get, by their service time; others are put together each time.
const PLAIN_MAX = 256
const plain: (string | undefined)[] = Array.from({ length: PLAIN_MAX })

/** The lines added to the head, with the blank line. */
function tail(form: ResponseForm): string {
  const { serviceTime } = form
  if (!isPlain(form) || serviceTime >= PLAIN_MAX) return tailOf(form)
  return (plain[serviceTime] ??= tailOf(form))
}

// Its added lines depend on the service time alone.
function isPlain({ edits, upgrade, close, keepAlive, framing }: ResponseForm): boolean {
  return edits === undefined && head.date && !upgrade && !close && !keepAlive && framing !== 'chunk'
}

function tailOf(form: ResponseForm): string {
  let text = form.edits === undefined ? '' : addedLines(form.edits)
  if (!form.upgrade) text += ownLine('x-envoy-upstream-service-time', form.serviceTime, form.edits)
  if (!hasDate(form.edits)) text += `date: ${new Date().toUTCString()}\r\n`
  text += 'server: istio-envoy\r\n'
  if (form.upgrade) text += 'connection: upgrade\r\n'
  else if (form.close) text += 'connection: close\r\n'
  else if (form.keepAlive) text += 'connection: keep-alive\r\n'
  if (form.framing === 'chunk') text += 'transfer-encoding: chunked\r\n'
  return `${text}\r\n`
}

/** A date that a route takes away is replaced: the proxy writes one where none is left. */
function hasDate(edits: HeaderEdits | undefined): boolean {
  if (edits === undefined) return head.date
  return (head.date && !takesAway(edits, 'date')) || writes(edits, 'date')
}

// Fills `starts` and `ends` with the ranges kept, the status line first; returns how many there are.
function keptRanges(bytes: Buffer, form: ResponseForm): number {
  let count = 0
  let from = head.start
  for (let index = 0; index < head.fields; index++) {
    if (!isDropped(bytes, index, form)) continue
    const start = nameStart[index] as number
    if (start > from) {
      starts[count] = from
      ends[count++] = start
    }
    from = index + 1 < head.fields ? (nameStart[index + 1] as number) : head.end - 2
  }
  if (from < head.end - 2) {
    starts[count] = from
    ends[count++] = head.end - 2
  }
  return count
}

function isDropped(bytes: Buffer, index: number, form: ResponseForm): boolean {
  const kind = fieldKind[index]
  switch (kind) {
    case CONNECTION:
    case DROP:
    case NAMED:
    case SERVER:
      return true
    case UPGRADE:
      return !form.upgrade
    case TRANSFER_ENCODING:
      return form.framing === 'bare' || head.status === 204 || head.status === 304 || form.upgrade
    case CONTENT_LENGTH:
      // A length on an answer that has no body would leave the client waiting.
      return head.status === 204 || form.upgrade
    default:
      return form.edits !== undefined && takesAway(form.edits, lowerName(bytes, index))
  }
}

/**
 * Edits the head in the registers in place, ending where it ended. Returns its new start, or -1 when it does not fit in the room before it;
 * then nothing has changed but the version digit.
 */
export function editInPlace(bytes: Buffer, form: ResponseForm): number {
  bytes[head.start + 7] = 0x31
  const lines = tail(form)
  const count = keptRanges(bytes, form)
  let kept = 0
  for (let at = 0; at < count; at++) kept += (ends[at] as number) - (starts[at] as number)
  const removed = head.end - head.start - kept - 2
  const start = head.end - lines.length - kept
  if (lines.length - 2 < removed || start < 0) return -1
  let to = start
  for (let at = 0; at < count; at++) {
    const from = starts[at] as number
    const end = ends[at] as number
    bytes.copyWithin(to, from, end)
    to += end - from
  }
  bytes.write(lines, to, 'latin1')
  return start
}

/** The head in the registers as text. */
export function headText(bytes: Buffer, form: ResponseForm): string {
  bytes[head.start + 7] = 0x31
  const count = keptRanges(bytes, form)
  let text = ''
  for (let at = 0; at < count; at++) text += bytes.toString('latin1', starts[at], ends[at])
  return text + tail(form)
}
