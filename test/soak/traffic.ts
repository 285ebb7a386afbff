// A mixed load on a rig: callers that ask one thing after the other until they are told to stop, and pauses in which everything must be back
// at rest and every number must agree.

import type { Agent } from 'node:http'
import { until } from '../e2e/run.ts'
import { Dice } from '../http1/dice.ts'
import { keeper } from './asking.ts'
import { KINDS } from './kinds.ts'
import type { Caller } from './kinds.ts'
import { gaugesLeft } from './ledger.ts'
import type { Ledger } from './ledger.ts'
import type { Rig } from './rig.ts'

/** How much of a load. */
export interface Load {
  readonly rig: Rig
  readonly ledger: Ledger
  readonly seed: number
  readonly callers: number
  /** False: no further request begins. */
  readonly goesOn: () => boolean
}

const PARTS = KINDS.reduce((sum, [, parts]) => sum + parts, 0)
/** A caller with a kept connection takes a new one that often, and this share of requests has one of its own. */
const RENEWED = 0.02
const FRESH = 0.2
/** Problems after which there is no use in going on. */
const ENOUGH = 20

/** So many requests of the first caller are made between two changes of the rules. */
const CHANGED_AFTER = 10

/**
 * Runs the callers to their end, and changes the rules under them; all they have begun is over and entered then, and their connections are
 * closed.
 */
export async function run(load: Load): Promise<void> {
  await Promise.all(Array.from({ length: load.callers }, (_, number) => call(load, number)))
}

async function call({ rig, ledger, seed, goesOn }: Load, number: number): Promise<void> {
  const dice = new Dice(seed * 1_000_000 + number)
  let agent: Agent = keeper(ledger, rig.port)
  for (let at = 0; goesOn() && ledger.problems.length < ENOUGH; at++) {
    if (dice.chance(RENEWED)) {
      agent.destroy()
      agent = keeper(ledger, rig.port)
    }
    const caller: Caller = { rig, ledger, dice, agent: dice.chance(FRESH) ? undefined : agent, id: `${seed}-${number}-${at}` }
    await kindOf(dice)(caller)
    if (number === 0 && at % CHANGED_AFTER === 0) await rig.change()
  }
  agent.destroy()
}

function kindOf(dice: Dice): (caller: Caller) => Promise<void> {
  let left = dice.below(PARTS * 1000) / 1000
  for (const [kind, parts] of KINDS) {
    left -= parts
    if (left < 0) return kind
  }
  throw new Error('the parts do not add up')
}

/** Waits until no connection is open on either side. */
export async function atRest(rig: Rig): Promise<void> {
  await until(
    'everything is over',
    async () => {
      const { stats } = await rig.count()
      const open = [...stats.counters()].filter(([name, value]) => name.endsWith('cx_active') && value !== 0)
      return open.length === 0 && gaugesLeft(stats).length === 0
    },
    20_000
  ).catch(() => undefined)
}

/** A sentence for everything that went wrong so far, or is counted wrongly. */
export async function faults(rig: Rig, ledger: Ledger): Promise<string[]> {
  return [...ledger.problems, ...rig.troubles, ...ledger.differences(await rig.count(), rig.called)]
}
