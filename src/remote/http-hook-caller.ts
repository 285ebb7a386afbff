// Webhooks over HTTP: one POST of JSON, one attempt, bounded in time and size. Names of Services are reached through the mesh's proxy;
// which names those are is handed in.

import type { RequestOptions } from 'node:http'
import https from 'node:https'
import type { Millis } from '../std/clock.ts'

// Not imported: an import of node:http loads undici as well (docs/decisions/068).
const http = process.getBuiltinModule('node:http')

/** Where to send a call instead of to the URL's own host. */
export interface Detour {
  /** The mesh's forward proxy, an http:// URL. */
  readonly proxy: string
  /** Host as the mesh knows it, e.g. `flagger-loadtester.test.svc.cluster.local`. */
  readonly host: string
}

/** undefined: dial the host as it is. `namespace` is the Canary's, where short names belong. */
export type Route = (host: string, namespace: string) => Detour | undefined

/** An answer with its status and cut body, or why there is none. */
export type HttpHookOutcome =
  | { readonly kind: 'answered'; readonly status: number; readonly body: string }
  | { readonly kind: 'unreachable'; readonly because: string }

/** Longest part of an answer that is kept. */
export const MAX_ANSWER = 4096

/** Calls webhooks; serves the HookCaller port of control. */
export class HttpHookCaller {
  readonly #route: Route

  constructor(route: Route) {
    this.#route = route
  }

  /** Resolves with what came back; rejects only with the signal's reason. */
  call(url: string, payload: { readonly namespace: string }, timeout: Millis, signal: AbortSignal): Promise<HttpHookOutcome> {
    if (!URL.canParse(url)) return Promise.resolve({ kind: 'unreachable', because: `"${url}" is not a URL` })
    const target = new URL(url)
    if (target.protocol !== 'http:' && target.protocol !== 'https:') {
      return Promise.resolve({ kind: 'unreachable', because: `"${url}" is not an http or https URL` })
    }
    const detour = target.protocol === 'http:' ? this.#route(target.hostname, payload.namespace) : undefined
    return post({ target, detour, body: JSON.stringify(payload), timeout }, signal)
  }
}

interface Post {
  readonly target: URL
  readonly detour: Detour | undefined
  readonly body: string
  readonly timeout: Millis
}

function post({ target, detour, body, timeout }: Post, signal: AbortSignal): Promise<HttpHookOutcome> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const send = target.protocol === 'https:' ? https.request : http.request
    const request = send({ ...address(target, detour), method: 'POST', agent: false, signal })
    // One bound for the whole exchange: a socket timeout would restart with every byte.
    const timer = setTimeout(() => request.destroy(new Error(`no answer from ${target.href} in ${timeout} ms`)), timeout)
    const settle = (outcome: HttpHookOutcome): void => {
      clearTimeout(timer)
      if (signal.aborted) reject(signal.reason)
      else resolve(outcome)
    }
    const unreachable = (error: Error): void => settle({ kind: 'unreachable', because: error.message })
    request.on('error', unreachable)
    request.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text = (text + chunk).slice(0, MAX_ANSWER)
      })
      response.on('error', unreachable)
      response.on('end', () => settle({ kind: 'answered', status: response.statusCode ?? 0, body: text }))
    })
    request.setHeader('content-type', 'application/json')
    request.setHeader('content-length', Buffer.byteLength(body))
    request.end(body)
  })
}

function address(target: URL, detour: Detour | undefined): RequestOptions {
  if (detour === undefined) return { host: target.hostname, port: target.port, path: target.pathname + target.search }
  const proxy = new URL(detour.proxy)
  const authority = target.port === '' ? detour.host : `${detour.host}:${target.port}`
  return {
    host: proxy.hostname,
    port: proxy.port,
    path: `http://${authority}${target.pathname}${target.search}`,
    headers: { host: authority }
  }
}
