// The loop: a play near some that are kept, a run, the judge; what does something new is kept. New is a block of the engine that never ran (asked
// after many runs, and of each when one of them did), or an outcome that was never seen.

import { CLUSTER_COUNTERS } from '../../src/route/cluster-stats.ts'
import { Dice } from '../http1/dice.ts'
import { Coverage } from './coverage.ts'
import { judge } from './judge.ts'
import { LEFT, firstLeft } from './leftovers.ts'
import type { Trace } from './leftovers.ts'
import { mutated } from './mutate.ts'
import type { Play } from './play.ts'
import { run, thrown } from './run.ts'
import type { MakeGround, Ran } from './run.ts'
import { seedPlay } from './seeds.ts'
import { shrunk } from './shrink.ts'

/** A play after which something was wrong. */
export interface Finding {
  readonly play: Play
  readonly problems: readonly string[]
}

/** What the fuzzer starts from and reports to. */
export interface FuzzOptions {
  readonly seed: number
  readonly corpus: readonly Play[]
  /** Absent: nothing is learned, plays are made from the corpus alone. */
  readonly onKept?: (play: Play) => void
  /** Where runs take place; in memory when absent. */
  readonly ground?: MakeGround
  /** Measures coverage; otherwise outcomes alone count. */
  readonly covers: boolean
}

const FRESH_SEEDS = 150
// To ask what was covered costs as much as a few runs.
const ROUND = 50
/** Runs after which it is looked at what they left in memory. */
const LOOK_EVERY = 1000
/** Plays known at a time: with more, each would be tried too rarely. */
const PLAYS_MAX = 4000
/** Tries to make a play with new blocks smaller; those of the seeds are many. */
const SHRINKS = 20
const SHRINKS_NONE = 0

// Why a play is kept.
interface Worth {
  readonly news: readonly string[]
  readonly outcomes: readonly string[]
  readonly shrinks: number
}

/** Owns the plays it knows and what they are known for. */
export class Fuzzer {
  executions = 0
  readonly #plays: Play[]
  #traces: Trace[] = []
  readonly #dice: Dice
  readonly #outcomes = new Set<string>()
  readonly #coverage: Coverage | undefined
  readonly #onKept: ((play: Play) => void) | undefined
  readonly #ground: MakeGround | undefined

  constructor({ seed, corpus, onKept, covers, ground }: FuzzOptions) {
    this.#ground = ground
    this.#dice = new Dice(seed)
    this.#plays = [...corpus]
    this.#onKept = onKept
    this.#coverage = covers ? new Coverage() : undefined
  }

  get size(): number {
    return this.#plays.length
  }

  get blocks(): number {
    return this.#coverage?.size ?? 0
  }

  /** What is known already: the corpus, and some plays of the seeds. */
  async begin(): Promise<Finding | undefined> {
    this.#coverage?.skip()
    for (const play of this.#plays) {
      const finding = await this.#known(play)
      if (finding !== undefined) return finding
    }
    for (let number = 0; number < FRESH_SEEDS && this.#coverage !== undefined; number++) {
      const finding = await this.#once(seedPlay(number), 'asked', SHRINKS_NONE)
      if (finding !== undefined) return finding
    }
    return undefined
  }

  async #known(play: Play): Promise<Finding | undefined> {
    const ran = await run(play, this.#ground)
    this.executions++
    this.#traces.push(traceOf(ran))
    for (const outcome of outcomesOf(ran)) this.#outcomes.add(outcome)
    this.#coverage?.news()
    return findingOf(ran)
  }

