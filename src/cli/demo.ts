// `serin demo`: an instance with the shop of examples/shop on it, steady load, a good release and a bad one, a summary. Puts the parts of the
// demo together and takes them apart; what should happen is said in demo-story.ts.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Trace } from '../gate/trace.ts'
import { systemClock, systemDraw } from '../host/system-clock.ts'
import { type Clock, type Millis, wait } from '../std/clock.ts'
import type { Config } from './config.ts'
import { type GatewayCount, gatewayCount, Ledger, total } from './demo-ledger.ts'
import { ask, RATE, startLoad } from './demo-load.ts'
import type { Rollout } from './demo-objects.ts'
import { FRONTEND, Shop } from './demo-shop.ts'
import { Show } from './demo-show.ts'
import type { Screen } from './demo-screen.ts'
import { BAD, type Ending, GOOD, release, type Stage, summaryOf } from './demo-story.ts'
import { chartOfRelease, type DemoSummary, type Line, line, summaryLines } from './demo-view.ts'
import { traceIn } from './release-view.ts'
import type { DemoOptions, UpOptions } from './options.ts'
import { avoidTakenPorts } from './ports.ts'
import { shellWord } from './shell-word.ts'
import { type Instance, startInstance } from './up.ts'

/** What the demo is run with. */
export interface DemoRun {
  readonly options: DemoOptions
  readonly config: Config
  /** Where there is a terminal to draw on. */
  readonly screen: Screen | undefined
  readonly print: (line: Line) => void
  /** After the summary: end, or stay up until asked to stop. */
  readonly afterwards: 'end' | 'stay'
  /** Resolves when the user wants it to stop. */
  readonly asked: Promise<void>
}

const SHOP = fileURLToPath(new URL('../../examples/shop', import.meta.url))
const START_LIMIT: Millis = 60_000
const STOP_LIMIT: Millis = 15_000
const READY_LIMIT: Millis = 60_000
// Half a minute each on an idle machine.
const RELEASE_LIMIT: Millis = 180_000
const ASK_EVERY: Millis = 100
const RECONCILE_LIMIT: Millis = 5000
/** What the frontend calls itself: the name in its pods' label `app`, which the controller changes for the primary. */
const APPS = [FRONTEND, `${FRONTEND}-primary`]
/** How long everything is seen at rest before each release. */
const REST: Millis = 3000

/** A part of the demo did not come about. */
class DemoFailure extends Error {
  override readonly name = 'DemoFailure'
}

/** Asked to stop. */
class Stopped extends Error {
  override readonly name = 'Stopped'
}

/** Runs the demo; resolves with the exit code, or rejects when the instance cannot be. Everything it started has ended then. */
export async function demo(run: DemoRun): Promise<number> {
  const dataDir = run.options.dataDir ?? mkdtempSync(join(tmpdir(), 'serin-demo-'))
  const clock = systemClock()
  const show = new Show({ clock, screen: run.screen, print: run.print })
  const stopping = new AbortController()
  const { signal } = stopping
  void run.asked.then(() => stopping.abort(new Stopped('stopped before the end')))
  const showing = show.run(signal)
  const up: UpOptions = { ...run.options, dataDir, files: [SHOP, ...run.options.files] }
  const starting = startBeside(up, run.config, (text) => show.tell(text, 'dim'))
  try {
    const instance = await within(START_LIMIT, starting, { clock, signal })
    return await Promise.race([perform({ ...run, clock, show, instance, signal }), instance.failed])
  } catch (error) {
    if (!(error instanceof Stopped || error instanceof DemoFailure)) throw error
    show.close('failed', [line(`serin demo: ${error.message}`, 'bad')])
    return error instanceof Stopped && run.afterwards === 'stay' ? 0 : 1
  } finally {
    stopping.abort(new Stopped('over'))
    await showing
    show.leave()
    // One that is still starting is waited for, within reason.
    const stopped = starting.then((instance) => instance.stop()).catch(() => undefined)
    await Promise.race([stopped, wait(systemClock({ hold: false }), STOP_LIMIT, new AbortController().signal)])
    if (run.options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true })
  }
}

