// What comes in at listeners, under Envoy's names: connections, requests and answers of each port, all its listeners together
// (`http.outbound_0.0.0.0_8080.downstream_rq_2xx`).

import type { Counter, Counters } from '../metrics/counters.ts'

const CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const

/** Counts of one listener; those of one port are the same counters. */
export class DownstreamStats {
  readonly #connections: Counter
  readonly #active: Counter
  readonly #destroyed: Counter
  readonly #requests: Counter
  readonly #completed: Counter
  readonly #resets: Counter
  readonly #overloads: Counter
  readonly #classes: readonly Counter[]

  constructor(counters: Counters, port: number) {
    const of = (name: string): Counter => counters.of(`http.outbound_0.0.0.0_${port}.downstream_${name}`)
    this.#connections = of('cx_total')
    this.#active = of('cx_active')
    this.#destroyed = of('cx_destroy')
    this.#requests = of('rq_total')
    this.#completed = of('rq_completed')
    this.#resets = of('rq_rx_reset')
    this.#overloads = of('rq_overload_close')
    this.#classes = CLASSES.map((name) => of(`rq_${name}`))
  }

  opened(): void {
    this.#connections.value += 1
    this.#active.value += 1
  }

  closed(): void {
    this.#active.value -= 1
    this.#destroyed.value += 1
  }

  /** A request found no room. */
  overloaded(): void {
    this.#overloads.value += 1
  }

  /** A request was answered with `status`; 0: its client went first. */
  ended(status: number): void {
    this.#requests.value += 1
    if (status === 0) {
      this.#resets.value += 1
      return
    }
    this.#completed.value += 1
    const answers = this.#classes[Math.trunc(status / 100) - 1]
    if (answers !== undefined) answers.value += 1
  }
}
