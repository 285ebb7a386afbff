// Comparing an answer of Serin with the recorded one, by the rules of the recordings' README.

import { dig, isObject } from '../../src/std/json.ts'
import { type Comparison, differences, type RecordedExchange } from './recording.ts'

/** What Serin answered. `events` for a watch. */
export interface ActualAnswer {
  readonly status: number
  readonly contentType: string
  readonly warnings: string
  readonly body: unknown
  readonly events?: readonly { readonly type: string; readonly object: unknown }[]
}

// README, "parser": the Go parser's own words after these may differ.
const PARSER_WORDS = /(cannot unmarshal|json parse error|strconv\.|invalid character|unrecognized type)[^]*$/

/** What differs; empty when the answer is right. */
export function compareAnswer(recorded: RecordedExchange, actual: ActualAnswer, how: Comparison): string[] {
  const comparison = { ...how, ignoreZero: recorded.responseWas !== undefined }
  const found: string[] = []
  if (recorded.status !== actual.status) {
    return [`status: expected ${recorded.status}, got ${actual.status} ${JSON.stringify(dig(actual.body, 'message') ?? '')}`]
  }
  if (recorded.responseWas === undefined)
    found.push(...compareContentType(recorded.responseHeaders['content-type'] ?? '', actual.contentType))
  const warning = recorded.responseHeaders['warning'] ?? ''
  if (warning !== actual.warnings) found.push(`warning: expected ${warning}, got ${actual.warnings}`)
  if (recorded.responseEvents !== undefined) return [...found, ...compareEvents(recorded.responseEvents, actual.events ?? [], comparison)]
  return [...found, ...compareBody(recorded.responseBody, actual.body, comparison)]
}

function compareContentType(recorded: string, actual: string): string[] {
  const exact = recorded.includes('as=')
  const plain = (type: string): string => (exact ? type : (type.split(';')[0] ?? ''))
  return plain(recorded) === plain(actual) ? [] : [`content-type: expected ${recorded}, got ${actual}`]
}

function compareBody(recorded: unknown, actual: unknown, how: Comparison): string[] {
  const kind = dig(recorded, 'kind')
  if (kind === 'Status') return compareStatus(recorded, actual, how)
  if (kind === 'Table') return compareTable(recorded, actual, how)
  if (isObject(recorded) && Array.isArray(recorded['items'])) {
    bindListVersion(recorded, actual, how)
    return differences(withoutListVersion(recorded), withoutListVersion(actual), how)
  }
  return differences(recorded, actual, how)
}

function compareStatus(recorded: unknown, actual: unknown, how: Comparison): string[] {
  const keep = (value: unknown): unknown => ({
    status: dig(value, 'status'),
    reason: dig(value, 'reason'),
    code: dig(value, 'code'),
    details: sortedDetails(dig(value, 'details')),
    message: sortedMessage(dig(value, 'message'))
  })
  return differences(keep(recorded), keep(actual), how)
}

function sortedDetails(details: unknown): unknown {
  if (!isObject(details)) return details
  const causes = Array.isArray(details['causes']) ? details['causes'] : []
  const words = causes.map((cause) => (isObject(cause) ? { ...cause, message: plainMessage(String(cause['message'])) } : cause))
  return {
    ...details,
    ...(causes.length === 0
      ? {}
      : { causes: [...new Set(words.map((cause) => JSON.stringify(cause, ['reason', 'field', 'message'])))].sort() })
  }
}

// Several causes may come in any order, in the message too.
function sortedMessage(message: unknown): unknown {
  if (typeof message !== 'string') return message
  const list = /^(.* is invalid: )\[([^]*)\]$/.exec(message)
  if (list === null) return plainMessage(message)
  return `${list[1]}[${plainMessage(list[2] ?? '')
    .split(', ')
    .sort()
    .join(', ')}]`
}

/** A message without the Go parser's own words. */
export function plainMessage(message: string): string {
  return message.replace(PARSER_WORDS, '$1')
}

function compareTable(recorded: unknown, actual: unknown, how: Comparison): string[] {
  bindListVersion(recorded, actual, how)
  return differences(tableFacts(recorded), tableFacts(actual), how)
}

function tableFacts(table: unknown): unknown {
  const columns = dig(table, 'columnDefinitions')
  const rows = dig(table, 'rows')
  return {
    kind: dig(table, 'kind'),
    apiVersion: dig(table, 'apiVersion'),
    remaining: dig(table, 'metadata', 'remainingItemCount'),
    continue: dig(table, 'metadata', 'continue') || undefined,
    columns: Array.isArray(columns)
      ? columns.map((column) => ['name', 'type', 'format', 'priority'].map((field) => dig(column, field)))
      : [],
    rows: Array.isArray(rows)
      ? rows.map((row) => {
          const metadata = dig(row, 'object', 'metadata')
          return {
            cells: dig(row, 'cells'),
            ...Object.fromEntries(['name', 'namespace', 'labels'].map((field) => [field, dig(metadata, field)]))
          }
        })
      : []
  }
}

function bindListVersion(recorded: unknown, actual: unknown, how: Comparison): void {
  const [expected, got] = [recorded, actual].map((value) => dig(value, 'metadata', 'resourceVersion'))
  if (typeof expected === 'string' && typeof got === 'string') how.bindings.bindList(expected, got)
}

function withoutListVersion(list: unknown): unknown {
  const metadata = dig(list, 'metadata')
  return isObject(list) ? { ...list, metadata: isObject(metadata) ? { ...metadata, resourceVersion: undefined } : metadata } : list
}

type Event = { readonly type: string; readonly object: unknown }

function compareEvents(recorded: readonly Event[], actual: readonly Event[], how: Comparison): string[] {
  const expected = recorded.filter(counts)
  const got = actual.filter(counts)
  const types = [expected, got].map((events) => events.map((event) => event.type).join(' '))
  if (types[0] !== types[1]) return [`events: expected ${types[0]}, got ${types[1]}`]
  return expected.flatMap((event, index) => {
    const other = got[index]
    if (event.type === 'BOOKMARK') {
      bindListVersion(event.object, other?.object, how)
      return []
    }
    return compareBody(event.object, other?.object, how).map((difference) => `event ${index}: ${difference}`)
  })
}

/** Bookmarks do not count, but for the one that ends the initial events. */
export function counts(event: Event): boolean {
  if (event.type !== 'BOOKMARK') return true
  return dig(event.object, 'metadata', 'annotations', 'k8s.io/initial-events-end') === 'true'
}
