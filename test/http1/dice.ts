// Choices of a generator of messages: repeatable by their seed.

import { seeded } from '../../src/std/draw.ts'
import type { Draw } from '../../src/std/draw.ts'

/** Chance for a generator. */
export class Dice {
  readonly #draw: Draw

  constructor(seed: number) {
    this.#draw = seeded(seed)
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.#draw() < probability
  }

  /** A whole number in [0, below). */
  below(below: number): number {
    return Math.floor(this.#draw() * below)
  }

  /** One of these. */
  pick<T>(from: readonly T[]): T {
    const found = from[this.below(from.length)]
    if (found === undefined) throw new Error('nothing to pick from')
    return found
  }

  /** The text with some letters in the other case. */
  recase(text: string): string {
    if (this.chance(0.6)) return text
    return Array.from(text, (letter) => (this.chance(0.5) ? letter.toUpperCase() : letter.toLowerCase())).join('')
  }
}
