// Names that destinations stand for, looked up again and again: what is asked for is asked of a port, a few at a time; an answer holds as
// long as it says. While a name cannot be looked up its last answer stays (istio.md 3.2; Envoy's strict DNS).

import type { Clock, Millis } from '../std/clock.ts'
import { sameJson } from '../std/json.ts'

/** What a look-up says of a name. */
export interface NameAnswer {
  /** In the order of the answer; none: there is no such name. */
  readonly addresses: readonly string[]
  /** How long it holds; undefined: not said. */
  readonly ttl: Millis | undefined
}

/** Asks for the addresses of a name. Rejects when that cannot be told now. */
export type LookUp = (name: string) => Promise<NameAnswer>

/** What a watch needs. */
export interface NameWatchOptions {
  readonly clock: Clock
  readonly lookUp: LookUp
  /** Called when an answer differs from the one before. */
  readonly changed: () => void
  readonly log: (line: string) => void
}

/** How often a name is looked up whose answer does not say how long it holds: Istio's dnsRefreshRate. */
export const REFRESH: Millis = 60_000
const HOLD_MIN: Millis = 1000
/** After a failure; doubled with each further one, up to REFRESH. */
const RETRY: Millis = 1000
/** Look-ups under way at once. */
const AT_ONCE = 4

interface Watched {
  addresses: readonly string[] | undefined
  failures: number
  cancel: () => void
}

/** Owns the names that are watched and their answers. */
export class NameWatch {
  readonly #options: NameWatchOptions
  readonly #watched = new Map<string, Watched>()
  readonly #waiting: string[] = []
  /** Made when asked for, after a change. */
  #answers: Readonly<Record<string, readonly string[]>> | undefined
  #underWay = 0

  constructor(options: NameWatchOptions) {
    this.#options = options
  }

  /** Watches these names and no others; a new one is looked up at once. */
  want(names: readonly string[]): void {
    const wanted = new Set(names)
    for (const [name, watched] of this.#watched) {
      if (wanted.has(name)) continue
      watched.cancel()
      this.#watched.delete(name)
      this.#answers = undefined
    }
    for (const name of wanted) {
      if (this.#watched.has(name)) continue
      this.#watched.set(name, { addresses: undefined, failures: 0, cancel: () => undefined })
      this.#ask(name)
    }
  }

  /** The addresses of every name that was answered, or failed, once; the same object until one of them changes. */
  answers(): Readonly<Record<string, readonly string[]>> {
    this.#answers ??= Object.fromEntries(
      [...this.#watched].flatMap(([name, { addresses }]) => (addresses === undefined ? [] : [[name, addresses]]))
    )
    return this.#answers
  }

  /** Watches nothing any more. */
  stop(): void {
    this.want([])
  }

  #ask(name: string): void {
    this.#waiting.push(name)
    this.#next()
  }

  #next(): void {
    while (this.#underWay < AT_ONCE) {
      const name = this.#waiting.shift()
      if (name === undefined) return
      const watched = this.#watched.get(name)
      if (watched === undefined) continue
      this.#underWay += 1
      this.#options
        .lookUp(name)
        .then(
          (answer) => this.#onAnswer(name, watched, answer),
          (error: unknown) => this.#onFailure(name, watched, error)
        )
        .finally(() => {
          this.#underWay -= 1
          this.#next()
        })
    }
  }

  #onAnswer(name: string, watched: Watched, { addresses, ttl }: NameAnswer): void {
    if (watched.failures > 0) this.#options.log(`names: ${name} is answered again`)
    watched.failures = 0
    this.#take(name, watched, addresses)
    this.#askAgain(name, watched, Math.max(HOLD_MIN, ttl ?? REFRESH))
  }

  #onFailure(name: string, watched: Watched, error: unknown): void {
    const kept = watched.addresses === undefined || watched.addresses.length === 0 ? '' : '; its last addresses stay'
    if (watched.failures === 0) this.#options.log(`names: ${name}: ${error instanceof Error ? error.message : String(error)}${kept}`)
    watched.failures += 1
    // Never answered: nobody is there.
    this.#take(name, watched, watched.addresses ?? [])
    this.#askAgain(name, watched, Math.min(REFRESH, RETRY * 2 ** (watched.failures - 1)))
  }

  #take(name: string, watched: Watched, addresses: readonly string[]): void {
    const before = watched.addresses
    watched.addresses = addresses
    if (before === undefined || !sameJson(before, addresses)) this.#answers = undefined
    if (this.#watched.get(name) === watched && (before === undefined || !sameJson(before, addresses))) this.#options.changed()
  }

  #askAgain(name: string, watched: Watched, after: Millis): void {
    if (this.#watched.get(name) !== watched) return
    watched.cancel = this.#options.clock.after(after, () => this.#ask(name))
  }
}
