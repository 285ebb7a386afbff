// A made-up history of a workload's pods, drawn by chance with a seed: cumulative counters, look by look, as a Prometheus would have kept them.

import type { PodSeries } from '../src/sim/pod-traffic.ts'
import { binomial, poisson } from '../src/sim/chance.ts'
import type { Millis } from '../src/std/clock.ts'
import { seeded } from '../src/std/draw.ts'

/** What is drawn. */
export interface MadeHistory {
  readonly start: Millis
  readonly look: Millis
  readonly looks: number
  readonly pods: readonly MadePod[]
  /** Of all pods together, a second. */
  readonly rate: number
  readonly seed: number
  /** Failures come in groups of so many, one pod each. Default 1. */
  readonly bursts?: number
}

/** A pod: from when to when it is there, and the share of its requests that fails at each look. */
export interface MadePod {
  readonly name: string
  readonly from?: number
  readonly to?: number
  readonly failing: (look: number) => number
}

const EDGE_SHARE = 0.9

/** Four counters of each pod: requests, failures, those with a duration, and those within the first edge. */
export function madeHistory({ start, look, looks, pods, rate, seed, bursts = 1 }: MadeHistory): readonly PodSeries[] {
  const draw = seeded(seed)
  return pods.flatMap(({ name, from = 0, to = looks, failing }) => {
    const values = { requests: 0, failures: 0, fast: 0 }
    const points: { at: Millis; requests: number; failures: number; fast: number }[] = []
    for (let index = from; index < to; index++) {
      const requests = poisson(draw, (rate * look) / 1000 / pods.length)
      values.requests += requests
      values.failures += Math.min(requests, bursts * binomial(draw, Math.round(requests / bursts), failing(index)))
      values.fast += binomial(draw, requests, EDGE_SHARE)
      points.push({ at: start + index * look, ...values })
    }
    const of = (key: 'requests' | 'failures' | 'fast', into: PodSeries['into'], series: string): PodSeries => ({
      pod: name,
      key: series,
      into,
      points: points.map((point) => ({ at: point.at, value: point[key] }))
    })
    return [
      of('requests', ['requests'], 'all'),
      of('failures', ['failures'], '5xx'),
      of('requests', ['timed'], 'timed'),
      of('fast', [0], 'le 100')
    ]
  })
}
