// What is wrong with findings: figures that miss their limit, and those that got worse than the kept ones.

import { type Figure, misses } from './finding.ts'
import { type Kept, compare } from './kept.ts'

/** Sentences, each with the name of its bench. */
export interface Judgement {
  readonly missed: readonly string[]
  readonly worse: readonly string[]
  readonly uncompared: readonly string[]
}

/** Judges what was found; without `kept` nothing is compared. */
export function judge(found: Kept, kept: Kept | undefined): Judgement {
  const all = Object.entries(found)
  const compared = kept === undefined ? [] : all.map(([name, one]) => ({ name, ...compare(one, kept[name]) }))
  return {
    missed: all.flatMap(([name, { figures }]) => figures.filter(misses).map((figure) => `${name}: ${missText(figure)}`)),
    worse: compared.flatMap(({ name, worse }) => worse.map((sentence) => `${name}: ${sentence}`)),
    uncompared: compared.flatMap(({ name, uncompared }) => uncompared.map((sentence) => `${name}: ${sentence}`))
  }
}

function missText({ id, value, better, limit }: Figure): string {
  return `${id}: ${Number(value.toPrecision(4))}, wanted ${better === 'less' ? 'at most' : 'at least'} ${limit}`
}
