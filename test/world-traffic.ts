// Traffic for a world of rollouts: requests that go where the VirtualService sends them, drawn by chance with a seed, counted as the
// callers' proxies of a mesh count them.

import type { CounterReading, CounterSource } from '../src/control/counter-source.ts'
import type { RequestCounter, Served, StableSide, VersionPair } from '../src/gate/served.ts'
import { destinationsOf, liveRouting, rulesOf } from '../src/objects/virtual-service.ts'
import { RESOURCES } from '../src/objects/write.ts'
import { binomial, poisson } from '../src/sim/chance.ts'
import type { Millis } from '../src/std/clock.ts'
import { seeded } from '../src/std/draw.ts'
import type { World } from './rollout-world.ts'

/** What is asked and what fails: requests a second, shares that fail of each version's. */
export interface Truth {
  readonly rate: number
  readonly stable: number
  readonly canary: number
}

const INTERVAL: Millis = 5_000

/** A source of counters; `truth` may be changed, `down` takes it away. Owns what has been counted. */
export class WorldTraffic implements CounterSource {
  readonly edges = [100]
  readonly interval = INTERVAL
  finest: Millis = 1_000
  truth: Truth
  down = false
  /** Each request of the canary is of another user, and gets a cookie. */
  cookies = false
  /** No series: nobody calls the service, or whoever did is gone. */
  silent = false
  /** Requests that the canary has served, and failed. */
  canary = { requests: 0, failures: 0 }
  readonly #world: World
  readonly #draw = seeded(11)
  readonly #stable = { requests: 0, failures: 0 }
  /** What another workload takes of others' requests, a second, and the share of them that it fails; not of `truth`. */
  other = { name: '', rate: 0, failing: 0 }
  readonly #other = { requests: 0, failures: 0 }
  /** Of a fresh baseline, which fails as stable does. */
  readonly #baseline = { requests: 0, failures: 0 }
  #countedTo: Millis

  constructor(world: World, truth: Truth) {
    this.#world = world
    this.truth = truth
    this.#countedTo = world.clock.now()
  }

  read({ stable }: VersionPair): Promise<CounterReading> {
    const now = this.#world.clock.now()
    this.#count(now)
    if (this.down) return Promise.resolve({ kind: 'down', because: 'away' })
    if (this.silent) return Promise.resolve({ kind: 'read', at: -Infinity, canary: [], stable: [] })
    return Promise.resolve({
      kind: 'read',
      at: now,
      canary: countersOf(this.canary),
      stable: countersOf(this.#of(stable)),
      ...(this.cookies ? { canaryCookies: this.canary.requests } : {})
    })
  }

  history(): Promise<readonly Served[]> {
    const { rate, stable } = this.truth
    const requests = 5 * rate
    return Promise.resolve(
      Array.from({ length: 720 }, () => ({ requests, failures: binomial(this.#draw, requests, stable), buckets: [requests, 0] }))
    )
  }

  #of({ kind, name }: StableSide): Counts {
    if (kind === 'workload') return name === this.other.name ? this.#other : NOTHING
    return name.endsWith('-baseline') ? this.#baseline : this.#stable
  }

  #count(now: Millis): void {
    const seconds = (now - this.#countedTo) / 1000
    this.#countedTo = now
    const routes = this.#world.named(RESOURCES.virtualServices)
    const share = (liveRouting(routes, 'api')?.canary ?? 0) / 100
    const fresh =
      (rulesOf(routes, 'http')
        .flatMap(destinationsOf)
        .find(({ host }) => host === 'api-baseline')?.weight ?? 0) / 100
    const { rate, stable, canary } = this.truth
    const versions = [
      [this.canary, share, canary] as const,
      [this.#stable, 1 - share - fresh, stable] as const,
      ...(fresh > 0 ? [[this.#baseline, fresh, stable] as const] : []),
      ...(this.other.rate > 0 ? [[this.#other, this.other.rate / rate, this.other.failing] as const] : [])
    ]
    for (const [version, part, failing] of versions) {
      const requests = poisson(this.#draw, seconds * rate * part)
      version.requests += requests
      version.failures += binomial(this.#draw, requests, failing)
    }
  }
}

interface Counts {
  readonly requests: number
  readonly failures: number
}

const NOTHING: Counts = { requests: 0, failures: 0 }

function countersOf({ requests, failures }: Counts): readonly RequestCounter[] {
  const counter = (code: number, count: number): RequestCounter => ({
    process: 'gateway',
    id: String(code),
    code,
    flags: '-',
    grpc: '',
    count,
    buckets: [count, 0]
  })
  return [counter(200, requests - failures), counter(500, failures)]
}
