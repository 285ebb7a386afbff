import { Socket, connect } from 'node:net'
import { describe, expect, it, test } from 'vitest'
import { helloFor } from '../../test/client-hello.ts'
import { SOURCE, STILL, cleanups, cluster, endpoint, entry, forward, ownTime, passing, until, upstream } from '../../test/proxy-plane.ts'
import { READ_MODE } from '../../test/read-mode.ts'
import type { Cluster, Route, TableChange } from '../route/route-table.ts'
import { streamScope } from '../route/route-table.ts'
import { seeded } from '../std/draw.ts'
import { DataPlane } from './data-plane.ts'
import type { DataPlaneOptions } from './data-plane.ts'
import { SYSTEM_SOCKETS } from './transport.ts'
import type { Sockets } from './transport.ts'

const SCOPE = streamScope('db', 9000)

function changes(clusters: readonly Cluster[], routes: readonly Route[] | undefined, version = 1): TableChange[] {
  const put = clusters.map((one): TableChange => ({ kind: 'put-cluster', version, cluster: one }))
  if (routes === undefined) return put
  return [
    ...put,
    { kind: 'put-entry', version, entry: entry(routes) },
    { kind: 'put-scope', version, scope: { id: SCOPE, kind: 'mesh', port: 9000, namespace: '', tls: false } },
    { kind: 'bind', version, scope: SCOPE, host: '*', entry: 'all' }
  ]
}

interface Opened {
  readonly plane: DataPlane
  readonly port: number
}

async function streamPlane(
  clusters: readonly Cluster[],
  {
    routes = [forward([[clusters[0]?.id ?? '', 1]])],
    named = false,
    ...more
  }: Partial<DataPlaneOptions> & {
    readonly routes?: readonly Route[]
    readonly named?: boolean
  } = {}
): Promise<Opened> {
  const plane = new DataPlane({ ...STILL, draw: seeded(7), readMode: READ_MODE, limits: { drainTimeout: 200 }, ...more })
  plane.apply(changes(clusters, routes))
  const entrance = { kind: 'stream', scope: SCOPE, port: 9000, named } as const
  const port = await plane.listen({ id: 'db', address: '127.0.0.1', port: 0, entry: entrance, source: SOURCE })
  cleanups.push(() => plane.drain(0))
  return { plane, port }
}

interface Caller {
  readonly socket: Socket
  /** All that was heard so far. */
  readonly heard: () => string
  /** Settles with how it ended: `end`, or the code of its error. */
  readonly over: Promise<string>
}

function call(port: number, first = ''): Caller {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
  let text = ''
  socket.on('data', (piece) => (text += piece.toString('latin1')))
  const over = new Promise<string>((resolve) => {
    socket.on('end', () => resolve('end'))
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
    socket.on('close', () => resolve('close'))
  })
  cleanups.push(() => socket.destroy())
  if (first !== '') socket.write(first)
  return { socket, heard: () => text, over }
}

const echo = (): Promise<number> => upstream((socket) => socket.pipe(socket))

function opened(plane: DataPlane): string[] {
  return plane.recorder
    .snapshot()
    .flatMap(({ labels, streams = [] }) =>
      streams.map(
        ({ flags, opened: some, closed, sent, received }) =>
          `${labels.reporter} ${labels.destinationWorkload} ${flags} ${some} ${closed} ${sent} ${received}`
      )
    )
    .toSorted()
}

const closedOnce = (plane: DataPlane) => (): boolean => plane.load.connections === 0

