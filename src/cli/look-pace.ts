// How often findings are looked at: soon after a change, and never for so long that others have to wait for the processor.

import type { Millis } from '../std/clock.ts'

/** Changes are looked at this long after the first, or ten times as long as the last look took. */
export const LOOK_AFTER: Millis = 100
const REST = 10

/**
 * How long to rest after a look that took so long. One that left something over is gone on with after as long as it took: half of the time
 * is for others, and 10,000 hosts are judged within seconds of a start.
 */
export function restAfter(took: Millis, isBehind: boolean): Millis {
  return isBehind ? Math.max(1, took) : Math.max(LOOK_AFTER, REST * took)
}
