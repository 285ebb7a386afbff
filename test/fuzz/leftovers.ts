// What runs leave in memory: once a run is over nothing of its connections is alive, even while its plane is; and no plane that nobody has.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Play } from './play.ts'

// Flags may be set while the program runs: contexts made from then on have what they bring.
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Turns of the event loop, each with a collection, that whatever ends has time for. Those without a leftover are done in one or two. */
const TURNS = 20

/** How what was left is told. */
export const LEFT = 'alive after the run:'

/** What a run made that must not outlive it. */
export interface Trace {
  readonly play: Play
  readonly things: readonly WeakRef<object>[]
}

/** Of these runs the first that left something, with what it is. It collects garbage, so what is in the caller's hand counts too. */
export async function firstLeft(traces: readonly Trace[]): Promise<{ readonly play: Play; readonly left: string } | undefined> {
  // What was looked at through a WeakRef lives until the turn of the event loop is over; so may what the system has still to tell of.
  for (let turn = 0; turn < TURNS; turn++) {
    await new Promise((resolve) => setImmediate(resolve))
    collect()
    if (traces.every(({ things }) => things.every((thing) => thing.deref() === undefined))) return undefined
  }
  for (const { play, things } of traces) {
    const kinds = things.flatMap((thing) => thing.deref()?.constructor.name ?? [])
    if (kinds.length > 0) return { play, left: `${LEFT} ${kinds.join(', ')} (of ${things.length} things)` }
  }
  return undefined
}
