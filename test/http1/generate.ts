// Streams of HTTP/1.1 messages by seed: well-formed ones from the grammar of RFC 9112, each part of which may be replaced by something that two
// readers could understand differently, and now and then bytes changed anywhere.

import { Dice } from './dice.ts'
import type { Stream } from './reading.ts'

/** A stream, and how many messages were put in it. */
export interface Generated extends Stream {
  readonly count: number
}

const METHODS = [
  'GET',
  'GET',
  'GET',
  'POST',
  'POST',
  'POST',
  'PUT',
  'HEAD',
  'DELETE',
  'OPTIONS',
  'PATCH',
  'TRACE',
  'M-SEARCH',
  'QUERY',
  'SUBSCRIBE'
]
const ODD_METHODS = [
  'CONNECT',
  'PRI',
  'SOURCE',
  'ANNOUNCE',
  'DESCRIBE',
  'get',
  'Get',
  'FOO',
  'GETT',
  'GE',
  'X-ONE',
  'A!#$%&*+.^_`|~9',
  'GET(',
  'G\u00c9T',
  '',
  ' GET',
  'GET\t',
  'G'
]
const TARGETS = [
  '/',
  '/a',
  '/a/b?c=d',
  '/a%20b',
  '//a',
  '/?',
  '/a??',
  '/a;b',
  "/!$&'()*+,;=:@",
  '/"<>\\^`{|}',
  '/%',
  '/%zz',
  '/..;/a',
  'http://h/a',
  'http://h',
  'http://h:80/a?b',
  'HTTP://h/a',
  'http://h?a',
  'http://[::1]:80/'
]
const ODD_TARGETS = [
  '*',
  '*a',
  'a',
  'h:80',
  '?a',
  '/a#b',
  '#',
  'http://u@h/',
  'http://u:p@h/a',
  'http:///a',
  'http:/a',
  'http://h#f',
  'https://h/a',
  'ftp://h/',
  'h2c://h/',
  'http://h<i/',
  'http://h%41/',
  'http://a,b/',
  'http://h:80:90/',
  'http://',
  '/\u00e9',
  '/\u0001',
  '/\u007f',
  '/a b',
  '/a\tb',
  ' /a',
  '/a ',
  '',
  '/\u0000',
  'http://h\u00e9/',
  'http://h/a#f',
  'http://h@i@j/',
  "http://h'/",
  'http://h!/a',
  'http://h/?a#b',
  '/a\u00ff'
]
const VERSIONS = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0']
const ODD_VERSIONS = [
  'HTTP/0.9',
  'HTTP/2.0',
  'HTTP/1.2',
  'HTTP/1.9',
  'HTTP/3.0',
  'http/1.1',
  'Http/1.1',
  'HTTP/1',
  'HTTP/1.',
  'HTTP/11',
  'HTTP/1.10',
  'HTTP/01.1',
  'HTTP/1.1 ',
  ' HTTP/1.1',
  'HTTP/1,1',
  'HTTP 1.1',
  'ICE/1.0',
  'RTSP/1.0',
  'HTTP/1.a',
  'HTTP/x.1',
  '',
  'HTTPS/1.1',
  'HtTP/1.0',
  'HTTP/1.1\t'
]
const REASONS = [' OK', ' OK', ' Not Found', ' ', '', ' a b c']
const ODD_REASONS = ['\tOK', ' \u00e9', ' a\u0001b', ' a\u007f', 'OK', ' a\rb', ' a\nb', ' \u0000', '  two', '0', ' a\tb']
const STATUSES = ['200', '200', '200', '404', '500', '301', '204', '304', '100', '101', '102', '103', '150', '199', '205', '999']
const ODD_STATUSES = ['099', '000', '20', '2000', '2 0', 'abc', '+20', '-01', '1e2', '', ' 200', '0x1']
const PLAIN_FIELDS = [
  'Accept: */*',
  'X-A: 1',
  'User-Agent: a/1 (b; c)',
  'Cookie: a=b; c=d',
  'X-Request-Id: 7',
  'X-Forwarded-For: 1.2.3.4',
  'X-Forwarded-Proto: https',
  'Server: s',
  'Date: Thu, 01 Jan 1970 00:00:00 GMT',
  'Keep-Alive: timeout=5',
  'Proxy-Connection: keep-alive',
  'Proxy-Connection: close',
  'Proxy-Connection: x,Close ,',
  'Trailer: X-Sum',
  'HTTP2-Settings: AAAA',
  'X-Envoy-Max-Retries: 3',
  'Content-Type: text/plain',
  'x_y: 1',
  'TE: trailers',
  'X-E:',
  'Expect: 100-continue'
]
const ODD_FIELDS = [
  ' folded: 1',
  '\tfolded',
  'X-B : 1',
  'X-B\t: 1',
  ': no name',
  'no colon',
  'X-C: a\u0000b',
  'X-C: a\u0001b',
  'X-C: a\u007fb',
  'X-C: \u00e9',
  'X-C: a\rb',
  'X-C: a\nb',
  'X-C: a\n b',
  'X-C: a\r\n b',
  'X-C: a\r\n\tb',
  'X\u00e9: 1',
  'X(: 1',
  'X-D:\t 1 \t',
  'X-D: 1 \u000b',
  'X-D:1',
  'X-D:: 1',
  '"X": 1',
  'X-E: \r\n ',
  'Host: other',
  'Content-Length',
  'Transfer-Encoding',
  'Expect: tea',
  'Expect: 100-Continue ',
  'Content_Length: 5',
  'Content-Length : 5',
  'Transfer-Encoding : chunked',
  'Transfer\u00adEncoding: chunked',
  'X: 1\u0000\r\nContent-Length: 3',
  '\u0000: 1',
  'X-F: 1\r',
  'X-F: 1\n',
  '\rX-G: 1',
  '\nX-G: 1',
  'X-H: \u0080\u00ff'
]
const CONNECTIONS = [
  'keep-alive',
  'close',
  'Keep-Alive',
  'Close',
  'keep-alive, close',
  'close, keep-alive',
  'x-a',
  'x-a, x-b',
  'upgrade',
  'Upgrade, keep-alive',
  'te',
  '',
  ',',
  ' , close ,',
  'close\t',
  'keep-alive\t',
  'close,,x',
  'host',
  'content-length',
  'transfer-encoding',
  'close,x-a',
  'x-a,close',
  'upgrade,close',
  'closed',
  'close1',
  'keep-alivex',
  'xclose',
  'upgrade x'
]
const ODD_CONNECTIONS = [
  'close;a=b',
  'a b',
  '"close"',
  'close keep-alive',
  'clo se',
  'keep\u00e9',
  'close;',
  '(close)',
  'close \u0001',
  'close \t,upgrade',
  'upgrade\t,close',
  'close/1',
  'a=b'
]
const LENGTHS = [
  '+N',
  '-N',
  '0xN',
  'N N',
  'N,N',
  'N, N',
  '',
  ' ',
  'N.0',
  'Ne0',
  'N\t',
  'N \t',
  '\tN',
  'N ',
  '0N',
  '00000000000000000N',
  '9007199254740993',
  '18446744073709551617',
  '99999999999999999999999999',
  'N;a',
  '"N"',
  'N\u0001',
  'N\u00a0',
  '\u0660',
  'N\u000b',
  'N ,',
  ',N',
  'N\r\n N',
  'N\r\n '
]
const CODINGS = [
  'gzip',
  'gzip, chunked',
  'chunked, gzip',
  'chunked, chunked',
  'identity',
  'chunked, identity',
  '',
  ' ',
  'chunked\t',
  'chunked ',
  '\tchunked',
  'chunked \t',
  'xchunked',
  'chunkedx',
  'chunked;a=b',
  '"chunked"',
  'chunked,',
  ',chunked',
  'chun ked',
  'chunked\u0001',
  'chunked\u00e9',
  'chunked\u000b',
  'x, chunked',
  'cow',
  'chunke',
  'deflate,chunked',
  'chunked\r\n ',
  '\r\n chunked',
  'trailers'
]
const UPGRADES = ['websocket', 'h2c', 'h2c, websocket', '', 'x/1.1', 'TLS/1.0']
const EXTENSIONS = [';a', ';a=b', ';a="b"', ';a="b;c"', ';a=b;c', ';a="\\""', ';a="\t "', ';a=b;c="d"', ';A1!=9']
const ODD_EXTENSIONS = [
  ';',
  ';;',
  ';=b',
  ';a=',
  ';a==b',
  ';a"b"',
  ';a="b"c',
  ';a="b',
  ';a="b"; ',
  ' ;a',
  '; a',
  ';a =b',
  ';a= b',
  ';a=b"c"',
  ';a="\u0001"',
  ';a="\u00e9"',
  ';a=\u00e9',
  ';\u00e9',
  ' ',
  '\t',
  ';a="\\\u0001"',
  ';a="b"=c',
  ';a=b=c',
  ';a="b"\t',
  ';a="\n"',
  ';a\n',
  ';a="\r\n"',
  ';a=b c',
  ';a;',
  ';a="";b',
  ';"a"',
  ';a="\u007f"',
  ';a=""b""',
  ';a="b"=',
  ';a=b;',
  ';a="\\',
  ';a=@'
]
const TRAILERS = ['X-Sum: 1', 'X-T: a b', 'X-Request-Id: 1', 'X-U:', 'x-forwarded-for: 9']
const ODD_TRAILERS = [
  'Content-Length: 5',
  'Transfer-Encoding: chunked',
  'Host: a',
  'Connection: close',
  'X-V : 1',
  ' X-V: 1',
  'no colon',
  ': 1',
  'X-V: a\u0001',
  'X-V: a\nb',
  'TE: trailers',
  'Upgrade: a',
  'Expect: 100-continue',
  'X-V: 1\r\n 2',
  'X-V: a\rb',
  'X\u00e9: 1',
  'Date: x',
  'Server: x',
  'Keep-Alive: 1',
  'Trailer: a',
  'Content-Length: x',
  'content-length:',
  'Connection: keep-alive'
]
const LINE_ENDS = ['\n', '\r', '\r\r\n', '\n\r', '\r\n\r\n', '\n\n', '\u000b', ' \r\n']
const BODIES = [
  '',
  'a',
  'hello',
  'hello world',
  'GET / HTTP/1.1\r\nHost: smuggled\r\n\r\n',
  '0\r\n\r\n',
  'HTTP/1.1 200 OK\r\n\r\n',
  '\r\n',
  '\u0000\u00ff',
  'x'.repeat(200)
]
const BEFORE = ['', '', '', '', '', '', '', '', '', '', '', '', '\r\n', '\r\n', '\r\n\r\n', '\n', '\r', ' ', '\r\r\n', '\r\n\n', '\u0000']

