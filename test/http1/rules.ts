// The differences from Node's parser that are meant, each with its reason; docs/decisions/062 argues them. A rule holds only where its own look
// at the bytes finds the cause: a refusal for another reason is not excused by it.

import { chunkLines } from './chunk-lines.ts'
import type { ChunkLines } from './chunk-lines.ts'
import { fieldOf } from './reading.ts'
import type { ReadMessage, Stream } from './reading.ts'

/** What a rule may look at. */
export interface Seen {
  readonly stream: Stream
  /** The stream from the first byte of the message that differs, latin1. */
  readonly raw: string
  /** That message as Node's parser has it, if it took its head. */
  readonly message: ReadMessage | undefined
  /** Our message before it. */
  readonly before: ReadMessage | undefined
}

/** A difference in what is refused. */
export interface Rule {
  readonly name: string
  /** In the words of the one that refuses. */
  readonly reason: RegExp
  readonly holds: (seen: Seen) => boolean
  readonly why: string
}

/** A difference in what is said of a message that both take. */
export interface FactRule {
  readonly name: string
  readonly fact: keyof ReadMessage
  readonly holds: (ours: ReadMessage, theirs: ReadMessage, stream: Stream) => boolean
  readonly why: string
}

const firstLine = (raw: string): string => raw.replace(/^\r\n/, '').split('\r\n', 1)[0] ?? ''

// Values of the fields with this name, in lower case, from a head that may be cut off.
function values(raw: string, name: string): string[] {
  const [, ...lines] = (raw.replace(/^\r\n/, '').split('\r\n\r\n', 1)[0] ?? '').split('\r\n')
  return lines
    .filter((line) => line.toLowerCase().startsWith(`${name}:`))
    .map((line) =>
      line
        .slice(name.length + 1)
        .replaceAll(/^[ \t]+|[ \t]+$/g, '')
        .toLowerCase()
    )
}

const target = ({ raw }: Seen): string => firstLine(raw).split(' ')[1] ?? ''

