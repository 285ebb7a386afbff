// What HTTP rules do beside forwarding (faults, CORS, mirrors, retries, redirects, rewrites, fixed answers), as Istio's admission check
// judges it (istio.md 7.1).

import { parseDuration } from './duration.ts'
import { each, type IstioFault, refusal, refuseIf, warnIf } from './istio-fault.ts'
import { isHeaderName } from './istio-header-checks.ts'
import { checkDuration, checkFraction, checkPercent, checkPort, checkRegex, checkStatus, checkStringMatch } from './istio-value-checks.ts'
import type { CorsPolicy, DirectResponse, Fault, HttpRoute, Redirect, Retries, Rewrite } from './istio-virtual-service.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', '*']

/** CORS: origins that say something, known methods, whole seconds. */
export function checkCors(cors: CorsPolicy | undefined, path: string): IstioFault[] {
  if (cors === undefined) return []
  const names = (field: 'allowHeaders' | 'exposeHeaders'): IstioFault[] =>
    each(cors[field], `${path}.${field}`, (name, at) =>
      refuseIf(name !== '*' && !isHeaderName(name), at, `header name "${name}" is not a valid header name`)
    )
  const maxAge = cors.maxAge === undefined ? undefined : parseDuration(cors.maxAge)
  return [
    ...each(cors.allowOrigins, `${path}.allowOrigins`, (origin, at) => {
      const said = origin.exact ?? origin.prefix ?? origin.regex ?? ''
      return said === '' ? [refusal(at, 'an origin match may not be empty')] : checkStringMatch(origin, at, 'corsPolicy.allowOrigins')
    }),
    ...each(cors.allowMethods, `${path}.allowMethods`, (method, at) =>
      refuseIf(!METHODS.includes(method), at, `"${method}" is not a supported HTTP method`)
    ),
    ...names('allowHeaders'),
    ...names('exposeHeaders'),
    ...checkDuration(cors.maxAge, `${path}.maxAge`),
    ...refuseIf(maxAge !== undefined && maxAge % 1000 !== 0, `${path}.maxAge`, 'max_age duration is accurate only to seconds precision')
  ]
}

/** gRPC's status names, each at its number. */
export const GRPC_STATUSES: readonly string[] = (
  'OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED ' +
  'FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED'
).split(' ')

/** Faults: one of the two, of known kinds. */
export function checkFault(fault: Fault | undefined, path: string): IstioFault[] {
  if (fault === undefined) return []
  const none = fault.abort === undefined && fault.delay === undefined
  return [
    ...refuseIf(none, path, 'HTTP fault injection must have an abort and/or a delay'),
    ...checkAbort(fault.abort, `${path}.abort`),
    ...checkDelay(fault.delay, `${path}.delay`)
  ]
}

function checkAbort(abort: Fault['abort'], path: string): IstioFault[] {
  if (abort === undefined) return []
  const { httpStatus, grpcStatus, http2Error } = abort
  const none = httpStatus === undefined && grpcStatus === undefined && http2Error === undefined
  return [
    ...checkFraction(abort.percentage, `${path}.percentage`),
    ...(httpStatus === undefined ? [] : checkStatus(httpStatus, `${path}.httpStatus`)),
    ...refuseIf(
      grpcStatus !== undefined && !GRPC_STATUSES.includes(grpcStatus),
      `${path}.grpcStatus`,
      `gRPC status "${grpcStatus}" is not supported`
    ),
    ...refuseIf(http2Error !== undefined, `${path}.http2Error`, 'HTTP/2 abort fault injection not supported yet'),
    ...warnIf(none, path, 'abort fault injection without an error type is ignored')
  ]
}

function checkDelay(delay: Fault['delay'], path: string): IstioFault[] {
  if (delay === undefined) return []
  return [
    ...checkFraction(delay.percentage, `${path}.percentage`),
    ...checkPercent(delay.percent, `${path}.percent`),
    ...checkDuration(delay.fixedDelay, `${path}.fixedDelay`),
    ...refuseIf(delay.exponentialDelay !== undefined, `${path}.exponentialDelay`, 'exponentialDelay not supported yet')
  ]
}

/** Shares of copies. Their destinations are checked as those of routes. */
export function checkMirrors(rule: HttpRoute, path: string): IstioFault[] {
  const percent = rule.mirrorPercent ?? rule.mirror_percent ?? undefined
  const share = (value: number | undefined, at: string, what: string): IstioFault[] => [
    ...refuseIf(value !== undefined && value > 100, at, `${what} must have a max value of 100 (it has ${value})`),
    ...refuseIf(value !== undefined && value < 0, at, `${what} must have a min value of 0 (it has ${value})`)
  ]
  return [
    ...share(percent, `${path}.mirrorPercent`, 'mirror_percent'),
    ...warnIf(percent !== undefined, `${path}.mirrorPercent`, 'using deprecated setting "mirrorPercent", use "mirrorPercentage" instead'),
    ...share(valueOf(rule.mirrorPercentage), `${path}.mirrorPercentage`, 'mirror_percentage'),
    ...each(rule.mirrors, `${path}.mirrors`, ({ percentage }, at) => share(valueOf(percentage), `${at}.percentage`, 'mirrors.percentage'))
  ]
}