  /** A round of runs, up to a finding or until it may not go on. */
  async round(goesOn: () => boolean): Promise<Finding | undefined> {
    const plays: Play[] = []
    this.#coverage?.skip()
    while (plays.length < ROUND && goesOn()) {
      const play = this.#next()
      plays.push(play)
      const finding = await this.#once(play, 'not asked')
      if (finding !== undefined) return finding
    }
    // One of them did it, or some: the same play gives the same run.
    if (this.#coverage?.hasNew() === true) for (const play of plays) await this.#once(play, 'asked')
    return this.#left()
  }

  async #left(): Promise<Finding | undefined> {
    if (this.#traces.length < LOOK_EVERY) return undefined
    const found = await firstLeft(this.#traces.splice(0))
    return found === undefined ? undefined : { play: found.play, problems: [found.left] }
  }

  // Now and then one of no family.
  #next(): Play {
    if (this.#plays.length === 0 || this.#dice.chance(0.03)) return seedPlay(this.#dice.below(1_000_000_000))
    return mutated(this.#dice, this.#pick(), this.#pick())
  }

  // The latest are tried more often.
  #pick(): Play {
    const recent = this.#dice.chance(0.3) ? this.#plays.slice(-20) : this.#plays
    return this.#dice.pick(recent)
  }

  async #once(play: Play, coverage: 'asked' | 'not asked', shrinks = SHRINKS): Promise<Finding | undefined> {
    const ran = await run(play, this.#ground)
    this.executions++
    this.#traces.push(traceOf(ran))
    const news = coverage === 'asked' ? (this.#coverage?.news() ?? []) : []
    const finding = findingOf(ran)
    if (finding !== undefined || this.#onKept === undefined) return finding
    const outcomes = outcomesOf(ran).filter((outcome) => !this.#outcomes.has(outcome))
    for (const outcome of outcomes) this.#outcomes.add(outcome)
    // Those that are new by their outcome alone are many.
    if (news.length > 0 || outcomes.length > 0)
      await this.#keep(play, { news, outcomes, shrinks: news.length > 0 ? shrinks : SHRINKS_NONE })
    return undefined
  }

  async #keep(play: Play, { news, outcomes, shrinks }: Worth): Promise<void> {
    const small = await shrunk(
      play,
      async (smaller) => {
        if (news.length > 0) this.#coverage?.skip()
        const ran = await run(smaller, this.#ground)
        const known = new Set(outcomesOf(ran))
        return (
          findingOf(ran) === undefined &&
          outcomes.every((one) => known.has(one)) &&
          (news.length === 0 || this.#coverage?.holds(news) === true)
        )
      },
      shrinks
    )
    if (news.length > 0) this.#coverage?.skip()
    this.#plays.push(small)
    if (this.#plays.length > PLAYS_MAX) this.#plays.splice(this.#dice.below(this.#plays.length), 1)
    this.#onKept?.(small)
  }
}

/** Runs and judges. */
export async function tried(play: Play): Promise<Finding | undefined> {
  return findingOf(await run(play))
}

/** Runs and judges, and looks at what is left in memory. */
export async function triedWhole(play: Play, ground?: MakeGround): Promise<Finding | undefined> {
  const { trace, finding } = await traced(play, ground)
  const found = await firstLeft([trace])
  return finding ?? (found === undefined ? undefined : { play, problems: [found.left] })
}

// In a call of its own: what it had in hand is gone when it returns.
async function traced(
  play: Play,
  ground: MakeGround | undefined
): Promise<{ readonly trace: Trace; readonly finding: Finding | undefined }> {
  const ran = await run(play, ground)
  return { trace: traceOf(ran), finding: findingOf(ran) }
}

function traceOf({ play, plane, sockets }: Ran): Trace {
  return { play, things: [new WeakRef(plane), ...sockets] }
}

function findingOf(ran: Ran): Finding | undefined {
  const problems = judge(ran)
  return problems.length === 0 ? undefined : { play: ran.play, problems }
}

const kindOf = (problem: string | undefined): string => (problem ?? '').replaceAll(/\d+/g, 'N').slice(0, 100)

/** The smallest play with a problem of the same kind. */
export async function smallest({ play, problems }: Finding): Promise<Finding> {
  const kind = kindOf(problems[0])
  // What is left in memory is seen by looking at thousands: to look after each of many tries would take too long.
  if (kind.startsWith(LEFT)) return { play, problems }
  const small = await shrunk(play, async (smaller) => (await tried(smaller))?.problems.some((one) => kindOf(one) === kind) === true, 1500)
  return (await tried(small)) ?? { play, problems }
}

// What can be told of a run without looking into the engine: how requests ended, which bounds were reached, what was counted how often.
function outcomesOf({ log, plane, states, play }: Ran): string[] {
  const { entry } = play.rules
  const lines = log.map(([pod, text]) => `${pod === '' ? entry : 'pod'} ${text.replaceAll(/\{[^}]*\}|(?<=^\d)\d\d/g, '')}`)
  const counts = [...states].flatMap(({ cluster, stats }) =>
    CLUSTER_COUNTERS.filter((name) => stats.read(name) > 0).map(
      (name) => `${cluster.id} ${name} ${Math.floor(Math.log2(stats.read(name)) / 2)}`
    )
  )
  return [...lines, ...Object.keys(plane.recorder.reached()), ...counts]
}

/** While plays are run: what the engine throws where nobody catches it belongs to the run. */
export function catchThrown(): () => void {
  const onThrown = (error: unknown): void => {
    if (!thrown(error)) throw error
  }
  process.on('uncaughtException', onThrown)
  return () => process.off('uncaughtException', onThrown)
}

/** What of the engine neither these plays nor so many of the seeds reach. */
export async function missed(plays: readonly Play[], seeds: number): Promise<string[]> {
  const coverage = new Coverage()
  for (const play of plays) await run(play)
  for (let number = 0; number < seeds; number++) await run(seedPlay(number))
  return coverage.missed()
}

/** Of these plays as few as reach what all reach, the smallest first: what the corpus needs. */
export async function fewest(plays: readonly Play[]): Promise<Play[]> {
  const coverage = new Coverage()
  const reached: { readonly play: Play; readonly size: number; readonly has: readonly string[] }[] = []
  for (const play of plays) {
    coverage.skip()
    const ran = await run(play)
    reached.push({ play, size: JSON.stringify(play).length, has: [...coverage.take(), ...outcomesOf(ran)] })
  }
  const known = new Set<string>()
  const kept: Play[] = []
  for (const { play, has } of reached.toSorted((one, other) => one.size - other.size)) {
    if (has.every((one) => known.has(one))) continue
    for (const one of has) known.add(one)
    kept.push(play)
  }
  return kept
}
