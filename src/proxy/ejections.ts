// Outlier detection at work in one data plane: results of tries go in, and one timer brings ejected endpoints back at the ticks of their
// clusters. A worker judges by its own requests alone, as each of Istio's proxies does.

import type { ClusterId } from '../route/decision.ts'
import { nextTick, reportResult, sweepEjections } from '../route/outlier.ts'
import type { TryResult } from '../route/outlier.ts'
import type { ClusterState, EndpointSlot, Router } from '../route/router.ts'
import type { Clock, Millis } from '../std/clock.ts'

/** Told when an endpoint is left out or comes back. */
export type OnEjection = (cluster: ClusterId, endpoint: string, ejected: boolean) => void

/** What ejections work with. */
export interface EjectionsOptions {
  readonly clock: Clock
  readonly monotonic: () => Millis
  readonly router: Router
  readonly onEjection?: OnEjection | undefined
}

/** Owns the timer; who is ejected stands in the slots. */
export class Ejections {
  readonly #options: EjectionsOptions
  /** The next tick of each cluster that has somebody to bring back or to forgive. */
  readonly #due = new Map<ClusterId, Millis>()
  #cancel: (() => void) | undefined
  #wakesAt = Number.POSITIVE_INFINITY

  constructor(options: EjectionsOptions) {
    this.#options = options
  }

  /** Counts a try's result for the cluster as it is now: an exchange may have begun before its endpoints changed. */
  report(began: ClusterState, slot: EndpointSlot, result: TryResult, now: Millis = this.#options.monotonic()): void {
    if (began.cluster.outlier === undefined) return
    const state = this.#options.router.clusters.get(began.cluster.id) ?? began
    if (!reportResult(state, slot, result, now)) return
    this.#options.onEjection?.(state.cluster.id, slot.key, true)
    this.#expect(state, now)
    this.#arm(now)
  }

  /** No timer is left. */
  close(): void {
    this.#due.clear()
    this.#cancel?.()
  }

  #expect(state: ClusterState, now: Millis): void {
    const tick = nextTick(state, now)
    if (tick === undefined) this.#due.delete(state.cluster.id)
    else this.#due.set(state.cluster.id, tick)
  }

  #arm(now: Millis): void {
    const next = Math.min(...this.#due.values())
    if (next === this.#wakesAt) return
    this.#cancel?.()
    this.#wakesAt = next
    this.#cancel =
      next === Number.POSITIVE_INFINITY ? undefined : this.#options.clock.after(Math.max(0, Math.ceil(next - now)), () => this.#tick())
  }

  #tick(): void {
    this.#wakesAt = Number.POSITIVE_INFINITY
    const now = this.#options.monotonic()
    for (const [id, due] of this.#due) {
      const state = this.#options.router.clusters.get(id)
      if (state === undefined) this.#due.delete(id)
      // A timer may be early by less than the clock's resolution.
      else if (due <= now + 1) {
        for (const slot of sweepEjections(state, due)) this.#options.onEjection?.(id, slot.key, false)
        this.#expect(state, Math.max(now, due))
      }
    }
    this.#arm(now)
  }
}
