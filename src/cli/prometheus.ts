// A Prometheus of the user's machine, started beside the instance and pointed at it, so that PromQL is answered. It has a data folder of its
// own with a bound, listens on this machine only, is started again when it dies, and ends with the instance.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { portState } from '../host/ports.ts'
import type { Processes } from '../host/processes.ts'
import { findProgram } from '../kubelet/programs.ts'
import { type Clock, type Millis, wait } from '../std/clock.ts'
import { freePort } from './listening.ts'
import type { UpOptions } from './options.ts'
import { HOST } from './ports.ts'

/** What it is started with. */
export interface PrometheusOptions {
  /** The program's path. */
  readonly program: string
  readonly processes: Pick<Processes, 'spawn'>
  readonly clock: Clock
  /** A folder of its own; what it holds from an earlier run is gone on with. */
  readonly directory: string
  /** URL of the admin port, which is what it scrapes. */
  readonly admin: string
  /** Told in one sentence when it does not come up, or died. */
  readonly log: (line: string) => void
  /** Its end: that of the instance. */
  readonly signal: AbortSignal
  /** The port that is taken where it is free; any other otherwise. */
  readonly port?: number
}

const USUAL_PORT = 9090
/** How often a rate over some seconds needs a sample. */
const SCRAPE_SECONDS = 2
const KEPT_TIME = '6h'
const KEPT_SIZE = '512MB'
const STARTS_MAX = 3
const READY_WITHIN: Millis = 15_000
const LOOK_EVERY: Millis = 50
const RESTART_FIRST: Millis = 500
const RESTART_MAX: Millis = 10_000
/** One that lived this long starts its back-off from the beginning. */
const SETTLED: Millis = 30_000

/** The URL of the Prometheus that a choice means, which is started when the choice is `auto` and the program is installed. */
export async function prometheusUrl(
  choice: UpOptions['prometheus'],
  options: Omit<PrometheusOptions, 'program'>
): Promise<string | undefined> {
  if (choice === 'off') return undefined
  if (choice !== 'auto') return choice.url
  const program = findProgram('prometheus', process.env['PATH'] ?? '')
  if (program !== undefined) return new Prometheus({ ...options, program }).start()
  options.log('prometheus is not installed, so nothing answers PromQL: install it, or name one with --prometheus URL')
  return undefined
}

/** A Prometheus of this machine. Owns its process and folder; `processes` ends it with the instance. */
export class Prometheus {
  readonly #options: PrometheusOptions
  #port = 0
  #failures = 0

  constructor(options: PrometheusOptions) {
    this.#options = options
  }

  /** Starts it; resolves with its URL once it answers, or with undefined when it does not, which was logged. */
  async start(): Promise<string | undefined> {
    for (let tries = 0; tries < STARTS_MAX && !this.#options.signal.aborted; tries++) {
      this.#port = await this.#choosePort(tries)
      const trouble = await this.#run()
      if (trouble === undefined) return `http://${HOST}:${this.#port}`
      // Another program can have taken the port between the look and the start.
      if (tries === STARTS_MAX - 1) this.#options.log(`prometheus does not come up (${trouble}); see ${this.#options.directory}/log`)
    }
    return undefined
  }

  async #choosePort(tries: number): Promise<number> {
    const usual = this.#options.port ?? USUAL_PORT
    return tries === 0 && usual !== 0 && (await portState(HOST, usual)).kind === 'free' ? usual : freePort(HOST)
  }

  /** Starts a process that is watched over once it answers. A sentence when it ended first, or was too slow and was ended. */
  async #run(): Promise<string | undefined> {
    const { processes, clock, directory, program } = this.#options
    const started = clock.now()
    const running = await processes
      .spawn({ command: [program, ...this.#words()], env: {}, cwd: directory, role: 'pod', logFile: join(directory, 'log') })
      .catch((error: unknown) => (error instanceof Error ? error.message : String(error)))
    if (typeof running === 'string') return running
    const exited = running.exited.then(({ code, signal }) => signal ?? `exit code ${code}`)
    const trouble = await Promise.race([exited, this.#untilReady()])
    if (trouble !== undefined) {
      await running.end(0)
      return trouble
    }
    void exited.then((how) => this.#again(how, clock.now() - started))
    return undefined
  }

  #words(): string[] {
    const { directory, admin } = this.#options
    mkdirSync(join(directory, 'data'), { recursive: true, mode: 0o700 })
    const config = join(directory, 'prometheus.json')
    writeFileSync(config, configText(admin), { mode: 0o600 })
    return [
      `--config.file=${config}`,
      `--web.listen-address=${HOST}:${this.#port}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--storage.tsdb.retention.time=${KEPT_TIME}`,
      `--storage.tsdb.retention.size=${KEPT_SIZE}`,
      // Pages of other sites have no business here.
      '--web.cors.origin=https?://(localhost|127\\.0\\.0\\.1)(:\\d+)?'
    ]
  }

  async #untilReady(): Promise<string | undefined> {
    const { clock, signal } = this.#options
    const until = clock.now() + READY_WITHIN
    while (!signal.aborted) {
      if (await this.#answers()) return undefined
      if (clock.now() > until) return `not ready within ${READY_WITHIN / 1000} s`
      await wait(clock, LOOK_EVERY, signal).catch(() => undefined)
    }
    return 'stopped'
  }

  // Ready, and ours: another one may have the port.
  async #answers(): Promise<boolean> {
    const url = `http://${HOST}:${this.#port}`
    try {
      const ready = await fetch(`${url}/-/ready`, { signal: this.#options.signal })
      await ready.body?.cancel()
      if (!ready.ok) return false
      const flags = await fetch(`${url}/api/v1/status/flags`, { signal: this.#options.signal })
      return (await flags.text()).includes(JSON.stringify(join(this.#options.directory, 'data')))
    } catch {
      return false
    }
  }

  #again(how: string, lived: Millis): void {
    const { clock, log, signal } = this.#options
    if (signal.aborted) return
    this.#failures = lived >= SETTLED ? 1 : this.#failures + 1
    const delay = Math.min(RESTART_FIRST * 2 ** (this.#failures - 1), RESTART_MAX)
    log(`prometheus ended (${how}): another starts in ${delay} ms`)
    wait(clock, delay, signal)
      .then(() => this.#run())
      .then((trouble) => (trouble === undefined ? undefined : this.#again(trouble, 0)))
      // The instance ended first.
      .catch(() => undefined)
  }
}

/** JSON is YAML. Everything is scraped in one place, Envoy's counters with Istio's metrics, as at a sidecar. */
function configText(admin: string): string {
  const target = { targets: [new URL(admin).host] }
  const scrape = {
    job_name: 'serin',
    metrics_path: '/stats/prometheus',
    params: { usedonly: [''] },
    static_configs: [target]
  }
  const every = `${SCRAPE_SECONDS}s`
  const settings = { global: { scrape_interval: every, scrape_timeout: every, evaluation_interval: every }, scrape_configs: [scrape] }
  return `${JSON.stringify(settings, undefined, 2)}\n`
}
