import { expect, test } from 'vitest'
import { LOOSER, STRICTER, http1Cases, withHosts } from '../../test/http1/cases.ts'
import type { Case, Message } from '../../test/http1/cases.ts'
import { readBySerin } from '../../test/http1/serin-reader.ts'
import { ChunkScanner } from './chunks.ts'
import { DROP, HEAD, MORE, NAMED, fieldKind, head } from './head.ts'
import { hostIsUsable, scanRequest } from './scanner.ts'

type Told = readonly [start: string, headers: readonly (readonly [string, string])[], body: string, complete: boolean]

const latin = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

// What the published parser read, as far as we read it: the first final answer, and of requests all.
function recorded(one: Case): Told[] {
  const last = one.messages.findIndex((message) => (message.statusCode ?? 0) >= 200)
  return one.messages
    .slice(0, one.type === 'response' && last >= 0 ? last + 1 : undefined)
    .filter((message) => message.headersComplete)
    .map((message) => [
      one.type === 'request' ? `${message.method} ${message.url}` : String(message.statusCode),
      message.headers.map(([name, value]) => [name, latin(value).trim()]),
      latin(message.body),
      message.complete || endsWithConnection(one, message)
    ])
}

function endsWithConnection({ type }: Case, { headers }: Message): boolean {
  return type === 'response' && !headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name))
}

// How a case ends for us: refused, or the messages read; differences listed end as the published parser's reading does.
function seen(one: Case): readonly Told[] | 'refused' {
  const { ending, messages } = readBySerin({ type: one.type, bytes: withHosts(one), toHead: false, toUpgrade: false })
  if (ending === 'refused' && one.error === null && STRICTER[one.id] !== undefined) return recorded(one)
  // What follows a request for an upgrade that is not granted is not compared.
  if (ending === 'refused' && (one.upgrade !== true || messages.length === 0)) return 'refused'
  if (one.error !== null && LOOSER[one.id] !== undefined) return 'refused'
  return messages.map(({ method, target, status, headers, body, complete }) => [
    one.type === 'request' ? `${method} ${target}` : String(status),
    headers.filter(([name, value]) => name !== 'Host' || value !== 'case'),
    body,
    complete
  ])
}

test.each(http1Cases().map((one) => [one.id, one] as const))('the scanner reads or refuses as the published parser does: %s', (_, one) => {
  expect(seen(one)).toEqual(one.error === null ? recorded(one) : 'refused')
})

test('every difference listed is a case that exists', ({ task }) => {
  task.meta.deliberate = Object.entries({ ...STRICTER, ...LOOSER }).map(([id, why]) => ({ id, why }))
  const ids = new Set(http1Cases().map((one) => one.id))
  expect([...Object.keys(STRICTER), ...Object.keys(LOOSER)].filter((id) => !ids.has(id))).toEqual([])
})

