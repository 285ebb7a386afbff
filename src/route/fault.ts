// Injected failures at the time of a request (istio.md 1.10, envoy.md 9): whether it is delayed, whether it is aborted, and how an answer of
// the proxy itself looks to a gRPC client. Headers of the client have no say: Istio never gives them one.

import type { Millis } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'
import type { RequestFacts } from './request-facts.ts'
import type { Fault } from './route-table.ts'

const WHOLE = 1_000_000
/** The body of every injected abort. */
export const ABORT_BODY = 'fault filter abort'

/** Draws once for a share in millionths; none and all need no draw. */
export function isDrawn(millionths: number, draw: Draw): boolean {
  if (millionths <= 0) return false
  return millionths >= WHOLE || Math.floor(draw() * WHOLE) < millionths
}

/** The wait of a fault, 0 when it is not drawn. */
export function drawDelay({ delay }: Fault, draw: Draw): Millis {
  return delay !== undefined && isDrawn(delay.millionths, draw) ? delay.millis : 0
}

/** An answer of the proxy itself. */
export interface OwnAnswer {
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

const TEXT: OwnAnswer['headers'] = [['content-type', 'text/plain']]
const NOTHING: OwnAnswer['headers'] = []

/** The answer as the client expects it: gRPC clients get 200 with a gRPC status (`grpc`, else by the HTTP status) and the text as message. */
export function ownAnswer(
  facts: RequestFacts,
  answer: { readonly status: number; readonly body: string; readonly grpc?: number | undefined }
): OwnAnswer {
  const { status, body } = answer
  return isGrpc(facts) ? grpcAnswer(answer) : { status, headers: body === '' ? NOTHING : TEXT, body }
}

/** An answer for a gRPC client: status 200, the gRPC status and the text as fields, no body. */
export function grpcAnswer(answer: { readonly status: number; readonly body: string; readonly grpc?: number | undefined }): OwnAnswer {
  const { status, body, grpc } = answer
  const headers: [string, string][] = [
    ['content-type', 'application/grpc'],
    ['grpc-status', String(grpc ?? grpcStatusOf(status))]
  ]
  if (body !== '') headers.push(['grpc-message', grpcMessage(body)])
  return { status: 200, headers, body: '' }
}

/** The abort of a fault as an answer. */
export function abortAnswer(facts: RequestFacts, abort: NonNullable<Fault['abort']>): OwnAnswer {
  return ownAnswer(facts, { status: abort.status, body: ABORT_BODY, grpc: abort.grpc })
}

/** Whether a client speaks gRPC. */
export function isGrpc(facts: Pick<RequestFacts, 'header' | 'grpc'>): boolean {
  return facts.grpc ?? isGrpcType(facts.header('content-type'))
}

/** Whether a `content-type` is that of gRPC. */
export function isGrpcType(type: string | undefined): boolean {
  return type !== undefined && (type === 'application/grpc' || type.startsWith('application/grpc+'))
}

/** gRPC's own table of what an HTTP status means. */
export function grpcStatusOf(status: number): number {
  switch (status) {
    case 400:
      return 13
    case 401:
      return 16
    case 403:
      return 7
    case 404:
      return 12
    case 429:
    case 502:
    case 503:
    case 504:
      return 14
    default:
      return 2
  }
}

/** Percent-encoded as gRPC wants it: all but printable ASCII, and the percent sign. */
function grpcMessage(text: string): string {
  const bytes = new TextEncoder().encode(text)
  let out = ''
  for (const byte of bytes) {
    out += byte < 0x20 || byte > 0x7e || byte === 0x25 ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}` : String.fromCharCode(byte)
  }
  return out
}
