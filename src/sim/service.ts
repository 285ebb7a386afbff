// A simulated service of two versions: what each of them serves in a second, how much of it fails and how long it takes, with what befalls
// services that nobody changed. Counts by chance; the parameters are those of the simulations in docs/gate.md.

import type { Served, ServedPair } from '../gate/served.ts'
import { DURATION_EDGES } from '../metrics/buckets.ts'
import type { Millis } from '../std/clock.ts'
import { type Draw, seeded } from '../std/draw.ts'
import { normalShare } from '../std/normal.ts'
import { binomial, exponential, poisson } from './chance.ts'
import { GOOD, type Regression } from './regression.ts'

/** What a service is like. Rates are shares, 0 to 1. */
export interface Service {
  /** Requests a second. */
  readonly rate: number
  readonly errors: number
  /** Latency is log-normal. */
  readonly median: Millis
  readonly p99: Millis
  /** Upper edges of the histogram's buckets. */
  readonly edges: readonly Millis[]
}

/** What befalls both versions, or one that is not to blame. */
export type Disturbance =
  | 'calm'
  /** Failures come in storms of ten on average, within a second, at one version. */
  | 'storms'
  /** Each pod by itself fails and slows 30 % of its requests for some seconds every ten minutes. */
  | 'blips'
  /** Both versions fail 30 points more and are three times as slow, for a minute. */
  | 'outage'
  /** Both versions fail 1 point more and are 1.3 times as slow, for a minute. */
  | 'mild-outage'
  /** The canary fails 2 points more and is three times as slow when it gets its first traffic, and recovers in some ten seconds. */
  | 'cold-start'
  /** The same for each share of the traffic that is new to it. */
  | 'cold-steps'

/** Half within `median`, 99 % within `p99` (larger), counted in those of Istio's buckets that tell such latencies from slower ones. */
export function withLatency(median: Millis, p99: Millis): Omit<Service, 'rate' | 'errors'> {
  const [low, high] = [Math.min(10, median / 4), Math.max(5_000, 16 * p99)]
  return { median, p99, edges: DURATION_EDGES.filter((edge) => edge >= low && edge <= high) }
}

/** One in a hundred is slower than 300 ms, 0.11 % than 500 ms. */
export const USUAL: Omit<Service, 'rate' | 'errors'> = withLatency(60, 300)

const STORM = 10
const BLIP_EVERY = 600
const BLIP_MOST = 5
const BLIP_SHARE = 0.3
const STABLE_PODS = 9
const OUTAGE_SECONDS = 60
const RECOVERY = 10
const COLD_ERRORS = 0.02
const COLD_SLOWNESS = 3

/** What a version is like in one second. */
interface Condition {
  readonly errors: number
  /** Times as slow as usual. */
  readonly slowness: number
}

// Cold pods are as good as warm ones then.
const WARM = 0.002

/** The shares of the pods of both versions that have a blip. */
interface Blipping {
  readonly canary: number
  readonly stable: number
}

const NO_BLIPS: Blipping = { canary: 0, stable: 0 }

/** The share of requests that is slower than each edge. */
interface Beyond {
  readonly slowness: number
  readonly shares: readonly number[]
}

const NOT_KNOWN: Beyond = { slowness: Number.NaN, shares: [] }

/** A time in which nothing changes. */
interface Piece {
  readonly end: number
  readonly blipping: Blipping
}

/** What one version gets in a piece. */
interface Part {
  readonly seconds: number
  /** Of all requests, and of its pods that have a blip. */
  readonly share: number
  readonly blipping: number
}

/** A service under way. Owns what has befallen it. */
export class SimulatedService {
  readonly #service: Service
  readonly #regression: Regression
  readonly #disturbance: Disturbance
  readonly #draw: Draw
  /** Chance of what befalls it: by itself, so that it is the same whatever traffic the canary gets. */
  readonly #fate: Draw
  readonly #outageAt: number
  /** By pod, the canary's first: until which second it has a blip. */
  readonly #blips: number[] = Array.from({ length: 1 + STABLE_PODS }, () => -Infinity)
  /** The last second for which it is known which pods have blips, and the shares of both versions' pods that do. */
  #blipsAt = -Infinity
  #blipping: Blipping = NO_BLIPS
  /** Shares of the traffic that came to the canary, percent, with the second when they did. */
  readonly #arrivals: { readonly at: number; readonly share: number }[] = []
  #weight = 0
  /** The latest two: while pods are cold the versions differ, and one of them changes by the second. */
  #beyond: Beyond = NOT_KNOWN
  #beyondBefore: Beyond = NOT_KNOWN

