// Open-loop load on raw sockets: requests are due in a batch at each millisecond, whether or not earlier ones were answered, and are timed
// from when they were due. A request that finds no free connection waits, and its waiting counts: nothing is left out when the proxy is
// slow (no coordinated omission), and lateness of this generator counts against the proxy, so it is reported. One answer at a time on each connection.

import { type Socket, connect } from 'node:net'
import { LogHistogram } from '../../src/metrics/log-histogram.ts'
import { answerIn } from './answer.ts'

/** What is sent, where, and how fast. */
export interface SteadyPlan {
  readonly port: number
  /** The whole request, head and body. */
  readonly request: string
  readonly rate: number
  readonly connections: number
  readonly signal: AbortSignal
  /** The time, in milliseconds that only grow; default performance.now. */
  readonly now?: () => number
  /** Hears of each answer: when its request was sent, the status, and the body when it is short. */
  readonly onAnswer?: (sent: number, status: number, body: string) => void
}

/** What came back of all requests that were due by the end, which waits for them. */
export interface SteadyReport {
  readonly sent: number
  /** Answered with 200. */
  readonly good: number
  /** Other answers, and requests whose connection closed. */
  readonly bad: number
  /** Due before the end and not sent long after it, as no connection was free. */
  readonly unsent: number
  /** Milliseconds from due to answered. */
  readonly latency: LogHistogram
  /** Milliseconds from due to sent: of this generator, and of waiting for a connection. */
  readonly lateness: LogHistogram
  readonly seconds: number
}

interface Line {
  readonly socket: Socket
  /** When its request was due and sent; undefined while it is free. */
  due: number | undefined
  sent: number
  kept: Buffer
}

const TICK = 1
/** Requests without an answer so long after the end are lost. */
const PATIENCE = 10_000

/** Makes load until the signal; resolves when the last answer is there. */
export async function steady(plan: SteadyPlan): Promise<SteadyReport> {
  const run = new Steady(plan)
  return run.whole()
}

class Steady {
  readonly #plan: SteadyPlan
  readonly #now: () => number
  readonly #free: Line[] = []
  readonly #lines = new Set<Line>()
  readonly #bytes: Buffer
  readonly #latency = new LogHistogram()
  readonly #lateness = new LogHistogram()
  #sent = 0
  #good = 0
  #bad = 0
  #start = 0
  // How many are due in the end; unknown before.
  #last = Number.POSITIVE_INFINITY
  #allAnswered: () => void = () => undefined

  constructor(plan: SteadyPlan) {
    this.#plan = plan
    this.#now = plan.now ?? (() => performance.now())
    this.#bytes = Buffer.from(plan.request, 'latin1')
  }

  async whole(): Promise<SteadyReport> {
    await Promise.all(Array.from({ length: this.#plan.connections }, () => this.#open()))
    this.#start = this.#now()
    const timer = setInterval(() => this.#pump(), TICK)
    await new Promise<void>((resolve) => this.#plan.signal.addEventListener('abort', () => resolve(), { once: true }))
    clearInterval(timer)
    const seconds = (this.#now() - this.#start) / 1000
    this.#last = Math.max(this.#sent, this.#due())
    // The last batches may not have had their turn.
    this.#pump()
    await this.#drained()
    const lost = this.#sent - this.#good - this.#bad
    for (const line of this.#lines) line.socket.destroy()
    const counts = { sent: this.#sent, good: this.#good, bad: this.#bad + lost, unsent: this.#last - this.#sent }
    return { ...counts, latency: this.#latency, lateness: this.#lateness, seconds }
  }

  async #drained(): Promise<void> {
    if (this.#isDrained) return
    const late = Promise.withResolvers<void>()
    const timer = setTimeout(late.resolve, PATIENCE)
    const answered = new Promise<void>((resolve) => (this.#allAnswered = resolve))
    await Promise.race([answered, late.promise])
    clearTimeout(timer)
  }

  get #isDrained(): boolean {
    return this.#sent >= this.#last && this.#free.length === this.#lines.size
  }

  #open(): Promise<void> {
    const socket = connect({ host: '127.0.0.1', port: this.#plan.port, noDelay: true })
    const line: Line = { socket, due: undefined, sent: 0, kept: EMPTY }
    this.#lines.add(line)
    socket.on('data', (bytes) => this.#read(line, bytes))
    socket.on('close', () => this.#closed(line))
    return new Promise((resolve, reject) => {
      socket.once('connect', () => {
        this.#free.push(line)
        resolve()
      })
      socket.on('error', reject)
    })
  }

  // A connection that the proxy closes is replaced; a request on it is a failure.
  #closed(line: Line): void {
    this.#lines.delete(line)
    const at = this.#free.indexOf(line)
    if (at >= 0) this.#free.splice(at, 1)
    if (line.due !== undefined) this.#bad += 1
    if (this.#sent < this.#last) this.#open().catch(() => undefined)
    else if (this.#isDrained) this.#allAnswered()
  }

  // How many are due by now: a batch at each whole millisecond of the run.
  #due(): number {
    return Math.min(this.#last, Math.floor((Math.floor(this.#now() - this.#start) * this.#plan.rate) / 1000))
  }

  #pump(): void {
    const due = this.#due()
    while (this.#sent < due) {
      const line = this.#free.pop()
      if (line === undefined) return
      this.#send(line)
    }
  }

  #send(line: Line): void {
    const number = this.#sent++
    line.due = this.#start + Math.ceil(((number + 1) * 1000) / this.#plan.rate)
    line.sent = this.#now()
    this.#lateness.add(line.sent - line.due)
    line.socket.write(this.#bytes)
  }

  #read(line: Line, bytes: Buffer): void {
    const all = line.kept.length === 0 ? bytes : Buffer.concat([line.kept, bytes])
    const answer = answerIn(all)
    if (answer === undefined) {
      line.kept = Buffer.from(all)
      return
    }
    if (line.due === undefined || answer.length !== all.length) return void line.socket.destroy()
    this.#latency.add(this.#now() - line.due)
    if (answer.status === 200) this.#good += 1
    else this.#bad += 1
    this.#plan.onAnswer?.(line.sent, answer.status, answer.body)
    line.due = undefined
    line.kept = EMPTY
    this.#free.push(line)
    this.#pump()
    if (this.#isDrained) this.#allAnswered()
  }
}

const EMPTY = Buffer.alloc(0)