const REQUESTS: readonly (readonly [head: string, status: number])[] = [
  ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', HEAD],
  ['\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n', HEAD],
  ['\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n', 400],
  ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
  ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n', 400],
  ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\n', 400],
  ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\n', 400],
  ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\n', 400],
  ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999999\r\n\r\n', 400],
  ['POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n', 501],
  ['POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
  ['POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \tchunked \r\n\r\n', HEAD],
  ['POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\t\r\n\r\n', 501],
  ['POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
  ['GET / HTTP/1.1\r\nHost : a\r\n\r\n', 400],
  ['GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n', 400],
  ['GET / HTTP/1.1\nHost: a\n\n', 400],
  ['GET / HTTP/1.1\r\nHost: a\u0000\r\n\r\n', 400],
  ['GET / HTTP/1.1\r\n: a\r\n\r\n', 400],
  ['GET  / HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['GET /a b HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['get / HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['GET /\r\n\r\n', 400],
  ['GET / HTTP/1.2\r\nHost: a\r\n\r\n', 505],
  ['GET / HTTP/2.0\r\nHost: a\r\n\r\n', 505],
  ['GET / HTTP/2', MORE],
  ['GET / Http/1.1\r\nHost: a\r\n\r\n', 400],
  ['GET / HTTPS/1.1\r\nHost: a\r\n\r\n', 400],
  ['GET /#part HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['GET / HTTP/1.1\r\nHost: a\r\nConnection: close keep-alive\r\n\r\n', 400],
  ['GET / HTTP/1.1\r\nHost: a\r\nConnection: , close\t ,,\tx \r\n\r\n', HEAD],
  ['GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n', 417],
  [`GET / HTTP/1.1\r\nHost: a\r\n${'X: 1\r\n'.repeat(128)}\r\n`, 431],
  [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(65_536)}\r\n\r\n`, 431],
  [`GET / HTTP/1.1\r\nHost: a\r\nConnection: ${Array.from({ length: 10 }, (_, at) => `n${at}`).join(', ')}\r\n\r\n`, 400]
]

test.each(REQUESTS.map(([text, status]) => [text.slice(0, 60), status, text] as const))('%j is read as %i', (_, status, text) => {
  const bytes = Buffer.from(text, 'latin1')
  expect(scanRequest(bytes, 0, bytes.length)).toBe(status)
})

test('fields named in Connection are marked for removal, framing and Host are not', () => {
  const bytes = Buffer.from('GET / HTTP/1.1\r\nX-A: 1\r\nHost: h\r\nConnection: x-a, Host, close\r\nX-B: 2\r\n\r\n')
  expect(scanRequest(bytes, 0, bytes.length)).toBe(HEAD)
  expect([...fieldKind.subarray(0, head.fields)].map((kind) => kind === NAMED)).toEqual([true, false, false, false])
  expect(head.close).toBe(true)
})

test('Proxy-Connection is removed; its close is obeyed, its keep-alive is not', () => {
  const read = (value: string): readonly [number | undefined, boolean, boolean] => {
    const bytes = Buffer.from(`GET / HTTP/1.0\r\nProxy-Connection: ${value}\r\n\r\n`)
    expect(scanRequest(bytes, 0, bytes.length)).toBe(HEAD)
    return [fieldKind[0], head.close, head.keepAlive]
  }
  expect(read('keep-alive')).toEqual([DROP, false, false])
  expect(read('a, Close')).toEqual([DROP, true, false])
  expect(read('closed')).toEqual([DROP, false, false])
})

test('a usable Host is needed in HTTP/1.1 and may be missing in HTTP/1.0', () => {
  const usable = (text: string): boolean => {
    const bytes = Buffer.from(text)
    expect(scanRequest(bytes, 0, bytes.length)).toBe(HEAD)
    return hostIsUsable(bytes)
  }
  expect(usable('GET / HTTP/1.1\r\n\r\n')).toBe(false)
  expect(usable('GET / HTTP/1.0\r\n\r\n')).toBe(true)
  expect(usable('GET / HTTP/1.1\r\nHost: a b\r\n\r\n')).toBe(false)
  expect(usable('GET / HTTP/1.1\r\nHost: a@b\r\n\r\n')).toBe(false)
  expect(usable('GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n')).toBe(true)
})

test.each(
  [
    ['5\r\nhello\r\n0\r\n\r\n', '5\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['5;a=b\r\nhello\r\n0;x="y;\\""\r\n\r\n', '5\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['5;a;b=c;d="e"\r\nhello\r\n0\r\n\r\n', '5\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['5;a==b\r\nhello\r\n0\r\n\r\n', undefined, undefined],
    ['5;a"b"\r\nhello\r\n0\r\n\r\n', undefined, undefined],
    ['5;a="b"c\r\nhello\r\n0\r\n\r\n', undefined, undefined],
    ['5;a=\r\nhello\r\n0\r\n\r\n', undefined, undefined],
    ['2\r\nhe\r\n003\r\nllo\r\n0\r\nX-Sum: 1\r\n\r\n', '2\r\nhe\r\n003\r\nllo\r\n0\r\n\r\n', 'hello'],
    ['5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n', undefined, undefined],
    ['5\r\nhello\r\n0\r\nHost: a\r\n\r\n', undefined, undefined],
    ['5 \r\nhello\r\n0\r\n\r\n', undefined, undefined],
    ['0x5\r\nhello\r\n0\r\n\r\n', undefined, undefined],
    ['5\nhello\r\n0\r\n\r\n', undefined, undefined],
    ['5;a\nhello\r\n0\r\n\r\n', undefined, undefined],
    ['5\r\nhelloX\r\n0\r\n\r\n', undefined, undefined],
    ['fffffffffffffff\r\n', undefined, undefined],
    [`5;${'a'.repeat(1100)}\r\nhello\r\n0\r\n\r\n`, undefined, undefined]
  ].map(([text = '', passed, bare]) => [text.slice(0, 40), passed, bare, text] as const)
)('chunks %j pass on as %j at any split', (_, passed, bare, text) => {
  for (const dropFraming of [false, true]) {
    for (let size = 1; size <= text.length; size++) {
      const scanner = new ChunkScanner()
      scanner.reset(dropFraming ? 'bare' : 'framed')
      let out = ''
      let wrong = false
      for (let at = 0; at < text.length && !wrong; at += size) {
        const piece = Buffer.from(text.slice(at, at + size), 'latin1')
        wrong = scanner.scan(piece, 0, piece.length) < 0
        if (!wrong) out += piece.toString('latin1', 0, scanner.kept)
      }
      const want = dropFraming ? bare : passed
      expect(scanner.done && !wrong ? out : undefined).toBe(want)
    }
  }
})
