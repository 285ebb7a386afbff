// What is written to disk: one line per record, `length checksum body`, the body JSON. A snapshot is such a file too, ending with a line that
// says it is whole. A torn last line is a write that nobody was told of; anything wrong before it is damage and stops the start.

import type { KubeObject } from '../api/object.ts'
import { isObject } from '../std/json.ts'
import type { StoredObject } from './store.ts'
import type { Change } from './store-request.ts'

/** Where records are kept. Called by one caller, one call after the other. */
export interface Journal {
  /** Everything kept, read once before the first append: the last complete snapshot ('' when none) and what was appended since. */
  read(): Promise<{ readonly snapshot: string; readonly log: string }>
  /** May buffer; what was appended before `sync` was called is durable when it resolves. */
  append(lines: string): void
  /** Rejects when it cannot be known that the lines are kept. */
  sync(): Promise<void>
  /** Replaces, at once and durably, the snapshot by `snapshot` and the log by nothing. A crash in between leaves the old or the new, whole. */
  compact(snapshot: string): Promise<void>
}

/** One line of a journal. */
export type JournalRecord =
  | { readonly kind: 'change'; readonly change: Omit<Change, 'previous'> }
  | { readonly kind: 'object'; readonly stored: StoredObject }
  | { readonly kind: 'end'; readonly resourceVersion: number; readonly count: number }

/** What a text held: all records up to a torn tail, or where it is damaged. */
export type Decoded =
  | { readonly kind: 'records'; readonly records: readonly JournalRecord[]; readonly torn: boolean }
  | { readonly kind: 'damaged'; readonly line: number; readonly message: string }

/** A record as a line with its line feed. */
export function encodeRecord(record: JournalRecord): string {
  const body = JSON.stringify(record)
  return `${body.length} ${checksum(body)} ${body}\n`
}

/** The lines of a snapshot of these objects. */
export function encodeSnapshot(objects: Iterable<StoredObject>, resourceVersion: number): string {
  let text = ''
  let count = 0
  for (const stored of objects) {
    text += encodeRecord({ kind: 'object', stored })
    count++
  }
  return text + encodeRecord({ kind: 'end', resourceVersion, count })
}

/** The records of `text`; a last line that is cut off or does not match its checksum is left out (`torn`). */
export function decodeRecords(text: string): Decoded {
  const lines = text.split('\n')
  const records: JournalRecord[] = []
  for (const [index, line] of lines.entries()) {
    const last = index === lines.length - 1
    if (last && line === '') break
    const record = last ? undefined : decodeLine(line)
    if (record !== undefined) {
      records.push(record)
      continue
    }
    // a crash cuts the end off; whole lines after a bad one mean that something else happened
    const more = lines.slice(index + 1).some((later) => decodeLine(later) !== undefined)
    if (more) return { kind: 'damaged', line: index + 1, message: `line ${index + 1} does not match its checksum, and later lines do` }
    return { kind: 'records', records, torn: true }
  }
  return { kind: 'records', records, torn: false }
}

function decodeLine(line: string): JournalRecord | undefined {
  const found = /^(\d+) ([0-9a-f]{8}) (.*)$/s.exec(line)
  if (found === null) return undefined
  const [, length = '', sum = '', body = ''] = found
  if (body.length !== Number(length) || checksum(body) !== sum) return undefined
  try {
    return asRecord(JSON.parse(body))
  } catch {
    return undefined
  }
}

function asRecord(value: unknown): JournalRecord | undefined {
  if (!isObject(value)) return undefined
  const { kind } = value
  // the checksum vouches that it is what encodeRecord wrote
  return kind === 'change' || kind === 'object' || kind === 'end' ? (value as unknown as JournalRecord) : undefined
}

/** FNV-1a over UTF-16 units, eight hexadecimal digits: finds torn and flipped bytes, is no defence against intent. */
function checksum(text: string): string {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}

/** What a journal amounts to. */
export type Recovered =
  | {
      readonly kind: 'recovered'
      readonly objects: readonly StoredObject[]
      readonly resourceVersion: number | undefined
      readonly changes: readonly Change[]
      /** True when the log's last line was cut off and left out: the log must be compacted before it is appended to. */
      readonly torn: boolean
    }
  | { readonly kind: 'damaged'; readonly message: string }

/** The state kept in a snapshot and the log after it. Changes that the snapshot already has are left out. */
export function recover(kept: { readonly snapshot: string; readonly log: string }): Recovered {
  const snapshot = decodeRecords(kept.snapshot)
  if (snapshot.kind === 'damaged') return { kind: 'damaged', message: `the snapshot is damaged: ${snapshot.message}` }
  const objects = snapshot.records.flatMap((record) => (record.kind === 'object' ? [record.stored] : []))
  const end = snapshot.records.at(-1)
  const whole = kept.snapshot === '' || (end?.kind === 'end' && end.count === objects.length)
  if (!whole || snapshot.torn) return { kind: 'damaged', message: 'the snapshot is damaged: it is not complete' }
  const resourceVersion = end?.kind === 'end' ? end.resourceVersion : undefined
  const log = decodeRecords(kept.log)
  if (log.kind === 'damaged') return { kind: 'damaged', message: `the journal is damaged: ${log.message}` }
  const changes = log.records.flatMap((record) =>
    record.kind === 'change' && record.change.resourceVersion > (resourceVersion ?? 0) ? [{ ...record.change, previous: undefined }] : []
  )
  const disordered = changes.findIndex((change, index) => change.resourceVersion <= (changes[index - 1]?.resourceVersion ?? 0))
  if (disordered >= 0) return { kind: 'damaged', message: `the journal is damaged: change ${disordered + 1} is out of order` }
  return { kind: 'recovered', objects, resourceVersion, changes, torn: log.torn }
}

/** A change as the journal keeps it: `previous` can be found in earlier records. */
export function changeRecord(change: Change): JournalRecord {
  const { resourceVersion, group, resource, kind, object } = change
  const kept: KubeObject = object
  return { kind: 'change', change: { resourceVersion, group, resource, kind, object: kept } }
}
