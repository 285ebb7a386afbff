// Latencies in log-linear buckets: 16 to each doubling, so a quantile is at most 1/16 too high, from 1 µs to about 18 minutes. Owns its
// counts; adding is one array write.

import type { Millis } from '../std/clock.ts'

const PER_OCTAVE = 16
const OCTAVES = 30
const SIZE = OCTAVES * PER_OCTAVE

/** Counts durations; longer ones than the range fall into the last bucket. */
export class LogHistogram {
  readonly #counts = new Float64Array(SIZE)
  #total = 0
  #max: Millis = 0

  /** Adds one duration; below 1 µs counts as 1 µs. */
  add(ms: Millis): void {
    const index = indexOf(ms)
    this.#counts[index] = (this.#counts[index] ?? 0) + 1
    this.#total += 1
    if (ms > this.#max) this.#max = ms
  }

  get total(): number {
    return this.#total
  }

  get max(): Millis {
    return this.#max
  }

  /** The smallest bucket edge with at least `q` (0..1) of all durations at or below it, never above max; undefined when empty. */
  quantile(q: number): Millis | undefined {
    if (this.#total === 0) return undefined
    const rank = Math.max(1, Math.ceil(q * this.#total))
    let seen = 0
    for (let index = 0; index < SIZE; index++) {
      seen += this.#counts[index] ?? 0
      if (seen >= rank) return Math.min(edgeOf(index), this.#max)
    }
    return this.#max
  }
}

function indexOf(ms: Millis): number {
  const units = Math.max(1, ms * 1000)
  const octave = Math.min(OCTAVES - 1, Math.floor(Math.log2(units)))
  const within = Math.floor((units / 2 ** octave - 1) * PER_OCTAVE)
  return octave * PER_OCTAVE + Math.min(PER_OCTAVE - 1, within)
}

function edgeOf(index: number): Millis {
  const octave = Math.floor(index / PER_OCTAVE)
  return (2 ** octave * (1 + ((index % PER_OCTAVE) + 1) / PER_OCTAVE)) / 1000
}
