// How soon a rollout does what it must: from a check that reaches the threshold to no request at the canary, and from each kind of external
// change to its effect. A real instance with a Canary for each kind, one after the other under traffic; what callers see counts: in force is
// a change from the sending of the last request that the canary answered. Usage: node bench/rollback.ts [--rounds N]

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import type { Serin } from '../test/e2e/serin.ts'
import { type Call, apiOf } from './lib/api.ts'
import { CanaryApp, rest, until, versionIn } from './lib/canary-app.ts'
import { alone } from './lib/command.ts'
import type { Bench, Figure, Finding } from './lib/finding.ts'
import { startInstance } from './lib/instance.ts'
import { ROOT } from './lib/programs.ts'
import { type CheckServer, startCheckServer } from './lib/check-server.ts'
import { onStage } from './lib/stage.ts'
import { quantile } from './lib/statistics.ts'
import type { steady } from './lib/steady.ts'

const RATE = 100
const CONNECTIONS = 16
const TEMPLATES = '/apis/flagger.app/v1beta1/namespaces/default/metrictemplates'
/** Traffic that is watched after an effect: what comes late is seen. */
const AFTER_MS = 1000
/** The shortest that Canaries have. */
const INTERVAL_MS = 10_000
const FROM_THRESHOLD_MS = 2000
const FROM_CHANGE_MS = 1000

/** What one kind showed. */
interface Row {
  readonly kind: Kind
  readonly times: readonly number[]
  readonly lost: number
}

/** One application with its Canary, and what its callers saw. */
interface Subject {
  readonly app: CanaryApp
  readonly serin: Serin
  readonly checks: CheckServer
  /** When the last request was sent that this version answered. */
  readonly last: Map<string, number>
}

/** A kind of change: makes it, and resolves with the moment from which its effect is due. */
interface Kind {
  readonly app: string
  readonly what: string
  readonly limit: number
  readonly make: (subject: Subject) => Promise<number>
  /** When it was in force; without it, when callers met the canary last. */
  readonly effect?: (subject: Subject, since: number) => Promise<number>
}

const KINDS: readonly Kind[] = [
  {
    app: 'metric',
    what: 'a metric that reaches the threshold, from its answer',
    limit: FROM_THRESHOLD_MS,
    make: ({ checks }) => checks.fails('metric')
  },
  {
    app: 'check',
    what: 'a webhook that reaches the threshold, from its answer',
    limit: FROM_THRESHOLD_MS,
    make: ({ checks }) => checks.fails('check')
  },
  {
    app: 'verdict',
    what: 'a rollback webhook that says yes, from its answer',
    limit: FROM_CHANGE_MS,
    make: ({ checks }) => checks.fails('verdict')
  },
  {
    app: 'annotation',
    what: 'the annotation flagger.app/rollback, from its PATCH',
    limit: FROM_CHANGE_MS,
    make: ({ app }) => written(() => app.annotate('flagger.app/rollback', 'true'))
  },
  {
    app: 'undo',
    what: 'the old spec again (rollout undo), from its PATCH',
    limit: FROM_CHANGE_MS,
    make: ({ app }) => written(() => app.release(0))
  },
  {
    app: 'newer',
    what: 'another new spec, from its PATCH',
    limit: FROM_CHANGE_MS,
    make: ({ app }) => written(() => app.release(app.version + 1))
  },
  {
    app: 'hanging',
    what: 'another new spec while a webhook does not answer, from its PATCH',
    limit: FROM_CHANGE_MS,
    make: async ({ app, checks }) => {
      await checks.fails('hanging')
      return written(() => app.release(app.version + 1))
    }
  },
  { app: 'abort', what: 'serin abort, from the start of the program', limit: FROM_CHANGE_MS, make: (subject) => verb(subject, 'abort') },
  {
    app: 'pause',
    what: 'serin pause, from the start of the program to its word; no step comes after it',
    limit: FROM_CHANGE_MS,
    make: (subject) => verb(subject, 'pause'),
    effect: standsStill
  }
]

export const rollbackBench: Bench = {
  name: 'rollback',
  question: 'how soon is a failed check or an external change in force?',
  duration: ({ rounds }) => 40 + rounds * 100,
  run: ({ rounds }) => measure(rounds)
}

function measure(rounds: number): Promise<Finding> {
  return onStage(async (stage) => {
    const checks = await startCheckServer(stage)
    const serin = await startInstance(stage)
    const call = apiOf(serin)
    const subjects = KINDS.map((kind) => ({ kind, subject: { app: new CanaryApp(kind.app, serin, call), serin, checks, last: new Map() } }))
    await setUp(call, checks.url)
    for (const { kind, subject } of subjects) await subject.app.create(analysisOf(kind.app, checks.url))
    for (const { subject } of subjects) await subject.app.untilPhase(['Initialized'])
    const rows: Row[] = []
    for (const { kind, subject } of subjects) {
      const end = new AbortController()
      // A round that fails ends the bench, which a load that goes on would keep alive.
      stage.atEnd(() => end.abort())
      const report = load(subject, end.signal)
      const times = await rehearse(kind, subject, rounds)
      end.abort()
      rows.push({ kind, times, lost: (await report).bad })
    }
    return finding(rows)
  })
}

