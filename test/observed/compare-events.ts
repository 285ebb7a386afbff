// When outlier detection took endpoints out and put them back (README, `outlier`).

import { isMany } from './case-file.ts'
import type { SeenEvent, SeenMany, SeenOne } from './case-file.ts'
import { same } from './compare-counts.ts'
import type { Played } from './world.ts'

const SLACK = 150

export function compareEvents(seen: SeenOne | SeenMany, played: Played): string[] {
  if (seen.events === undefined) return []
  const names = (events: readonly SeenEvent[]): string[] => events.map(({ endpoint, ejected }) => `${endpoint} ${ejected ? 'out' : 'back'}`)
  const differ = same('events', names(played.events), names(seen.events))
  return differ.length > 0 ? differ : seen.events.flatMap((event, at) => compareTime(event, played.events[at], { seen, played }))
}

// An ejection follows its failure, and entries before this one took longer than they would have to: its time counts from the entry's first
// request. Ticks count from the start of the proxy.
function compareTime(
  seen: SeenEvent,
  got: SeenEvent | undefined,
  entry: { readonly seen: SeenOne | SeenMany; readonly played: Played }
): string[] {
  const first = isMany(entry.seen) ? (entry.seen.sequence?.[0]?.[0] ?? 0) : 0
  const mine = (entry.played.answers[0]?.startedAt ?? 0) - entry.played.origin
  const wanted = seen.ejected ? seen.at - first : seen.at
  const have = got === undefined ? Number.NaN : got.ejected ? got.at - mine : got.at
  return Math.abs(have - wanted) <= SLACK ? [] : [`event ${seen.endpoint}: got ${have}, wanted ${wanted}`]
}
