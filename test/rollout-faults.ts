// Plays rollouts against an API that fails: at one call, at several in a row, for a minute, and through its watches. Whatever it was, the
// rollout takes the same way to the same end, and a rollback comes with the API or a few seconds later.

import { expect } from 'vitest'
import type { Clock } from '../src/std/clock.ts'
import { away, type Call, type Fault, Faults, TIMEOUT } from './faulty-client.ts'
import type { Laws } from './rollout-laws.ts'
import { begin, endOf, finish, release, type Scenario } from './rollout-scenarios.ts'
import type { World } from './rollout-world.ts'

/** How much later than the API a rollback may come: a pause between two tries (5 s), and the look that is due an interval (10 s) after one that was late. */
const BACK_AFTER = 15
const MINUTE = 60_000
/** What is under way at the end may time out five times over. */
const LINGER = 240_000
const SILENCE = 75_000

/** A rollout as it went. */
interface Played {
  readonly world: World
  readonly laws: Laws
  readonly end: unknown
  readonly calls: readonly Call[]
  /** Seconds from the release to the last write that took traffic from the canary. */
  readonly backAt: number
}

/** Plays it with what `upset` breaks, from the release on. */
export async function play(scenario: Scenario, upset: (faults: Faults, world: World) => void = () => {}): Promise<Played> {
  let faults: Faults | undefined
  const { world, laws } = await begin(scenario, (made) => {
    const between = new Faults(made.clock)
    faults = between
    made.between = (client) => between.wrap(client)
    made.silenceMax = SILENCE
  })
  if (faults === undefined) throw new Error('no faults')
  faults.calls.length = 0
  const released = world.t
  release(world, scenario)
  upset(faults, world)
  await finish(world, scenario, { linger: LINGER })
  const routed = world.writes.findLast(({ change }) => change.object.kind === 'VirtualService')
  return { world, laws, end: endOf(world, scenario), calls: faults.calls, backAt: (routed?.t ?? released) - released }
}

/** Plays it with watches that are broken so, again and again, and compares the end. */
export async function watchesBroken(scenario: Scenario, broken: 'ends' | 'gone' | 'gone-and-cut' | 'silent'): Promise<void> {
  const whole = await play(scenario)
  const played = await play(scenario, (faults, { clock }) => breakWatches(faults, clock, broken))
  // One that ends is noticed at once.
  compare(scenario, { played, whole, seconds: broken === 'silent' ? SILENCE / 1000 : 0, where: broken })
}

function breakWatches(faults: Faults, clock: Clock, broken: 'ends' | 'gone' | 'gone-and-cut' | 'silent'): void {
  if (broken === 'silent') return faults.silenceWatches()
  let isGone = false
  faults.ofWatch = () => (broken !== 'ends' && isGone ? 'gone' : undefined)
  // The first list after it breaks between two pages.
  faults.of = ({ verb }) => (broken === 'gone-and-cut' && verb === 'next-page' && isGone ? 'broken' : undefined)
  const again = (): void => {
    isGone = true
    faults.cutWatches()
    clock.after(2000, () => (isGone = false))
    clock.after(7000, again)
  }
  again()
}

/** Holds a rollout that met faults for `seconds` against the one that met none. */
function compare(
  scenario: Scenario,
  { played, whole, seconds, where }: { played: Played; whole: Played; seconds: number; where: string }
): void {
  expect(played.end, where).toEqual(whole.end)
  expect(played.laws.broken, where).toEqual([])
  expect(played.laws.transitions, where).toEqual(whole.laws.transitions)
  expect(played.laws.weights, where).toEqual(whole.laws.weights)
  if (scenario.phase === 'Failed') expect(played.backAt, where).toBeLessThanOrEqual(whole.backAt + seconds + BACK_AFTER)
}

/** Each of these faults at each of these calls, once, and then so many times in a row as `times` says. */
export async function faultsAt(
  scenario: Scenario,
  {
    faults,
    calls,
    times
  }: { readonly faults: (call: Call) => readonly Fault[]; readonly calls: (call: Call) => boolean; readonly times: number }
): Promise<number> {
  const whole = await play(scenario)
  let tried = 0
  for (const call of whole.calls.filter(calls)) {
    for (const fault of faults(call)) {
      const played = await play(scenario, (broken) => {
        broken.of = ({ number }) => (number >= call.number && number < call.number + times ? fault : undefined)
      })
      // Each with the pause after it, which grows up to five seconds.
      const seconds = times * ((fault.startsWith('timeout') ? TIMEOUT / 1000 : 0) + Math.min(5, 2 * times))
      compare(scenario, { played, whole, seconds, where: `${times} x ${fault} from call ${call.number}, ${call.verb} ${call.resource}` })
      tried++
    }
  }
  return tried
}

// With the back-off of watches: what happened meanwhile is noticed as late as this, a rollout that runs does not wait for it.
const NOTICED_AFTER = 30

/** The API is away for a minute, from each of these seconds on. */
export async function awayAt(scenario: Scenario, from: readonly number[]): Promise<void> {
  const whole = await play(scenario)
  for (const second of from) {
    const played = await play(scenario, (faults, { clock }) => away(faults, clock, clock.now() + second * 1000, MINUTE))
    const seconds = MINUTE / 1000 + (second === 0 ? NOTICED_AFTER : 0)
    compare(scenario, { played, whole, seconds, where: `away from second ${second} on` })
  }
}
