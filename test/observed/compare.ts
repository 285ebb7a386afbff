// What a played entry has to have in common with the observation, by the rules of the data's README: everything that differs as one line
// of text, empty when nothing does.

import { isMany } from './case-file.ts'
import type { Case, Entry } from './case-file.ts'
import { same, withinShare } from './compare-counts.ts'
import { compareEvents } from './compare-events.ts'
import { compareMany } from './compare-many.ts'
import { compareOne } from './compare-one.ts'
import { sharesOf } from './shares.ts'
import type { Played } from './world.ts'

/** The differences of one entry. */
export function compareEntry(each: Case, entry: Entry, played: Played): string[] {
  const { observed } = entry
  const differs = isMany(observed) ? compareMany(each, observed, played) : compareOne(each, observed, played)
  return [...differs, ...compareStats(each, observed, played), ...compareEvents(observed, played)]
}

// Where a connection is counted once is not the same in every proxy (README, `pool`).
const FREE = new Set(['upstream_cx_overflow'])
// With a free start of the turns these may be one more or less (README, `outlier`).
const NEARLY = new Set(['lb_healthy_panic'])

function compareStats(each: Case, observed: Entry['observed'], { stats }: Played): string[] {
  const shares = isMany(observed) ? sharesOf(each, observed) : undefined
  return Object.entries(observed.stats ?? {}).flatMap(([name, wanted]) => {
    const short = name.slice(name.lastIndexOf('.') + 1)
    const got = stats[name]
    if (FREE.has(short) || (got !== undefined && NEARLY.has(short) && Math.abs(got - wanted) <= 1)) return []
    // Which requests a limit refuses may be a matter of chance.
    const share = short === 'enforced' && shares?.kind === 'shares' ? shares.of('RL') : undefined
    if (share !== undefined && shares?.kind === 'shares') return withinShare(name, got ?? 0, { n: shares.n, share })
    return same(name, got, wanted)
  })
}