const OPTIONS = /^[ \t,]*([!#$%&'*+\-.^_`|~0-9a-z]+([ \t]*,[ \t,]*|[ \t]*$))*$/

const chunksOf = ({ raw }: Seen): ChunkLines => chunkLines(raw.slice(raw.indexOf('\r\n\r\n') + 4))
const EXTENSION = /^(;[!#$%&'*+\-.^_`|~0-9a-z]+(=([!#$%&'*+\-.^_`|~0-9a-z]+|"([\t !#-[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"))?)*$/i
const FRAMING_TRAILERS =
  /^(host|content-length|transfer-encoding|connection|upgrade|expect|te|keep-alive|proxy-connection|trailer|http2-settings|date|server|x-forwarded-client-cert|x-envoy-[a-z-]+)$/

const trailerNames = (seen: Seen): string[] => chunksOf(seen).trailers.map((line) => (line.split(':', 1)[0] ?? '').toLowerCase())

/** We refuse what llhttp takes, or refuse it sooner. */
export const STRICTER: readonly Rule[] = [
  {
    name: 'empty lines before a request',
    reason: /^(a bare carriage return before the request|the first word is not a method)$/,
    holds: ({ raw, stream }) => stream.type === 'request' && /^(\r\n)?[\r\n]/.test(raw),
    why: 'RFC 9112 2.2 asks for one CR LF to be skipped; more, or bare CR and LF, are no client that is worth a guess'
  },
  {
    name: 'blanks in the request line',
    reason: /^(not a request target after the method|not a protocol version after the target|the first word is not a method)$/,
    holds: ({ raw }) => / {2}|\t/.test(firstLine(raw)),
    why: 'one space between the words (RFC 9112 3): readers that split at other blanks find another target'
  },
  {
    name: 'fragment in the target',
    reason: /^not a request target after the method$/,
    holds: (seen) => target(seen).includes('#'),
    why: 'a request target has no fragment (RFC 9112 3.2)'
  },
  {
    name: 'versions 0.9 and 2.0',
    reason: /^(not HTTP\/1\.0 or HTTP\/1\.1|not a status line)$/,
    // One cut off before its end is refused by its first figure; llhttp waits for the second.
    holds: ({ raw }) => /(^| )HTTP\/(0\.9|2\.0|[02-9]\.?$)/.test(firstLine(raw)),
    why: 'another framing than HTTP/1: 505, and 502 from an upstream'
  },
  {
    name: 'request without a version',
    reason: /^(not a protocol version after the target|not a request target after the method)$/,
    holds: ({ raw }) => /^(\r\n)?[A-Z-]+ \S+[\r\n]/.test(raw),
    why: 'that is HTTP/0.9'
  },
  {
    name: 'ICE and RTSP',
    reason: /^(not a protocol version after the target|not a status line)$/,
    holds: ({ raw }) => /(^| )(I|IC|ICE|R|RT|RTS|RTSP)(\/|$)/.test(firstLine(raw)),
    why: 'other protocols'
  },
  {
    name: 'CONNECT',
    reason: /^CONNECT is not supported$/,
    holds: ({ raw }) => firstLine(raw).startsWith('CONNECT '),
    why: '405: there is nothing behind the mesh to tunnel to'
  },
  {
    name: 'asterisk',
    reason: /^(the target \* is for OPTIONS|not a request target)$/,
    holds: (seen) => target(seen).startsWith('*') && !firstLine(seen.raw).startsWith('OPTIONS * '),
    why: 'the target * is for OPTIONS (RFC 9112 3.2.4)'
  },
  {
    name: 'absolute target',
    reason: /^(not a request target|not an authority)$/,
    holds: (seen) => /^[a-z]+:\/\//i.test(target(seen)) && !/^https?:\/\/[\w.\-[\]:]+([/?].*)?$/i.test(target(seen)),
    why: 'http:// or https:// with a host, without userinfo (RFC 9110 4.2): what else is in the authority two readers could split differently'
  },
  {
    name: 'unusable Host',
    reason: /^no usable Host field$/,
    holds: ({ raw }) => {
      const [host] = values(raw, 'host')
      return host === undefined ? firstLine(raw).endsWith('HTTP/1.1') : /[^!#$%&'*+\-.^_`|~0-9a-z:[\]]/.test(host)
    },
    why: 'HTTP/1.1 asks for one that is an authority (RFC 9112 3.2): rules are chosen by it'
  },
  {
    name: 'two Host fields',
    reason: /^two Host fields$/,
    holds: ({ raw }) => values(raw, 'host').length > 1,
    why: 'RFC 9112 3.2: the next reader may take the other'
  },
  {
    name: 'coding in HTTP/1.0',
    reason: /^a transfer coding in HTTP\/1\.0$/,
    holds: ({ raw }) => /HTTP\/1\.0( |$)/.test(firstLine(raw)) && values(raw, 'transfer-encoding').length > 0,
    why: 'framing that HTTP/1.0 does not have is faulty (RFC 9112 6.1)'
  },
  {
    name: 'transfer codings',
    reason: /^(a transfer coding other than chunked|two Transfer-Encoding fields)$/,
    holds: ({ raw }) => values(raw, 'transfer-encoding').length > 1 || /transfer-encoding:(?![ \t]*chunked *\r\n)/i.test(raw),
    why: 'only chunked is known (501, RFC 9112 6.1), said once: lists are read differently'
  },
  {
    name: 'expectations',
    reason: /^an expectation other than 100-continue$/,
    holds: ({ raw }) => values(raw, 'expect').some((value) => value !== '100-continue'),
    why: '417 (RFC 9110 10.1.1)'
  },
  {
    name: 'list in Connection',
    reason: /^not a list in Connection$/,
    holds: ({ raw }) => values(raw, 'connection').some((value) => !OPTIONS.test(value)),
    why: 'what is no list of tokens (RFC 9110 7.6.1) may hide a name to be removed, and `k keep-alive` keeps the connection for some readers'
  },
  {
    name: 'names in Connection',
    reason: /names or more in Connection$/,
    holds: ({ raw }) =>
      values(raw, 'connection')
        .join(',')
        .split(/[ \t,]+/).length >= 10,
    why: 'bound nominationsMax: each is looked for among all fields'
  },
  {
    name: 'long head',
    reason: /^the message head is longer than 65536 bytes$/,
    holds: ({ raw }) => !raw.slice(0, 65_536).includes('\r\n\r\n'),
    why: 'bound headBytesMax'
  },
  {
    name: 'many fields',
    reason: /^more than 128 header fields$/,
    holds: ({ raw }) => raw.replace(/^\r\n/, '').split('\r\n').length > 129,
    why: 'bound fieldsMax'
  },
  {
    name: 'length of 16 digits',
    reason: /^a Content-Length that is not one number$/,
    holds: ({ raw }) => values(raw, 'content-length').some((value) => /^\d{16,}$/.test(value)),
    why: 'numbers stay below 2^53'
  },
  {
    name: 'empty line before an answer',
    reason: /^not a status line$/,
    holds: ({ raw, stream }) => stream.type === 'response' && /^[\r\n]/.test(raw),
    why: 'no such allowance for answers (RFC 9112 2.2): on a connection that is used again it is somebody else’s rest'
  },
  {
    name: 'status below 100',
    reason: /^not a status line$/,
    holds: ({ raw }) => /^HTTP\/1\.[01] 0\d\d/.test(raw),
    why: 'no status of HTTP (RFC 9110 15)'
  },
  {
    name: 'control characters in the reason phrase',
    reason: /^not a status line$/,
    holds: ({ raw }) => /^HTTP\/1\.[01] \d{3} .*?[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(firstLine(raw)),
    why: 'not in the grammar (RFC 9112 4), and terminals print it'
  },
  {
    name: 'upgrade that nobody asked for',
    reason: /^an upgrade that nobody asked for$/,
    holds: ({ raw, stream }) => !stream.toUpgrade && /^HTTP\/1\.[01] 101/.test(raw),
    why: 'bytes behind it would reach a client that reads HTTP'
  },
  {
    name: 'one answer to one request',
    reason: /^closed$/,
    holds: ({ stream, before }) => stream.type === 'response' && (before?.status ?? 0) >= 200,
    why: 'bytes behind an answer close the connection: nobody asked for them'
  },
  {
    name: 'nothing behind the last request',
    reason: /^closed$/,
    // Why we call it the last is for a rule of FACTS to say.
    holds: ({ stream, before }) => stream.type === 'request' && before?.keep === false,
    why: 'after a request that ends the connection, in our reading, nothing is read'
  },
  {
    name: 'interim answer that ends the connection',
    reason: /^an interim answer that ends the connection$/,
    holds: ({ before }) => before !== undefined && before.status < 200 && !before.keep,
    why: 'no final answer can follow: llhttp refuses whatever does'
  },
  {
    name: 'chunk sizes of 13 digits',
    reason: /^the chunked framing/,
    holds: (seen) => chunksOf(seen).sizes.some((digits) => digits.length > 12),
    why: 'numbers stay below 2^53, and zeros before one are counted'
  },
  {
    name: 'long chunk extensions',
    reason: /^the chunked framing/,
    holds: (seen) => chunksOf(seen).extensions.join('').length >= 1024,
    why: 'bound chunkExtensionBytesMax: RFC 9112 7.1.1 asks for one'
  },
  {
    name: 'grammar of chunk extensions',
    reason: /^the chunked framing/,
    holds: (seen) => chunksOf(seen).extensions.some((text) => !EXTENSION.test(text)),
    why: 'a name has a value behind its =, a value is a word or quoted text (RFC 9112 7.1.1); llhttp lets `;=b`, `;a=` and `;a=b"c"` pass'
  },
  {
    name: 'framing in trailers',
    reason: /^the chunked framing/,
    holds: (seen) => trailerNames(seen).some((name) => FRAMING_TRAILERS.test(name)),
    why: 'a trailer must not say what a head says of framing, routing or the connection (RFC 9110 6.5.1)'
  },
  {
    name: 'long trailers',
    reason: /^the chunked framing/,
    holds: (seen) => chunksOf(seen).trailers.join('\r\n').length + 2 >= 8192,
    why: 'bound trailerBytesMax'
  }
]

/**
 * We take what llhttp refuses: only what the README of the data allows, and nothing of it but methods is passed on. `unknown method` is found by
 * differences.ts, which then goes on with a known one.
 */
export const LOOSER: readonly Omit<Rule, 'holds' | 'reason'>[] = [
  { name: 'unknown method', why: 'a method is any token (RFC 9110 9.1): rules may route it' },
  { name: 'bytes after close', why: 'dropped with the connection, whatever they are' },
  { name: 'surplus after an answer', why: 'dropped with the connection, whatever it is' }
]

/** Both take the message, and say different things of it. */
export const FACTS: readonly FactRule[] = [
  {
    name: 'Proxy-Connection',
    fact: 'keep',
    holds: (ours, theirs) => !ours.keep && fieldOf(theirs, 'proxy-connection') !== undefined,
    why: 'its close is obeyed, as llhttp does; its keep-alive is not: RFC 9112 C.2.2 advises against, and it is removed here'
  },
  {
    name: 'close wins in HTTP/1.0',
    fact: 'keep',
    holds: (ours, theirs) => !ours.keep && theirs.version === '1.0' && /close/i.test(fieldOf(theirs, 'connection') ?? ''),
    why: 'RFC 9112 9.3 looks for close first; llhttp does so in HTTP/1.1 only'
  },
  {
    name: 'trailers',
    fact: 'trailers',
    holds: (ours, theirs) => ours.trailers.length === 0 && theirs.trailers.every(([name]) => !FRAMING_TRAILERS.test(name.toLowerCase())),
    why: 'checked and dropped, as Envoy does unless told otherwise'
  },
  {
    name: 'answers without a body',
    fact: 'keep',
    holds: (ours, _, stream) => ours.keep && stream.toHead,
    why: 'llhttp decides before it knows that HEAD was asked'
  }
]
