// What a client is told when a request cannot be answered from upstream: one table from failure to status, flag and body (istio.md 1.17,
// envoy.md 14), and the bytes of answers that the proxy makes itself.

import type { Decision, HeaderEdits } from '../route/decision.ts'
import { grpcAnswer } from '../route/fault.ts'
import { editedLines, writes } from './edited-lines.ts'

/** Why there is no answer from upstream. */
export type Failure =
  | 'no-route'
  | 'no-destination'
  | 'bad-path'
  | 'no-healthy-upstream'
  | 'overflow'
  | 'dns-failure'
  | 'connect-failure'
  | 'connect-timeout'
  | 'terminated'
  | 'protocol'
  | 'timeout'
  | 'per-try-timeout'
  | 'stream-idle'
  | 'request-timeout'

interface Answer {
  readonly status: number
  readonly flag: string
  readonly body: string
  /** Envoy's response code details. */
  readonly details: string
  readonly header?: string
}

// Reason phrases of the answers the proxy makes or is asked to make. A table of its own: node:http costs a worker 14 MB (decision 068).
const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  204: 'No Content',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  417: 'Expectation Failed',
  418: "I'm a Teapot",
  422: 'Unprocessable Entity',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported'
}

const BEFORE = 'upstream connect error or disconnect/reset before headers. '
const RESET = `${BEFORE}reset reason: `
const RETRIED = `${BEFORE}retried and the latest reset reason: `

/** Status, Envoy's short flag and body of each failure. */
export const FAILURES: Readonly<Record<Failure, Answer>> = {
  'no-route': { status: 404, flag: 'NR', body: '', details: 'route_not_found' },
  'no-destination': { status: 503, flag: 'NC', body: '', details: 'cluster_not_found' },
  'bad-path': { status: 400, flag: '-', body: '', details: 'path_normalization_failed' },
  'no-healthy-upstream': { status: 503, flag: 'UH', body: 'no healthy upstream', details: 'no_healthy_upstream' },
  overflow: {
    status: 503,
    flag: 'UO',
    body: `${RESET}overflow`,
    details: 'upstream_reset_before_response_started{overflow}',
    header: 'x-envoy-overloaded: true\r\n'
  },
  'dns-failure': { status: 503, flag: 'DF', body: 'DNS resolution failure', details: 'dns_resolution_failure' },
  'connect-failure': {
    status: 503,
    flag: 'UF',
    body: `${RESET}remote connection failure`,
    details: 'upstream_reset_before_response_started{remote_connection_failure}'
  },
  'connect-timeout': {
    status: 503,
    flag: 'UF',
    body: `${RESET}connection timeout`,
    details: 'upstream_reset_before_response_started{connection_timeout}'
  },
  terminated: {
    status: 503,
    flag: 'UC',
    body: `${RESET}connection termination`,
    details: 'upstream_reset_before_response_started{connection_termination}'
  },
  protocol: { status: 502, flag: 'UPE', body: `${RESET}protocol error`, details: 'upstream_reset_before_response_started{protocol_error}' },
  timeout: { status: 504, flag: 'UT', body: 'upstream request timeout', details: 'response_timeout' },
  'per-try-timeout': { status: 504, flag: 'UT', body: 'upstream request timeout', details: 'upstream_per_try_timeout' },
  'stream-idle': { status: 408, flag: 'SI', body: 'stream timeout', details: 'stream_idle_timeout' },
  'request-timeout': { status: 408, flag: '-', body: 'request timeout', details: 'request_overall_timeout' }
}

/** The body of a failure's answer after so many tries. */
export function bodyOf(failure: Failure, tries: number): string {
  const { body } = FAILURES[failure]
  return tries > 1 && body.startsWith(RESET) ? RETRIED + body.slice(RESET.length) : body
}

/** Flags joined in the order they were set; `-` is none. */
export function withFlag(flags: string, flag: string): string {
  if (flags === '-') return flag
  return flag === '-' ? flags : `${flags},${flag}`
}

/** What the proxy says when it answers by itself. */
export interface Spoken {
  readonly status: number
  /** Envoy's short flag. */
  readonly flag: string
  readonly details: string
  readonly body: string
  /** Header lines, each ended by CR LF. */
  readonly lines: string
  readonly edits: HeaderEdits | undefined
}

/** The answer to a decision that is not carried out upstream; to a forward, that its destination does not exist. */
export function spokenFor(decision: Decision): Spoken {
  switch (decision.kind) {
    case 'redirect':
      return {
        status: decision.status,
        body: '',
        lines: `location: ${decision.location}\r\n`,
        edits: decision.response,
        flag: '-',
        details: 'direct_response'
      }
    case 'respond': {
      const lines = decision.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
      const flag = decision.delay === 0 ? decision.flag : withFlag('DI', decision.flag)
      return {
        status: decision.status,
        body: decision.body,
        lines,
        edits: decision.response,
        flag,
        details: decision.details ?? (decision.flag === 'FI' ? 'fault_filter_abort' : 'direct_response')
      }
    }
    case 'forward':
      return { ...FAILURES['no-destination'], lines: '', edits: decision.response }
    case 'no-route': {
      const spoken = FAILURES[decision.because === 'no-destination' || decision.because === 'bad-path' ? decision.because : 'no-route']
      const flag = decision.delay === 0 ? spoken.flag : withFlag('DI', spoken.flag)
      return { ...spoken, flag, lines: '', edits: decision.response }
    }
  }
}

/** The answer as a gRPC client expects it; one that has a gRPC status already stays. */
export function asGrpc(spoken: Spoken): Spoken {
  if (/^grpc-status:/m.test(spoken.lines)) return spoken
  const { status, headers, body } = grpcAnswer(spoken)
  return { ...spoken, status, body, lines: spoken.lines + headers.map(([name, value]) => `${name}: ${value}\r\n`).join('') }
}

/** An answer that the proxy makes itself. */
export interface LocalAnswer {
  readonly status: number
  /** Header lines, each ended by CR LF. */
  readonly lines: string
  readonly body: string
  /** Response edits of the route; undefined before one was selected. */
  readonly edits: HeaderEdits | undefined
  readonly close: boolean
  /** Answer to HEAD: the body is left out. */
  readonly bodiless: boolean
}

/** The bytes of a local answer as a latin1 string; the body is encoded as UTF-8. */
export function localAnswer(answer: LocalAnswer): string {
  const body = Buffer.from(answer.body).toString('latin1')
  const own = answer.lines.toLowerCase()
  const type = answer.body === '' || own.includes('content-type:') ? '' : 'content-type: text/plain\r\n'
  const length =
    answer.status === 204 || answer.status < 200 || (answer.bodiless && body === '') ? '' : `content-length: ${body.length}\r\n`
  const lines = editedLines(`${length}${type}${answer.lines}`, answer.edits)
  const date = writes(answer.edits, 'date') ? '' : `date: ${httpDate()}\r\n`
  const close = answer.close ? 'connection: close\r\n' : ''
  const head = `HTTP/1.1 ${answer.status} ${REASONS[answer.status] ?? 'Unknown'}\r\n${lines}${date}server: istio-envoy\r\n${close}\r\n`
  return answer.bodiless || length === '' ? head : head + body
}

function httpDate(): string {
  return new Date().toUTCString()
}
