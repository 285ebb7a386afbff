// The writer of lines against a plain one: formatText and formatValue, and JSON.stringify. Octets, cut and copied as they may be.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { FactName, FormatFacts } from '../route/format-facts.ts'
import { formatText, formatValue, parseFormat } from '../route/format.ts'
import type { Format } from '../route/format.ts'
import { lineFormat } from './access-format.ts'
import type { LineFormat, LogFormat } from './access-format.ts'
import type { LineFacts } from './line-writer.ts'
import { LogBytes } from './log-bytes.ts'
import { LogFrames } from './log-frames.ts'
import type { LogLine } from './log-frames.ts'

/** What is said of the connection and the answer of one line, and of its request. */
interface Said {
  readonly facts: Readonly<Partial<Record<FactName, string | number>>>
  readonly request: Readonly<Record<string, string | undefined>>
  readonly start: number
}

function factsOf({ facts, request, start }: Said): LineFacts {
  return {
    now: 0,
    start,
    zone: 0,
    request,
    header: (of, name) => (of === 'request' ? request[name] : undefined),
    environment: () => undefined,
    metadata: () => undefined,
    fact: (name) => facts[name]
  }
}

function formatOf(format: LogFormat): LineFormat {
  const made = lineFormat(format)
  if ('problem' in made) throw new Error(made.problem)
  return made
}

function parsed(text: string): Format {
  const format = parseFormat(text)
  if ('problem' in format) throw new Error(format.problem)
  return format
}

function linesOf(bytes: LogBytes): LogLine[] {
  const frames = new LogFrames()
  const lines: LogLine[] = []
  for (let chunk = bytes.take(); chunk !== undefined; chunk = bytes.take()) {
    lines.push(...frames.read(chunk.bytes.subarray(0, chunk.length)))
    bytes.free(chunk)
  }
  return lines
}

const octets = fc.oneof(
  fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 20 }).map((text) => Buffer.from(text).toString('latin1')),
  fc.constantFrom('', '/products/7?color=red', '-', '"', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)')
)
// Now and then one that takes a chunk or more for itself.
const value = fc.oneof(
  { weight: 60, arbitrary: octets },
  { weight: 1, arbitrary: fc.nat({ max: 200_000 }).map((length) => 'é~'.repeat(length / 2)) }
)
const number = fc.oneof(fc.nat(), fc.integer(), fc.double(), fc.constantFrom(0, 9, 10, 999_999_999, 1_000_000_000, Number.NaN, -0))
const maybe = fc.option(value, { nil: undefined, freq: 4 })
const requests = fc.record({
  ':method': maybe,
  ':path': maybe,
  ':authority': maybe,
  'x-forwarded-for': maybe,
  'user-agent': maybe,
  'x-request-id': maybe,
  'x-envoy-original-path': maybe
})
const FACT_NAMES = ['RESPONSE_CODE_DETAILS', 'UPSTREAM_HOST', 'UPSTREAM_CLUSTER_RAW', 'DOWNSTREAM_REMOTE_ADDRESS', 'ROUTE_NAME'] as const
const facts = fc
  .tuple(fc.record(Object.fromEntries(FACT_NAMES.map((name) => [name, maybe]))), number, number)
  .map(([texts, code, sent]) => ({ ...texts, RESPONSE_CODE: code, BYTES_SENT: sent }))
const PROTOCOL = { PROTOCOL: 'HTTP/1.1' }
/** Lines of requests, of some of which several follow each other. */
const said = fc
  .array(fc.tuple(requests, fc.array(fc.tuple(facts, fc.integer({ min: 0, max: 4e12 })), { minLength: 1, maxLength: 3 })), { maxLength: 6 })
  .map((all) => all.flatMap(([request, lines]) => lines.map(([of, start]): Said => ({ request, facts: { ...PROTOCOL, ...of }, start }))))

function expectLines(format: LogFormat, plain: (facts: FormatFacts) => string): void {
  const { write } = formatOf(format)
  // Not begun anew, so that lines come to stand anywhere in a chunk.
  const bytes = new LogBytes()
  fc.assert(
    fc.property(said, fc.constantFrom('', 'shop/reviews-1', 'shop/é'), (all, pod) => {
      for (const each of all) {
        bytes.begin(pod)
        write(factsOf(each), bytes)
        bytes.end()
      }
      const want = all.map((each) => [Buffer.from(pod, 'latin1').toString(), Buffer.from(plain(factsOf(each)), 'latin1').toString()])
      expect(linesOf(bytes)).toEqual(want)
    }),
    { numRuns: 300 }
  )
  // One behind the other until a chunk is full, and some more.
  const row: Said[] = []
  while (!bytes.isFull) {
    for (const each of fc.sample(said, 20).flat()) {
      row.push(each)
      bytes.begin('pod')
      write(factsOf(each), bytes)
      bytes.end()
    }
  }
  expect(linesOf(bytes).map(([, text]) => text)).toEqual(row.map((each) => Buffer.from(plain(factsOf(each)), 'latin1').toString()))
  expect(bytes.waiting).toBe(0)
}

const TEXTS = [
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %BYTES_SENT% ' +
    '"%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW%',
  '%REQ(:PATH)% é %REQ(USER-AGENT):10% %PATH(NQ)% %QUERY_PARAM(color)%',
  '%BYTES_SENT%%RESPONSE_CODE%%ROUTE_NAME%',
  ''
]

test.each(TEXTS)('lines of text say what a plain formatter says: %s', (text) => {
  expectLines({ encoding: 'text', format: text }, (of) => formatText(parsed(text), of, '-'))
})

const OBJECTS: readonly Readonly<Record<string, string>>[] = [
  {
    'a"b': '%REQ(:PATH)%',
    c: '%REQ(:PATH)% %RESPONSE_CODE%',
    d: '%BYTES_SENT%',
    e: '%ROUTE_NAME%',
    f: '%REQ(:METHOD)%',
    g: '%START_TIME%'
  },
  { only: '' },
  {}
]

test.each(OBJECTS)('lines of JSON say what JSON.stringify says: %j', (wanted) => {
  expectLines({ encoding: 'json', format: JSON.stringify(wanted) }, (of) =>
    JSON.stringify(Object.fromEntries(Object.entries(wanted).map(([key, text]) => [key, formatValue(parsed(text), of)])))
  )
})

test('nothing is said of a request with the words of another', () => {
  const { write } = formatOf({ encoding: 'text', format: '%REQ(:METHOD)% %REQ(:PATH)% %RESPONSE_CODE%' })
  const bytes = new LogBytes()
  const request = { ':method': 'GET', ':path': '/a' }
  for (const of of [request, { ...request, ':path': '/b' }, request, request]) {
    bytes.begin('')
    write(factsOf({ request: of, facts: { RESPONSE_CODE: 200 }, start: 0 }), bytes)
    bytes.end()
  }
  expect(linesOf(bytes).map(([, text]) => text)).toEqual(['GET /a 200', 'GET /b 200', 'GET /a 200', 'GET /a 200'])
})
