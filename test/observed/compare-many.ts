// Many requests of one entry: counts against the shares of the configuration, times, and the order of things.

import type { Answer } from './caller.ts'
import type { Case, SeenMany } from './case-file.ts'
import { compareAnswer, compareAttempts, LATE_MAX } from './compare-one.ts'
import { compareEndpoints, nearly, slackOf } from './compare-balance.ts'
import { compareCounts, same, sorted } from './compare-counts.ts'
import { compareSequence } from './compare-sequence.ts'
import { answeredBy, count } from './plays.ts'
import { sharesOf } from './shares.ts'
import type { Shares } from './shares.ts'
import type { Played } from './world.ts'

export function compareMany(each: Case, seen: SeenMany, played: Played): string[] {
  const shares = sharesOf(each, seen)
  const { answers } = played
  const kinds: typeof nearly = (what, got, wanted) =>
    shares.endpoints === 'near' ? nearly(what, got, wanted, slackOf(seen)) : compareCounts(what, got, wanted, shares)
  return [
    ...kinds('answered', count(answers.map((answer) => answeredAs(played, answer))), seen.answered),
    ...kinds('status', count(answers.map(({ status }) => String(status))), seen.statuses),
    ...kinds('flags', count(played.lines.map(({ flags }) => flags)), seen.flags),
    ...compareEndpoints(seen, count(answers.flatMap((answer) => answeredBy(played, answer)?.endpoint ?? [])), shares),
    ...compareTries(seen, played, shares),
    ...compareSpread(seen, played),
    ...compareSamples(seen, played),
    ...compareTook(seen.took ?? [], answers),
    ...compareSequence(each, seen, played)
  ]
}

function answeredAs(played: Played, answer: Answer): string {
  return answeredBy(played, answer)?.cluster ?? `local ${answer.status}`
}

const byNumber = (a: number, b: number): number => a - b

function compareTries(seen: SeenMany, played: Played, shares: Shares): string[] {
  const received = count(played.arrivals.map(({ cluster }) => cluster))
  if (shares.triesEach !== undefined) {
    const each = shares.triesEach
    const answered = count(played.answers.map((answer) => answeredAs(played, answer)))
    return same(
      'received',
      sorted(received),
      sorted(answered).map(([cluster, times]) => [cluster, times * each])
    )
  }
  // Retries avoid endpoints by chance, from a turn that begins anywhere.
  if (isFreeStart(shares)) return nearly('received', received, seen.received ?? received)
  return [
    ...(shares.kind === 'exact' ? compareAttempts(played, seen.attempts) : []),
    ...(seen.received === undefined ? [] : compareCounts('received', received, seen.received, shares))
  ]
}

// The turns begin anywhere: how many tries there were is nearly a fact only.
function isFreeStart({ endpoints }: Shares): boolean {
  return endpoints === 'near' || endpoints === 'free'
}

// How many of the requests that were tried again went elsewhere each time: five draws leave few repeats.
function compareSpread({ allTriesOnDifferentEndpoints: wanted }: SeenMany, { arrivals }: Played): string[] {
  if (wanted === undefined) return []
  const tries = Map.groupBy(
    arrivals.filter(({ copy }) => !copy),
    ({ tag }) => tag
  )
  const retried = [...tries.values()].filter((each) => each.length > 1)
  const spread = retried.filter((each) => new Set(each.map(({ endpoint }) => endpoint)).size === each.length).length
  const isRight = wanted === 0 ? spread === 0 : spread >= retried.length - 1
  return isRight ? [] : [`tries on different endpoints: got ${spread} of ${retried.length}, wanted ${wanted}`]
}

// One answer of each kind is as the sample: which one it was is not told.
function compareSamples(seen: SeenMany, played: Played): string[] {
  return Object.entries(seen.samples).flatMap(([kind, sample]) => {
    const alike = played.answers.filter((one) => answeredAs(played, one) === kind && one.status === sample.status)
    const differences = alike.map((answer) => compareAnswer(sample, answer, answeredBy(played, answer)))
    const least = differences.find((lines) => lines.length === 0) ?? differences[0] ?? ['there is none']
    return least.map((line) => `sample ${kind}: ${line}`)
  })
}

function compareTook(seen: readonly number[], answers: readonly Answer[]): string[] {
  const got = answers.map(({ startedAt, endedAt }) => endedAt - startedAt).toSorted(byNumber)
  const wrong = seen.some((wanted, at) => Math.abs((got[at] ?? 0) - wanted) > LATE_MAX)
  return wrong ? [`took: got ${got.join(' ')}, wanted ${seen.join(' ')}`] : []
}
