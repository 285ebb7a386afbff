// The gate end to end: `serin up`, real processes, real HTTP, Flagger's documented Canary with a look a minute. How soon after its first
// failing request a bad canary is met by nobody any more, as callers see it. Usage: node bench/gate/mesh.ts [--rounds N]

import { rest, until } from '../lib/canary-app.ts'
import { alone } from '../lib/command.ts'
import type { Bench, Figure, Finding } from '../lib/finding.ts'
import { startInstance } from '../lib/instance.ts'
import { type Stage, onStage } from '../lib/stage.ts'
import { quantile } from '../lib/statistics.ts'
import { BASE, RATE, WatchedApp } from './watched-app.ts'

/** How much worse, in points, and within how many seconds it must be gone. */
const CASES = [
  { points: 100, limit: 12 },
  { points: 20, limit: 20 },
  { points: 5, limit: 90 }
] as const
const RELEASES_A_ROUND = 2
/** Stable traffic before the first release: the history that the gate learns from. */
const BEFORE_MS = 60_000
const BETWEEN_MS = 5_000
/** Flagger's own five checks take six minutes. */
const PATIENCE_MS = 420_000
const AFTER_MS = 1_000

export const meshBench: Bench = {
  name: 'gate-mesh',
  question: 'how soon is a bad canary back at 0 % of real traffic?',
  duration: ({ rounds }) => 80 + rounds * RELEASES_A_ROUND * 90,
  run: ({ rounds }) => onStage((stage) => measure(stage, rounds * RELEASES_A_ROUND))
}

/** One release: seconds from its first failing request to the last request that met it, and what it failed. */
interface Gone {
  readonly seconds: number
  readonly failed: number
  readonly requests: number
  readonly words: string
}

async function measure(stage: Stage, releases: number): Promise<Finding> {
  const serin = await startInstance(stage)
  const watched = CASES.map((each) => ({ ...each, app: new WatchedApp(`plus${each.points}`, serin) }))
  for (const { app } of watched) await app.begin('1m')
  await rest(BEFORE_MS)
  const rows = await Promise.all(watched.map(async (each) => ({ ...each, gone: await releasesOf(each.app, each.points, releases) })))
  const lost = await Promise.all(watched.map(({ app }) => app.end()))
  const strange = watched.map(({ app }) => app.strange).filter((words) => words !== '')
  return finding(rows, { count: lost.reduce((sum, count) => sum + count, 0), strange })
}

async function releasesOf(app: WatchedApp, points: number, releases: number): Promise<readonly Gone[]> {
  const gone: Gone[] = []
  for (let index = 0; index < releases; index++) {
    gone.push(await released(app, points))
    const { seconds, failed, words } = gone.at(-1) ?? { seconds: Number.NaN, failed: 0, words: '' }
    console.error(`+${points} points, ${index + 1} of ${releases}: gone after ${seconds.toFixed(1)} s, ${failed} failed; ${words}`)
    await rest(BETWEEN_MS)
  }
  return gone
}

async function released(watched: WatchedApp, points: number): Promise<Gone> {
  const version = await watched.release(points / 100)
  const { app } = watched
  await until(`${app.name} sends requests to ${version}`, () => watched.seen(version)?.firstFailed !== undefined, PATIENCE_MS)
  const phase = await app.untilPhase(['Failed', 'Succeeded'], PATIENCE_MS)
  await rest(AFTER_MS)
  const { firstFailed = Number.NaN, lastMet = Number.NaN, failed = 0, requests = 0 } = watched.seen(version) ?? {}
  // One that was promoted is never gone.
  const seconds = phase === 'Failed' ? (lastMet - firstFailed) / 1000 : Infinity
  return { seconds, failed, requests, words: (await app.status()).conditions?.[0]?.message ?? '' }
}

type Row = (typeof CASES)[number] & { readonly gone: readonly Gone[] }

function finding(rows: readonly Row[], lost: { readonly count: number; readonly strange: readonly string[] }): Finding {
  const all = rows.flatMap(({ gone }) => gone)
  // As its sentence says.
  const byGate = all.filter(({ words }) => /rolled back after .* against /.test(words)).length
  return {
    tables: [
      {
        title: 'From the first failing request to the last that met the canary, seconds; failed requests of the canary',
        columns: ['worse by, points', 'releases', 'median', 'most', 'wanted', 'failed, median', 'failed, most'],
        rows: rows.map(({ points, limit, gone }) => [
          `+${points}`,
          String(gone.length),
          ...[0.5, 1].map((q) => at(gone, q, 'seconds').toFixed(1)),
          `<= ${limit}`,
          ...[0.5, 1].map((q) => at(gone, q, 'failed').toFixed(0))
        ])
      }
    ],
    figures: [
      ...rows.map(({ points, limit, gone }): Figure => ({
        id: `+${points} points: most s`,
        value: at(gone, 1, 'seconds'),
        better: 'less',
        scale: 'machine',
        limit,
        grain: 5
      })),
      { id: 'releases that the gate did not undo', value: all.length - byGate, better: 'less', scale: 'ratio', limit: 0 },
      { id: 'requests without an answer', value: lost.count, better: 'less', scale: 'ratio', limit: 0 }
    ],
    notes: [
      `Each application has ${RATE} requests a second of an open loop, ${BASE * 100} % of which fail whatever the version; all of them at once on one instance, release after release.`,
      `The Canary is Flagger's documented one: interval 1m, stepWeight 10, maxWeight 50, threshold 5; ${byGate} of ${all.length} rollbacks were the gate's, between two checks.`,
      `The last request that met the canary, not the status, ends the time; ${lost.count} requests had no answer of a version.`,
      ...lost.strange
    ]
  }
}

function at(gone: readonly Gone[], q: number, what: 'seconds' | 'failed'): number {
  return quantile(
    gone.map((each) => each[what]),
    q
  )
}

if (import.meta.main) await alone(meshBench)
