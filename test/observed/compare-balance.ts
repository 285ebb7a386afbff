// Which endpoints answered, by the rule of the case's balancer (README, `lb` and `outlier`).

import type { SeenMany } from './case-file.ts'
import { compareCounts, same, sorted, withinShare } from './compare-counts.ts'
import type { Shares } from './shares.ts'

/** `got`: answers by endpoint. */
export function compareEndpoints(seen: SeenMany, got: Readonly<Record<string, number>>, shares: Shares): string[] {
  const { endpoints } = shares
  switch (endpoints) {
    case 'same':
      return compareCounts('endpoint', got, seen.endpoints, shares)
    case 'near':
      return nearly('endpoint', got, seen.endpoints, slackOf(seen))
    case 'each':
      return same('endpoints', Object.keys(got).toSorted(), Object.keys(seen.endpoints).toSorted())
    case 'free':
      return []
    case 'one':
      return same('number of endpoints', Object.keys(got).length, 1)
    case 'slow':
      return compareSlow(seen, got)
    case 'late':
      return compareLate(seen, got, 0.1)
    case 'late-half':
      return compareLate(seen, got, 0.5)
  }
}

/** How many more or less a count may be where the turns begin anywhere: they do once more when an endpoint comes back. */
export function slackOf({ events = [] }: SeenMany): number {
  return events.some(({ ejected }) => !ejected) ? 2 : 1
}

type Counts = Readonly<Record<string, number>>

/** Each count nearly as wanted. */
export function nearly(what: string, got: Counts, wanted: Counts, slack = 1): string[] {
  return Object.keys({ ...got, ...wanted }).flatMap((key) =>
    Math.abs((got[key] ?? 0) - (wanted[key] ?? 0)) <= slack ? [] : same(`${what} ${key}`, got[key] ?? 0, wanted[key] ?? 0)
  )
}

const SLOW = '192.0.2.22:8080'
const LATE = '192.0.2.23:8080'

// Both draws of two must hit the slow one of three; a few more come while the others are busy too.
function compareSlow({ n }: SeenMany, got: Readonly<Record<string, number>>): string[] {
  const least = withinShare('slow endpoint', Math.min(got[SLOW] ?? 0, n / 9), { n, share: 1 / 9 })
  const most = (got[SLOW] ?? 0) <= n / 9 + 0.06 * n ? [] : [`slow endpoint: got ${got[SLOW]}, wanted few more than ${n / 9}`]
  return [...least, ...most]
}

const WARM_MS = 2000

// The weight grows from the least share to 1 over the window; two others have 1.
function compareLate({ n, sequence, endpoints }: SeenMany, got: Readonly<Record<string, number>>, least: number): string[] {
  // Before it came, and when it is warm.
  if (sequence === undefined) return same('endpoint', sorted(got), sorted(endpoints))
  const weights = Array.from({ length: n }, (_, at) => Math.max(least, (at * 10) / WARM_MS))
  const wanted = weights.reduce((sum, weight) => sum + weight / (2 + weight), 0)
  const mine = got[LATE] ?? 0
  return Math.abs(mine - wanted) <= wanted / 4 ? [] : [`late endpoint: got ${mine}, wanted ${wanted.toFixed(1)} +- 25 %`]
}
