// The side of a called pod's own sidecar, as far as it has one here: its local rate limits. What it refuses is an answer of the pod to whoever
// called: it is read like one, so that retries, counts and edits of the caller's side come about as with any other answer.

import { limitedDecision } from '../route/limit-decision.ts'
import { askLimits } from '../route/limit-filter.ts'
import type { Limiters } from '../route/limit-filter.ts'
import type { HeaderAddition } from '../route/local-limit.ts'
import { pathEnd } from '../route/path.ts'
import { inboundKey } from '../route/route-table.ts'
import type { ClusterState, EndpointSlot } from '../route/router.ts'
import type { Context } from './context.ts'
import type { ExchangeStart } from './downstream.ts'
import { localAnswer, spokenFor } from './failures.ts'
import { LimitStats, addressIn } from './limit-stats.ts'
import { SentHead } from './sent-head.ts'

/** What the sidecar of a called pod does with a request. */
export interface InboundVerdict {
  /** Its answer, when the pod never sees the request. */
  readonly answer: Buffer | undefined
  /** Lines for the request, each ended by CR LF. */
  readonly lines: string
  /** Fields for the pod's answer. */
  readonly fields: readonly HeaderAddition[]
}

/** So many pods that are gone may be remembered beside those that are there. */
const SPARE = 64

/** Owns the buckets of all called pods of one worker. */
export class InboundSides {
  readonly #context: Context
  readonly #stats: LimitStats
  readonly #limiters = new Map<string, Limiters>()

  constructor(context: Context) {
    this.#context = context
    this.#stats = new LimitStats(context.recorder.counters)
  }

  /** Pods that have buckets. */
  get size(): number {
    return this.#limiters.size
  }

  /** Asks the limits of the pod behind `slot`; undefined when it has none. */
  ask({ cluster }: ClusterState, { endpoint }: EndpointSlot, from: ExchangeStart): InboundVerdict | undefined {
    const { router, monotonic, draw, workers } = this.#context
    if (router.inbound.size === 0) return undefined
    const key = inboundKey(endpoint, cluster.port)
    const side = router.inbound.get(key)
    if (side === undefined) return undefined
    const { path, authority } = from.decision
    const request = {
      facts: new SentHead(from.edited.head, { method: from.method, path, authority, remote: from.client.remote, local: from.client.local }),
      path,
      pathEnd: pathEnd(path),
      remoteAddress: addressIn(from.client.remote),
      cluster: undefined
    }
    const verdict = askLimits({
      filters: side.limits.filters,
      overrides: side.overrides,
      request,
      limits: router.limits,
      limitersFor: () => this.#limitersOf(`${endpoint.namespace}/${endpoint.pod}|${endpoint.port}`),
      count: (prefix, stat) => this.#stats.count(prefix, stat),
      workers,
      now: monotonic(),
      draw
    })
    const lines = verdict.request.map(({ name, value }) => `${name}: ${value}\r\n`).join('')
    if (verdict.refusedBy === undefined) return { answer: undefined, lines, fields: verdict.response }
    const refused = limitedDecision({ ...from.decision, request: undefined, response: undefined, delay: 0 }, verdict, request)
    const text = localAnswer({ ...spokenFor(refused), close: false, bodiless: from.method === 'HEAD' })
    return { answer: Buffer.from(text, 'latin1'), lines: '', fields: [] }
  }

  #limitersOf(key: string): Limiters {
    const known = this.#limiters.get(key)
    if (known !== undefined) return known
    if (this.#limiters.size > 2 * this.#context.router.inbound.size + SPARE) this.#forgetGone()
    const fresh: Limiters = new Map()
    this.#limiters.set(key, fresh)
    return fresh
  }

  // Pods come and go under ever new names.
  #forgetGone(): void {
    const pods = new Set([...this.#context.router.inbound.keys()].map((key) => key.slice(0, key.lastIndexOf('|'))))
    for (const key of this.#limiters.keys()) if (!pods.has(key)) this.#limiters.delete(key)
  }
}