async function within<T>(limit: Millis, work: Promise<T>, { clock, signal }: { clock: Clock; signal: AbortSignal }): Promise<T> {
  const done = new AbortController()
  const late = wait(clock, limit, AbortSignal.any([signal, done.signal])).then(() => {
    throw new DemoFailure(`the mesh did not start within ${limit / 1000} s`)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    done.abort()
  }
}

/** Starts the instance on the default ports, or on any where those are taken, even in the same moment. */
async function startBeside(up: UpOptions, config: Config, log: (line: string) => void): Promise<Instance> {
  const start = async (given: UpOptions): Promise<Instance> => {
    const instance = await startInstance({ up: given, config, log })
    if (instance.addresses.http !== undefined && instance.addresses.mesh !== undefined) return instance
    await instance.stop()
    throw new DemoFailure('the mesh cannot listen on its ports')
  }
  try {
    return await start(await avoidTakenPorts(up))
  } catch (error) {
    const given = [up.apiPort, up.httpPort, up.adminPort, up.meshPort]
    if (!isTaken(error) || given.some((port) => port !== undefined && port !== 0)) throw error
    log('a port was taken in the same moment: starting again on any free ones')
    return start({ ...up, apiPort: 0, httpPort: 0, adminPort: 0, meshPort: 0 })
  }
}

/** Somebody else has a port that was free just before: found in time, or by whoever listens next. */
function isTaken(error: unknown): boolean {
  return (
    error instanceof DemoFailure || (error instanceof Error && 'code' in error && ['port-busy', 'EADDRINUSE'].includes(String(error.code)))
  )
}

interface Performance extends DemoRun {
  readonly clock: Clock
  readonly show: Show
  readonly instance: Instance
  readonly signal: AbortSignal
}

async function perform(the: Performance): Promise<number> {
  const { clock, show, instance, signal } = the
  const { http = '' } = instance.addresses
  const shop = new Shop({
    client: instance.client,
    clock,
    draw: systemDraw(),
    history: instance.history,
    onEvent: (message, type) => show.tell(message, type === 'Warning' ? 'bad' : 'plain')
  })
  // Retries by itself what fails, and ends with the signal.
  void shop.run(signal)
  await untilOpen(the, shop, http)
  let ledger = new Ledger(APPS)
  show.count((since) => {
    const { ended, lost } = ledger.tally()
    return { requests: ended, lost: total(lost), rows: shop.rows(since), canary: canaryText(shop.rollout()), trace: traceOf(shop) }
  })
  const summary = await story(the, shop, ledger)
  const chart = chartOfRelease(traceOf(shop), `the evidence against release ${BAD.version}`)
  show.close('the story is over: now it is yours', summaryLines(summary), { advice: commands(the), chart })
  if (the.afterwards === 'stay') {
    ledger = new Ledger(APPS)
    startLoad(http, (answer) => ledger.add(answer), signal)
    await the.asked
  }
  return summary.problems.length === 0 ? 0 : 1
}

function traceOf(shop: Shop): Trace | undefined {
  return traceIn(shop.release()?.chart ?? null)
}

/** Resolves once the shop answers through the gateway. */
async function untilOpen({ show, instance, options, clock, signal }: Performance, shop: Shop, url: string): Promise<void> {
  show.begin(`the shop opens at ${url} (Host: shop.example)`)
  show.tell(`export KUBECONFIG=${shellWord(instance.kubeconfig)}`)
  const limit = clock.now() + READY_LIMIT
  const settled = (): boolean => !['', 'Initializing'].includes(shop.rollout().phase)
  const ready = await shop.until(settled, READY_LIMIT, signal)
  const { phase, message } = shop.rollout()
  if (!ready)
    throw new DemoFailure(`the shop is not ready after ${READY_LIMIT / 1000} s: its canary is ${phase || 'not there'}. ${message}`)
  if (phase !== 'Initialized') {
    throw new DemoFailure(`data directory ${options.dataDir} holds a shop whose canary is ${phase} already: name an empty one, or none`)
  }
  for (;;) {
    const answer = await ask(url, signal)
    if (answer?.kind === 'answered' && answer.status === 200) return
    const got = answer?.kind === 'answered' ? answer.status : answer?.error
    if (clock.now() > limit) throw new DemoFailure(`the shop does not answer at ${url}: ${got}`)
    await wait(clock, ASK_EVERY, signal)
  }
}

/** The two releases under load, and what came of them. */
async function story({ show, clock, instance, signal }: Performance, shop: Shop, ledger: Ledger): Promise<DemoSummary> {
  const { client, registry, collect, addresses } = instance
  const stage: Stage = { shop, client, now: () => clock.now(), signal }
  const rest = (): Promise<void> => wait(clock, REST, signal)
  await collect()
  const before = gatewayCount(registry.cells())
  show.begin(`${RATE} requests a second, as shoppers make them`)
  const load = startLoad(addresses.http ?? '', (answer) => ledger.add(answer), signal)
  await rest()
  show.begin(`release ${GOOD.version}, a good one: it should be promoted`)
  const good = await release(stage, GOOD, RELEASE_LIMIT)
  await rest()
  let bad: Ending | undefined
  if (good.kind === 'promoted') {
    show.begin(`release ${BAD.version}, which fails ${BAD.errorRate * 100} % of its requests: it should be rolled back`)
    bad = await release(stage, BAD, RELEASE_LIMIT)
    await rest()
  }
  const primary = shop.primary()
  const report = await load.finish()
  const gateway = await gatewaySince(before, ledger.tally().answered, { instance, clock, signal })
  return summaryOf({ good, bad, primary, sentence: shop.release()?.evidence ?? '', tally: ledger.tally(), report, gateway })
}

/** What the gateways counted since `before`: at once when that is `answered` or more, else after a last chance for late counts. */
async function gatewaySince(
  before: GatewayCount,
  answered: number,
  { instance, clock, signal }: Pick<Performance, 'instance' | 'clock' | 'signal'>
): Promise<GatewayCount> {
  const limit = clock.now() + RECONCILE_LIMIT
  for (;;) {
    await instance.collect()
    const now = gatewayCount(instance.registry.cells())
    const since = { requests: now.requests - before.requests, failed: now.failed - before.failed }
    if (since.requests >= answered || clock.now() > limit) return since
    await wait(clock, ASK_EVERY, signal)
  }
}

function canaryText({ phase, failedChecks, threshold }: Rollout): string {
  return phase === 'Progressing' ? `${phase}, ${failedChecks} of ${threshold} failed checks` : phase
}

function commands({ instance, afterwards }: Performance): Line[] {
  const intro =
    afterwards === 'stay' ? 'Try in another terminal (Ctrl-C here ends the demo):' : 'Try while it stays up, as it does in a terminal:'
  return [
    line(intro, 'strong'),
    line(`  export KUBECONFIG=${shellWord(instance.kubeconfig)}`),
    line('  kubectl -n shop get canary,virtualservice,pods'),
    line('  kubectl -n shop describe canary frontend'),
    line('  ./bin/serin status frontend -n shop   # the chart; with -o svg as a picture'),
    line('  kubectl -n shop set env deploy/frontend ERROR_RATE=0   # mended: promoted'),
    line('  kubectl -n shop edit virtualservice reviews   # split by hand: move it'),
    line(`  curl -H 'Host: shop.example' ${instance.addresses.http}/`)
  ]
}
