// One run: an engine of its own, the callers and endpoints of a play, and the order in which they do something, which the seed decides. It ends
// when all that can be over is over, long after every timeout.

import { DataPlane } from '../../src/proxy/data-plane.ts'
import type { LogLine } from '../../src/proxy/log-frames.ts'
import type { ClusterState } from '../../src/route/router.ts'
import { seeded } from '../../src/std/draw.ts'
import { Dice } from '../http1/dice.ts'
import { Caller } from './caller.ts'
import { EndpointConnection } from './endpoint.ts'
import type { Served } from './endpoint.ts'
import { FuzzClock } from './fuzz-clock.ts'
import type { Dialing, Ground } from './ground.ts'
import { MemoryGround } from './memory-ground.ts'
import type { EventPlay, Play } from './play.ts'
import { entryOf, tableOf } from './rules.ts'
import type { Rules } from './rules.ts'
import { checked, isChecking } from './tokens.ts'
import { watchRun } from './watch.ts'

const SOURCE = { workload: 'caller', namespace: 'default', app: 'caller', version: 'v1' }
const LOG = {
  encoding: 'text',
  routes: 'all',
  format: '%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %ROUTE_NAME% %UPSTREAM_REQUEST_ATTEMPT_COUNT%'
} as const
// Short times, so that few alarms ring; small bounds, so that short texts come to them.
const TIMES = {
  headerTimeout: 1000,
  requestTimeout: 3000,
  streamIdleTimeout: 2000,
  discardTimeout: 500,
  drainTimeout: 1000,
  idleTimeout: 60_000
}
const SMALL = {
  retainBytesMax: 400,
  pendingBytesMax: 300,
  discardBytesMax: 2000,
  copyBytesMax: 500,
  copiesMax: 2,
  idlePerEndpointMax: 1,
  connectionsMax: 2,
  requestsMax: 1,
  headBytesMax: 2000,
  fieldsMax: 20,
  interimBytesMax: 100,
  chunkExtensionBytesMax: 10,
  trailerBytesMax: 40,
  badTokensMax: 1
}
// What is cut at the end of a drain is gone a moment later.
const SLACK = 50
const STEPS_MAX = 600
const SETTLING_MAX = 15_000

/** What is left of a run for the judge. */
export interface Ran {
  readonly play: Play
  readonly callers: readonly Caller[]
  readonly endpoints: readonly EndpointConnection[]
  readonly served: readonly Served[]
  /** Rules that were in force at one time or other. */
  readonly rules: readonly Rules[]
  readonly log: readonly LogLine[]
  /** Every state that a cluster had. */
  readonly states: ReadonlySet<ClusterState>
  readonly plane: DataPlane
  /** Connections were open, in the sense of Caller.isOpen, when all had settled. */
  readonly openCallers: readonly number[]
  readonly waitingMost: number
  /** The engine's sockets. */
  readonly sockets: readonly WeakRef<object>[]
  /** What was wrong already. */
  readonly problems: readonly string[]
  readonly isLogged: boolean
}

/** Makes the ground of a run, which tells what the engine throws. */
export type MakeGround = (onThrown: (error: unknown) => void) => Ground

const inMemory: MakeGround = (onThrown) => new MemoryGround(onThrown)

/** Plays it. */
export async function run(play: Play, groundOf: MakeGround = inMemory): Promise<Ran> {
  watchRun(play)
  const world = new World(play, groundOf)
  try {
    await world.begin()
    await world.middle()
    return await world.end()
  } finally {
    await world.leave()
    current.onThrown = undefined
  }
}

// What the engine throws where nobody catches it: whoever runs plays installs `thrown` as the process's last resort.
const current: { onThrown: ((error: unknown) => void) | undefined } = { onThrown: undefined }

/** For process.on('uncaughtException'): false when no play is under way. */
export function thrown(error: unknown): boolean {
  current.onThrown?.(error)
  return current.onThrown !== undefined
}

