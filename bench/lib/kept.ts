// The kept table: what each bench found when it was last run with --keep, on which machine and day. A figure that is more than 15 % worse
// than the kept one is reported; those of one machine are compared on that machine only.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Figure, Finding } from './finding.ts'

/** Where and when. */
export interface Taken {
  readonly date: string
  readonly machine: string
  readonly options: string
  readonly versions: Readonly<Record<string, string>>
}

/** What one bench found, and where. */
export interface KeptFinding extends Finding {
  readonly question: string
  readonly taken: Taken
}

/** By the name of the bench. */
export type Kept = Readonly<Record<string, KeptFinding>>

/** What a comparison says. */
export interface Comparison {
  /** A sentence for each figure that got worse. */
  readonly worse: readonly string[]
  /** A sentence for what could not be compared. */
  readonly uncompared: readonly string[]
}

/** The share by which a figure may be worse. */
export const SLACK = 0.15
const FILE = join(import.meta.dirname, '..', 'kept.json')

/** The kept findings; none before the first --keep. */
export function readKept(file = FILE): Kept {
  // Written by writeKept alone.
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Kept) : {}
}

/** Puts the findings in the place of the old ones of the same benches. Returns all that is kept now. */
export function writeKept(found: Kept, file = FILE): Kept {
  const all = { ...readKept(file), ...found }
  writeFileSync(file, `${JSON.stringify(all, undefined, 2)}\n`)
  return all
}

/** Compares what a bench found with what was kept of it. */
export function compare(found: KeptFinding, kept: KeptFinding | undefined): Comparison {
  if (kept === undefined) return { worse: [], uncompared: ['nothing is kept of this bench'] }
  const same = kept.taken.machine === found.taken.machine
  const old = new Map(kept.figures.map((figure) => [figure.id, figure]))
  const now = new Set(found.figures.map(({ id }) => id))
  const comparable = found.figures.filter(({ id, scale }) => old.has(id) && (same || scale === 'ratio'))
  const left = found.figures.length - comparable.length
  return {
    worse: comparable.flatMap((figure) => worse(figure, old.get(figure.id)?.value ?? Number.NaN)),
    uncompared: [
      ...(left > 0 ? [`${left} figures are new, or of another machine than the kept ones (${kept.taken.machine})`] : []),
      ...[...old.keys()].filter((id) => !now.has(id)).map((id) => `${id}: kept, but not measured now`)
    ]
  }
}

function worse({ id, value, better, grain = 0 }: Figure, kept: number): string[] {
  const loss = better === 'less' ? value - kept : kept - value
  if (loss <= Math.max(grain, Math.abs(kept) * SLACK)) return []
  return [`${id}: ${shown(value)}, kept ${shown(kept)}${kept === 0 ? '' : ` (${Math.round((loss / Math.abs(kept)) * 100)} % worse)`}`]
}

function shown(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)))
}
