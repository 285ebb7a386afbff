// Good releases end to end: as bench/gate/mesh.ts, with versions that fail no more than the one before. None may be rolled back.
// Usage: node bench/gate/releases.ts

import { rest, until } from '../lib/canary-app.ts'
import { alone } from '../lib/command.ts'
import type { Bench, Finding } from '../lib/finding.ts'
import { startInstance } from '../lib/instance.ts'
import { upperBound } from '../lib/intervals.ts'
import { type Stage, onStage } from '../lib/stage.ts'
import { quantile } from '../lib/statistics.ts'
import { BASE, RATE, WatchedApp } from './watched-app.ts'

const APPS = 5
const RELEASES = 8
/** Shorter than Flagger's minute; long enough for a look that is not in the settling after a step. */
const INTERVAL = '20s'
const BEFORE_MS = 60_000
const PATIENCE_MS = 600_000

export const releasesBench: Bench = {
  name: 'gate-releases',
  question: 'is a good release ever rolled back in real traffic?',
  duration: () => 80 + RELEASES * 150,
  run: () => onStage(measure)
}

/** One release. */
interface Released {
  readonly phase: string
  readonly seconds: number
  readonly words: string
}

async function measure(stage: Stage): Promise<Finding> {
  const serin = await startInstance(stage)
  const apps = Array.from({ length: APPS }, (_, index) => new WatchedApp(`good${index + 1}`, serin))
  for (const app of apps) await app.begin(INTERVAL)
  await rest(BEFORE_MS)
  const all = (await Promise.all(apps.map(releasesOf))).flat()
  const lost = (await Promise.all(apps.map((app) => app.end()))).reduce((sum, count) => sum + count, 0)
  return finding(all, lost)
}

async function releasesOf(watched: WatchedApp): Promise<readonly Released[]> {
  const all: Released[] = []
  for (let index = 0; index < RELEASES; index++) {
    const version = await watched.release(0)
    await until(`${watched.app.name} sends requests to ${version}`, () => watched.seen(version) !== undefined, PATIENCE_MS)
    const since = performance.now()
    const phase = await watched.app.untilPhase(['Failed', 'Succeeded'], PATIENCE_MS)
    const words = (await watched.app.status()).conditions?.[0]?.message ?? ''
    all.push({ phase, seconds: (performance.now() - since) / 1000, words })
    console.error(`${watched.app.name} ${version}: ${phase} after ${all.at(-1)?.seconds.toFixed(0)} s; ${words}`)
  }
  return all
}

function finding(all: readonly Released[], lost: number): Finding {
  const back = all.filter(({ phase }) => phase !== 'Succeeded')
  const seconds = all.filter(({ phase }) => phase === 'Succeeded').map((each) => each.seconds)
  return {
    tables: [
      {
        title: 'Good releases',
        columns: ['releases', 'rolled back', '95 % bound of the rate', 'wanted', 'seconds to 100 %, median', 'most'],
        rows: [
          [
            String(all.length),
            String(back.length),
            `${(100 * upperBound(back.length, all.length)).toFixed(1)} %`,
            '0',
            ...[0.5, 1].map((q) => quantile(seconds, q).toFixed(0))
          ]
        ]
      }
    ],
    figures: [
      { id: 'good releases rolled back', value: back.length, better: 'less', scale: 'ratio', limit: 0 },
      { id: 'requests without an answer', value: lost, better: 'less', scale: 'ratio', limit: 0 }
    ],
    notes: [
      `${APPS} applications at once, each with ${RATE} requests a second of which ${BASE * 100} % fail, each released ${RELEASES} times; interval ${INTERVAL}, stepWeight 10, maxWeight 50.`,
      'The rate itself is shown by simulation (gate-level); this shows that nothing real adds to it.',
      ...back.map(({ words }) => `Rolled back: ${words}`)
    ]
  }
}

if (import.meta.main) await alone(releasesBench)
