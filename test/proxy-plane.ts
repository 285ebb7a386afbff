// A data plane on loopback for tests: raw upstream servers, routes and clusters in a few words, a client that sends bytes as they are.
// What is opened is closed after each test.

import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { afterEach } from 'vitest'
import { systemClock } from '../src/host/system-clock.ts'
import { DataPlane } from '../src/proxy/data-plane.ts'
import type { DataPlaneOptions } from '../src/proxy/data-plane.ts'
import { SYSTEM_SOCKETS } from '../src/proxy/transport.ts'
import type { Sockets } from '../src/proxy/transport.ts'
import type { RetryPolicy } from '../src/route/decision.ts'
import { PLAIN_FORWARD, PLAIN_SETTINGS, onlyChoice } from '../src/route/plain.ts'
import type { Cluster, Endpoint, HostEntry, Route, Source, TableChange } from '../src/route/route-table.ts'
import { VirtualClock } from '../src/std/clock.ts'
import type { Clock } from '../src/std/clock.ts'
import { seeded } from '../src/std/draw.ts'
import { READ_MODE } from './read-mode.ts'

export const realClock = systemClock()

export const SOURCE: Source = {
  workload: 'istio-ingressgateway',
  namespace: 'istio-system',
  app: 'istio-ingressgateway',
  version: 'latest'
}
export const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

export const portOf = (server: Server): number => (server.address() as AddressInfo).port

// A raw upstream: `serve` gets each accepted socket.
export async function upstream(serve: (socket: Socket, count: number) => void): Promise<number> {
  let count = 0
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    serve(socket, ++count)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return portOf(server)
}

// Answers every complete head with `answer(head)`; bodies are read by the caller.
export function onHeads(socket: Socket, answer: (text: string) => string): void {
  let text = ''
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1')
    for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
      const head = text.slice(0, end)
      text = text.slice(end + 4)
      socket.write(answer(head), 'latin1')
    }
  })
}

export const ok = (body: string, more = ''): string => `HTTP/1.1 200 OK\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`

export const endpoint = (port: number, version = 'v1'): Endpoint => ({
  address: '127.0.0.1',
  port,
  weight: 1,
  locality: '',
  priority: 0,
  pod: `pod-${port}`,
  namespace: 'default',
  workload: `reviews-${version}`,
  app: 'reviews',
  version
})

export const cluster = (id: string, endpoints: readonly Endpoint[], more: Partial<Cluster> = {}): Cluster => ({
  id,
  host: 'reviews.default.svc.cluster.local',
  namespace: 'default',
  serviceName: 'reviews',
  port: 80,
  subset: undefined,
  endpoints,
  ...PLAIN_SETTINGS,
  balance: 'round-robin',
  connectTimeout: 1000,
  ...more
})

// Twice more after a 5xx, at once.
export const RETRY: RetryPolicy = {
  attempts: 2,
  perTryTimeout: 0,
  on: ['5xx'],
  statuses: [],
  avoidTried: false,
  backoffBase: 1,
  backoffMax: 2
}

type ForwardAction = Extract<Route['action'], { kind: 'forward' }>

export const forward = (choices: readonly (readonly [id: string, weight: number])[], more: Partial<ForwardAction> = {}): Route => ({
  ref: { virtualService: 'default/reviews', name: undefined, index: 0 },
  path: { kind: 'any' },
  headers: [],
  query: [],
  action: {
    ...PLAIN_FORWARD,
    choices: choices.map(([id, weight]) => ({ ...onlyChoice(id), weight })),
    total: choices.reduce((sum, [, weight]) => sum + weight, 0),
    ...more
  }
})

export const entry = (routes: readonly Route[]): HostEntry => ({ id: 'all', version: 1, host: '*', httpsRedirect: false, routes })

export function table(clusters: readonly Cluster[], routes: readonly Route[], host = '*'): TableChange[] {
  const scope = { id: 'gateway|80', kind: 'gateway' as const, port: 80, namespace: '', tls: false }
  return [
    ...clusters.map((one): TableChange => ({ kind: 'put-cluster', version: 1, cluster: one })),
    { kind: 'put-entry', version: 1, entry: entry(routes) },
    { kind: 'put-scope', version: 1, scope },
    { kind: 'bind', version: 1, scope: scope.id, host, entry: 'all' }
  ]
}

