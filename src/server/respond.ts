// Writing an answer: JSON with its headers, compressed when large and accepted.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Status } from '../store/store-request.ts'
import { flag } from './query.ts'
import { statusBody } from './status.ts'

/** Shorter answers are not worth compressing. */
export const GZIP_FROM_BYTES = 128 * 1024

/** One request with its answer to be. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly query: URLSearchParams
}

/** What to send: `headers` beside the usual ones. */
export interface Answer {
  readonly code: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
}

const compress = promisify(gzip)

/** Sends a JSON body. `?pretty=true` indents it. */
export async function sendJson(exchange: Exchange, answer: Answer): Promise<void> {
  const text = flag(exchange.query, 'pretty') ? JSON.stringify(answer.body, undefined, 2) : JSON.stringify(answer.body)
  await sendText(exchange, { ...answer, headers: { 'content-type': 'application/json', ...answer.headers }, body: `${text}\n` })
}

/** Sends a text, or bytes, as they are. */
export async function sendText({ request, response }: Exchange, answer: Answer & { readonly body: string | Uint8Array }): Promise<void> {
  const headers = { 'cache-control': 'no-cache, private', 'content-type': 'text/plain; charset=utf-8', ...answer.headers }
  let bytes: Uint8Array = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body
  if (bytes.length >= GZIP_FROM_BYTES && acceptsGzip(request)) {
    bytes = await compress(bytes, { level: 1 })
    response.setHeader('content-encoding', 'gzip')
    response.setHeader('vary', 'Accept-Encoding')
  }
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.setHeader('content-length', bytes.length)
  response.writeHead(answer.code)
  response.end(bytes)
}

/** Sends a failure. */
export function sendStatus(exchange: Exchange, status: Status): Promise<void> {
  const { retryAfterSeconds } = status.details ?? {}
  const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }
  return sendJson(exchange, { code: status.code, body: statusBody(status), headers })
}

function acceptsGzip(request: IncomingMessage): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(\.0*)?(,|$))/.test(request.headers['accept-encoding'] ?? '')
}
