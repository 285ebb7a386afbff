// Answers of an endpoint cut into stages, and what a client must get of one that breaks off there. A naive reading of the text, not the engine's.

import type { RetryPolicy } from '../../src/route/decision.ts'
import type { Route } from '../../src/route/route-table.ts'

type Forward = Extract<Route['action'], { kind: 'forward' }>

/** An answer as an endpoint sends it; it is a whole one at its end, or (until close) with the connection. */
export interface Shape {
  readonly name: string
  readonly text: string
  readonly framing: 'length' | 'chunked' | 'close'
}

export const SHAPES: readonly Shape[] = [
  { name: 'with a length', framing: 'length', text: 'HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 10\r\n\r\n0123456789' },
  {
    name: 'in chunks',
    framing: 'chunked',
    text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a="b"\r\nabc\r\n004\r\ndefg\r\n0\r\nX-Sum: 1\r\n\r\n'
  },
  { name: 'to the end of the connection', framing: 'close', text: 'HTTP/1.1 200 OK\r\nX-A: b\r\n\r\nabcdefg' },
  { name: 'without a body', framing: 'length', text: 'HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n' },
  {
    name: 'behind interim ones',
    framing: 'length',
    text: 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'
  }
]

/** How it breaks off. */
export type Break = 'reset' | 'end' | 'stall' | 'stall, with a route timeout' | 'stall, with a timeout of each try'

export const BREAKS: readonly Break[] = ['reset', 'end', 'stall', 'stall, with a route timeout', 'stall, with a timeout of each try']

const ONE_TRY: RetryPolicy = {
  attempts: 0,
  perTryTimeout: 1000,
  on: ['5xx'],
  statuses: [],
  avoidTried: false,
  backoffBase: 1,
  backoffMax: 1
}

/** The route that each kind of break is met with. */
export function actionFor(fault: Break): Partial<Forward> {
  if (fault === 'stall, with a route timeout') return { timeout: 1000 }
  return fault === 'stall, with a timeout of each try' ? { retry: ONE_TRY } : {}
}

/** Places where an answer may break off: one of each kind. */
export function stagesOf({ text, framing }: Shape): [name: string, at: number][] {
  const start = finalStart(text)
  const end = text.indexOf('\r\n\r\n', start) + 4
  const stages: [string, number][] = [
    ['before it begins', 0],
    ['in the status line', start + 11],
    ['in a field', text.indexOf(':', start) + 3],
    ['before the blank line', end - 2],
    ['exactly after the head', end]
  ]
  if (start > 0) stages.push(['in an interim answer', 10], ['after an interim answer', start])
  if (text.length > end) stages.push(['after the first byte of the body', end + 1], ['before its last byte', text.length - 1])
  if (framing === 'chunked') {
    const data = text.indexOf('abc')
    stages.push(
      ['in an extension', data - 4],
      ['after a size line', data],
      ['in the data of a chunk', data + 2],
      ['after the data of a chunk', data + 3],
      ['between two chunks', data + 5],
      ['before the last chunk', text.indexOf('0\r\nX-')],
      ['in the trailers', text.indexOf('Sum')]
    )
  }
  return [...stages, ['at its end', text.length]]
}

/** What the client gets of the first `at` bytes, `told` as it is, and how the request is counted. */
export function expected(shape: Shape, at: number, fault: Break): { readonly told: string; readonly counted: string } {
  const { text, framing } = shape
  const start = finalStart(text)
  const end = text.indexOf('\r\n\r\n', start) + 4
  if (at < end) return BEFORE[fault]
  const status = text.slice(start + 9, start + 12)
  const rest = text.slice(end, at)
  const body = JSON.stringify(framing === 'chunked' ? dataOf(rest) : rest)
  const whole = framing === 'close' ? fault === 'end' : at === text.length
  if (whole) return { told: `${status} ${body}; open`, counted: `${status} - 1` }
  // A try's own time ends with the head of its answer.
  const flag = fault === 'stall, with a route timeout' ? 'UT' : fault.startsWith('stall') ? 'SI' : 'UC'
  return { told: `${status} ${body} cut; ended`, counted: `${status} ${flag} 1` }
}

const CUT = { told: '503 "reset reason: connection termination"; open', counted: '503 UC 1' }
const LATE = { told: '504 "upstream request timeout"; open', counted: '504 UT 1' }

const BEFORE: Readonly<Record<Break, { readonly told: string; readonly counted: string }>> = {
  reset: CUT,
  end: CUT,
  stall: { told: '408 "stream timeout"; ended', counted: '408 SI 1' },
  'stall, with a route timeout': LATE,
  'stall, with a timeout of each try': { ...LATE, counted: '504 URX,UT 1' }
}

// Where the answer begins that is not an interim one.
function finalStart(text: string): number {
  let at = 0
  while (/^HTTP\/1.1 1/.test(text.slice(at))) at = text.indexOf('\r\n\r\n', at) + 4
  return at
}

// The data in the beginning of a chunked body.
function dataOf(chunks: string): string {
  const [, size, rest] = /^([\da-f]+)[^\r]*\r\n([^]*)$/.exec(chunks) ?? []
  if (size === undefined || rest === undefined) return ''
  const length = Number.parseInt(size, 16)
  return length === 0 ? '' : rest.slice(0, length) + dataOf(rest.slice(length + 2))
}
