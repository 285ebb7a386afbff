// Plain values and counts side by side: one line of text for each difference.

import type { Shares } from './shares.ts'

type Counts = Readonly<Record<string, number>>

/** One line when two plain values differ. */
export function same(what: string, got: unknown, wanted: unknown): string[] {
  return JSON.stringify(got) === JSON.stringify(wanted) ? [] : [`${what}: got ${JSON.stringify(got)}, wanted ${JSON.stringify(wanted)}`]
}

/** Counts by key: exact, or within what the configured share allows. */
export function compareCounts(what: string, got: Counts, wanted: Counts, shares: Shares): string[] {
  if (shares.kind === 'exact') return same(what, sorted(got), sorted(wanted))
  return Object.keys({ ...got, ...wanted }).flatMap((key) => {
    const share = shares.of(key)
    if (share === undefined) return same(`${what} ${key}`, got[key] ?? 0, wanted[key] ?? 0)
    return withinShare(`${what} ${key}`, got[key] ?? 0, { n: shares.n, share })
  })
}

/** Four standard deviations about n * share; exact where the share is 0 or 1. */
export function withinShare(what: string, got: number, { n, share }: { readonly n: number; readonly share: number }): string[] {
  const slack = 4 * Math.sqrt(n * share * (1 - share))
  return Math.abs(got - n * share) <= slack ? [] : [`${what}: got ${got}, wanted ${n * share} +- ${slack.toFixed(1)}`]
}

/** In the order of the keys. */
export function sorted(counts: Counts): [string, number][] {
  return Object.entries(counts).toSorted(([a], [b]) => (a < b ? -1 : 1))
}
