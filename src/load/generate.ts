// Open-loop load: requests are due at fixed instants whether or not earlier ones were answered, and are timed from when they were due,
// so a stalled server shows as latency. Bounded by the plan's connections, count and duration. Loads only what its plan names.

import http from 'node:http'
import type { Millis } from '../std/clock.ts'
import { LogHistogram } from '../metrics/log-histogram.ts'
import type { LoadPlan } from './load-plan.ts'

/** What came back. */
export interface LoadReport {
  /** Requests that were sent, answered or not. */
  readonly sent: number
  /** Requests that became due but found no free connection before the load ended. */
  readonly unsent: number
  readonly statuses: ReadonlyMap<number, number>
  /** Requests without a whole answer, by error code (`ECONNREFUSED`, `timeout`, ...). */
  readonly errors: ReadonlyMap<string, number>
  readonly latency: LogHistogram
  readonly duration: Millis
}

/** Hears of each request's end, for live views. `status` is 0 when there was no whole answer. */
export type Listener = (status: number, ms: Millis, headers: http.IncomingHttpHeaders) => void

/** How to reach the URL: through the mesh proxy `proxy` (an http:// URL) or directly. */
export interface LoadOptions {
  readonly signal: AbortSignal
  readonly proxy?: string | undefined
  readonly onAnswer?: Listener
}

/** Makes the load; resolves when the last request ended. An aborted signal ends it early: nothing new is sent, what is under way is cut. */
export async function generate(plan: LoadPlan, options: LoadOptions): Promise<LoadReport> {
  const run = new Run(plan, options)
  return run.whole()
}

// How often due requests are looked for: a request may start this much late, which is part of its latency.
const TICK: Millis = 2

class Run {
  readonly #plan: LoadPlan
  readonly #options: LoadOptions
  readonly #agent: http.Agent
  readonly #statuses = new Map<number, number>()
  readonly #errors = new Map<string, number>()
  readonly #latency = new LogHistogram()
  readonly #start = performance.now()
  #next = 0
  #busy = 0
  #ended = false
  #timer: NodeJS.Timeout | undefined
  #done: () => void = () => undefined

  constructor(plan: LoadPlan, options: LoadOptions) {
    this.#plan = plan
    this.#options = options
    this.#agent = new http.Agent({ keepAlive: true, maxSockets: plan.connections, maxFreeSockets: plan.connections })
  }

  async whole(): Promise<LoadReport> {
    await new Promise<void>((resolve) => {
      this.#done = resolve
      this.#options.signal.addEventListener('abort', () => this.#pump(), { once: true })
      if (this.#plan.rate !== undefined) this.#timer = setInterval(() => this.#pump(), TICK)
      else this.#timer = setTimeout(() => this.#pump(), this.#plan.duration)
      this.#pump()
    })
    this.#agent.destroy()
    const duration = performance.now() - this.#start
    const unsent = Math.max(0, this.#due(Math.min(duration, this.#plan.duration)) - this.#next)
    return {
      sent: this.#next,
      unsent: this.#options.signal.aborted ? 0 : unsent,
      statuses: this.#statuses,
      errors: this.#errors,
      latency: this.#latency,
      duration
    }
  }

  /** How many requests are due by `elapsed`. */
  #due(elapsed: Millis): number {
    const { rate, count } = this.#plan
    const byTime = rate === undefined ? this.#next : Math.floor((elapsed * rate) / 1000) + 1
    return count === undefined ? byTime : Math.min(count, byTime)
  }

  #pump(): void {
    const { plan, elapsed } = { plan: this.#plan, elapsed: performance.now() - this.#start }
    const over = elapsed >= plan.duration || this.#options.signal.aborted || (plan.count !== undefined && this.#next >= plan.count)
    if (over) return this.#finish()
    const free = plan.connections - this.#busy
    const due = plan.rate === undefined ? free : this.#due(elapsed) - this.#next
    const left = plan.count === undefined ? Infinity : plan.count - this.#next
    for (let n = Math.min(free, due, left); n > 0; n--) this.#send()
  }

  #finish(): void {
    clearInterval(this.#timer)
    this.#ended = true
    if (this.#busy === 0) this.#done()
  }

  #send(): void {
    const index = this.#next++
    this.#busy += 1
    const dueAt = this.#plan.rate === undefined ? performance.now() : this.#start + (index * 1000) / this.#plan.rate
    let open = true
    const end = (status: number, error: string | undefined, headers: http.IncomingHttpHeaders): void => {
      if (!open) return
      open = false
      const ms = performance.now() - dueAt
      this.#latency.add(ms)
      if (error === undefined) this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1)
      else this.#errors.set(error, (this.#errors.get(error) ?? 0) + 1)
      this.#options.onAnswer?.(error === undefined ? status : 0, ms, headers)
      this.#busy -= 1
      if (!this.#ended) this.#pump()
      else if (this.#busy === 0) this.#done()
    }
    const request = http.request({ ...this.#address(), agent: this.#agent, signal: this.#options.signal, timeout: this.#plan.timeout })
    request.on('timeout', () => request.destroy(Object.assign(new Error('no answer in time'), { code: 'timeout' })))
    request.on('error', (error: NodeJS.ErrnoException) => end(0, error.code ?? error.message, {}))
    request.on('response', (response) => {
      response.on('error', (error: NodeJS.ErrnoException) => end(0, error.code ?? error.message, {}))
      response.on('end', () => end(response.statusCode ?? 0, undefined, response.headers))
      response.resume()
    })
    request.end(this.#plan.body)
  }

  #address(): http.RequestOptions {
    const { url, method, headers, body } = this.#plan
    const target = new URL(url)
    const sent = Object.fromEntries([
      ['host', target.host],
      ...(body === '' ? [] : [['content-length', Buffer.byteLength(body)]]),
      ...headers.map(([name, value]) => [name.toLowerCase(), value])
    ])
    if (this.#options.proxy === undefined) {
      return { host: target.hostname, port: target.port || 80, path: target.pathname + target.search, method, headers: sent }
    }
    const proxy = new URL(this.#options.proxy)
    return { host: proxy.hostname, port: proxy.port, path: target.href, method, headers: sent }
  }
}
