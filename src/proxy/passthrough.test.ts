import http from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { STILL } from '../../test/proxy-plane.ts'
import { seeded } from '../std/draw.ts'
import { objectsOf } from '../../test/route-mesh.ts'
import { READ_MODE } from '../../test/read-mode.ts'
import { clusterState } from '../route/cluster-state.ts'
import { compileRoutes } from '../route/compile-routes.ts'
import { diffTables } from '../route/diff-tables.ts'
import { meshConfigOf } from '../route/mesh-objects.ts'
import { PLAIN_ENDPOINT, PLAIN_FORWARD, PLAIN_SETTINGS, onlyChoice } from '../route/plain.ts'
import { EMPTY_TABLE, serviceScope } from '../route/route-table.ts'
import type { Route, RouteAction, RouteTable } from '../route/route-table.ts'
import type { ClusterState } from '../route/router.ts'
import { DataPlane } from './data-plane.ts'
import type { Entry } from './listener.ts'
import { Outside, isAddress } from './passthrough.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** Says the path and Host it was asked for. */
async function outside(): Promise<number> {
  const server = http.createServer((request, response) => response.end(`${request.method} ${request.url} ${request.headers.host}`))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => new Promise((resolve) => server.close(resolve)))
  // listening, so it has an address
  return (server.address() as AddressInfo).port
}

async function plane(entry: Entry): Promise<{ readonly made: DataPlane; readonly port: number }> {
  const made = new DataPlane({ ...STILL, draw: seeded(1), readMode: READ_MODE, limits: { drainTimeout: 100 } })
  const source = { workload: 'web', namespace: 'shop', app: 'web', version: 'v1' }
  const port = await made.listen({ id: 'l', address: '127.0.0.1', port: 0, entry, source })
  cleanups.push(() => made.drain(0))
  return { made, port }
}

const MESH: Entry = { kind: 'mesh', caller: { namespace: 'shop', labels: {} } }

function ask(port: number, target: string, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' })
    let text = ''
    socket.on('data', (bytes) => (text += bytes.toString('latin1')))
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
    socket.write(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
  })
}

const inShort = (answer: string): string => `${answer.split(' ')[1]} ${answer.slice(answer.indexOf('\r\n\r\n') + 4)}`

test('a host that is not of the mesh is called as the request names it, and counted as pass-through by the caller alone', async () => {
  const up = await outside()
  const { made, port } = await plane(MESH)
  for (const host of [`127.0.0.1:${up}`, `localhost:${up}`])
    expect(inShort(await ask(port, `http://${host}/a/./b?c=d`, 'ignored'))).toBe(`200 GET /a/b?c=d ${host}`)
  const cells = made.recorder.snapshot().filter(({ counts }) => counts.length > 0)
  const counted = cells.map(({ labels, counts }) => ({
    reporter: labels.reporter,
    source: labels.sourceWorkload,
    service: labels.destinationServiceName,
    counts: counts.map(({ code, flags, count }) => [code, flags, count])
  }))
  expect(counted).toEqual([{ reporter: 'source', source: 'web', service: 'PassthroughCluster', counts: [[200, '-', 2]] }])
})

test('a name that nobody knows is 503 DF, a port where nobody listens 503 UF', async () => {
  const { made, port } = await plane(MESH)
  expect(inShort(await ask(port, 'http://nobody.invalid/', 'nobody.invalid'))).toBe('503 DNS resolution failure')
  const [server, closed] = [http.createServer(), Promise.withResolvers<void>()]
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const free = (server.address() as AddressInfo).port
  server.close(() => closed.resolve())
  await closed.promise
  expect(inShort(await ask(port, `http://127.0.0.1:${free}/`, 'x'))).toMatch(/^503 upstream connect error.*connection failure$/)
  expect(made.recorder.snapshot().flatMap(({ counts }) => counts.map(({ code, flags }) => `${code} ${flags}`))).toEqual([
    '503 DF',
    '503 UF'
  ])
})

test.each<[string, Entry, string]>([
  ['a request to the proxy itself', MESH, '/'],
  ['a gateway', { kind: 'gateway', port: 80 }, 'absolute'],
  [
    'the address of a Service',
    { kind: 'service', host: 'a.b.svc.cluster.local', port: 80, declared: true, caller: { namespace: '', labels: {} } },
    'absolute'
  ]
])('%s does not pass unknown hosts: 404', async (_, entry, form) => {
  const up = await outside()
  const { port } = await plane(entry)
  expect(inShort(await ask(port, form === '/' ? '/' : `http://localhost:${up}/`, `localhost:${up}`))).toBe('404 ')
})

