// What the engine itself costs a request, without the system: one data plane over sockets that are queues in memory, 64 clients, the rules
// of proxy.ts. Usage: node --single-threaded-gc --min-semi-space-size=32 --max-semi-space-size=32 bench/engine.ts [CHECKOUT...] [--log text]
// Several checkouts take turns in one process, so that what disturbs the machine meets all; who comes second is some 10 % slower by that alone,
// so swap them and take the root of both ratios. For profiles: put --cpu-prof before it.

import { Socket } from 'node:net'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/host/system-clock.ts'
import type { DataPlane, DataPlaneOptions } from '../src/proxy/data-plane.ts'
import type { Sockets } from '../src/proxy/transport.ts'
import { diffTables } from '../src/route/diff-tables.ts'
import { EMPTY_TABLE } from '../src/route/route-table.ts'
import { median, quantile } from './lib/statistics.ts'
import { HEADERS } from './lib/wrk.ts'
import { CALLED, compiledRules } from './proxy-rules.ts'

const CLIENTS = 64
const REQUEST = Buffer.from(`GET /100 HTTP/1.1\r\nHost: ${CALLED}\r\n${HEADERS.map((line) => `${line}\r\n`).join('')}\r\n`)
const ANSWER = Buffer.from(
  `HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sat, 21 Nov 2026 22:18:42 GMT\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n` +
    `Connection: keep-alive\r\n\r\n${'x'.repeat(100)}`
)

type Reader = (bytes: Buffer) => void

/** What the engine uses of a net.Socket. `reader` hands it bytes, `onWritten` hears of its writes. */
class QueueSocket {
  readonly remoteAddress = '127.0.0.1'
  readonly remotePort = 40_000
  readonly localAddress = '127.0.0.1'
  readonly localPort = 80
  readonly destroyed = false
  readonly writableLength = 0
  readonly _handle = { useUserBuffer: (): void => undefined }
  busy = false
  reader: Reader = () => undefined
  readonly #onWritten: (socket: QueueSocket) => void

  constructor(onWritten: (socket: QueueSocket) => void) {
    this.#onWritten = onWritten
  }

  write(): boolean {
    this.#onWritten(this)
    return true
  }

  on(name: string, listener: () => void): this {
    if (name === 'connect') setImmediate(listener)
    return this
  }

  cork(): void {}
  uncork(): void {}
  pause(): void {}
  resume(): void {}
  end(): void {}
  destroy(): void {}
}

interface Run {
  readonly name: string
  /** So many rounds of a request of every client that has its answer; returns how many were sent. */
  readonly round: (times: number) => number
  readonly nanos: number[]
  readonly bytes: number[]
}

// Node's fields for reading to a buffer of one's own, as transport.ts sets them.
const [BUFFER, CALLBACK, GENERATOR] = ['kBuffer', 'kBufferCb', 'kBufferGen'].map((name) =>
  Object.getOwnPropertySymbols(new Socket()).find(({ description }) => description === name)
)

function acceptedReader(socket: QueueSocket): Reader {
  // The engine has set these fields when it accepted the socket.
  const fields = socket as unknown as Record<symbol, (length: number, bytes: Buffer) => Buffer | undefined>
  let buffer = fields[BUFFER as symbol] as unknown as Buffer
  return (bytes) => {
    buffer.set(bytes)
    fields[CALLBACK as symbol]?.(bytes.length, buffer)
    buffer = (fields[GENERATOR as symbol] as () => Buffer | undefined)() ?? buffer
  }
}

interface Plane {
  readonly sockets: Sockets
  /** Upstream sockets that were written to. */
  readonly asked: QueueSocket[]
  readonly accept: (socket: QueueSocket) => void
}