  constructor(
    service: Service,
    draw: Draw,
    { regression = GOOD, disturbance = 'calm' }: { readonly regression?: Regression; readonly disturbance?: Disturbance } = {}
  ) {
    this.#service = service
    this.#regression = regression
    this.#disturbance = disturbance
    this.#draw = draw
    this.#fate = seeded(Math.floor(draw() * 2 ** 32))
    this.#outageAt = 10 + 80 * this.#fate()
  }

  /** What both versions serve from the second `from` until `to` while the canary has `weight` percent. Times rise. */
  span(from: number, to: number, weight: number): ServedPair {
    if (weight > this.#weight) this.#arrivals.push({ at: from, share: weight - this.#weight })
    this.#weight = weight
    let served: ServedPair | undefined
    let begin = from
    for (const { end, blipping } of this.#pieces(from, to)) {
      const piece = this.#piece(begin, end, blipping)
      served = served === undefined ? piece : { canary: sumOf(served.canary, piece.canary), stable: sumOf(served.stable, piece.stable) }
      begin = end
    }
    return served ?? this.#piece(from, from, NO_BLIPS)
  }

  // Times in which nothing changes, each drawn at once.
  #pieces(from: number, to: number): readonly Piece[] {
    if (this.#disturbance === 'blips') return this.#calmBetweenBlips(from, to)
    const ends = this.#coldness(from) > 0 ? wholeSeconds(from, to) : [this.#outageAt, this.#outageAt + OUTAGE_SECONDS]
    return [...ends.filter((at) => at > from && at < to), ...(to > from ? [to] : [])].map((end) => ({ end, blipping: NO_BLIPS }))
  }

  #calmBetweenBlips(from: number, to: number): readonly Piece[] {
    const pieces: Piece[] = []
    let blipping = this.#blippingAt(Math.floor(from))
    for (let end = Math.floor(from) + 1; end < to; end++) {
      const next = this.#blippingAt(end)
      // The same object as long as nothing changes.
      if (next === blipping) continue
      pieces.push({ end, blipping })
      blipping = next
    }
    if (to > from) pieces.push({ end: to, blipping })
    return pieces
  }

  #piece(from: number, to: number, blipping: Blipping): ServedPair {
    const [canary, stable] = [this.#canaryAt(from), this.#stableAt(from)]
    const [seconds, share] = [to - from, this.#weight / 100]
    return {
      canary: this.#served({ seconds, share, blipping: blipping.canary }, canary),
      stable: this.#served({ seconds, share: 1 - share, blipping: blipping.stable }, stable)
    }
  }

  #canaryAt(second: number): Condition {
    const { errors, slower, fromWeight } = this.#regression
    const common = this.#stableAt(second)
    const cold = this.#coldness(second)
    const shows = this.#weight >= fromWeight
    return {
      errors: Math.min(1, common.errors + (shows ? errors : 0) + cold * COLD_ERRORS),
      slowness: common.slowness * (shows ? slower : 1) * (1 + cold * (COLD_SLOWNESS - 1))
    }
  }

  #stableAt(second: number): Condition {
    const { errors } = this.#service
    const isOut = second >= this.#outageAt && second < this.#outageAt + OUTAGE_SECONDS
    if (isOut && this.#disturbance === 'outage') return { errors: Math.min(1, errors + 0.3), slowness: 3 }
    if (isOut && this.#disturbance === 'mild-outage') return { errors: Math.min(1, errors + 0.01), slowness: 1.3 }
    return { errors, slowness: 1 }
  }

  // How much of the canary's traffic meets pods that have just begun: 1 all of it, fading away.
  #coldness(second: number): number {
    const counted =
      this.#disturbance === 'cold-start' ? this.#arrivals.slice(0, 1) : this.#disturbance === 'cold-steps' ? this.#arrivals : []
    const cold = counted.reduce((sum, { at, share }) => sum + share * Math.exp(-(second - at) / RECOVERY), 0)
    const part = this.#weight === 0 ? 0 : Math.min(1, cold / this.#weight)
    return part < WARM ? 0 : part
  }

