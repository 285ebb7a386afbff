// npm run fuzz [-- --minutes N] [--runs N] [--seed S] [--corpus DIR]: goes on from the corpus until it is stopped, or for so long; ends with 1 at the first
// finding, which is written down. --replay FILE...: runs plays. --prune: leaves of the corpus what reaches all that it reaches.
// --missed: what of the engine no play reaches. --loopback: over
// sockets of the system, which decide the order of things; nothing is learned then, and a finding is replayed many times.

import { parseArgs } from 'node:util'
import { DeafListener } from '../upset/deaf-listener.ts'
import { CORPUS, FINDINGS, clear, keep, readAll } from './corpus.ts'
import { Fuzzer, catchThrown, fewest, missed, smallest, triedWhole } from './fuzzer.ts'
import type { Finding } from './fuzzer.ts'
import { HAS_LOOPBACK, LoopbackGround } from './loopback-ground.ts'
import { readPlay } from './play.ts'
import type { Play } from './play.ts'
import type { MakeGround } from './run.ts'
import { startWatch } from './watch.ts'

const SAY_EVERY = 10_000

const { values, positionals } = parseArgs({
  options: {
    minutes: { type: 'string', default: 'Infinity' },
    runs: { type: 'string', default: 'Infinity' },
    'as-is': { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    corpus: { type: 'string', default: CORPUS },
    missed: { type: 'boolean', default: false },
    prune: { type: 'boolean', default: false },
    replay: { type: 'boolean', default: false },
    loopback: { type: 'boolean', default: false },
    'no-coverage': { type: 'boolean', default: false }
  },
  allowPositionals: true
})

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

const REPLAYS = 100
const MISSED_SEEDS = 1000
if (values.loopback && !HAS_LOOPBACK) throw new Error('--loopback needs the addresses 127.9.0.0 and on, which Linux has')
const deaf = values.loopback ? await DeafListener.open() : undefined
const ground: MakeGround | undefined = deaf && ((onThrown) => new LoopbackGround(onThrown, deaf.port))

async function findingOf(play: Play): Promise<Finding | undefined> {
  for (let left = ground === undefined ? 1 : REPLAYS; left > 0; left--) {
    const finding = await triedWhole(play, ground)
    if (finding !== undefined) return finding
  }
  return undefined
}

async function replay(files: readonly string[]): Promise<number> {
  let wrong = 0
  for (const file of files) {
    const finding = await findingOf(readPlay(file))
    say(finding === undefined ? `${file}: nothing wrong` : `${file}:\n  ${finding.problems.join('\n  ')}`)
    if (finding !== undefined) wrong++
  }
  return wrong === 0 ? 0 : 1
}

async function tellMissed(): Promise<number> {
  const places = await missed(readAll(values.corpus), MISSED_SEEDS)
  for (const place of places) say(place)
  return 0
}

async function prune(): Promise<number> {
  const all = readAll(values.corpus)
  const kept = await fewest(all)
  clear(values.corpus)
  for (const play of kept) keep(values.corpus, play, 'bounded')
  say(`${kept.length} of ${all.length} plays reach what all do`)
  return 0
}

async function report(finding: Finding, runs: number): Promise<number> {
  say(`FOUND after ${runs} runs: ${finding.problems.join('\n  ')}`)
  // What the kernel decides is not the same each time.
  const small = ground === undefined && !values['as-is'] ? await smallest(finding) : finding
  const path = keep(FINDINGS, small.play, 'always')
  say(`${small.problems.join('\n')}\nnpm run fuzz -- ${ground === undefined ? '' : '--loopback '}--replay ${path}`)
  return 1
}

async function fuzz(): Promise<number> {
  const seed = Number(values.seed)
  const until = performance.now() + Number(values.minutes) * 60_000
  const corpus = readAll(values.corpus)
  let kept = 0
  const onKept = (play: Play): void => {
    if (keep(values.corpus, play, 'bounded') !== undefined) kept++
  }
  const fuzzer = new Fuzzer({
    seed,
    corpus,
    covers: !values['no-coverage'] && ground === undefined,
    ...(ground !== undefined && { ground }),
    ...(ground === undefined && { onKept })
  })
  let stopped = false
  process.once('SIGINT', () => (stopped = true))
  process.once('SIGTERM', () => (stopped = true))
  const most = Number(values.runs)
  const goesOn = (): boolean => !stopped && performance.now() < until && fuzzer.executions < most
  say(`seed ${seed}, ${corpus.length} plays in the corpus`)
  const began = performance.now()
  let said = began
  let finding = await fuzzer.begin()
  const tell = (): void => {
    const seconds = (performance.now() - began) / 1000
    say(
      `${seconds.toFixed(0)} s: ${fuzzer.executions} runs, ${(fuzzer.executions / seconds).toFixed(0)} a second, ${fuzzer.size} plays (${kept} new in the corpus), ${fuzzer.blocks} blocks, ${(process.memoryUsage.rss() / 1_048_576).toFixed(0)} MB`
    )
  }
  while (finding === undefined && goesOn()) {
    finding = await fuzzer.round(goesOn)
    if (performance.now() - said > SAY_EVERY) {
      tell()
      said = performance.now()
    }
  }
  tell()
  return finding === undefined ? 0 : report(finding, fuzzer.executions)
}

function chosen(): Promise<number> {
  if (values.replay) return replay(positionals)
  if (values.missed) return tellMissed()
  return values.prune ? prune() : fuzz()
}

const restore = catchThrown()
const stopWatch = startWatch(FINDINGS)
const code = await chosen()
stopWatch()
restore()
await deaf?.close()
// Left to end by itself, Node 24 once went round in its own clean-up for ever after a quarter of an hour of connections broken off.
process.exit(code)