function queues(): Plane {
  const asked: QueueSocket[] = []
  const nothing = (): void => undefined
  let accept: (socket: QueueSocket) => void = nothing
  const connect = ({ onread }: { readonly onread: { buffer(): Buffer | undefined; callback(length: number): void } }): QueueSocket => {
    const socket = new QueueSocket((written) => asked.push(written))
    let buffer = onread.buffer() ?? REQUEST
    socket.reader = (bytes) => {
      buffer.set(bytes)
      onread.callback(bytes.length)
      buffer = onread.buffer() ?? buffer
    }
    return socket
  }
  const createServer = (_options: unknown, onSocket: (socket: QueueSocket) => void): unknown => {
    accept = onSocket
    const listen = (_where: unknown, done: () => void): void => done()
    return { on: nothing, once: nothing, off: nothing, close: nothing, address: () => ({ port: 80 }), listen }
  }
  // The engine sees no more of sockets than this.
  return { sockets: { connect, createServer } as unknown as Sockets, asked, accept: (socket) => accept(socket) }
}

function roundsOf({ asked, accept }: Plane, plane: DataPlane): Run['round'] {
  const clients = Array.from({ length: CLIENTS }, () => {
    const socket = new QueueSocket((written) => (written.busy = false))
    accept(socket)
    socket.reader = acceptedReader(socket)
    return socket
  })
  return (times) => {
    let sent = 0
    for (let time = 0; time < times; time++) {
      for (const client of clients) {
        if (client.busy) continue
        client.busy = true
        sent++
        client.reader(REQUEST)
      }
      for (const upstream of asked.splice(0)) upstream.reader(ANSWER)
    }
    forgetLog(plane)
    return sent
  }
}

// As a worker takes it: bytes that it has no more to do with. Checkouts that have no such log have lines.
function forgetLog(plane: DataPlane): void {
  const { accessLog: log } = plane
  if (log === undefined) while (plane.takeLog().length > 0);
  else for (let chunk = log.take(); chunk !== undefined; chunk = log.take()) log.free(chunk)
}

async function runOf(checkout: string, accessLog: DataPlaneOptions['accessLog']): Promise<Run> {
  const source = join(resolve(checkout), 'src', 'proxy', 'data-plane.ts')
  const { DataPlane: Plane } = (await import(source)) as { readonly DataPlane: typeof DataPlane }
  const made = queues()
  const plane = new Plane({ clock: systemClock(), draw: Math.random, readMode: 'buffer', sockets: made.sockets, accessLog })
  plane.apply(diffTables(EMPTY_TABLE, compiledRules(9)))
  const gateway = { workload: 'gateway', namespace: 'default', app: 'gateway', version: 'latest' }
  await plane.listen({ id: 'bench', address: '127.0.0.1', port: 0, entry: { kind: 'gateway', port: 80 }, source: gateway })
  return { name: checkout, round: roundsOf(made, plane), nanos: [], bytes: [] }
}

function measure({ round, nanos, bytes }: Run): void {
  const { heapUsed } = process.memoryUsage()
  const before = process.cpuUsage()
  const sent = round(10)
  const { user, system } = process.cpuUsage(before)
  const more = process.memoryUsage().heapUsed - heapUsed
  nanos.push((1000 * (user + system)) / sent)
  // Where the young generation was collected in between, nothing can be said.
  if (more > 0) bytes.push(more / sent)
}

const turn = (): Promise<void> => new Promise((done) => setImmediate(done))
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '300' }, log: { type: 'string' } }
})
const accessLog =
  values.log === undefined ? undefined : ({ encoding: values.log === 'json' ? 'json' : 'text', format: undefined, routes: 'all' } as const)
const runs: Run[] = []
const checkouts = positionals.length === 0 ? [fileURLToPath(new URL('..', import.meta.url))] : positionals
for (const checkout of checkouts) runs.push(await runOf(checkout, accessLog))
for (let round = -50; round < Number(values.rounds); round++) {
  for (const run of round % 2 === 0 ? runs : runs.toReversed()) {
    measure(run)
    if (round < 0) run.nanos.length = run.bytes.length = 0
    await turn()
  }
}
const first = runs[0]?.nanos ?? []
for (const { name, nanos, bytes } of runs) {
  const against = median(nanos.map((each, at) => each / (first[at] ?? each)))
  console.log(
    `${name}: ${quantile(nanos, 0.1).toFixed(0)} ns a request (p10), ${median(bytes).toFixed(0)} B of objects, ${against.toFixed(3)} of the first`
  )
}
process.exit(0)
