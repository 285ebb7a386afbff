// A Prometheus of a test's own, and what it scrapes each second: pages in its text format that the test writes. Unlike the one beside
// `serin up` it is killed and started as the test wants. Started ones are stopped by who started them.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { close, freePort, listen } from '../../src/cli/listening.ts'
import { HOST } from '../../src/cli/ports.ts'
import { EXPOSITION_TYPE } from '../../src/metrics/exposition.ts'
import { PROMETHEUS_FOLDER } from './prometheus-program.ts'
import { run, succeeded, until } from './run.ts'

/** How often pages are scraped unless a test says otherwise, ms; a scrape that takes as long has failed. */
export const SCRAPED_EVERY = 1_000

// Scrapes begin within 2 ms of the time that their samples have.
const SAMPLED_WITHIN = 5

/** One target: what it answers a scrape with; undefined: it ends the connection. */
export type Page = () => string | undefined

/** A server of pages, each a target of its own: its label `instance` is the name of the page. */
export class Pages {
  readonly #server: http.Server
  readonly #pages = new Map<string, Page>()
  readonly #elsewhere = new Map<string, string>()
  #port = 0

  constructor() {
    this.#server = http.createServer((request, response) => {
      const name = (request.url ?? '/').slice(1)
      const location = this.#elsewhere.get(name)
      if (location !== undefined) return void response.writeHead(302, { location }).end()
      const text = this.#pages.get(name)?.()
      if (text === undefined) return void request.socket.destroy()
      response.writeHead(200, { 'content-type': EXPOSITION_TYPE }).end(text)
    })
  }

  /** Of names that were given when it was started. */
  show(name: string, page: Page): void {
    this.#pages.set(name, page)
  }

  /** The same, of a page that another program has: a Prometheus goes where it is led. */
  lead(name: string, url: string): void {
    this.#elsewhere.set(name, url)
  }

  /** Starts it. Nothing is shown on a page before a test shows something. */
  async start(): Promise<void> {
    this.#port = await listen(this.#server, 0)
  }

  async stop(): Promise<void> {
    await close(this.#server)
  }

  get host(): string {
    return `${HOST}:${this.#port}`
  }
}

/** What a Prometheus is started with. */
export interface RealPrometheusOptions {
  readonly pages: Pages
  /** Of the pages that it scrapes. */
  readonly names: readonly string[]
  /** How often it scrapes, ms; longer where pages are long: a busy machine takes seconds for one. */
  readonly every?: number
  /** More words of its command line. */
  readonly words?: readonly string[]
  /** Samples that it has from before, in the format of OpenMetrics. */
  readonly before?: string
}

/** A Prometheus. Owns its process and folder. */
export class RealPrometheus {
  readonly #options: RealPrometheusOptions
  #folder = ''
  #child: ChildProcess | undefined
  #port = 0
  #said = ''

  constructor(options: RealPrometheusOptions) {
    this.#options = options
  }

  get url(): string {
    return `http://${HOST}:${this.#port}`
  }

  /** Starts it and waits until it answers; again, at the same port with what it had, when it was killed. */
  async start(): Promise<void> {
    const known = this.#port
    if (known === 0) await this.#prepare()
    // Another program can have taken the port between the look and the start, or a connection while it was down.
    const start = async (): Promise<boolean> => {
      this.#port = known === 0 ? await freePort(HOST) : known
      return this.#run()
    }
    await until('a Prometheus that comes up', start).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.#said}`)
    })
  }

  /** Ends it as `kill -9` does. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || isOver(child)) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  /** Ends it and removes what it kept. */
  async stop(): Promise<void> {
    await this.kill()
    if (this.#folder !== '') rmSync(this.#folder, { recursive: true, force: true })
  }

  /** The value of each series that an instant query finds, with its labels. */
  async ask(query: string): Promise<readonly { readonly metric: Readonly<Record<string, string>>; readonly value: number }[]> {
    const response = await fetch(`${this.url}/api/v1/query?${new URLSearchParams({ query }).toString()}`)
    // as Prometheus documents its answers
    const { data } = (await response.json()) as { data: { result: { metric: Record<string, string>; value: [number, string] }[] } }
    return data.result.map(({ metric, value: [, text] }) => ({ metric, value: Number(text) }))
  }

  /** Waits until each of these pages has been scraped, by a scrape that began after this call. */
  scrapes(...names: readonly string[]): Promise<void> {
    return this.#tries(names, 1)
  }

  /** Waits until a scrape of each of these pages, that began after this call, has had no answer. */
  misses(...names: readonly string[]): Promise<void> {
    return this.#tries(names, 0)
  }

  async #tries(names: readonly string[], up: 0 | 1): Promise<void> {
    const since = Date.now() + SAMPLED_WITHIN
    await until(`${up === 1 ? 'scrapes' : 'failed scrapes'} of ${names.join(', ')}`, async () => {
      const found = await this.ask(`timestamp(up{instance=~"${names.join('|')}"}) and up == ${up}`)
      return found.filter(({ value }) => value * 1000 > since).length === names.length
    }).catch(async (error: unknown) => {
      throw new Error(`${String(error)}\n${await this.#troubles(names)}\n${this.#said.slice(-2000)}`)
    })
  }

  // What it says of the targets of these pages: when it scraped them last, and what came of it.
  async #troubles(names: readonly string[]): Promise<string> {
    const response = await fetch(`${this.url}/api/v1/targets`)
    // as Prometheus documents its answers
    const { data } = (await response.json()) as { data: { activeTargets: { labels: Record<string, string> }[] } }
    return JSON.stringify(data.activeTargets.filter(({ labels }) => names.includes(labels['instance'] ?? '')))
  }

  async #run(): Promise<boolean> {
    const { pages, names, words = [], every: ms = SCRAPED_EVERY } = this.#options
    const targets = names.map((name) => ({ targets: [pages.host], labels: { __metrics_path__: `/${name}`, instance: name } }))
    const every = `${ms / 1000}s`
    const config = {
      global: { scrape_interval: every, scrape_timeout: every },
      scrape_configs: [{ job_name: 'pages', static_configs: targets }]
    }
    const file = join(this.#folder, 'prometheus.json')
    writeFileSync(file, JSON.stringify(config))
    const own = [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(this.#folder, 'data')}`,
      `--web.listen-address=${new URL(this.url).host}`
    ]
    const child = spawn(join(PROMETHEUS_FOLDER ?? '', 'prometheus'), [...own, ...words], { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#child = child
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#said += text))
    const ended = once(child, 'exit').then(() => false)
    return Promise.race([ended, until('it to be ready', async () => isOver(child) || (await this.#answers())).then(() => !isOver(child))])
  }

  // Ready, and ours: another one may have the port.
  async #answers(): Promise<boolean> {
    const response = await fetch(`${this.url}/api/v1/status/flags`).catch(() => undefined)
    return response?.ok === true && (await response.text()).includes(this.#folder)
  }

  async #prepare(): Promise<void> {
    this.#folder = mkdtempSync(join(tmpdir(), 'serin-prometheus-'))
    const { before } = this.#options
    if (before === undefined) return
    const file = join(this.#folder, 'before.txt')
    writeFileSync(file, before)
    const words = ['tsdb', 'create-blocks-from', 'openmetrics', file, join(this.#folder, 'data')]
    succeeded(await run(join(PROMETHEUS_FOLDER ?? '', 'promtool'), words))
  }
}

function isOver({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}
