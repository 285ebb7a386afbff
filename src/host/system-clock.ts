// The real Clock and the real chance: what the core is handed instead of Date and Math.random.

import { randomBytes, randomUUID } from 'node:crypto'
import type { Clock, Millis } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'

// setTimeout fires at once beyond this; longer delays are waited for in parts.
const DELAY_MAX: Millis = 2_147_483_647

/** The machine's clock. Timers do not keep the process alive when `hold` is false. */
export function systemClock(options: { readonly hold: boolean } = { hold: true }): Clock {
  return {
    now: () => Date.now(),
    after(delay, wake) {
      let timer: NodeJS.Timeout
      const set = (left: Millis): void => {
        const part = Math.min(left, DELAY_MAX)
        timer = setTimeout(() => (left > part ? set(left - part) : wake()), part)
        if (!options.hold) timer.unref()
      }
      set(Math.max(0, delay))
      return () => clearTimeout(timer)
    }
  }
}

const POOL_BYTES = 4096

/** Uniform numbers in [0, 1) of 53 bits from the system's entropy, drawn in pools of 4 kB. */
export function systemDraw(): Draw {
  let pool = randomBytes(POOL_BYTES)
  let at = 0
  return () => {
    if (at + 8 > pool.length) {
      pool = randomBytes(POOL_BYTES)
      at = 0
    }
    const high = pool.readUInt32LE(at) >>> 5
    const low = pool.readUInt32LE(at + 4) >>> 6
    at += 8
    return (high * 67_108_864 + low) / 9_007_199_254_740_992
  }
}

/** A new random uid as Kubernetes writes them (RFC 9562 version 4). */
export function newUid(): string {
  return randomUUID()
}
