// Istio's histograms of durations as Prometheus' series have them: which edges to ask for, and from the series of each edge, whose samples
// were read one question after the other, to counts by bucket that are of one scrape.

import { DURATION_EDGES } from '../metrics/buckets.ts'
import type { Millis } from '../std/clock.ts'
import { type RangeSeries, seriesId } from './prometheus-ranges.ts'

/** One histogram at the time of one scrape. */
export interface Histogram {
  readonly labels: RangeSeries['labels']
  /** All of it. */
  readonly value: number
  /** By bucket of Istio's edges, not cumulative, and above all of them. */
  readonly buckets: readonly number[]
}

/** A matcher of the series up to an edge (ms, or Infinity), however the edge is written: Prometheus 3 has 10 as 10.0 and 1800000 as 1.8e+06. */
export function edgeMatcher(edge: Millis): string {
  if (edge === Infinity) return 'le="+Inf"'
  const plain = String(edge)
  const [digits, power = ''] = edge.toExponential().split('e+')
  const texts = [plain, ...(plain.includes('.') ? [] : [`${plain}.0`]), ...(edge < 1e6 ? [] : [`${digits}e+${power.padStart(2, '0')}`])]
  return `le=~"${texts.join('|').replaceAll(/[.+]/g, '[$&]')}"`
}

/** What a label `le` says; NaN for what is no edge. */
export function edgeOf({ le = '' }: RangeSeries['labels']): Millis {
  return le === '+Inf' ? Infinity : le === '' ? NaN : Number(le)
}

/** The histograms that have these edges and the one above all, each at the newest scrape that all of its series have a sample of. */
export function histogramsOf(series: readonly RangeSeries[], edges: readonly Millis[]): readonly Histogram[] {
  const all = Map.groupBy(series, ({ labels }) => seriesId(labels, '__name__', 'le'))
  return [...all.values()].flatMap((one) => {
    const known = new Set(one.map(({ labels }) => edgeOf(labels)))
    if (![...edges, Infinity].every((edge) => known.has(edge))) return []
    const at = latestOfAll(one)
    if (at === undefined) return []
    const upTo = new Map(one.map(({ labels, points }) => [edgeOf(labels), points.find((point) => point.at === at)?.value ?? 0]))
    return [{ labels: one[0]?.labels ?? {}, value: upTo.get(Infinity) ?? 0, buckets: apart(upTo) }]
  })
}

function latestOfAll([first, ...others]: readonly RangeSeries[]): Millis | undefined {
  const times = others.map(({ points }) => new Set(points.map(({ at }) => at)))
  return first?.points.findLast(({ at }) => times.every((each) => each.has(at)))?.at
}

/** Cumulative counts by edge -> each bucket by itself. An edge that is not there counts as the one below it. */
export function apart(upTo: ReadonlyMap<Millis, number>): readonly number[] {
  let before = 0
  return [...DURATION_EDGES, Infinity].map((edge) => {
    const now = upTo.get(edge) ?? before
    const count = Math.max(0, now - before)
    before = Math.max(before, now)
    return count
  })
}