function valueOf(percentage: { readonly value?: number } | undefined): number | undefined {
  return percentage === undefined ? undefined : (percentage.value ?? 0)
}

/** A redirect: to something, with a code of the 3xx, which may still be one that Envoy does not know. */
export function checkRedirect(redirect: Redirect | undefined, path: string): IstioFault[] {
  if (redirect === undefined) return []
  const { scheme = '', port, redirectCode = 0 } = redirect
  return [
    ...refuseIf(changesNothing(redirect), path, 'redirect must specify URI, authority, scheme, or port'),
    ...refuseIf(
      redirectCode !== 0 && (redirectCode < 300 || redirectCode > 399),
      `${path}.redirectCode`,
      `${redirectCode} is not a valid redirect code, must be 3xx`
    ),
    ...refuseIf(!['', 'http', 'https'].includes(scheme), `${path}.scheme`, 'redirect scheme must be http or https'),
    ...(port === undefined ? [] : checkPort(port, `${path}.port`))
  ]
}

function changesNothing({ uri = '', authority = '', scheme = '', port, derivePort }: Redirect): boolean {
  return `${uri}${authority}${scheme}` === '' && port === undefined && derivePort === undefined
}

const BODY_MAX = 1024 * 1024
const BODY_LARGE = 100 * 1024

/** A fixed answer: its status, and a body that is not too large. */
export function checkDirectResponse(answer: DirectResponse | undefined, path: string): IstioFault[] {
  if (answer === undefined) return []
  const size = bodySize(answer)
  const limit = (bytes: number): string => `large direct_responses may impact control plane performance, must be less than ${bytes} bytes`
  return [
    ...checkStatus(answer.status, `${path}.status`),
    ...refuseIf(size > BODY_MAX, `${path}.body`, limit(BODY_MAX)),
    ...warnIf(size > BODY_LARGE && size <= BODY_MAX, `${path}.body`, limit(BODY_LARGE))
  ]
}

function bodySize({ body }: DirectResponse): number {
  if (body?.bytes !== undefined) return Math.floor((body.bytes.replace(/=+$/, '').length * 3) / 4)
  return new TextEncoder().encode(body?.string ?? '').length
}

const RETRY_CONDITIONS: readonly string[] = (
  '5xx gateway-error reset reset-before-request connect-failure retriable-4xx refused-stream retriable-status-codes retriable-headers ' +
  'envoy-ratelimited http3-post-connect-failure cancelled deadline-exceeded internal resource-exhausted unavailable'
).split(' ')

// The statuses that HTTP has names for.
const STATUSES: readonly (readonly [number, number])[] = [
  [100, 103],
  [200, 208],
  [226, 226],
  [300, 305],
  [307, 308],
  [400, 418],
  [421, 426],
  [428, 429],
  [431, 431],
  [451, 451],
  [500, 508],
  [510, 511]
]

/** Retries: known conditions, written without spaces, and no settings beside attempts 0. */
export function checkRetries(retries: Retries | undefined, path: string): IstioFault[] {
  if (retries === undefined) return []
  const { attempts = 0, perTryTimeout, retryOn = '', retryRemoteLocalities } = retries
  const idle = perTryTimeout !== undefined || retryOn !== '' || (retryRemoteLocalities ?? undefined) !== undefined
  return [
    ...refuseIf(attempts < 0, `${path}.attempts`, 'attempts cannot be negative'),
    ...refuseIf(attempts === 0 && idle, path, 'http retry policy configured when attempts are set to 0 (disabled)'),
    ...checkDuration(perTryTimeout, `${path}.perTryTimeout`),
    ...checkDuration(retries.backoff, `${path}.backoff`),
    ...(retryOn === '' ? [] : retryOn.split(',').flatMap((word) => checkRetryOn(word, `${path}.retryOn`)))
  ]
}

function checkRetryOn(word: string, path: string): IstioFault[] {
  const status = /^\d{3}$/.test(word) ? Number(word) : 0
  const known = RETRY_CONDITIONS.includes(word) || STATUSES.some(([first, last]) => first <= status && status <= last)
  return known
    ? []
    : [refusal(path, `"${word}" is not a valid retryOn policy; known: ${RETRY_CONDITIONS.join(', ')}, and HTTP statuses`, 'bad-retry-on')]
}

/** A rewrite: of something, and of the path in one way. */
export function checkRewrite(rewrite: Rewrite | undefined, path: string): IstioFault[] {
  if (rewrite === undefined) return []
  const { uri = '', authority = '', uriRegexRewrite } = rewrite
  if (uri !== '' && uriRegexRewrite !== undefined) return [refusal(path, 'rewrite may only contain one of URI or UriRegexRewrite')]
  if (uri === '' && authority === '' && uriRegexRewrite === undefined) {
    return [refusal(path, 'rewrite must specify at least one of URI, UriRegexRewrite, or authority')]
  }
  return uriRegexRewrite === undefined ? [] : checkRegexRewrite(uriRegexRewrite, `${path}.uriRegexRewrite`)
}

function checkRegexRewrite({ match = '', rewrite = '' }: NonNullable<Rewrite['uriRegexRewrite']>, path: string): IstioFault[] {
  if (match === '' || rewrite === '') return [refusal(path, 'UriRegexRewrite requires both match and rewrite')]
  return checkRegex(match, `${path}.match`, 'uriRegexRewrite')
}
