// What every part of an instance is put together with: its options, the clock, what to undo at the end, and who hears of a part that fails.

import type { PlacedObject } from '../lint/manifests.ts'
import { systemClock, systemDraw } from '../host/system-clock.ts'
import type { Clock, Millis } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'
import type { Config } from './config.ts'
import type { UpOptions } from './options.ts'

/** How to start one. `log` gets one line for each thing worth knowing. */
export interface InstanceOptions {
  readonly up: UpOptions
  readonly config: Config
  readonly log: (line: string) => void
}

/** How long each part may take to stop. A stop takes their sum at most, and must end within 10 s. */
export const GRACE = { telling: 2000, entrances: 3000, pods: 3000, workers: 500, prometheus: 1000 } as const satisfies Record<
  string,
  Millis
>

/** What is being put together: the ports of the machine, what to undo, and who watches over running parts. */
export class Rig {
  readonly options: InstanceOptions
  /** What to apply before it is ready. */
  readonly objects: readonly PlacedObject[]
  /** What asked for is in force. */
  ready = false
  /** The admin port's URL, once it listens. */
  admin: string | undefined
  /** The URL of the Prometheus that scrapes the mesh, once there is one. */
  prometheus: string | undefined
  /** The part that failed for good. */
  failure: string | undefined
  readonly clock: Clock = systemClock()
  readonly draw: Draw = systemDraw()
  readonly #undo: (() => Promise<void> | void)[] = []
  readonly #stopping = new AbortController()
  readonly #broken = Promise.withResolvers<never>()

  constructor(options: InstanceOptions, objects: readonly PlacedObject[]) {
    this.options = options
    this.objects = objects
    // Nobody may be waiting yet when a part fails.
    this.#broken.promise.catch(() => undefined)
  }

  get signal(): AbortSignal {
    return this.#stopping.signal
  }

  get failed(): Promise<never> {
    return this.#broken.promise
  }

  undo(step: () => Promise<void> | void): void {
    this.#undo.push(step)
  }

  supervise(name: string, run: Promise<unknown>): void {
    run.catch((error: unknown) => {
      if (this.signal.aborted) return
      this.failure ??= `${name} failed: ${error instanceof Error ? error.message : String(error)}`
      this.#broken.reject(new Error(this.failure, { cause: error }))
    })
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'))
    for (let step = this.#undo.pop(); step !== undefined; step = this.#undo.pop()) await step()
  }
}
