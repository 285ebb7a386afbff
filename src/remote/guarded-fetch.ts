// HTTP calls to URLs that strangers wrote: webhooks, alert and metric providers. Schemes, addresses and redirects are held to the rules,
// time and size have bounds, and what is said of a failure holds neither credentials nor paths, which may be secrets themselves.

import type { IncomingHttpHeaders } from 'node:http'
import type { Millis } from '../std/clock.ts'
import { printable } from '../std/printable.ts'
import { type Detour, type Exchange, exchange, type LookUpAll, type Received, Refused } from './http-exchange.ts'
import { OUTBOUND_RULES, type OutboundRules } from './outbound-rules.ts'

/** One call. */
export interface GuardedRequest {
  readonly url: string
  /** Default GET. */
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string
  /** Of everything together, redirects included. */
  readonly timeout: Millis
  /** Bytes of the answer that are kept. */
  readonly bodyMax: number
  /** Takes any certificate. Default false. */
  readonly insecure?: boolean
  /** A detour for a host; undefined: it is dialled. Asked again for every redirect. */
  readonly via?: (target: URL) => Detour | undefined
}

/** An answer of any status; or none, which may be different the next time; or a call that is not made. */
export type GuardedAnswer =
  | {
      readonly kind: 'answered'
      readonly status: number
      readonly headers: IncomingHttpHeaders
      readonly body: string
      /** The answer was longer than is kept. */
      readonly isCut: boolean
    }
  | { readonly kind: 'unreachable' | 'refused'; readonly because: string }

/** Makes calls. Rejects only with the signal's reason. */
export type GuardedFetch = (request: GuardedRequest, signal: AbortSignal) => Promise<GuardedAnswer>

const REDIRECTS_MAX = 10

/** Calls under these rules. */
export function guardedFetch(rules: OutboundRules = OUTBOUND_RULES, lookUp?: LookUpAll): GuardedFetch {
  return async (request, signal) => {
    signal.throwIfAborted()
    const target = URL.parse(request.url)
    if (target === null) return { kind: 'refused', because: 'it is not a URL' }
    const stop = new AbortController()
    const end = (): void => stop.abort(signal.reason)
    signal.addEventListener('abort', end, { once: true })
    // One bound for the whole exchange: a socket timeout would restart with every byte.
    const timer = setTimeout(() => stop.abort(new Error(`no answer from ${target.host} in ${request.timeout} ms`)), request.timeout)
    try {
      return await follow({ request, rules, lookUp }, target, stop.signal)
    } catch (error) {
      signal.throwIfAborted()
      const cause: unknown = stop.signal.aborted ? stop.signal.reason : error
      return { kind: error instanceof Refused ? 'refused' : 'unreachable', because: wordsOf(cause) }
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
    }
  }
}

interface Call {
  readonly request: GuardedRequest
  readonly rules: OutboundRules
  readonly lookUp: LookUpAll | undefined
}

async function follow(call: Call, first: URL, signal: AbortSignal): Promise<GuardedAnswer> {
  const { request, rules } = call
  let [target, method, body] = [first, request.method ?? 'GET', request.body ?? '']
  let headers = request.headers ?? {}
  for (let followed = 0; ; followed++) {
    const received = await exchange({ ...exchangeOf(call, target), method, body, headers }, signal)
    const next = redirectOf(received, target)
    if (next === undefined) return { kind: 'answered', ...received }
    if (followed >= REDIRECTS_MAX) throw new Refused(`${first.host} redirects more than ${REDIRECTS_MAX} times`)
    checkRedirect(target, next, rules)
    if (next.hostname !== target.hostname) headers = withoutCredentials(headers)
    // As browsers, curl and Go do it: only 307 and 308 repeat the body.
    if (received.status < 307 && method === 'POST') [method, body] = ['GET', '']
    target = next
  }
}

function exchangeOf({ request, rules, lookUp }: Call, target: URL): Omit<Exchange, 'method' | 'body' | 'headers'> {
  if (target.protocol !== 'http:' && target.protocol !== 'https:')
    throw new Refused(`${target.protocol} is not called: only http and https are`)
  return { target, rules, lookUp, bodyMax: request.bodyMax, insecure: request.insecure ?? false, via: request.via?.(target) }
}

function redirectOf({ status, headers }: Received, from: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(status) || headers.location === undefined) return undefined
  return URL.parse(headers.location, from.href) ?? undefined
}

function checkRedirect(from: URL, to: URL, { redirects }: OutboundRules): void {
  if (to.hostname !== from.hostname && redirects !== 'any')
    throw new Refused(`${from.host} redirects to another host, ${to.host}, which is not followed`)
  if (from.protocol === 'https:' && to.protocol === 'http:') throw new Refused(`${from.host} redirects from https to http`)
}

function withoutCredentials(headers: NonNullable<GuardedRequest['headers']>): NonNullable<GuardedRequest['headers']> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !['authorization', 'cookie'].includes(name.toLowerCase())))
}

function wordsOf(error: unknown): string {
  const one: unknown = error instanceof AggregateError ? error.errors[0] : error
  return printable(one instanceof Error ? one.message : String(one))
}
