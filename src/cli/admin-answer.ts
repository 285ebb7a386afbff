// An answer of the admin port, and how it is sent: long ones in parts as they are made, compressed for who asks.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createGzip } from 'node:zlib'

/** What is sent. */
export interface AdminAnswer {
  readonly status: number
  readonly type: string
  readonly body: string | Iterable<string>
}

/** Content type of answers in JSON. */
export const JSON_TYPE = 'application/json'

/** A line of words. */
export function textAnswer(status: number, line: string): AdminAnswer {
  return { status, type: 'text/plain; charset=utf-8', body: `${line}\n` }
}

/** Sends it; resolves when it is sent or the client is gone. */
export async function sendAnswer(request: IncomingMessage, response: ServerResponse, { status, type, body }: AdminAnswer): Promise<void> {
  if (typeof body === 'string' && body.length < LONG) {
    response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body)
    return
  }
  const isCompressed = acceptsGzip(request.headers['accept-encoding'])
  response.writeHead(status, { 'content-type': type, vary: 'accept-encoding', ...(isCompressed ? { 'content-encoding': 'gzip' } : {}) })
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  const parts = Readable.from(typeof body === 'string' ? [body] : body)
  try {
    if (isCompressed) await pipeline(parts, createGzip({ level: constants.Z_BEST_SPEED }), response)
    else await pipeline(parts, response)
  } catch (error) {
    // Who has gone hears nothing; a body that cannot be made ends in the middle, which its length tells.
    if (!response.destroyed) response.destroy(error instanceof Error ? error : undefined)
  }
}

/** Shorter ones are not worth compressing. */
const LONG = 4096

/** Whether a value of Accept-Encoding takes gzip (RFC 9110, 12.5.3): named or by `*`, and not with a quality of 0. */
export function acceptsGzip(header: string | string[] | undefined): boolean {
  const offers = String(header ?? '')
    .toLowerCase()
    .split(',')
    .map((offer) => offer.trim().split(/\s*;\s*/))
  const offer = offers.find(([name]) => name === 'gzip' || name === 'x-gzip') ?? offers.find(([name]) => name === '*')
  return offer !== undefined && !offer.slice(1).some((weight) => /^q=0(?:\.0*)?$/.test(weight))
}
