// Webhooks over HTTP: one POST of JSON, one attempt, guarded and bounded. Names of Services are reached through the mesh's proxy; which names
// those are is handed in.

import type { Millis } from '../std/clock.ts'
import type { GuardedFetch } from './guarded-fetch.ts'
import type { Detour } from './http-exchange.ts'

/** undefined: dial the host as it is. `namespace` is the Canary's, where short names belong. */
export type Route = (host: string, namespace: string) => Detour | undefined

/** A call of a webhook. */
export interface HttpHookCall {
  readonly url: string
  readonly payload: { readonly namespace: string }
  readonly timeout: Millis
  /** Takes any certificate (Flagger's disableTLS). */
  readonly disableTls: boolean
}

/** An answer with its status and cut body, or why there is none; refused: a call that is not made. */
export type HttpHookOutcome =
  | { readonly kind: 'answered'; readonly status: number; readonly body: string }
  | { readonly kind: 'unreachable' | 'refused'; readonly because: string }

/** Longest part of an answer that is kept. */
export const MAX_ANSWER = 4096

/** Calls webhooks; serves the HookCaller port of control. */
export class HttpHookCaller {
  readonly #fetch: GuardedFetch
  readonly #route: Route

  constructor(fetch: GuardedFetch, route: Route) {
    this.#fetch = fetch
    this.#route = route
  }

  /** Resolves with what came back; rejects only with the signal's reason. */
  async call({ url, payload, timeout, disableTls }: HttpHookCall, signal: AbortSignal): Promise<HttpHookOutcome> {
    const answer = await this.#fetch(
      {
        url,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(payload),
        timeout,
        bodyMax: MAX_ANSWER,
        insecure: disableTls,
        via: ({ protocol, hostname }) => (protocol === 'http:' ? this.#route(hostname, payload.namespace) : undefined)
      },
      signal
    )
    return answer.kind === 'answered' ? { kind: 'answered', status: answer.status, body: answer.body } : answer
  }
}