class World {
  readonly #play: Play
  readonly #dice: Dice
  readonly #clock = new FuzzClock()
  readonly #problems: string[] = []
  readonly #ground: Ground
  readonly #plane: DataPlane
  readonly #callers: Caller[] = []
  readonly #endpoints: EndpointConnection[] = []
  readonly #register: { readonly answers: Play['answers']; readonly served: Served[] }
  readonly #rules: Rules[] = []
  readonly #states = new Set<ClusterState>()
  #dials = 0
  #step = 0
  #drain: Promise<void> | undefined

  constructor(play: Play, groundOf: MakeGround) {
    this.#play = play
    this.#dice = new Dice(play.seed)
    const onThrown = teller(this.#problems)
    current.onThrown = onThrown
    this.#ground = groundOf(onThrown)
    this.#register = { answers: play.answers, served: [] }
    this.#plane = new DataPlane({
      clock: this.#clock,
      monotonic: readerOf(this.#clock),
      draw: seeded(play.seed),
      readMode: play.mode,
      sockets: this.#ground.sockets,
      limits: play.rules.small ? { ...TIMES, ...SMALL } : TIMES,
      sweepPeriod: 250,
      shadowHosts: true,
      ...(play.rules.log ? { accessLog: LOG } : {})
    })
  }

  async begin(): Promise<void> {
    const play = this.#play
    await this.#ground.begin(this.#dialing())
    this.#apply(play.rules)
    const listening = this.#plane.listen({ id: 'in', ...this.#ground.listen, entry: entryOf(play.rules), source: SOURCE })
    await this.#quiet()
    const port = await listening
    for (const [number, caller] of play.callers.entries()) {
      const far = this.#ground.reach(port, number, Math.max(1, caller.window))
      this.#callers.push(new Caller(caller, number, far))
    }
  }