it('bytes pass both ways as they are, and are counted for both sides', async () => {
  const { plane, port } = await streamPlane([cluster('a', [endpoint(await echo())])])
  const caller = call(port, 'GET / HTTP/9\r\n\0\xff')
  await until(() => caller.heard().length === 17)
  expect(opened(plane)).toEqual(['destination reviews-v1 - 1 0 17 17', 'source reviews-v1 - 1 0 17 17'])
  caller.socket.end()
  expect(await caller.over).toBe('end')
  await until(closedOnce(plane))
  expect(opened(plane)).toEqual(['destination reviews-v1 - 1 1 17 17', 'source reviews-v1 - 1 1 17 17'])
  const { clusters, counters } = plane.stats()
  const values = new Map(clusters)
  expect(values.get('a')).toBeDefined()
  expect(counters['tcp.outbound_0.0.0.0_9000.downstream_cx_total']).toBe(1)
  expect(counters['tcp.outbound_0.0.0.0_9000.downstream_cx_active']).toBe(0)
  expect(plane.clusters.get('a')?.stats.read('upstream_cx_active')).toBe(0)
  expect(plane.clusters.get('a')?.slots[0]?.active).toBe(0)
  expect(plane.watched).toBe(0)
})

it('a server that speaks first is heard before the client says anything', async () => {
  const { port } = await streamPlane([cluster('a', [endpoint(await upstream((socket) => socket.write('220 ready')))])])
  const caller = call(port)
  await until(() => caller.heard() === '220 ready')
})

it('the end of one side is passed on, and the other goes on to speak', async () => {
  const answering = await upstream((socket) => {
    let text = ''
    socket.on('data', (piece) => (text += piece.toString()))
    socket.on('end', () => socket.end(`heard ${text}`))
  })
  const { port } = await streamPlane([cluster('a', [endpoint(answering)])])
  const caller = call(port, 'abc')
  caller.socket.end()
  expect(await caller.over).toBe('end')
  expect(caller.heard()).toBe('heard abc')
})

it('a server that ends goes on to listen', async () => {
  const heard: string[] = []
  const { port } = await streamPlane([
    cluster('a', [
      endpoint(
        await upstream((socket) => {
          socket.end('bye')
          socket.on('data', (piece) => heard.push(piece.toString()))
          socket.on('end', () => heard.push('end'))
        })
      )
    ])
  ])
  const caller = call(port)
  expect(await caller.over).toBe('end')
  caller.socket.end('still here')
  await until(() => heard.at(-1) === 'end')
  expect(heard.slice(0, -1).join('')).toBe('still here')
})

it.each(['client', 'server'] as const)('a reset of the %s is a reset for the other side', async (who) => {
  let served: Socket | undefined
  const seen: string[] = []
  const server = await upstream((socket) => {
    served = socket
    socket.on('error', (error: NodeJS.ErrnoException) => seen.push(error.code ?? ''))
    socket.resume()
  })
  const { plane, port } = await streamPlane([cluster('a', [endpoint(server)])])
  const caller = call(port, 'x')
  await until(() => served !== undefined && opened(plane).some((line) => line.endsWith('0 1')))
  const ended = who === 'client' ? caller.socket : served
  ended?.resetAndDestroy()
  void caller.over.then((how) => seen.push(how))
  await until(() => seen.includes('ECONNRESET'))
  await until(closedOnce(plane))
})

it('shares are kept connection by connection, as drawn', async () => {
  const [one, two] = [await upstream((socket) => socket.end('v1')), await upstream((socket) => socket.end('v2'))]
  let drawn = 0
  const { port } = await streamPlane([cluster('a', [endpoint(one)]), cluster('b', [endpoint(two, 'v2')])], {
    routes: [
      forward([
        ['a', 80],
        ['b', 20]
      ])
    ],
    draw: () => drawn
  })
  const counts = { v1: 0, v2: 0 }
  for (let at = 0; at < 50; at += 1) {
    drawn = (at % 10) / 10
    const caller = call(port)
    await caller.over
    counts[caller.heard() === 'v2' ? 'v2' : 'v1'] += 1
  }
  expect(counts).toEqual({ v1: 40, v2: 10 })
})

