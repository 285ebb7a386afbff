// serin/loadtester: the load tester that Flagger's webhooks call, at the same paths (flagger.md 5). Load is made by our own generator; other
// programs run only where that is switched on. As with Flagger's, load is answered 202 when it was started and its result is in the log.

import type { IncomingMessage, Server } from 'node:http'
import { printable } from '../std/printable.ts'
import { generate, type LoadReport } from '../load/generate.ts'
import { type GateAnswer, Gates } from './load-gates.ts'
import { runProgram } from './load-program.ts'
import { readSubject, readTask, type Subject, type Task } from './load-task.ts'

// Not imported: an import of node:http loads undici as well (docs/decisions/068).
const http = process.getBuiltinModule('node:http')

/** What the tester needs of its pod. */
export interface LoadTesterOptions {
  readonly proxy: string | undefined
  readonly log: (line: string) => void
  readonly signal: AbortSignal
  /** bash, helm, kubectl and other commands than load. Default off. */
  readonly programs?: 'on' | 'off'
  /** How long a program may take, in milliseconds; default an hour. */
  readonly timeout?: number
  /** Canaries of other namespaces are refused. */
  readonly namespaces?: RegExp | undefined
}

const MAX_BODY = 256 * 1024
const MAX_RUNNING = 32
const HOUR = 3_600_000
const LINE_MAX = 4096

type Answer = GateAnswer

/** The tester as a server, not yet listening. */
export function loadTester(options: LoadTesterOptions): Server {
  const tester = new Tester(options)
  return http.createServer((request, response) => {
    const reply = ({ status, text }: Answer): void => {
      response.writeHead(status, { 'content-type': 'text/plain' }).end(text.endsWith('\n') ? text : `${text}\n`)
    }
    tester.answer(request).then(reply, (error: unknown) => reply({ status: 400, text: String(error) }))
  })
}

class Tester {
  readonly #options: LoadTesterOptions
  readonly #gates = new Gates()
  readonly #running = new Set<string>()
  #started = 0

  constructor(options: LoadTesterOptions) {
    this.#options = { ...options, log: (line) => options.log(printable(line, LINE_MAX)) }
  }

  async answer(request: IncomingMessage): Promise<Answer> {
    const [path = '/'] = (request.url ?? '/').split('?', 1)
    const fixed = this.#fixed(path)
    const body = await readBody(request)
    if (fixed !== undefined) return fixed
    if (body === undefined) return { status: 413, text: `body above ${MAX_BODY} bytes` }
    const subject = readSubject(body)
    if (typeof subject === 'string') return { status: 400, text: subject }
    const { namespaces } = this.#options
    if (namespaces !== undefined && !namespaces.test(subject.namespace)) {
      return { status: 403, text: `canaries of namespace ${subject.namespace} are not served here` }
    }
    return this.#gates.answer(path, `${subject.name}.${subject.namespace}`) ?? this.#do(subject)
  }

  #fixed(path: string): Answer | undefined {
    switch (path) {
      case '/healthz':
        return { status: 200, text: 'ok' }
      case '/metrics':
        return { status: 200, text: this.#metrics() }
      case '/gate/approve':
        return { status: 200, text: 'approved' }
      case '/gate/halt':
        return { status: 403, text: 'halted' }
      default:
        return undefined
    }
  }

  #metrics(): string {
    return [
      '# TYPE loadtester_tasks_total counter',
      `loadtester_tasks_total ${this.#started}`,
      '# TYPE loadtester_tasks_running gauge',
      `loadtester_tasks_running ${this.#running.size}`,
      ''
    ].join('\n')
  }

  async #do(subject: Subject): Promise<Answer> {
    const task = readTask(subject, this.#options.programs ?? 'off')
    if (task.kind === 'refused') return task
    const key = `${subject.name}.${subject.namespace} ${task.command}`
    const isAwaited = task.kind === 'program' && task.isAwaited
    if (this.#running.has(key) && !isAwaited) return { status: 202, text: 'already running' }
    if (this.#running.size >= MAX_RUNNING) return { status: 429, text: `${MAX_RUNNING} tasks are running, which is the most` }
    if (task.kind === 'program' && isAwaited) return this.#waitFor(task, key)
    this.#running.add(key)
    this.#started += 1
    this.#options.log(`start ${key}`)
    void this.#run(task)
      .then(
        (result) => this.#options.log(`end ${key}: ${result}`),
        (error: unknown) => this.#options.log(`end ${key}: ${String(error)}`)
      )
      .finally(() => this.#running.delete(key))
    return { status: 202, text: 'started' }
  }

  async #run(task: Exclude<Task, { kind: 'refused' }>): Promise<string> {
    const { proxy, signal } = this.#options
    if (task.kind === 'load') return summary(await generate(task.plan, { proxy, signal }))
    const { isGood, output } = await this.#program(task.words)
    return `${isGood ? 'well' : 'badly'}: ${output.trim()}`
  }

  // Two of the same may run at once: each caller waits for its own.
  async #waitFor(task: Extract<Task, { kind: 'program' }>, key: string): Promise<Answer> {
    const own = `${key} ${this.#started++}`
    this.#running.add(own)
    this.#options.log(`start ${key}`)
    try {
      const { isGood, output } = await this.#program(task.words)
      this.#options.log(`end ${key}: ${isGood ? 'well' : 'badly'}`)
      if (!isGood) return { status: 500, text: output }
      return { status: 200, text: task.returnsOutput ? output : 'done' }
    } finally {
      this.#running.delete(own)
    }
  }

  #program(words: readonly string[]): ReturnType<typeof runProgram> {
    const { timeout = HOUR, signal } = this.#options
    return runProgram(words, timeout, signal)
  }
}

/** One line: how many, which answers, how fast. */
export function summary(report: LoadReport): string {
  const answers = [...report.statuses, ...report.errors].map(([what, count]) => `${what}: ${count}`)
  const p99 = report.latency.quantile(0.99)
  const latency = p99 === undefined ? '' : `, p99 ${p99.toFixed(1)} ms`
  return `${report.sent} requests in ${(report.duration / 1000).toFixed(1)} s (${answers.join(', ')})${latency}`
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    const bytes = chunk as Buffer // no encoding is set on the stream
    size += bytes.length
    if (size > MAX_BODY) return undefined
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString()
}
