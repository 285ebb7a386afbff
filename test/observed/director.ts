// What the destinations do during one entry of a case: the k-th try of each request, or of each endpoint. Copies are told apart from tries
// by what the case says of them, as a compatible proxy need not mark them.

import { isMany } from './case-file.ts'
import type { Act, Asked, SeenMany, SeenOne } from './case-file.ts'
import type { Arrival } from './echo.ts'

/** Owns the counts of tries during one entry. */
export class Director {
  readonly #asked: Asked
  readonly #copied: ReadonlySet<string>
  readonly #chosen: ReadonlySet<string>
  readonly #tries = new Map<string, number>()
  readonly #numbers = new Set<string>()

  constructor(asked: Asked, observed: SeenOne | SeenMany) {
    this.#asked = asked
    this.#copied = copiedTo(observed)
    this.#chosen = new Set(isMany(observed) ? Object.keys(observed.answered) : [observed.upstream?.cluster ?? ''])
  }

  readonly direct = (arrival: Arrival): Act => {
    arrival.copy = this.#isCopy(arrival)
    if (arrival.copy) return {}
    const own = this.#asked.endpoints?.[arrival.endpoint]
    if (own !== undefined) return pick([own].flat(), this.#next(arrival.endpoint))
    return pick(this.#asked.upstream ?? [], this.#next(String(arrival.tag)))
  }

  #isCopy({ cluster, tag, headers }: Arrival): boolean {
    if (!this.#copied.has(cluster)) return false
    if (!this.#chosen.has(cluster)) return true
    const number = `${tag} ${cluster} ${headers.find(([name]) => name === 'x-envoy-attempt-count')?.[1] ?? ''}`
    const again = this.#numbers.has(number)
    this.#numbers.add(number)
    return again
  }

  #next(key: string): number {
    const before = this.#tries.get(key) ?? 0
    this.#tries.set(key, before + 1)
    return before
  }
}

function pick(acts: readonly Act[], at: number): Act {
  return acts[Math.min(at, acts.length - 1)] ?? {}
}

function copiedTo(observed: SeenOne | SeenMany): Set<string> {
  if (!isMany(observed)) return new Set(observed.mirrored?.map(({ cluster }) => cluster))
  const { received = {}, answered, attempts } = observed
  // With retries alone nothing is received that was no try.
  const total = Object.values(received).reduce((sum, count) => sum + count, 0)
  if (total <= attempts) return new Set()
  const others = Object.keys(received).filter((cluster) => answered[cluster] === undefined)
  return new Set(others.length > 0 ? others : Object.keys(received))
}