test.each<[string, { readonly clusters: readonly Cluster[]; readonly routes?: readonly Route[] }, string]>([
  ['no rule is for it', { clusters: [], routes: [] }, 'source unknown NR 1 1 0 0'],
  ['its destination is not there', { clusters: [], routes: [forward([['gone', 1]])] }, 'source unknown NC 1 1 0 0'],
  ['there is no endpoint', { clusters: [cluster('a', [])] }, 'source unknown UH 1 1 0 0'],
  ['nobody listens there', { clusters: [cluster('a', [endpoint(1)])] }, 'source unknown UF,URX 1 1 0 0']
])('a connection is closed when %s', async (_, { clusters, routes }, counted) => {
  const { plane, port } = await streamPlane(clusters, routes === undefined ? {} : { routes })
  const caller = call(port)
  await caller.over
  await until(closedOnce(plane))
  expect(caller.heard()).toBe('')
  expect(opened(plane)).toEqual([counted])
  expect(plane.clusters.get('a')?.slots[0]?.active ?? 0).toBe(0)
})

it('more connections than a destination takes are closed, until one is free', async () => {
  const { plane, port } = await streamPlane([cluster('a', [endpoint(await echo())], { maxConnections: 1 })])
  const first = call(port, 'a')
  await until(() => first.heard() === 'a')
  const second = call(port, 'b')
  await second.over
  expect(second.heard()).toBe('')
  expect(plane.clusters.get('a')?.stats.read('upstream_cx_overflow')).toBe(1)
  first.socket.end()
  await first.over
  await until(closedOnce(plane))
  const third = call(port, 'c')
  await until(() => third.heard() === 'c')
})

it('endpoints that cannot be connected to are left out for a while; one that can is forgiven its failures', async () => {
  const outlier = {
    interval: 10_000,
    baseEjection: 30_000,
    maxEjection: 300_000,
    maxPercent: 100,
    errors: { errors: 2, enforced: true },
    gateway: { errors: 5, enforced: false },
    localOrigin: undefined
  }
  const good = await echo()
  const { plane, port } = await streamPlane([cluster('a', [endpoint(1), endpoint(good)], { outlier })], { draw: () => 0.999 })
  const tries: string[] = []
  for (let at = 0; at < 8; at += 1) {
    const caller = call(port, 'x')
    caller.socket.end()
    await caller.over
    tries.push(caller.heard())
  }
  // In turns: the one that fails twice is asked no more.
  expect(tries.filter((heard) => heard === '')).toHaveLength(2)
  expect(plane.clusters.get('a')?.stats.read('outlier_detection.ejections_active')).toBe(1)
  expect(plane.clusters.get('a')?.slots[1]?.health.errors).toBe(0)
})

it('a connection on which nothing is said for the idle time is closed', async () => {
  const time = ownTime()
  const { plane, port } = await streamPlane([cluster('a', [endpoint(await echo())], { idleTimeout: 5000 })], time)
  const caller = call(port, 'a')
  await until(() => caller.heard() === 'a')
  await time.clock.advance(4000)
  caller.socket.write('b')
  await until(() => caller.heard() === 'ab')
  await time.clock.advance(4000)
  expect(plane.load.connections).toBe(1)
  await passing(time.clock, caller.over)
  await until(closedOnce(plane))
  expect(opened(plane)).toContain('source reviews-v1 SI 0 1 0 0')
})

it('a connection that is as old as a policy lets it be is closed, busy or not', async () => {
  const time = ownTime()
  const { plane, port } = await streamPlane([cluster('a', [endpoint(await echo())], { maxConnectionDuration: 3000 })], time)
  const caller = call(port, 'a')
  await until(() => caller.heard() === 'a')
  await passing(time.clock, caller.over)
  expect(time.clock.now()).toBeGreaterThanOrEqual(3000)
  await until(closedOnce(plane))
  expect(opened(plane)).toContain('source reviews-v1 DT 0 1 0 0')
})

it('an endpoint that does not answer a call is given up after the time to connect', async () => {
  const time = ownTime()
  const silent: Sockets = { ...SYSTEM_SOCKETS, connect: () => new Socket() }
  const { plane, port } = await streamPlane([cluster('a', [endpoint(1)], { connectTimeout: 700 })], { ...time, sockets: silent })
  const caller = call(port, 'a')
  await passing(time.clock, caller.over)
  expect(time.clock.now()).toBeGreaterThanOrEqual(700)
  await until(closedOnce(plane))
  expect(opened(plane)).toEqual(['source unknown UF,URX 1 1 0 0'])
  const stats = plane.clusters.get('a')?.stats
  expect([stats?.read('upstream_cx_connect_timeout'), stats?.read('upstream_cx_connect_fail')]).toEqual([1, 1])
})