/** The stream with this number: always the same one. */
export function generate(number: number): Generated {
  const dice = new Dice(number)
  const type = dice.chance(0.6) ? 'request' : 'response'
  const count = dice.pick([1, 1, 2, 2, 3])
  // How much goes wrong: nothing in a third of the streams.
  const odds = dice.pick([0, 0.02, 0.1])
  let text = ''
  for (let at = 0; at < count; at++) text += new Message(dice, type, odds).text()
  if (dice.chance(odds)) text = changed(dice, text)
  if (dice.chance(odds / 2)) text = text.slice(0, dice.below(text.length))
  return {
    type,
    bytes: Buffer.from(text, 'latin1'),
    toHead: type === 'response' && dice.chance(0.08),
    toUpgrade: type === 'response' && dice.chance(0.2),
    count
  }
}

// A few bytes of the text put elsewhere, left out, doubled or replaced.
function changed(dice: Dice, text: string): string {
  const at = dice.below(text.length)
  const length = dice.pick([1, 1, 1, 2, 5])
  const piece = text.slice(at, at + length)
  const to = dice.below(text.length)
  switch (dice.below(5)) {
    case 0:
      return text.slice(0, at) + text.slice(at + length)
    case 1:
      return text.slice(0, at) + String.fromCharCode(dice.below(256)) + text.slice(at + 1)
    case 2:
      return text.slice(0, at) + String.fromCharCode(dice.pick([0, 9, 10, 13, 32, 34, 44, 58, 59, 127, 128, 255])) + text.slice(at)
    case 3:
      return text.slice(0, to) + piece + text.slice(to)
    default:
      return text.slice(0, at) + piece + piece + text.slice(at + length)
  }
}

