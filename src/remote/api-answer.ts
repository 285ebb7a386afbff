// What an API server's answer says: a Status as ApiError, whatever stands between server and client as well.

import { ApiError } from '../kube/kube-client.ts'
import { dig, isObject, parsedJson } from '../std/json.ts'

/** An answer that is no success, or no JSON. */
export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

const SHOWN_MAX = 300

// The words of Kubernetes for answers that carry none, such as those of proxies.
const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout'
}

/** The failure that an answer other than 2xx stands for. `what` names the request. */
export function errorIn({ status, headers, text }: RawAnswer, what: string): ApiError {
  const body = parsedJson(text)
  const after = Number(headers['retry-after'])
  const retryAfter = Number.isFinite(after) && after > 0 ? after : undefined
  if (dig(body, 'kind') === 'Status') return statusError(body, status, retryAfter)
  const said = text.trim().slice(0, SHOWN_MAX)
  return new ApiError(status, REASONS[status] ?? 'Unknown', `${what}: ${status}${said === '' ? '' : ` ${said}`}`, retryAfter)
}

/** The failure that a Status object stands for; `fallback` is its code where it carries none. */
export function statusError(status: unknown, fallback: number, retryAfter?: number): ApiError {
  const [code, reason, message] = [dig(status, 'code'), dig(status, 'reason'), dig(status, 'message')]
  const number = typeof code === 'number' && code >= 100 ? code : fallback
  const seconds = dig(status, 'details', 'retryAfterSeconds')
  return new ApiError(
    number,
    typeof reason === 'string' && reason !== '' ? reason : (REASONS[number] ?? 'Unknown'),
    typeof message === 'string' && message !== '' ? message : `the server answered ${number}`,
    typeof seconds === 'number' && seconds > 0 ? seconds : retryAfter
  )
}

/** True when the answer says that an object of a known kind is not there; not when the kind itself is unknown. */
export function isAbsent({ status, text }: RawAnswer): boolean {
  const body = status === 404 ? parsedJson(text) : undefined
  const name = dig(body, 'details', 'name')
  return dig(body, 'reason') === 'NotFound' && typeof name === 'string' && name !== ''
}

/** The JSON object of a successful answer. Throws ApiError when it is none. */
export function objectIn(text: string, what: string): Record<string, unknown> {
  const body = parsedJson(text)
  if (isObject(body)) return body
  throw new ApiError(500, 'InternalError', `${what}: the answer is no JSON object: ${text.slice(0, SHOWN_MAX)}`)
}

/** The text under `keys`, '' where there is none. */
export function textAt(value: unknown, ...keys: readonly string[]): string {
  const found = dig(value, ...keys)
  return typeof found === 'string' ? found : ''
}
