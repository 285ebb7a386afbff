// Sends alerts to chats: one guarded POST each. Addresses are secrets and are never told; the host is.

import type { Millis } from '../std/clock.ts'
import { isObject } from '../std/json.ts'
import { printable } from '../std/printable.ts'
import { type ChatKind, type News, payloadOf, type Voice } from './alert-payloads.ts'
import type { GuardedFetch, GuardedRequest } from './guarded-fetch.ts'
import type { Route } from './http-hook-caller.ts'

/** A chat to send to. */
export interface Chat extends Voice {
  readonly address: string
  /** Bearer token of a Slack bot. */
  readonly token: string | undefined
  /** An HTTP proxy; a bare host is taken as http://host. */
  readonly proxy: string | undefined
  /** Where short names of Services belong. */
  readonly namespace: string
}

/** What became of it; `mayPass`: trying again is of use. */
export type Sent = { readonly kind: 'sent' } | { readonly kind: 'failed'; readonly because: string; readonly mayPass: boolean }

const TIMEOUT: Millis = 5000
const ANSWER_MAX = 4096

/** Sends alerts; serves the AlertSender port of control. */
export class AlertSender {
  readonly #fetch: GuardedFetch
  readonly #route: Route

  constructor(fetch: GuardedFetch, route: Route) {
    this.#fetch = fetch
    this.#route = route
  }

  /** Resolves with what became of it; rejects only with the signal's reason. */
  async send(chat: Chat, news: News, signal: AbortSignal): Promise<Sent> {
    const proxy = proxyOf(chat.proxy)
    if (proxy === null) return failed('its proxy is not an http URL', false)
    const answer = await this.#fetch(
      {
        url: addressOf(chat),
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(chat.token === undefined ? {} : { authorization: `Bearer ${chat.token}` }) },
        body: JSON.stringify(payloadOf(chat, news)),
        timeout: TIMEOUT,
        bodyMax: ANSWER_MAX,
        via: this.#via(proxy, chat.namespace)
      },
      signal
    )
    if (answer.kind !== 'answered') return failed(answer.because, answer.kind === 'unreachable')
    return judge(chat.kind, answer)
  }

  #via(proxy: string | undefined, namespace: string): NonNullable<GuardedRequest['via']> {
    return ({ protocol, hostname }) => {
      if (proxy !== undefined) return { proxy, host: hostname, isOwn: false }
      return protocol === 'http:' ? this.#route(hostname, namespace) : undefined
    }
  }
}

function judge(kind: ChatKind, { status, body }: { readonly status: number; readonly body: string }): Sent {
  if (status < 200 || status > 299) {
    const words = printable(body.trim(), 200)
    return failed(words === '' ? `it answers ${status}` : `it answers ${status}: ${words}`, status === 429 || status >= 500)
  }
  // Slack's own API answers 200 in any case, and says in its JSON what is wrong.
  const refusal = kind === 'slack' ? slackError(body) : undefined
  return refusal === undefined ? { kind: 'sent' } : failed(`it answers "${refusal}"`, false)
}

function slackError(body: string): string | undefined {
  try {
    const answer: unknown = JSON.parse(body)
    return isObject(answer) && answer['ok'] === false ? printable(String(answer['error']), 200) : undefined
  } catch {
    return undefined
  }
}

// Discord takes Slack's form below its own address.
function addressOf({ kind, address }: Chat): string {
  const url = URL.parse(address)
  if (kind !== 'discord' || url === null || url.pathname.endsWith('/slack')) return address
  url.pathname = `${url.pathname.replace(/\/$/, '')}/slack`
  return url.href
}

// undefined: none; null: not one that can be used.
function proxyOf(proxy: string | undefined): string | undefined | null {
  if (proxy === undefined || proxy === '') return undefined
  const url = URL.parse(proxy.includes('://') ? proxy : `http://${proxy}`)
  return url?.protocol === 'http:' ? url.href : null
}

function failed(because: string, mayPass: boolean): Sent {
  return { kind: 'failed', because, mayPass }
}