// One message, made part by part.
class Message {
  readonly #dice: Dice
  readonly #type: Stream['type']
  readonly #odds: number

  constructor(dice: Dice, type: Stream['type'], odds: number) {
    this.#dice = dice
    this.#type = type
    this.#odds = odds
  }

  text(): string {
    const { framing, body } = this.#body()
    const fields = [...this.#host(), ...framing, ...this.#connection(), ...this.#others()]
    this.#shuffle(fields)
    const lines = [this.#startLine(), ...fields, '']
    return (this.#odd() ? this.#dice.pick(BEFORE) : '') + lines.map((line) => line + this.#end()).join('') + body
  }

  #odd(): boolean {
    return this.#dice.chance(this.#odds)
  }

  #end(): string {
    return this.#dice.chance(this.#odds / 10) ? this.#dice.pick(LINE_ENDS) : '\r\n'
  }

  #oneOf(usual: readonly string[], odd: readonly string[]): string {
    return this.#dice.pick(this.#odd() ? odd : usual)
  }

  #shuffle(fields: string[]): void {
    for (let at = fields.length - 1; at > 0; at--) {
      const other = this.#dice.below(at + 1)
      const kept = fields[at] ?? ''
      fields[at] = fields[other] ?? ''
      fields[other] = kept
    }
  }

  #startLine(): string {
    const version = this.#oneOf(VERSIONS, ODD_VERSIONS)
    const gap = this.#dice.chance(this.#odds / 10) ? this.#dice.pick(['  ', '\t', '', ' \t']) : ' '
    if (this.#type === 'request') return this.#oneOf(METHODS, ODD_METHODS) + gap + this.#oneOf(TARGETS, ODD_TARGETS) + gap + version
    return version + gap + this.#oneOf(STATUSES, ODD_STATUSES) + this.#oneOf(REASONS, ODD_REASONS)
  }

  #host(): string[] {
    if (this.#type === 'response') return []
    const host = this.#dice.recase('Host')
    if (!this.#odd()) return [`${host}: ${this.#dice.pick(['h', 'h:80', '[::1]', 'a.b.c'])}`]
    return this.#dice.pick([
      [],
      ['Host:'],
      ['Host: a b'],
      ['Host: u@h'],
      ['Host: a, b'],
      ['Host: \u00e9'],
      ['Host: h', 'Host: h'],
      ['Host: h', 'host: i'],
      ['Host: h/'],
      ['Host: h\t'],
      ['Host: [::1']
    ])
  }

  #connection(): string[] {
    const dice = this.#dice
    const fields: string[] = []
    if (dice.chance(0.25)) fields.push(`${dice.recase('Connection')}: ${this.#oneOf(CONNECTIONS, ODD_CONNECTIONS)}`)
    if (dice.chance(0.05)) fields.push(`Connection: ${dice.pick(CONNECTIONS)}`)
    if (dice.chance(0.06)) fields.push(`Upgrade: ${dice.pick(UPGRADES)}`, ...(dice.chance(0.7) ? ['Connection: Upgrade'] : []))
    if (dice.chance(this.#odds / 20))
      fields.push(`Connection: ${Array.from({ length: 6 + dice.below(8) }, (_, at) => `n${at}`).join(dice.pick([',', ', ']))}`)
    return fields
  }

  #others(): string[] {
    const dice = this.#dice
    const fields = Array.from({ length: dice.below(4) }, () => this.#oneOf(PLAIN_FIELDS, ODD_FIELDS))
    if (dice.chance(this.#odds / 50)) fields.push(...Array.from({ length: 120 + dice.below(12) }, (_, at) => `f${at}: 1`))
    if (dice.chance(this.#odds / 100)) fields.push(`Long: ${'y'.repeat(65_300 + dice.below(400))}`)
    return fields
  }

  // The framing fields and the bytes that follow the head.
  #body(): { readonly framing: string[]; readonly body: string } {
    const dice = this.#dice
    const body = dice.pick(BODIES)
    const length = dice.recase('Content-Length')
    const coding = `${dice.recase('Transfer-Encoding')}: ${dice.recase('chunked')}`
    if (this.#odd()) return this.#oddBody(body)
    switch (dice.below(4)) {
      case 0:
        return { framing: [], body: '' }
      case 1:
        return { framing: [], body: this.#type === 'response' ? body : '' }
      case 2:
        return { framing: [`${length}: ${body.length}`], body }
      default:
        return { framing: [coding], body: this.#chunks(body) }
    }
  }

  #oddBody(body: string): { readonly framing: string[]; readonly body: string } {
    const dice = this.#dice
    const length = `Content-Length: ${dice.pick([...LENGTHS, 'N', 'N', 'N']).replaceAll('N', String(body.length))}`
    const coding = `Transfer-Encoding: ${dice.pick([...CODINGS, 'chunked', 'chunked'])}`
    const sent = dice.chance(0.5) ? body : this.#chunks(body)
    const other = dice.chance(0.5) ? 'Content-Length: 3' : 'Transfer-Encoding: chunked'
    return {
      framing: dice.pick([[length], [coding], [length, coding], [length, length], [coding, coding], [length, other], [coding, other]]),
      body: sent
    }
  }

  #chunks(body: string): string {
    const dice = this.#dice
    let text = ''
    let at = 0
    while (at < body.length) {
      const size = 1 + dice.below(body.length - at)
      text += this.#chunk(size, body.slice(at, at + size))
      at += size
    }
    const trailers = dice.chance(0.8) ? [] : Array.from({ length: 1 + dice.below(2) }, () => this.#oneOf(TRAILERS, ODD_TRAILERS))
    if (dice.chance(this.#odds / 50)) trailers.push(`X-Long: ${'z'.repeat(8100 + dice.below(100))}`)
    return `${text}${this.#sizeLine(0)}${[...trailers, ''].map((line) => line + this.#end()).join('')}`
  }

  #chunk(size: number, data: string): string {
    return `${this.#sizeLine(size)}${data}${this.#end()}`
  }

  #sizeLine(size: number): string {
    const dice = this.#dice
    const hex = dice.chance(0.5) ? size.toString(16) : size.toString(16).toUpperCase()
    const digits = this.#odd()
      ? dice.pick([
          `0x${hex}`,
          `0${hex}`,
          `000000000000${hex}`,
          `-${hex}`,
          `+${hex}`,
          ` ${hex}`,
          `${hex} `,
          '',
          'g',
          `${hex}h`,
          'fffffffffffff',
          'fffffffffffffffff',
          `\t${hex}`,
          `0000000000${hex}`
        ])
      : hex
    const extension = dice.chance(0.15) ? this.#oneOf(EXTENSIONS, ODD_EXTENSIONS) : this.#odd() ? dice.pick(ODD_EXTENSIONS) : ''
    const long = dice.chance(this.#odds / 50) ? `;${'e'.repeat(990 + dice.below(60))}` : ''
    return digits + extension + long + this.#end()
  }
}