// The system's sockets, and the servers that were made of them. Whether a closed one refuses is not the same question in a process that starts
// others: until a child has begun its program it has the listening socket too, and a call is let in and then reset.
export function seenServers(): { readonly sockets: Sockets; readonly servers: readonly Server[] } {
  const servers: Server[] = []
  const createServer: Sockets['createServer'] = (options, onSocket) => {
    const server = SYSTEM_SOCKETS.createServer(options, onSocket)
    servers.push(server)
    return server
  }
  return { sockets: { ...SYSTEM_SOCKETS, createServer }, servers }
}

// Waits end as they do, and no deadline is ever met: what takes long on a busy machine is not taken for a peer that hangs.
export const STILL = { clock: realClock, monotonic: (): number => 0 }

export async function plane(
  changes: readonly TableChange[],
  more: Partial<DataPlaneOptions> = {}
): Promise<{ plane: DataPlane; port: number }> {
  const made = new DataPlane({ ...STILL, draw: seeded(7), readMode: READ_MODE, limits: { drainTimeout: 200 }, ...more })
  made.apply(changes)
  const port = await made.listen({ id: 'http', address: '127.0.0.1', port: 0, entry: { kind: 'gateway', port: 80 }, source: SOURCE })
  cleanups.push(() => made.drain(0))
  return { plane: made, port }
}

// Time for a plane that passes only when the test says so: what it counts on does not happen too early because the machine is slow.
export function ownTime(): { readonly clock: VirtualClock; readonly monotonic: () => number } {
  const clock = new VirtualClock()
  return { clock, monotonic: () => clock.now() }
}

// Lets time pass until `what` is there, and a turn of the event loop between two looks of the plane.
export async function passing<T>(time: VirtualClock, what: Promise<T>): Promise<T> {
  const state = { over: false }
  const watched = what.finally(() => (state.over = true))
  // It is the caller's to hear of, and comes while nobody listens.
  watched.catch(() => undefined)
  while (!state.over) {
    await time.advance(50)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return watched
}

// The clock, and whether anybody has begun to wait for `delay`.
export function noticing(clock: Clock, delay: number): { readonly clock: Clock; readonly waits: () => boolean } {
  let noticed = false
  const after: Clock['after'] = (millis, wake) => {
    noticed ||= millis === delay
    return clock.after(millis, wake)
  }
  return { clock: { now: () => clock.now(), after }, waits: () => noticed }
}

// Sends bytes and collects what comes until the peer closes or `until` holds.
export function talk(
  to: number | { readonly port: number; readonly host: string },
  bytes: string | readonly string[],
  until?: (text: string) => boolean
): Promise<string> {
  const { port, host } = typeof to === 'number' ? { port: to, host: '127.0.0.1' } : to
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host, noDelay: true, allowHalfOpen: true })
    let text = ''
    const done = (): void => {
      resolve(text)
      socket.destroy()
    }
    cleanups.push(() => socket.destroy())
    socket.on('data', (piece) => {
      text += piece.toString('latin1')
      if (until?.(text) === true) done()
    })
    socket.on('end', done)
    socket.on('close', done)
    socket.on('error', (error) => (text === '' ? reject(error) : done()))
    const pieces = typeof bytes === 'string' ? [bytes] : bytes
    const send = (at: number): void => {
      const piece = pieces[at]
      if (piece === undefined) return
      socket.write(piece, 'latin1', () => setImmediate(() => send(at + 1)))
    }
    send(0)
  })
}

// Looks again after each turn of the event loop.
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

export const get = (path = '/', more = ''): string => `GET ${path} HTTP/1.1\r\nHost: reviews\r\n${more}Connection: close\r\n\r\n`
export const statusOf = (text: string): number => Number(text.split(' ')[1])
export const bodyOf = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4)

export function counted(made: DataPlane, reporter: 'source' | 'destination' = 'source'): string[] {
  return made.recorder
    .snapshot()
    .filter((cell) => cell.labels.reporter === reporter)
    .flatMap((cell) => cell.counts.map((one) => `${cell.labels.destinationVersion} ${one.code} ${one.flags} ${one.count}`))
    .sort()
}
