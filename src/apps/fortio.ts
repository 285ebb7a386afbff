// fortio for pods of the image fortio/fortio, and for `kubectl exec ... -- fortio load`: Serin's own load generator and an echo server behind
// fortio's commands and the lines of its summary that people and scripts read. What it has not is refused in words.

import type { IncomingMessage, Server } from 'node:http'
import { type LoadAnswer, generate, type LoadReport } from '../load/generate.ts'
import { type LoadPlan, readWords } from '../load/load-plan.ts'

// Not imported: an import of node:http loads undici as well (docs/decisions/068).
const http = process.getBuiltinModule('node:http')

/** Where it runs. */
export interface FortioOptions {
  /** The pod's way into the mesh. */
  readonly proxy: string | undefined
  readonly out: (line: string) => void
  readonly problem: (line: string) => void
  readonly signal: AbortSignal
}

const BODY_MAX = 1_048_576
const USAGE = 'fortio here has: load [-c -n -qps -t -H -X -payload -timeout ...] URL, curl [-H -X -payload] URL, server'

/** `fortio load ...` and `fortio curl ...` to the end: the exit status. `fortio server` is the caller's. */
export async function fortio(words: readonly string[], options: FortioOptions): Promise<number> {
  const [command = '', ...rest] = words
  if (command !== 'load' && command !== 'curl') {
    options.problem(command === '' ? USAGE : `fortio ${command} is not known here. ${USAGE}`)
    return 1
  }
  const once = command === 'curl' ? ['-n', '1', '-c', '1', '-qps', '0'] : []
  const reading = readWords(['fortio', 'load', ...once, ...rest])
  if (reading.kind === 'problem') {
    options.problem(reading.message)
    return 1
  }
  return command === 'curl' ? curl(reading.plan, options) : load(reading.plan, options)
}

async function curl(plan: LoadPlan, { proxy, signal, out, problem }: FortioOptions): Promise<number> {
  let seen: LoadAnswer | undefined
  const onAnswer = (answer: LoadAnswer): void => {
    seen = answer
  }
  await generate(plan, { proxy, signal, onAnswer, bodyMax: BODY_MAX })
  if (seen?.kind !== 'answered') {
    problem(`${plan.url}: ${seen?.error ?? 'no answer'}`)
    return 1
  }
  out(`HTTP/1.1 ${seen.status} ${http.STATUS_CODES[seen.status] ?? ''}\n\n${seen.body}`)
  return seen.status < 400 ? 0 : 1
}

async function load(plan: LoadPlan, { proxy, signal, out }: FortioOptions): Promise<number> {
  const rate = plan.rate === undefined ? 'max' : String(plan.rate)
  const calls = plan.count === undefined ? `for ${plan.duration / 1000}s` : `for exactly ${plan.count} calls`
  out(`Starting at ${rate} qps with ${plan.connections} thread(s) ${calls}: ${plan.url}`)
  const times = new Times()
  const report = await generate(plan, { proxy, signal, onAnswer: ({ ms }) => times.add(ms) })
  for (const line of summaryOf(report, times)) out(line)
  return report.sent === 0 ? 1 : 0
}

/** Sums of durations, which the histogram has not. */
class Times {
  min = Number.POSITIVE_INFINITY
  max = 0
  sum = 0
  squares = 0
  count = 0

  add(ms: number): void {
    this.min = Math.min(this.min, ms)
    this.max = Math.max(this.max, ms)
    this.sum += ms
    this.squares += ms * ms
    this.count += 1
  }
}

// fortio tells seconds.
const seconds = (ms: number): string => String(Number((ms / 1000).toPrecision(6)))

/** The lines of fortio's summary: function time, percentiles, an empty line never, codes with their shares, the last line. */
export function summaryOf(report: LoadReport, times: Pick<Times, 'min' | 'max' | 'sum' | 'squares' | 'count'>): string[] {
  const { sent, duration, latency, statuses, errors } = report
  const mean = times.count === 0 ? 0 : times.sum / times.count
  const deviation = times.count === 0 ? 0 : Math.sqrt(Math.max(0, times.squares / times.count - mean * mean))
  const rate = sent / (duration / 1000)
  const quantiles = [0.5, 0.75, 0.9, 0.99, 0.999].map((q) => `# target ${q * 100}% ${seconds(latency.quantile(q) ?? 0)}`)
  const share = (count: number): string => `${count} (${((100 * count) / Math.max(1, sent)).toFixed(1)} %)`
  // Whatever got no answer has fortio's code -1.
  const unanswered = [...errors.values()].reduce((sum, count) => sum + count, 0)
  const codes = [...statuses].toSorted(([a], [b]) => a - b).map(([code, count]) => `Code ${code} : ${share(count)}`)
  return [
    `Ended after ${seconds(duration)}s : ${sent} calls. qps=${rate.toPrecision(5)}`,
    `Aggregated Function Time : count ${times.count} avg ${seconds(mean)} +/- ${seconds(deviation)} min ${seconds(times.count === 0 ? 0 : times.min)} max ${seconds(times.max)} sum ${seconds(times.sum)}`,
    ...quantiles,
    ...[...errors].map(([error, count]) => `Error ${error} : ${count}`),
    ...(unanswered > 0 ? [`Code -1 : ${share(unanswered)}`] : []),
    ...codes,
    `All done ${sent} calls (plus 0 warmup) ${mean.toFixed(3)} ms avg, ${rate.toFixed(1)} qps`
  ]
}

/** fortio's echo server, not yet listening: the body comes back; `/debug` tells the request; `?status=` chooses the status. */
export function echoServer(): Server {
  return http.createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://echo')
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= BODY_MAX) chunks.push(chunk)
    })
    request.on('end', () => {
      if (size > BODY_MAX) return response.writeHead(413).end()
      const body = Buffer.concat(chunks)
      const status = Number(url.searchParams.get('status') ?? 200)
      response.writeHead(Number.isInteger(status) && status >= 200 && status <= 599 ? status : 400, { 'content-type': 'text/plain' })
      response.end(url.pathname.endsWith('/debug') ? debugText(request, body) : body)
    })
  })
}

function debugText(request: IncomingMessage, body: Buffer): string {
  const headers = Object.entries(request.headers).map(([name, value]) => `${name}: ${String(value)}`)
  return [`${request.method} ${request.url} HTTP/1.1`, '', 'headers:', '', ...headers, '', 'body:', '', body.toString(), ''].join('\n')
}
