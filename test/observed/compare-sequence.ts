// The order of things: when requests began, who answered in turn, and when endpoints were taken out and put back.

import type { Case, SeenMany } from './case-file.ts'
import { same } from './compare-counts.ts'
import { answeredBy } from './plays.ts'
import type { Played } from './world.ts'

/** Starts may differ so much (README, "Times"). */
const START_SLACK = 150

export function compareSequence(each: Case, { sequence }: SeenMany, played: Played): string[] {
  if (sequence === undefined) return []
  const first = { got: played.answers[0]?.startedAt ?? 0, seen: sequence[0]?.[0] ?? 0 }
  // The observed entries before this one took longer than they would have to: starts count from the entry's own.
  const starts = sequence.flatMap(([at], place) => {
    const mine = (played.answers[place]?.startedAt ?? Number.NaN) - first.got
    return Math.abs(mine - (at - first.seen)) <= START_SLACK ? [] : [`sequence ${place}: got start ${mine}, wanted ${at - first.seen}`]
  })
  return [...starts.slice(0, 1), ...compareOrder(each, sequence, played)]
}

function compareOrder({ group, id }: Case, sequence: NonNullable<SeenMany['sequence']>, played: Played): string[] {
  if (group === 'pool')
    return same(
      'sequence of statuses',
      played.answers.map(({ status }) => status),
      sequence.map(([, status]) => status)
    )
  if (id !== 'lb-round-robin-slow') return []
  const got = played.answers.map((answer) => answeredBy(played, answer)?.endpoint ?? '-')
  const wanted = sequence.map(([, , endpoint]) => endpoint)
  return isRotation(got, wanted) ? [] : same('turns', got, wanted)
}

// The same turns, begun anywhere in the first round.
function isRotation(got: readonly string[], wanted: readonly string[]): boolean {
  const round = new Set(wanted).size
  return wanted.slice(0, round).some((_, by) => got.every((endpoint, at) => endpoint === wanted[(at + by) % wanted.length]))
}