describe('where server names decide', () => {
  const named = (name: string, id: string): Route => ({
    ...forward([[id, 1]]),
    headers: [{ name: ':authority', invert: false, test: { kind: 'exact', value: name } }]
  })

  async function namedPlane(more: Partial<DataPlaneOptions> = {}): Promise<Opened> {
    const [one, two] = [await upstream((socket) => socket.write('v1')), await echo()]
    return streamPlane([cluster('a', [endpoint(one)]), cluster('b', [endpoint(two, 'v2')])], {
      routes: [named('b.example', 'b'), forward([['a', 1]])],
      named: true,
      ...more
    })
  }

  it('a connection goes where its name says, with all that was read for it', async () => {
    const { plane, port } = await namedPlane({ accessLog: { encoding: 'text', format: '%REQUESTED_SERVER_NAME%', routes: 'all' } })
    const hello = await helloFor('B.example')
    const caller = call(port)
    for (const byte of hello.subarray(0, 20)) caller.socket.write(Buffer.of(byte))
    caller.socket.end(hello.subarray(20))
    await caller.over
    expect(Buffer.from(caller.heard(), 'latin1').equals(hello)).toBe(true)
    await until(closedOnce(plane))
    expect(plane.takeLog().map(([, line]) => line)).toEqual(['b.example', 'b.example'])
  })

  it.each(['GET / HTTP/1.1\r\n\r\n', ''])('a connection without TLS goes where those without a name go (%j)', async (first) => {
    const { port } = await namedPlane()
    const caller = call(port, first)
    caller.socket.end()
    await until(() => caller.heard() === 'v1')
  })

  it('a caller who says nothing is let in without a name in the end', async () => {
    const time = ownTime()
    const { plane, port } = await namedPlane({ ...time, limits: { headerTimeout: 1000 } })
    const caller = call(port)
    await passing(time.clock, new Promise<void>((resolve) => caller.socket.once('data', () => resolve())))
    expect(time.clock.now()).toBeGreaterThanOrEqual(1000)
    caller.socket.resetAndDestroy()
    await until(closedOnce(plane))
  })
})

it('a reader that does not read stops the other side, whose bytes are not gathered here', async () => {
  const chunk = Buffer.alloc(64 * 1024)
  let served: Socket | undefined
  const server = await upstream((socket) => {
    served = socket
    const more = (): void => {
      while (socket.write(chunk));
    }
    socket.on('drain', more)
    more()
  })
  const { plane, port } = await streamPlane([cluster('a', [endpoint(server)])])
  const socket = connect({ port, host: '127.0.0.1' })
  cleanups.push(() => socket.destroy())
  socket.pause()
  await until(() => (plane.recorder.reached()['pendingBytesMax'] ?? 0) > 0)
  const stuck = (): number => served?.bytesWritten ?? 0
  let before = -1
  // Once the system's buffers are full nothing moves.
  while (stuck() !== before) {
    before = stuck()
    for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  }
  expect(plane.load.kept).toBeLessThan(1024 * 1024)
  expect(plane.load.kept).toBeGreaterThan(0)
  let heard = 0
  socket.on('data', (piece) => (heard += piece.length))
  socket.resume()
  const much = before + 4 * chunk.length
  await until(() => heard > much)
  socket.destroy()
  await until(closedOnce(plane))
  expect(plane.load.kept).toBe(0)
})

it('a listener that goes lets connections end by themselves, and cuts what is left', async () => {
  const { plane, port } = await streamPlane([cluster('a', [endpoint(await echo())])], { limits: { drainTimeout: 20 } })
  const [leaving, staying] = [call(port, 'a'), call(port, 'b')]
  await until(() => leaving.heard() === 'a' && staying.heard() === 'b')
  const gone = plane.unlisten('db')
  leaving.socket.end('c')
  expect(await leaving.over).toBe('end')
  expect(leaving.heard()).toBe('ac')
  await gone
  await staying.over
  expect(plane.recorder.reached()['drainTimeout']).toBe(1)
})

