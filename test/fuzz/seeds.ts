// Plays to begin with: exchanges of every kind that the engine knows, and those that a seed makes.

import { readFileSync } from 'node:fs'
import { existsSync } from 'node:fs'
import { Dice } from '../http1/dice.ts'
import { generate } from '../http1/generate.ts'
import { dataPath } from '../data.ts'
import { aimed } from './aimed.ts'
import type { AnswerPlay, CallerPlay, DialPlay, EventPlay, Play } from './play.ts'
import { TOKENS } from './tokens.ts'
import { CHOICES, PLAIN_RULES } from './rules.ts'
import type { Rules } from './rules.ts'

const CALLER: CallerPlay = { messages: [], pipelines: false, piece: 100_000, reads: 65_536, window: 100_000, after: 'stay' }
const ANSWER: AnswerPlay = { text: '', when: 'whole', piece: 100_000, after: 'stay', reads: 65_536 }

const request = (method: string, path: string, more: string, body = ''): string =>
  `${method} ${path} HTTP/1.1\r\nHost: reviews\r\nX-Id: @@\r\n${more}\r\n${body}`
const withLength = (text: string): [string, string] => [`Content-Length: ${text.replaceAll('@@', '~0.0~').length}\r\n`, text]
const chunked = (...parts: string[]): [string, string] => [
  'Transfer-Encoding: chunked\r\n',
  `${parts.map((part) => `${part.replaceAll('@@', '~0.0~').length.toString(16)}\r\n${part}\r\n`).join('')}0\r\n\r\n`
]

