// What the providers of metrics share: what they are handed, what they give back, and a guarded call that ends in JSON or in words.

import type { MetricTemplateSpec } from '../api/flagger-metric-template.ts'
import type { KubeClient } from '../kube/kube-client.ts'
import type { Clock, Millis } from '../std/clock.ts'
import { dig } from '../std/json.ts'
import type { GuardedFetch, GuardedRequest } from './guarded-fetch.ts'
import type { Route } from './http-hook-caller.ts'

/** A query and where it goes. `interval` is the check's window. */
export interface ProviderQuery {
  readonly provider: {
    readonly spec: MetricTemplateSpec['provider']
    readonly namespace: string
    readonly credentials: Readonly<Record<string, string>>
  }
  readonly query: string
  readonly interval: Millis
}

/** A number; none; the provider could not be reached or understood; or it cannot be asked as it is set up. */
export type ProviderReading =
  | { readonly kind: 'value'; readonly value: number }
  | { readonly kind: 'no-data'; readonly because?: string }
  | { readonly kind: 'down'; readonly because: string }
  | Misconfigured

/** Somebody has to change something first. */
export interface Misconfigured {
  readonly kind: 'misconfigured'
  readonly because: string
}

/** What providers are asked with. */
export interface ProviderWorld {
  readonly fetch: GuardedFetch
  /** Services of the mesh are reached through it. */
  readonly route: Route
  readonly clock: Clock
  /** The Kubernetes API, for providers that are part of it. */
  readonly client: KubeClient
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Asks one kind of provider. Rejects only with the signal's reason. */
export type Provider = (asked: ProviderQuery, world: ProviderWorld, signal: AbortSignal) => Promise<ProviderReading>

/** JSON of a 2xx answer, or the reading that there is without one. */
export type JsonAnswer = { readonly kind: 'json'; readonly value: unknown } | Exclude<ProviderReading, { readonly kind: 'value' }>

/** A call of a provider; the path and parameters are added to its address. */
export interface ProviderCall extends Pick<GuardedRequest, 'method' | 'headers' | 'body'> {
  readonly url: URL
  readonly timeout?: Millis
  /** Bytes of an answer that are read; default 4 MB. */
  readonly bodyMax?: number
  /** What is told beside the bound of an answer that is longer. */
  readonly tooLong?: string
  /** What a longer text of an error is told of it; default: the usual fields of JSON errors. */
  readonly errorOf?: (body: unknown) => unknown
}

const TIMEOUT: Millis = 5000
const BODY_MAX = 4_000_000
const WORDS_MAX = 300

/** Calls and reads JSON. */
export async function callForJson(
  asked: ProviderQuery,
  world: ProviderWorld,
  call: ProviderCall,
  signal: AbortSignal
): Promise<JsonAnswer> {
  const answer = await callForText(asked, world, call, signal)
  if (answer.kind !== 'text') return answer
  try {
    return { kind: 'json', value: JSON.parse(answer.text) as unknown }
  } catch {
    return { kind: 'down', because: `${call.url.host} does not answer with JSON: ${JSON.stringify(answer.text.slice(0, 60))}` }
  }
}

/** Calls and reads text. */
export async function callForText(
  { provider }: ProviderQuery,
  { fetch, route }: ProviderWorld,
  call: ProviderCall,
  signal: AbortSignal
): Promise<{ readonly kind: 'text'; readonly text: string } | Exclude<ProviderReading, { readonly kind: 'value' }>> {
  const { url, timeout = TIMEOUT, bodyMax = BODY_MAX, tooLong, errorOf } = call
  const answer = await fetch(
    {
      ...messageOf(call),
      timeout,
      bodyMax,
      insecure: provider.spec.insecureSkipVerify === true,
      via: ({ protocol, hostname }) => (protocol === 'http:' ? route(hostname, provider.namespace) : undefined)
    },
    signal
  )
  if (answer.kind !== 'answered') return { kind: answer.kind === 'refused' ? 'misconfigured' : 'down', because: answer.because }
  if (answer.status < 200 || answer.status > 299) {
    const words = errorWords(answer.body, errorOf)
    return { kind: 'down', because: `${url.host} answers ${answer.status}${words === '' ? '' : `: ${words}`}` }
  }
  if (answer.isCut) {
    const more = tooLong === undefined ? '' : `: ${tooLong}`
    return { kind: 'down', because: `the answer of ${url.host} is longer than ${bodyMax} bytes${more}` }
  }
  return { kind: 'text', text: answer.body }
}

function messageOf({ url, method, headers, body }: ProviderCall): Pick<GuardedRequest, 'url' | 'method' | 'headers' | 'body'> {
  return {
    url: url.href,
    ...(method === undefined ? {} : { method }),
    ...(headers === undefined ? {} : { headers }),
    ...(body === undefined ? {} : { body })
  }
}

/** `address` with a path and parameters; spaces are written as `+`, as Go does. */
export function urlOf(address: string, path: string, parameters: Readonly<Record<string, string>> = {}): URL | undefined {
  if (!URL.canParse(address)) return undefined
  const url = new URL(address)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}${path}`
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url
}

/** What is told of an address that is missing or none. */
export function badAddress(address: string | undefined): Misconfigured {
  const because = address === undefined || address === '' ? 'provider.address is missing' : 'provider.address is not a URL'
  return { kind: 'misconfigured', because }
}

/** The entries of the Secret under these keys, or what is missing. */
export function credentialsOf<K extends string>(
  { provider }: ProviderQuery,
  ...keys: readonly K[]
): { readonly kind: 'there'; readonly values: Readonly<Record<K, string>> } | Misconfigured {
  const missing = keys.filter((key) => (provider.credentials[key] ?? '') === '')
  if (missing.length > 0) {
    const secret = provider.spec.secretRef?.name
    const because = secret === undefined ? 'provider.secretRef is missing: its Secret has to have' : `secret ${secret} has to have`
    return { kind: 'misconfigured', because: `${because} ${missing.join(' and ')}` }
  }
  // Every key was just found.
  return { kind: 'there', values: Object.fromEntries(keys.map((key) => [key, provider.credentials[key]])) as Record<K, string> }
}

/** A number that is one, or text that reads as one in Go (`NaN`, `+Inf`). */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value !== 'string' || value.trim() === '') return undefined
  if (/^[+-]?inf(inity)?$/i.test(value)) return value.startsWith('-') ? -Infinity : Infinity
  if (/^nan$/i.test(value)) return NaN
  const number = Number(value)
  return Number.isNaN(number) ? undefined : number
}

/** No data, as the newest point is too old to say something of now. */
export function stale(at: Millis, now: Millis): ProviderReading {
  return { kind: 'no-data', because: `the newest value is ${Math.round((now - at) / 1000)} s old` }
}

const ERROR_FIELDS: readonly (readonly string[])[] = [['error', 'message'], ['error'], ['message'], ['errors']]

function errorWords(body: string, errorOf: ProviderCall['errorOf']): string {
  let words: unknown = body
  try {
    const parsed: unknown = JSON.parse(body)
    words = errorOf?.(parsed) ?? ERROR_FIELDS.map((keys) => dig(parsed, ...keys)).find((found) => found !== undefined) ?? body
  } catch {
    words = body
  }
  return (typeof words === 'string' ? words : JSON.stringify(words)).replaceAll(/\s+/g, ' ').trim().slice(0, WORDS_MAX)
}
