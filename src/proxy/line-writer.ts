// A format as what writes its lines: its parts in order, straight to the bytes of the log. What only the request decides is the same in the
// lines of both its sides, and is copied for the second. Says what formatText and formatValue of route/format.ts say.

import type { FormatFacts } from '../route/format-facts.ts'
import { commandValue, formatValue } from '../route/format.ts'
import type { Format, FormatValue } from '../route/format.ts'
import type { LogBytes } from './log-bytes.ts'

/** Facts of one line. Where `request` is the same object, all that is asked of the request itself has the same answer. */
export interface LineFacts extends FormatFacts {
  readonly request: object
}

/** Writes (part of) a line. */
export type Write = (facts: LineFacts, to: LogBytes) => void

type Part = Format[number]

/** Lines of text; a dash stands for what is unavailable. */
export function textWriter(format: Format): Write {
  const parts = format.map((part) => ({ write: partWriter(part), ofRequest: isOfRequest(part), isLiteral: typeof part === 'string' }))
  return inTurn(runsOf(parts))
}

/** Lines of JSON, of so many keys with their formats, in this order. */
export function jsonWriter(values: readonly (readonly [key: string, Format])[]): Write {
  const parts = values.flatMap(([key, format], index): WrittenPart[] => [
    { write: literalWriter(`${index === 0 ? '{' : ','}${JSON.stringify(key)}:`), ofRequest: true, isLiteral: true },
    { write: valueWriter(format), ofRequest: format.every(isOfRequest) }
  ])
  return inTurn(runsOf([...parts, { write: literalWriter(values.length === 0 ? '{}' : '}'), ofRequest: true, isLiteral: true }]))
}

interface WrittenPart {
  readonly write: Write
  readonly ofRequest: boolean
  readonly isLiteral?: boolean
}

function partWriter(part: Part): Write {
  if (typeof part === 'string') return literalWriter(part)
  return (facts, to) => {
    const value = commandValue(part, facts)
    if (typeof value === 'number') to.number(value)
    else to.text(value ?? '-')
  }
}

function literalWriter(text: string): Write {
  return (_, to) => to.text(text)
}

function valueWriter(format: Format): Write {
  return (facts, to) => writeJson(formatValue(format, facts), to)
}

// Most texts need no escapes: to look is cheaper than to have them written.
const ESCAPED = /["\\\u0000-\u001f\u007f-\uffff]/

function writeJson(value: FormatValue, to: LogBytes): void {
  if (typeof value === 'number' && Number.isFinite(value)) return to.number(value)
  if (typeof value !== 'string' || ESCAPED.test(value)) return to.text(JSON.stringify(value))
  to.text('"')
  to.text(value)
  to.text('"')
}

// No connection, time or answer decides it.
function isOfRequest(part: Part): boolean {
  if (typeof part === 'string') return true
  switch (part.kind) {
    case 'header':
      return part.of === 'request'
    case 'fact':
      return part.name === 'PROTOCOL'
    case 'query':
    case 'path':
      return true
    default:
      return false
  }
}

/** Parts in a row that only the request decides become one. */
function runsOf(parts: readonly WrittenPart[]): Write[] {
  const writes: Write[] = []
  for (let from = 0; from < parts.length;) {
    let to = from
    while (parts[to]?.ofRequest === true) to++
    const run = parts.slice(from, Math.max(to, from + 1))
    const written = run.map(({ write }) => write)
    writes.push(...(to > from && run.some(({ isLiteral }) => isLiteral !== true) ? [writtenOnce(inTurn(written))] : written))
    from += run.length
  }
  return writes
}

function inTurn(writes: readonly Write[]): Write {
  return (facts, to) => {
    for (let index = 0; index < writes.length; index++) (writes[index] as Write)(facts, to)
  }
}

/** Copies what it wrote last, as long as it is for the same request and stands in the same chunk. */
function writtenOnce(write: Write): Write {
  let request: object | undefined
  let turn = 0
  let from = 0
  let length = 0
  return (facts, to) => {
    if (facts.request === request && to.turn === turn && to.fits(length)) return to.again(from, length)
    turn = to.turn
    from = to.at
    write(facts, to)
    // In the middle of it another chunk began: it stands in neither.
    request = to.turn === turn ? facts.request : undefined
    length = to.at - from
  }
}