async function setUp(call: Call, checks: string): Promise<void> {
  await call('POST', TEMPLATES, {
    apiVersion: 'flagger.app/v1beta1',
    kind: 'MetricTemplate',
    metadata: { name: 'own' },
    spec: { provider: { type: 'prometheus', address: `${checks}/metric` }, query: 'own' }
  })
}

// From half of the traffic nothing but the change under test leads on; only a pause has steps to hold.
function analysisOf(app: string, checks: string): object {
  return { interval: '10s', threshold: 1, stepWeight: app === 'pause' ? 10 : 50, maxWeight: 50, ...checksOf(app, checks) }
}

function checksOf(app: string, checks: string): object {
  const gate = { name: 'stay', type: 'confirm-promotion', url: `${checks}/closed` }
  if (app === 'metric') {
    return { metrics: [{ name: 'own', templateRef: { name: 'own' }, interval: '10s', thresholdRange: { min: 99 } }], webhooks: [gate] }
  }
  const type = app === 'verdict' ? 'rollback' : 'rollout'
  const asked = app === 'check' || app === 'verdict' || app === 'hanging'
  return { webhooks: [gate, ...(asked ? [{ name: app, type, url: `${checks}/${app}`, timeout: '60s' }] : [])] }
}

function load({ app, last }: Subject, signal: AbortSignal): ReturnType<typeof steady> {
  return app.load(RATE, CONNECTIONS, {
    signal,
    onAnswer: (sent, _, body) => {
      const version = versionIn(body)
      last.set(version, Math.max(sent, last.get(version) ?? 0))
    }
  })
}

/** A release that gets half of the traffic, and then the change: milliseconds to its effect, round by round. */
async function rehearse(kind: Kind, subject: Subject, rounds: number): Promise<readonly number[]> {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const canary = `v${subject.app.version + 1}`
    await subject.app.release(subject.app.version + 1)
    await until(`${subject.app.name} sends requests to ${canary}`, () => subject.last.has(canary))
    await rest(AFTER_MS)
    const since = await kind.make(subject)
    const effect = kind.effect ?? ((): Promise<number> => lastAnswer(subject, canary))
    times.push(Math.max(0, (await effect(subject, since)) - since))
    await clear(subject)
  }
  return times
}

// When there was none for a while; nothing else is known of one that comes later.
async function lastAnswer({ app, last }: Subject, version: string): Promise<number> {
  await until(`${app.name} no longer sends requests to ${version}`, () => performance.now() - (last.get(version) ?? 0) > AFTER_MS)
  return last.get(version) ?? 0
}

// Beyond its next look.
async function standsStill({ app }: Subject): Promise<number> {
  const said = performance.now()
  const before = await weightOf(app)
  await rest(INTERVAL_MS + AFTER_MS)
  const after = await weightOf(app)
  if (before !== after) throw new Error(`paused at ${before} % it went to ${after} %`)
  return said
}

/** Ends what is left of a run, so that the next one begins from nothing. */
async function clear({ app, checks }: Subject): Promise<void> {
  checks.recovers(app.name)
  await app.annotate('serin.dev/pause', null)
  const { phase } = await app.status()
  if (phase !== 'Failed' && phase !== 'Initialized') await app.annotate('flagger.app/rollback', 'true')
  await app.untilPhase(['Failed', 'Initialized'])
}

async function written(write: () => Promise<unknown>): Promise<number> {
  const since = performance.now()
  await write()
  return since
}

function verb({ app, serin }: Subject, word: 'abort' | 'pause'): Promise<number> {
  const since = performance.now()
  const words = [join(ROOT, 'bin', 'serin'), word, app.name, '-n', 'default', ...(word === 'abort' ? ['--timeout', '0'] : [])]
  const child = spawn(process.execPath, words, { env: serin.environment, stdio: ['ignore', 'ignore', 'inherit'] })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => (code === 0 ? resolve(since) : reject(new Error(`serin ${word} ended with ${code}`))))
  })
}

const weightOf = async (app: CanaryApp): Promise<number> => (await app.status()).canaryWeight ?? 0

function finding(rows: readonly Row[]): Finding {
  const lost = rows.reduce((sum, row) => sum + row.lost, 0)
  const cells = rows.map(({ kind, times }) => [
    kind.what,
    String(times.length),
    ...[0.5, 1].map((q) => quantile(times, q).toFixed(0)),
    String(kind.limit)
  ])
  const figures: Figure[] = rows.map(({ kind, times }) => ({
    id: `${kind.app}: most ms`,
    value: quantile(times, 1),
    better: 'less',
    scale: 'machine',
    limit: kind.limit,
    grain: 200
  }))
  return {
    tables: [{ title: 'From the cause to the effect, ms', columns: ['cause', 'rounds', 'median', 'most', 'wanted'], rows: cells }],
    figures: [...figures, { id: 'requests lost', value: lost, better: 'less', scale: 'ratio', limit: 0 }],
    notes: [
      `${RATE} requests per second, half of them at the canary, so that a time is known to some ${Math.round(2000 / RATE)} ms; ${lost} requests failed.`,
      'The effect is that no request meets the canary any more, as callers see it.'
    ]
  }
}

if (import.meta.main) await alone(rollbackBench)
