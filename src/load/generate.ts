// Open-loop load: requests are due at fixed instants whether or not earlier ones were answered, and are timed from when they were due,
// so a stalled server shows as latency. Bounded by the plan's connections, count and duration. Loads only what its plan names.

import type { Agent, IncomingMessage, RequestOptions } from 'node:http'
import type { Millis } from '../std/clock.ts'
import { LogHistogram } from '../metrics/log-histogram.ts'
import type { LoadPlan } from './load-plan.ts'

// Not imported: an import of node:http loads undici as well (docs/decisions/068).
const http = process.getBuiltinModule('node:http')

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

/** One request's end: answered whole with a status, or not, with an error code. */
export type LoadAnswer =
  | { readonly kind: 'answered'; readonly status: number; readonly body: string; readonly ms: Millis }
  | { readonly kind: 'unanswered'; readonly error: string; readonly ms: Millis }

/** How to reach the URL: through the mesh proxy `proxy` (an http:// URL) or directly. */
export interface LoadOptions {
  readonly signal: AbortSignal
  /** Aborted, nothing new is sent and what is under way is answered: a clean end before the plan's. */
  readonly until?: AbortSignal
  readonly proxy?: string | undefined
  /** Hears of each request's end. */
  readonly onAnswer?: (answer: LoadAnswer) => void
  /** The time, in milliseconds that only grow; default performance.now. */
  readonly now?: () => Millis
  /** How many bytes of each body onAnswer gets (default 0); the rest is read and dropped. */
  readonly bodyMax?: number
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
  readonly #agent: Agent
  readonly #statuses = new Map<number, number>()
  readonly #errors = new Map<string, number>()
  readonly #latency = new LogHistogram()
  readonly #now: () => Millis
  readonly #start: Millis
  #next = 0
  #busy = 0
  #endedAfter: Millis | undefined
  #timer: NodeJS.Timeout | undefined
  #done: () => void = () => undefined

  constructor(plan: LoadPlan, options: LoadOptions) {
    this.#plan = plan
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#start = this.#now()
    this.#agent = new http.Agent({ keepAlive: true, maxSockets: plan.connections, maxFreeSockets: plan.connections })
  }

  async whole(): Promise<LoadReport> {
    await new Promise<void>((resolve) => {
      this.#done = resolve
      for (const signal of [this.#options.signal, this.#options.until])
        signal?.addEventListener('abort', () => this.#pump(), { once: true })
      if (this.#plan.rate !== undefined) this.#timer = setInterval(() => this.#pump(), TICK)
      else this.#timer = setTimeout(() => this.#pump(), this.#plan.duration)
      this.#pump()
    })
    this.#agent.destroy()
    const duration = this.#now() - this.#start
    const unsent = Math.max(0, this.#due(Math.min(this.#endedAfter ?? duration, this.#plan.duration)) - this.#next)
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
    const { plan, elapsed } = { plan: this.#plan, elapsed: this.#now() - this.#start }
    if (this.#isOver(elapsed)) return this.#finish(elapsed)
    const free = plan.connections - this.#busy
    const due = plan.rate === undefined ? free : this.#due(elapsed) - this.#next
    const left = plan.count === undefined ? Infinity : plan.count - this.#next
    for (let n = Math.min(free, due, left); n > 0; n--) this.#send()
  }

  #isOver(elapsed: Millis): boolean {
    const { signal, until } = this.#options
    const { duration, count } = this.#plan
    return elapsed >= duration || signal.aborted || until?.aborted === true || (count !== undefined && this.#next >= count)
  }

  #finish(elapsed: Millis): void {
    clearInterval(this.#timer)
    this.#endedAfter ??= elapsed
    if (this.#busy === 0) this.#done()
  }

  #send(): void {
    const index = this.#next++
    this.#busy += 1
    const dueAt = this.#plan.rate === undefined ? this.#now() : this.#start + (index * 1000) / this.#plan.rate
    const ended = once((end: Ending) => this.#count(end, this.#now() - dueAt))
    const failed = (error: NodeJS.ErrnoException): void => ended({ kind: 'unanswered', error: error.code ?? error.message })
    const request = http.request({ ...this.#address(), agent: this.#agent, signal: this.#options.signal, timeout: this.#plan.timeout })
    request.on('timeout', () => request.destroy(Object.assign(new Error('no answer in time'), { code: 'timeout' })))
    request.on('error', failed)
    request.on('response', (response) => {
      const body = keep(response, this.#options.bodyMax ?? 0)
      response.on('error', failed)
      response.on('end', () => ended({ kind: 'answered', status: response.statusCode ?? 0, body: body() }))
    })
    request.end(this.#plan.body)
  }

  #count(end: Ending, ms: Millis): void {
    this.#latency.add(ms)
    if (end.kind === 'answered') this.#statuses.set(end.status, (this.#statuses.get(end.status) ?? 0) + 1)
    else this.#errors.set(end.error, (this.#errors.get(end.error) ?? 0) + 1)
    this.#options.onAnswer?.({ ...end, ms })
    this.#busy -= 1
    if (this.#endedAfter === undefined) this.#pump()
    else if (this.#busy === 0) this.#done()
  }

  #address(): RequestOptions {
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

type Ending =
  | { readonly kind: 'answered'; readonly status: number; readonly body: string }
  | { readonly kind: 'unanswered'; readonly error: string }

// A request can fail after its answer began, and a timeout is followed by the error it causes: the first end counts.
function once(act: (end: Ending) => void): (end: Ending) => void {
  let open = true
  return (end) => {
    if (!open) return
    open = false
    act(end)
  }
}

/** Reads the response to its end; gives what it kept of it. */
function keep(response: IncomingMessage, max: number): () => string {
  const chunks: Buffer[] = []
  let left = max
  response.on('data', (chunk: Buffer) => {
    if (left <= 0) return
    chunks.push(chunk.subarray(0, left))
    left -= chunk.length
  })
  return () => Buffer.concat(chunks).toString()
}
