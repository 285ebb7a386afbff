// How long to wait after failures: doubling, capped, with full jitter, so that many clients do not come back together.

import type { Millis } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'

/** The shape of a back-off. */
export interface BackoffShape {
  readonly first: Millis
  readonly most: Millis
}

/** The wait after `failures` (1 or more) failures in a row, before jitter. */
export function backoffCeiling(shape: BackoffShape, failures: number): Millis {
  return Math.min(shape.most, shape.first * 2 ** Math.min(failures - 1, 40))
}

/** The wait after `failures` failures in a row, anywhere from half the ceiling to the ceiling. */
export function backoff(shape: BackoffShape, failures: number, draw: Draw): Millis {
  const ceiling = backoffCeiling(shape, failures)
  return ceiling / 2 + (ceiling / 2) * draw()
}

// What a server asks for is heard up to here: an absurd answer must not stop a loop for a day.
const RETRY_AFTER_MOST: Millis = 60_000

/** What a server asked to wait for, in seconds, as a wait: never more than a minute. */
export function retryAfter(seconds: number | undefined): Millis {
  return Math.min(RETRY_AFTER_MOST, (seconds ?? 0) * 1000)
}