test.each([
  ['an HTTP port', true, ['200 GET / other', '502 ']],
  ['a port that does not say what it carries', false, ['200 GET / other', '200 GET / known']]
])("at a Service's own address, %s: a Host that nobody knows goes to the Service", async (_, declared, expected) => {
  const up = await outside()
  const host = 'a.b.svc.cluster.local'
  const { made, port } = await plane({ kind: 'service', host, port: 80, declared, caller: { namespace: '', labels: {} } })
  const route = (action: RouteAction): Route => ({
    ref: { virtualService: undefined, name: 'r', index: 0 },
    path: { kind: 'any' },
    headers: [],
    query: [],
    action
  })
  const choices = [onlyChoice('c')]
  const entries = {
    known: route({ kind: 'respond', status: 502, body: '', response: undefined }),
    own: route({ ...PLAIN_FORWARD, choices, total: 1 })
  }
  const scope = { kind: 'mesh', port: 80, namespace: '', tls: false } as const
  const endpoints = [{ ...PLAIN_ENDPOINT, address: '127.0.0.1', port: up }]
  const table: RouteTable = {
    version: 1,
    sourceLabels: [],
    limits: {},
    inbound: {},
    scopes: {
      'mesh|80|': { ...scope, id: 'mesh|80|', hosts: { known: 'known' } },
      [serviceScope(host, 80)]: { ...scope, id: serviceScope(host, 80), hosts: { '*': 'own' } }
    },
    entries: Object.fromEntries(
      Object.entries(entries).map(([id, each]) => [id, { id, version: 1, host: id, httpsRedirect: false, routes: [each] }])
    ),
    clusters: { c: { id: 'c', host, namespace: 'b', serviceName: 'a', port: 80, subset: undefined, endpoints, ...PLAIN_SETTINGS } }
  }
  made.apply(diffTables(EMPTY_TABLE, table))
  expect([inShort(await ask(port, '/', 'other')), inShort(await ask(port, '/', 'known'))]).toEqual(expected)
})

test('a request that is sent to the proxy by way of the proxy does not come round again', async () => {
  const { port } = await plane(MESH)
  expect(inShort(await ask(port, `http://127.0.0.1:${port}/`, 'x'))).toBe('404 ')
})

test.each(['[::', 'a:99999', 'a:b:c'])('%s is no address and does not pass', async (authority) => {
  expect(isAddress(authority)).toBe(false)
  const { port } = await plane(MESH)
  expect(inShort(await ask(port, `http://${authority}/`, 'x'))).toMatch(/^4\d\d/)
})

test('a destination without endpoints is where the caller wants to go: with its own settings, counts and metrics', async () => {
  const up = await outside()
  const { made, port } = await plane(MESH)
  const entry = `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: e, namespace: shop}
spec: {hosts: [localhost], resolution: NONE, ports: [{name: http, number: ${up}, protocol: HTTP}]}
`
  made.apply(diffTables(EMPTY_TABLE, compileRoutes(meshConfigOf(objectsOf(entry))).table))
  expect(inShort(await ask(port, `http://localhost:${up}/a`, 'x'))).toBe(`200 GET /a localhost:${up}`)
  expect(made.stats().clusters.map(([id]) => id)).toEqual([`outbound|${up}||localhost`])
  const services = made.recorder.snapshot().flatMap(({ labels, counts }) => (counts.length > 0 ? [labels.destinationServiceName] : []))
  expect(new Set(services)).toEqual(new Set(['localhost']))
})

test('an address that is reached for a destination is made anew when the destination changes', () => {
  const retired: string[] = []
  const states = new Outside({ retire: ({ slots }) => void retired.push(slots[0]?.key ?? '') })
  const via = (id: string): ClusterState =>
    clusterState(
      {
        id,
        host: id,
        namespace: '',
        serviceName: id,
        port: 80,
        subset: undefined,
        endpoints: [],
        ...PLAIN_SETTINGS,
        balance: 'passthrough'
      },
      0
    )
  const one = via('one')
  const first = states.of('a:80', one)
  expect(states.of('a:80', one)).toBe(first)
  expect(states.of('a:80')).not.toBe(first)
  expect(states.of('a:80', via('two'))).not.toBe(first)
  expect(retired).toEqual([])
  expect(states.of('a:80', via('one'))).not.toBe(first)
  expect(retired).toEqual(['a:80'])
})

test('only the addresses called lately are kept', () => {
  const retired: string[] = []
  const states = new Outside({ retire: ({ slots }) => void retired.push(slots[0]?.key ?? '') })
  const first = states.of('host-0:80')
  expect(states.of('HOST-0:80')).toBe(first)
  for (let at = 1; at < 300; at += 1) states.of(`host-${at}:80`)
  expect(retired).toEqual(Array.from({ length: 44 }, (_, at) => `host-${at}:80`))
  expect(states.of('[::1]:9090').slots[0]?.endpoint).toMatchObject({ address: '::1', port: 9090 })
})
