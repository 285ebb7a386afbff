// Closed-loop load with wrk (one thread): as many requests as `connections` can carry, for a whole number of seconds.

import { spawn } from 'node:child_process'

/** What is asked, and how. */
export interface Shape {
  readonly path: string
  readonly connections: number
  /** A script for wrk, e.g. of a POST. */
  readonly script?: string | undefined
}

/** What wrk printed. */
export interface WrkResult {
  readonly requests: number
  readonly seconds: number
  /** Answers that are not 2xx or 3xx, and failures of sockets. */
  readonly errors: number
  /** Milliseconds. A closed loop does not ask while it waits: under saturation these say little. */
  readonly p50: number
  readonly p99: number
}

/** Request headers as a browser sends them; with the Host line nine. */
export const HEADERS: readonly string[] = [
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
  'Accept-Encoding: gzip, deflate, br',
  'Cache-Control: no-cache',
  'Cookie: session=0123456789abcdef0123456789abcdef; theme=dark',
  'Referer: http://shop.example.com/catalogue/list?page=3',
  'X-Trace: 4bf92f3577b34da6a3ce929d0e0e4736'
]

const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 }

/** Words of wrk's command line for one run against 127.0.0.1:`port`. */
export function wrkWords(shape: Shape, to: { readonly port: number; readonly host: string }, seconds: number): string[] {
  const headers = [`Host: ${to.host}`, ...HEADERS].flatMap((line) => ['-H', line])
  const script = shape.script === undefined ? [] : ['-s', shape.script]
  const bounds = ['-t', '1', '-c', String(shape.connections), '-d', `${seconds}s`, '--timeout', '10s', '--latency']
  return [...bounds, ...headers, ...script, `http://127.0.0.1:${to.port}${shape.path}`]
}

/** Reads what wrk printed; throws when it is not what a run prints. */
export function readWrk(text: string): WrkResult {
  const done = /(\d+) requests in ([\d.]+)(us|ms|s|m)\b/.exec(text)
  const p50 = percentile(text, '50')
  const p99 = percentile(text, '99')
  if (done === null || p50 === undefined || p99 === undefined) throw new Error(`wrk printed no result:\n${text}`)
  const sockets = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text)?.slice(1) ?? []
  const refused = /Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? '0'
  return {
    requests: Number(done[1]),
    seconds: (Number(done[2]) * (UNITS[done[3] ?? ''] ?? Number.NaN)) / 1000,
    errors: [...sockets, refused].reduce((sum, count) => sum + Number(count), 0),
    p50,
    p99
  }
}

function percentile(text: string, of: string): number | undefined {
  const found = new RegExp(`^\\s+${of}%\\s+([\\d.]+)(us|ms|s|m) *$`, 'm').exec(text)
  return found === null ? undefined : Number(found[1]) * (UNITS[found[2] ?? ''] ?? Number.NaN)
}

/** Runs a program to its end; gives what it printed. This process goes on meanwhile: it counts, and relays log lines. */
export function output(command: string, words: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { env, stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece))
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve(text) : reject(new Error(`${command} ended with ${code}:\n${text}`))))
  })
}