  #blippingAt(second: number): Blipping {
    if (second <= this.#blipsAt) return this.#blipping
    this.#blipsAt = second
    for (let pod = 0; pod <= STABLE_PODS; pod++) {
      if ((this.#blips[pod] ?? -Infinity) <= second && this.#fate() < 1 / BLIP_EVERY)
        this.#blips[pod] = second + 1 + Math.floor(BLIP_MOST * this.#fate())
    }
    const canary = this.#blippingPods(0, 0, second)
    const stable = this.#blippingPods(1, STABLE_PODS, second) / STABLE_PODS
    if (canary !== this.#blipping.canary || stable !== this.#blipping.stable) this.#blipping = { canary, stable }
    return this.#blipping
  }

  #blippingPods(first: number, last: number, second: number): number {
    let count = 0
    for (let pod = first; pod <= last; pod++) if ((this.#blips[pod] ?? -Infinity) > second) count += 1
    return count
  }

  #served({ seconds, share, blipping }: Part, condition: Condition): Served {
    const requests = poisson(this.#draw, this.#service.rate * share * seconds)
    const hit = binomial(this.#draw, requests, blipping * BLIP_SHARE)
    const failures = Math.min(requests, hit + this.#failures(requests - hit, { seconds, share }, condition.errors))
    return { requests, failures, buckets: this.#buckets(requests, hit, condition.slowness) }
  }

  // Storms have the same mean as failures that come one by one; each fails requests of one second.
  #failures(requests: number, { seconds, share }: Omit<Part, 'blipping'>, errors: number): number {
    if (this.#disturbance !== 'storms') return binomial(this.#draw, requests, errors)
    const storms = poisson(this.#draw, (this.#service.rate * share * seconds * errors) / STORM)
    let failures = 0
    for (let storm = 0; storm < storms; storm++) {
      const met = binomial(this.#draw, requests, Math.min(1, 1 / seconds))
      failures += Math.min(met, Math.ceil(STORM * exponential(this.#draw)))
    }
    return Math.min(requests, failures)
  }

  // By bucket; what a blip slows takes longer than every edge but the last two.
  #buckets(requests: number, hit: number, slowness: number): readonly number[] {
    const { edges } = this.#service
    const buckets: number[] = []
    let [left, shareLeft] = [requests - hit, 1]
    for (const beyond of this.#sharesBeyond(slowness)) {
      const slower = shareLeft === 0 ? 0 : binomial(this.#draw, left, Math.min(1, beyond / shareLeft))
      buckets.push(left - slower)
      left = slower
      shareLeft = beyond
    }
    buckets.push(left)
    const slow = Math.max(0, edges.length - 2)
    buckets[slow] = (buckets[slow] ?? 0) + hit
    return buckets
  }

  // The share of requests that is slower than each edge; of one slowness it is asked again and again.
  #sharesBeyond(slowness: number): readonly number[] {
    if (this.#beyond.slowness === slowness) return this.#beyond.shares
    if (this.#beyondBefore.slowness === slowness) {
      ;[this.#beyond, this.#beyondBefore] = [this.#beyondBefore, this.#beyond]
      return this.#beyond.shares
    }
    const { median, p99, edges } = this.#service
    const spread = Math.log(p99 / median) / 2.3263
    const shares = edges.map((edge) => normalShare((Math.log(edge) - Math.log(median * slowness)) / spread))
    this.#beyondBefore = this.#beyond
    this.#beyond = { slowness, shares }
    return shares
  }
}

// Those between two instants.
function wholeSeconds(from: number, to: number): readonly number[] {
  const first = Math.floor(from) + 1
  return Array.from({ length: Math.max(0, Math.ceil(to) - first) }, (_, index) => first + index)
}

/** What was served in both of two times. */
export function sumOf(one: Served, other: Served): Served {
  return {
    requests: one.requests + other.requests,
    failures: one.failures + other.failures,
    buckets: one.buckets.map((count, index) => count + (other.buckets[index] ?? 0))
  }
}
