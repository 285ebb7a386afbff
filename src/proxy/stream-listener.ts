// One address where connections come in whose bytes pass as they are.

import type { Socket } from 'node:net'
import { type Counter, Counters } from '../metrics/counters.ts'
import type { ScopeId } from '../route/request-facts.ts'
import type { Millis } from '../std/clock.ts'
import { ListenerCells } from './cells.ts'
import type { Context } from './context.ts'
import { Door } from './door.ts'
import type { Place } from './known-facts.ts'
import type { ListenerSpec, StreamEntry } from './listener.ts'
import { Stream } from './stream.ts'
import type { StreamEntrance } from './stream.ts'

/** A listening socket and its connections. Owns both. */
export class StreamListener implements StreamEntrance {
  readonly scope: ScopeId
  readonly named: boolean
  readonly cells: ListenerCells
  readonly place: Place
  readonly #context: Context
  readonly #door: Door
  readonly #accepted: Counter
  readonly #active: Counter
  readonly #streams = new Set<Stream>()
  #onEmpty: (() => void) | undefined

  constructor(context: Context, spec: ListenerSpec<StreamEntry>) {
    const { entry, place = {}, source } = spec
    this.scope = entry.scope
    this.named = entry.named
    this.place = place
    this.#context = context
    // Of HTTP there is nothing to count.
    this.cells = new ListenerCells(context.recorder, source, entry.port, new Counters())
    const { counters } = context.recorder
    this.#accepted = counters.of(`tcp.outbound_0.0.0.0_${entry.port}.downstream_cx_total`)
    this.#active = counters.of(`tcp.outbound_0.0.0.0_${entry.port}.downstream_cx_active`)
    // Nothing is read before there is somebody to write it to.
    this.#door = new Door(context, spec, (socket) => this.#accept(socket), { pauseOnConnect: true })
  }

  /** Resolves with the port, rejects when the address cannot be had. */
  listen(reusePort: boolean): Promise<number> {
    return this.#door.listen(reusePort)
  }

  /** Accepts no more, but for what waits already. */
  close(): Promise<void> {
    return this.#door.close()
  }

  /** Accepts no more; connections there are have `limit` ms to end by themselves. */
  async drain(limit: Millis): Promise<void> {
    await this.close()
    if (this.#streams.size === 0) return
    await new Promise<void>((resolve) => {
      const cancel = this.#context.clock.after(limit, () => {
        this.#context.recorder.reach('drainTimeout')
        for (const stream of this.#streams) stream.destroy()
      })
      this.#onEmpty = () => {
        cancel()
        resolve()
      }
    })
  }

  onClosed(stream: Stream): void {
    this.#context.load.closed()
    this.#active.value -= 1
    this.#streams.delete(stream)
    if (this.#streams.size === 0) this.#onEmpty?.()
  }

  #accept(socket: Socket): void {
    if (!this.#context.load.opened()) return void socket.destroy()
    this.#accepted.value += 1
    this.#active.value += 1
    this.#streams.add(new Stream(this.#context, this, socket))
  }
}