it('an endpoint that goes is waited for while connections are in hand there', async () => {
  const { plane, port } = await streamPlane([cluster('a', [endpoint(await echo())])])
  const caller = call(port, 'a')
  await until(() => caller.heard() === 'a')
  plane.apply([{ kind: 'put-cluster', version: 2, cluster: cluster('a', []) }])
  let quiet = false
  const waited = plane.quiet('127.0.0.1', 60_000).then(() => (quiet = true))
  caller.socket.write('b')
  await until(() => caller.heard() === 'ab')
  expect(quiet).toBe(false)
  caller.socket.end()
  await waited
})

it('connections have lines in the log of both sides', async () => {
  const port = await echo()
  const { plane, port: at } = await streamPlane([cluster('outbound|9000||db', [endpoint(port)])], {
    routes: [forward([['outbound|9000||db', 1]])],
    accessLog: { encoding: 'text', format: undefined, routes: 'all' }
  })
  const caller = call(at, 'abc')
  caller.socket.end()
  await caller.over
  await until(closedOnce(plane))
  const plain = plane.takeLog().map(([pod, line]) => `${pod}: ${line.replace(/^\[.*?\]/, '').replaceAll(/127\.0\.0\.1:\d+/g, 'ADDRESS')}`)
  const text = (rest: string): string => ` "- - -" 0 - - - "-" 3 3 0 - "-" "-" "-" "-" "ADDRESS" ${rest}`
  expect(plain).toEqual([
    `: ${text('outbound|9000||db ADDRESS ADDRESS ADDRESS - -')}`,
    `default/pod-${port}: ${text(`inbound|${port}|| ADDRESS ADDRESS ADDRESS - -`)}`
  ])
})

it('whatever callers and endpoints do, nothing is left behind, and what was opened is closed', async () => {
  const random = seeded(11)
  const some = (most: number): number => Math.floor(random() * most)
  const act = (socket: Socket): void => {
    const data = Buffer.alloc(some(200_000))
    const acts = [
      () => socket.end(data),
      () => socket.resetAndDestroy(),
      () => socket.destroy(),
      () => socket.end(),
      () => void socket.write(data, () => socket.resetAndDestroy()),
      () => void socket.write(data, () => socket.end())
    ]
    socket.on('error', () => undefined)
    if (random() < 0.8) socket.resume()
    acts[some(acts.length)]?.()
  }
  const served = new Set<Socket>()
  const server = await upstream((socket) => {
    served.add(socket)
    act(socket)
  })
  const { plane, port } = await streamPlane([cluster('a', [endpoint(server), endpoint(1)], { maxConnections: 30 })], { draw: random })
  const called = 200
  for (let at = 0; at < called; at += 20) {
    const sockets = Array.from({ length: 20 }, () => connect({ port, host: '127.0.0.1', allowHalfOpen: true }))
    for (const socket of sockets) {
      cleanups.push(() => socket.destroy())
      act(socket)
    }
    // Who does not read goes in the end: nothing else would tell of the other side's.
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    for (const socket of [...sockets, ...served]) socket.destroy()
  }
  await until(() => {
    for (const socket of served) socket.destroy()
    return plane.load.connections === 0
  })
  const stats = plane.clusters.get('a')?.stats
  expect([plane.load.kept, plane.watched, stats?.read('upstream_cx_active'), stats?.read('upstream_rq_active')]).toEqual([0, 0, 0, 0])
  expect(plane.clusters.get('a')?.slots.map(({ active }) => active)).toEqual([0, 0])
  const counts = plane.recorder.snapshot().flatMap(({ labels, streams = [] }) => (labels.reporter === 'source' ? streams : []))
  const sum = (field: 'opened' | 'closed'): number => counts.reduce((total, count) => total + count[field], 0)
  expect(sum('closed')).toBe(sum('opened'))
  expect(sum('opened')).toBeGreaterThan(called / 2)
})
