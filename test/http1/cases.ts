// The published parser's cases (shared/data/http1), and where we differ from it on purpose: read by the tests of scanner, engine and differences.

import { existsSync, readFileSync } from 'node:fs'
import { dataPath } from '../data.ts'

/** What the published parser read. */
export interface Message {
  readonly start: number
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
  readonly complete: boolean
  readonly headersComplete: boolean
  readonly method?: string
  readonly url?: string
  readonly version?: string
  readonly statusCode?: number
}

/** One published case. */
export interface Case {
  readonly id: string
  readonly type: 'request' | 'response'
  readonly input: string
  readonly messages: readonly Message[]
  readonly error: { readonly reason: string; readonly code: number } | null
  readonly upgrade?: boolean
}

/** All of them. */
export function http1Cases(): readonly Case[] {
  const path = dataPath('http1/cases.json')
  if (!existsSync(path)) throw new Error(`the conformance data is not at ${path}`)
  return JSON.parse(readFileSync(path, 'utf8')) as Case[]
}

/** The bytes of a case. Published requests rarely name a host, which RFC 9112 3.2 asks for: it is put behind each request line that lacks it. */
export function withHosts({ type, input, messages }: Case): Buffer {
  let bytes = Buffer.from(input, 'utf8')
  if (type === 'response') return bytes
  for (const message of messages.toReversed()) {
    const line = bytes.indexOf('\r\n', bytes[message.start] === 13 ? message.start + 2 : message.start)
    if (line < 0 || message.headers.some(([name]) => name.toLowerCase() === 'host')) continue
    bytes = Buffer.concat([bytes.subarray(0, line), Buffer.from('\r\nHost: case'), bytes.subarray(line)])
  }
  return bytes
}

/** Cases that the published parser takes and the engine refuses, with the reason. */
export const STRICTER: Readonly<Record<string, string>> = {
  'request-connection: CRLF between requests, implicit `keep-alive`': 'two empty lines before a request; one is skipped',
  'request-method: CONNECT request': 'CONNECT is not served',
  'request-method: CONNECT request with CAPS': 'CONNECT is not served',
  'request-method: CONNECT with body': 'CONNECT is not served',
  'request-method: M-SEARCH request': 'the target * is for OPTIONS (RFC 9112 3.2.4)',
  'request-method: SOURCE request with ICE': 'ICE',
  'request-method: OPTIONS request with RTSP': 'RTSP',
  'request-method: ANNOUNCE request with RTSP': 'RTSP',
  'request-sample: Firefox GET': 'the Host field is no authority: 0.0.0.0=5000',
  'request-transfer-encoding: POST with `chunked` as last transfer-encoding': 'a fragment in the target; only chunked is known',
  'request-transfer-encoding: POST with `chunked` as last transfer-encoding (multiple headers)':
    'a fragment in the target; only chunked is known',
  'request-uri: Fragment in URI': 'a request target has no fragment (RFC 9112 3.2)',
  'request-uri: `host:port` and basic auth': 'userinfo in the target (RFC 9110 4.2.4)',
  'response-connection: HTTP 101 response with Upgrade and Content-Length header': 'nobody asked for an upgrade',
  'response-connection: HTTP 101 response with Upgrade and Transfer-Encoding header': 'nobody asked for an upgrade',
  'response-connection: HTTP 100 first, then 400': 'an empty line before a response is not in RFC 9112 2.2',
  'response-sample: RTSP response': 'RTSP',
  'response-sample: ICE response': 'ICE',
  'response-sample: HTTP version 0.9': 'HTTP/0.9',
  'response-sample: Response starting with CRLF': 'an empty line before a response is not in RFC 9112 2.2',
  'response-transfer-encoding: `chunked` before other transfer-encoding': 'only chunked is known',
  'response-transfer-encoding: multiple transfer-encoding where chunked is not the last one': 'only chunked is known',
  'response-transfer-encoding: `chunkedchunked` transfer-encoding does not enable chunked enconding': 'only chunked is known'
}

/** Cases that the published parser refuses and the engine takes, with the reason. */
export const LOOSER: Readonly<Record<string, string>> = {
  'request-connection: CRLF between requests, explicit `close`': 'bytes after Connection: close are dropped with the connection',
  'request-connection: CRLF between requests, explicit `close` followed by tab':
    'bytes after Connection: close are dropped with the connection',
  'request-invalid: HTTP protocol and ANNOUNCE method': 'a method that is a token',
  'request-invalid: Invalid method': 'a method that is a token',
  'response-connection: HTTP/1.1 with keep-alive disabled and 204 status': 'bytes after Connection: close are dropped with the connection',
  'response-connection: HTTP/1.1 with keep-alive disabled, content-length': 'bytes after Connection: close are dropped with the connection'
}
