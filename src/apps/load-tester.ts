// serin/loadtester: answers Flagger's load-test webhooks. A command line is read as a plan and run by our own generator; no shell is
// ever started. Like Flagger's, it answers 202 when the load was started and reports its result only in its log.

import type { IncomingMessage, Server } from 'node:http'
import { generate, type LoadReport } from '../load/generate.ts'
import { type LoadPlan, readCommand } from '../load/load-plan.ts'

// Not imported: an import of node:http loads undici as well (docs/decisions/068).
const http = process.getBuiltinModule('node:http')

/** What the tester needs of its pod. */
export interface LoadTesterOptions {
  readonly proxy: string | undefined
  readonly log: (line: string) => void
  readonly signal: AbortSignal
}

const MAX_BODY = 256 * 1024
const MAX_RUNNING = 32

interface Answer {
  readonly status: number
  readonly text: string
}

/** The tester as a server, not yet listening. */
export function loadTester(options: LoadTesterOptions): Server {
  const running = new Set<string>()
  return http.createServer((request, response) => {
    const reply = ({ status, text }: Answer): void => {
      response.writeHead(status, { 'content-type': 'text/plain' }).end(`${text}\n`)
    }
    if (request.url === '/healthz') return reply({ status: 200, text: 'ok' })
    readBody(request)
      .then((body) => (body === undefined ? { status: 413, text: `body above ${MAX_BODY} bytes` } : start(body, running, options)))
      .then(reply, (error: unknown) => reply({ status: 400, text: String(error) }))
  })
}

function start(body: string, running: Set<string>, options: LoadTesterOptions): Answer {
  const task = readTask(body)
  if (typeof task === 'string') return { status: 400, text: task }
  const reading = readCommand(task.command)
  if (reading.kind === 'problem') return { status: 400, text: reading.message }
  const key = `${task.canary} ${task.command}`
  if (running.has(key)) return { status: 202, text: 'already running' }
  if (running.size >= MAX_RUNNING) return { status: 429, text: `${MAX_RUNNING} loads are running, which is the most` }
  running.add(key)
  options.log(`start ${key}`)
  void runLoad(reading.plan, options)
    .then(
      (report) => options.log(`end ${key}: ${summary(report)}`),
      (error: unknown) => options.log(`end ${key}: ${String(error)}`)
    )
    .finally(() => running.delete(key))
  return { status: 202, text: 'started' }
}

async function runLoad(plan: LoadPlan, { proxy, signal }: LoadTesterOptions): Promise<LoadReport> {
  return generate(plan, { proxy, signal })
}

/** One line: how many, which answers, how fast. */
export function summary(report: LoadReport): string {
  const answers = [...report.statuses, ...report.errors].map(([what, count]) => `${what}: ${count}`)
  const p99 = report.latency.quantile(0.99)
  const latency = p99 === undefined ? '' : `, p99 ${p99.toFixed(1)} ms`
  return `${report.sent} requests in ${(report.duration / 1000).toFixed(1)} s (${answers.join(', ')})${latency}`
}

/** Flagger's webhook payload: the canary and the command in its metadata, or what is wrong with it. */
function readTask(body: string): { readonly canary: string; readonly command: string } | string {
  let payload: unknown
  try {
    payload = JSON.parse(body)
  } catch {
    return 'the body is not JSON'
  }
  if (typeof payload !== 'object' || payload === null) return 'the body is not a JSON object'
  const { name, namespace, metadata } = payload as { name?: unknown; namespace?: unknown; metadata?: unknown } // checked here and below
  if (typeof metadata !== 'object' || metadata === null)
    return 'metadata is missing: give the webhook a metadata.cmd such as "hey -z 1m -q 10 -c 2 http://app.test/"'
  const { type = 'cmd', cmd } = metadata as { type?: unknown; cmd?: unknown }
  if (type !== 'cmd') return `metadata.type "${String(type)}" is not run here: use cmd`
  if (typeof cmd !== 'string' || cmd === '')
    return 'metadata.cmd is missing: give the command to run, such as "hey -z 1m -q 10 -c 2 http://app.test/"'
  return { canary: `${String(name)}.${String(namespace)}`, command: cmd }
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
