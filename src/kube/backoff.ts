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
