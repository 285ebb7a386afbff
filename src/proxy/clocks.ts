// The clocks of a data plane. Types only.

import type { Clock, Millis } from '../std/clock.ts'

/** The wall clock, and milliseconds that never go back. */
export interface Clocks {
  readonly clock: Clock
  readonly monotonic: () => Millis
}