/** Requests that are in order: none may be refused as unreadable. */
export const REQUESTS: readonly string[] = [
  request('GET', '/', ''),
  request('GET', '/a/b?q=1', 'X-A: 1\r\nCookie: c=d; e=f\r\n'),
  request('HEAD', '/', ''),
  request('OPTIONS', '/a', 'Origin: http://a\r\nAccess-Control-Request-Method: PUT\r\n'),
  request('GET', '/a', 'Origin: http://b.c\r\nConnection: close\r\n'),
  request('POST', '/a', ...withLength('body @@ of a request')),
  request('POST', '/a', ...chunked('some @@', ' more @@', 'x')),
  request('PUT', '/a', `Expect: 100-continue\r\n${withLength('hello')[0]}`, 'hello'),
  request('POST', '/big', 'Content-Length: 5000\r\n', '{b*5000}'),
  request('POST', '/big', 'Transfer-Encoding: chunked\r\n', '1388\r\n{c*5000}\r\n0\r\nX-Sum: 1\r\n\r\n'),
  request('POST', '/huge', 'Content-Length: 60000\r\n', '{d*60000}'),
  request('POST', '/vast', 'Content-Length: 400000\r\n', '{i*400000}'),
  request('GET', '/moved/a', ''),
  request('GET', '/said', ''),
  request('GET', '/nowhere', ''),
  request('GET', '/chat', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'),
  request('POST', '/grpc.S/M', `Content-Type: application/grpc\r\nTE: trailers\r\n${withLength('\0\0\0\0\x01a')[0]}`, '\0\0\0\0\x01a'),
  ...TOKENS.map((token) => request('GET', '/a', `Authorization: Bearer ${token}\r\n`)),
  request('POST', '/a', `Authorization: Bearer ${TOKENS[0]}\r\n${withLength('with a token')[0]}`, 'with a token'),
  request('GET', `/a?access_token=${TOKENS[1]}`, ''),
  request('POST', '/a', ...chunked('x')).replace('0\r\n\r\n', '0\r\nX-Sum: 1\r\nX-More: two\r\n\r\n'),
  request('GET', '/a', 'Connection: x-a, x-b, close\r\nX-A: 1\r\nX-B: 2\r\n'),
  request('GET', '/a', 'X-Envoy-Retry-On: 5xx,reset\r\nX-Envoy-Max-Retries: 3\r\nX-Envoy-Upstream-Rq-Timeout-Ms: 300\r\n'),
  'GET http://reviews/a HTTP/1.1\r\nHost: reviews\r\nX-Id: @@\r\n\r\n',
  'GET /old HTTP/1.0\r\nHost: reviews\r\nX-Id: @@\r\n\r\n',
  'GET /old HTTP/1.0\r\nHost: reviews\r\nConnection: keep-alive\r\nX-Id: @@\r\n\r\n'
]

/** Requests that are not, or that go beyond a bound. */
export const ODD_REQUESTS: readonly string[] = [
  request('POST', '/a', ...chunked('x')).replace('0\r\n\r\n', '0\r\nContent-Length: 1\r\n\r\n'),
  request('POST', '/a', 'Transfer-Encoding: chunked\r\n', '5;name="some text"\r\nhello\r\n0\r\n\r\n'),
  request('POST', '/a', 'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', '5\r\nhello\r\n0\r\n\r\n'),
  request('POST', '/a', 'Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'),
  request('GET', '/long', 'X-Long: {l*70000}\r\n'),
  request('GET', '/many', 'X-Many: y\r\n'.repeat(130)),
  'CONNECT reviews:443 HTTP/1.1\r\nHost: reviews:443\r\n\r\n',
  '\x16\x03\x01\x02\x00hello of TLS',
  'GET http://10.1.1.9:1000/out HTTP/1.1\r\nHost: 10.1.1.9:1000\r\nX-Id: @@\r\n\r\n',
  request('POST', '/a', 'Transfer-Encoding: chunked\r\n', '5\r\nhelloX\n0\r\n\r\n')
]

const answer = (status: string, more: string, body = ''): string => `HTTP/1.1 ${status}\r\nX-Serial: @@\r\n${more}\r\n${body}`

/** Answers that are in order: no endpoint that gives them breaks the protocol. */
export const ANSWERS: readonly string[] = [
  answer('200 OK', ...withLength('answer @@')),
  answer('200 OK', ...chunked('one @@', 'two', 'three @@')),
  answer('200 OK', 'Content-Length: 0\r\n'),
  answer('204 No Content', ''),
  answer('304 Not Modified', 'Content-Length: 9\r\n'),
  answer('404 Not Found', ...withLength('nothing')),
  answer('503 Service Unavailable', ...withLength('later @@')),
  answer('200 OK', `Connection: close\r\n${withLength('the last')[0]}`, 'the last'),
  `HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n${answer('200 OK', ...withLength('after hints'))}`,
  answer('200 OK', 'Content-Length: 4000\r\n', '{e*4000}'),
  answer('200 OK', 'Transfer-Encoding: chunked\r\n', 'fa0\r\n{f*4000}\r\n0\r\n\r\n'),
  answer('200 OK', 'Content-Length: 90000\r\n', '{g*90000}'),
  answer('200 OK', 'Content-Length: 400000\r\n', '{h*400000}'),
  answer('101 Switching Protocols', 'Connection: Upgrade\r\nUpgrade: websocket\r\n', 'bytes of a tunnel @@'),
  answer('200 OK', 'Content-Type: application/grpc\r\nGrpc-Status: 14\r\nContent-Length: 0\r\n'),
  'HTTP/1.0 200 OK\r\nX-Serial: @@\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok'
]

/** Answers that are not, or that go beyond a bound. */
export const ODD_ANSWERS: readonly string[] = [
  answer('200 OK', 'Transfer-Encoding: chunked\r\n', '5;a=b\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n'),
  answer('200 OK', 'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', '5\r\nhello\r\n0\r\n\r\n'),
  answer('200 OK', 'X-Long: {m*70000}\r\nContent-Length: 0\r\n'),
  `${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(8)}${answer('200 OK', ...withLength('after many'))}`
]
/** Those that end with the connection. */
export const LAST_ANSWERS: readonly string[] = [
  answer('200 OK', '', 'until the end @@'),
  'HTTP/1.0 200 OK\r\nX-Serial: @@\r\n\r\nof old @@'
]

// Most go whole: small pieces cost steps.
const PIECES = [1, 7, 60, 1000, 100_000, 100_000, 100_000, 100_000]
const READS = [0, 1, 100, 4096, 65_536, 65_536, 65_536, 65_536]
const WINDOWS = [1, 200, 5000, 100_000, 100_000]

/** Any rules. */
export function anyRules(dice: Dice, changed: number): Rules {
  const names = Object.keys(CHOICES) as (keyof Rules)[]
  const chosen = names.filter(() => dice.chance(changed)).map((name) => [name, dice.pick<unknown>(CHOICES[name])])
  return { ...PLAIN_RULES, ...Object.fromEntries(chosen) } as Rules
}

/** A caller with so many messages. */
export function anyCaller(dice: Dice): CallerPlay {
  const messages = Array.from({ length: 1 + dice.below(4) }, () => anyRequest(dice))
  const isPlain = dice.chance(0.5)
  return {
    ...CALLER,
    messages,
    pipelines: dice.chance(0.3),
    piece: dice.pick(PIECES),
    reads: isPlain ? 65_536 : dice.pick(READS),
    window: isPlain ? 100_000 : dice.pick(WINDOWS),
    after: dice.chance(0.85) ? 'stay' : dice.pick(['half', 'reset', 'close'] as const)
  }
}

/** A request that is in order, mostly. */
export function anyRequest(dice: Dice): string {
  if (dice.chance(0.15)) return dice.pick(ODD_REQUESTS)
  return dice.chance(0.9) ? dice.pick(REQUESTS) : generated(dice, 'request')
}

function generated(dice: Dice, type: 'request' | 'response'): string {
  for (;;) {
    const stream = generate(dice.below(10_000_000))
    if (stream.type === type) return stream.bytes.toString('latin1')
  }
}

/** How some endpoint answers. */
export function anyAnswer(dice: Dice): AnswerPlay {
  const plain = { ...ANSWER, piece: dice.pick(PIECES), reads: dice.pick(READS) }
  if (dice.chance(0.1)) return { ...plain, text: dice.pick(LAST_ANSWERS), after: 'end' }
  if (dice.chance(0.1)) return { ...plain, text: dice.pick(ODD_ANSWERS) }
  if (dice.chance(0.05)) return { ...plain, text: generated(dice, 'response') }
  if (dice.chance(0.05)) return plain
  return {
    ...plain,
    text: dice.pick(ANSWERS),
    when: dice.chance(0.9) ? 'whole' : dice.pick(['head', 'open'] as const),
    after: dice.chance(0.85) ? 'stay' : dice.pick(['end', 'reset', 'close'] as const)
  }
}

/** Something that happens. */
export function anyEvent(dice: Dice): EventPlay {
  const at = dice.below(dice.pick([5, 30, 200]))
  const which = dice.below(4)
  switch (dice.below(5)) {
    case 0:
      return { at, kind: 'rules', change: anyChange(dice) }
    case 1:
      return { at, kind: 'caller', which, act: dice.pick(['half', 'reset', 'close'] as const) }
    case 2:
      return { at, kind: 'endpoint', which, act: dice.pick(['end', 'reset', 'close'] as const) }
    case 3:
      return dice.chance(0.3) ? { at, kind: 'drain' } : { at, kind: 'time', ms: 6000 }
    default:
      return { at, kind: 'time', ms: dice.pick([1, 30, 300, 600, 1100, 2100]) }
  }
}

// What a listener is stays as it is.
function anyChange(dice: Dice): Partial<Rules> {
  const { entry, small, log, ...change } = anyRules(dice, 0.15)
  return entry === undefined || small === undefined || log === undefined ? {} : change
}

/** What happens to a connection. */
export function anyDial(dice: Dice): DialPlay {
  return dice.chance(0.8) ? 'accept' : dice.pick(['refuse', 'hang'] as const)
}

/** A play by its number: always the same one. */
export function seedPlay(number: number): Play {
  const dice = new Dice(number)
  const play = anyPlay(dice)
  return dice.chance(0.3) ? aimed(dice, play) : play
}

function anyPlay(dice: Dice): Play {
  return {
    seed: dice.below(1_000_000),
    mode: dice.pick(['buffer', 'data'] as const),
    rules: anyRules(dice, dice.pick([0, 0.1, 0.3])),
    callers: Array.from({ length: dice.pick([1, 1, 2, 3]) }, () => anyCaller(dice)),
    answers: Array.from({ length: 1 + dice.below(4) }, () => anyAnswer(dice)),
    dials: dice.chance(0.7) ? ['accept'] : Array.from({ length: 1 + dice.below(3) }, () => anyDial(dice)),
    windows: dice.chance(0.6) ? [100_000] : [dice.pick(WINDOWS), dice.pick(WINDOWS)],
    events: dice.chance(0.5) ? [] : Array.from({ length: 1 + dice.below(3) }, () => anyEvent(dice))
  }
}

/** The published cases of Node's parser, if they are here: texts of both directions. */
export function publishedTexts(): { readonly requests: readonly string[]; readonly answers: readonly string[] } {
  const path = dataPath('http1/cases.json')
  if (!existsSync(path)) return { requests: [], answers: [] }
  // The file is a list of cases (its README).
  const cases = JSON.parse(readFileSync(path, 'utf8')) as { readonly type: string; readonly input: string }[]
  const of = (type: string): string[] => cases.filter((one) => one.type === type).map(({ input }) => Buffer.from(input).toString('latin1'))
  return { requests: of('request'), answers: of('response') }
}