  // Until nothing moves by itself, nor is about to when a token has been checked.
  async #quiet(): Promise<void> {
    await this.#ground.quiet()
    while (isChecking()) {
      await checked()
      await this.#ground.quiet()
    }
  }

  #apply(rules: Rules): void {
    this.#rules.push(rules)
    this.#ground.guarded(() => this.#plane.apply(tableOf(rules, this.#rules.length)))
    this.#note()
  }

  // States may be replaced by later ones while requests still count in them.
  #note(): void {
    for (const state of this.#plane.clusters.values()) this.#states.add(state)
  }

  async middle(): Promise<void> {
    const events = [...this.#play.events].sort((one, other) => one.at - other.at)
    for (; this.#step < STEPS_MAX; this.#step++) {
      while (events[0] !== undefined && events[0].at <= this.#step) await this.#happen(events.shift() as EventPlay)
      this.#ground.dial()
      if (this.#act()) {
        if (this.#dice.chance(0.7)) await this.#quiet()
        continue
      }
      await this.#quiet()
      this.#ground.dial()
      if (this.#canAct) continue
      const next = events.shift()
      if (next === undefined) return
      await this.#happen(next)
    }
  }

  async #happen(event: EventPlay): Promise<void> {
    switch (event.kind) {
      case 'time':
        return this.#move(event.ms)
      case 'rules':
        this.#apply({ ...(this.#rules.at(-1) ?? this.#play.rules), ...event.change })
        return
      case 'drain':
        this.#drain ??= this.#drained()
        return
      case 'caller':
        this.#upsetCaller(event.which, event.act)
        return
      case 'endpoint':
        this.#endpoints[event.which % Math.max(1, this.#endpoints.length)]?.upset(event.act)
    }
  }

  #upsetCaller(which: number, act: 'half' | 'reset' | 'close'): void {
    const caller = this.#callers[which % Math.max(1, this.#callers.length)]
    if (caller === undefined) return
    caller.wasDisturbed = true
    caller.upset(act)
  }

  #drained(): Promise<void> {
    let done = Promise.resolve()
    this.#ground.guarded(() => {
      done = this.#plane.drain()
    })
    const begun = this.#clock.now()
    return done.then(() => {
      const took = this.#clock.now() - begun
      if (took > TIMES.drainTimeout + SLACK) this.#problems.push(`the drain ends after ${took} ms`)
    })
  }

  async #move(ms: number): Promise<void> {
    await this.#quiet()
    await this.#clock.move(ms, async (wake) => {
      this.#ground.guarded(wake)
      await this.#quiet()
      this.#ground.dial()
    })
  }

  // What happens to connections that the engine wants, one after the other.
  #dialing(): Dialing {
    return {
      next: () => {
        const { dials, windows } = this.#play
        const number = this.#dials++
        const how = dials[number % Math.max(1, dials.length)] ?? 'accept'
        return { how, window: Math.max(1, windows[number % Math.max(1, windows.length)] ?? 100_000) }
      },
      accepted: (far, port) => void this.#endpoints.push(new EndpointConnection(far, port, this.#register))
    }
  }

  get #actors(): (Caller | EndpointConnection)[] {
    return [...this.#callers, ...this.#endpoints].filter(({ canAct }) => canAct)
  }

  get #canAct(): boolean {
    return this.#actors.length > 0
  }

  #act(): boolean {
    const actors = this.#actors
    if (actors.length === 0) return false
    this.#dice.pick(actors).act(this.#dice)
    return true
  }

  async end(): Promise<Ran> {
    for (const one of [...this.#callers, ...this.#endpoints]) one.hurry()
    await this.#settle()
    const openCallers = this.#callers.filter(({ isOpen }) => isOpen).map(({ number }) => number)
    for (const caller of this.#callers) caller.upset('half')
    await this.#exhaust()
    this.#drain ??= this.#drained()
    await this.#move(1500)
    // Tunnels end with either side.
    for (const endpoint of this.#endpoints) endpoint.upset('end')
    // Longer than a connection to somewhere outside of the mesh may take to open.
    await this.#move(11_000)
    await this.#isOver()
    return this.#ran(openCallers)
  }

  // Long enough for every timeout, unless everybody has what they want.
  async #settle(): Promise<void> {
    for (let waited = 0; waited < SETTLING_MAX; waited += 500) {
      await this.#exhaust()
      if (this.#callers.every(({ settled }) => settled)) return
      await this.#move(500)
    }
    await this.#exhaust()
  }

  // Until nobody can do anything.
  async #exhaust(): Promise<void> {
    for (let step = 0; step < STEPS_MAX * 4; step++) {
      await this.#quiet()
      this.#ground.dial()
      if (!this.#act()) break
    }
    await this.#quiet()
  }

  leave(): Promise<void> {
    return this.#ground.end()
  }

  async #isOver(): Promise<void> {
    await this.#exhaust()
    let drained = false
    void this.#drain?.then(() => (drained = true))
    await this.#quiet()
    if (!drained) this.#problems.push('the drain does not end')
    if (this.#ground.open > 0) this.#problems.push(`${this.#ground.open} sockets are open at the end`)
    if (this.#plane.watched > 0) this.#problems.push(`${this.#plane.watched} things are still watched at the end`)
    if (this.#clock.size > 0) this.#problems.push(`${this.#clock.size} alarms are still set at the end`)
  }

  #ran(openCallers: readonly number[]): Ran {
    this.#note()
    for (const caller of this.#callers) if (!caller.isOpen) caller.answers.end()
    for (const { answers } of this.#callers) answers.close()
    for (const { requests } of this.#endpoints) requests.close()
    const log: LogLine[] = []
    for (let lines = this.#plane.takeLog(); lines.length > 0; lines = this.#plane.takeLog()) log.push(...lines)
    return {
      play: this.#play,
      callers: this.#callers,
      endpoints: this.#endpoints,
      served: this.#register.served,
      rules: this.#rules,
      log,
      states: this.#states,
      plane: this.#plane,
      openCallers,
      waitingMost: this.#ground.waitingMost,
      sockets: this.#ground.made,
      problems: this.#problems,
      isLogged: this.#play.rules.log
    }
  }
}

// What the plane is given does not have the run: a plane that is kept shows what it keeps by itself (leftovers.ts).
const readerOf = (clock: FuzzClock) => (): number => clock.now()
const teller = (problems: string[]) => (error: unknown) => void problems.push(`thrown: ${textOf(error)}`)

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
