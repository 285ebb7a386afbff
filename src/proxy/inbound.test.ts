// Local rate limits through a data plane: those of called pods (what the caller gets, what the pod sees, what both sides count) and those of a
// connection. The cases of observed-istio are the harness'; these are what it does not ask.

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { dataPath } from '../../test/data.ts'
import { limitOf } from '../../test/local-limit.ts'
import { bodyOf, cluster, counted, endpoint, forward, get, ok, plane, statusOf, table, talk, upstream } from '../../test/proxy-plane.ts'
import { objectsOf } from '../../test/route-mesh.ts'
import { compileRoutes } from '../route/compile-routes.ts'
import { DEFAULT_RETRY } from '../route/compile-rule.ts'
import type { DescriptorRule, LocalLimit, PlacedLimit } from '../route/local-limit.ts'
import { diffTables } from '../route/diff-tables.ts'
import { meshConfigOf } from '../route/mesh-objects.ts'
import { Recorder } from '../metrics/recorder.ts'
import { applyChange, prepare } from '../route/router.ts'
import type { ClusterState, EndpointSlot } from '../route/router.ts'
import type { Context } from './context.ts'
import type { ExchangeStart } from './downstream.ts'
import { InboundSides } from './inbound.ts'
import { EMPTY_TABLE, inboundKey } from '../route/route-table.ts'
import type { TableChange } from '../route/route-table.ts'

const ONE = { max: 1, perFill: 1, interval: 3_600_000 }

// One request an hour, and word of it.
const hourly = (rest: Partial<LocalLimit> = {}): LocalLimit =>
  limitOf({
    bucket: { max: 1, perFill: 1, interval: 3_600_000 },
    response: [{ name: 'x-limited', value: 'yes', action: 'append' }],
    ...rest
  })

const USE: PlacedLimit = { name: 'limit', place: 'last', limit: 'l', bucket: '' }

/** The limit on the side of each pod behind these ports. */
function atPods(ports: readonly number[], limit: LocalLimit): TableChange[] {
  const pods = ports.map((port): TableChange => {
    const limits = { filters: [USE], overrides: undefined }
    return { kind: 'put-inbound', version: 1, key: inboundKey(endpoint(port), 80), limits }
  })
  return [{ kind: 'put-limit', version: 1, id: 'l', limit }, ...pods]
}

/** An upstream that answers `said` and keeps all it heard. */
async function pod(said: string): Promise<{ readonly port: number; readonly heard: () => string }> {
  let heard = ''
  const port = await upstream((socket) => {
    socket.on('data', (bytes) => {
      const text = bytes.toString('latin1')
      heard += text
      if (text.includes('\r\n\r\n')) socket.write(ok(said), 'latin1')
    })
  })
  return { port, heard: () => heard }
}

test("what a pod's sidecar refuses is an answer of the pod: edits of the caller's route, both sides count it", async () => {
  const { port, heard } = await pod('hello')
  const edits = { set: [], add: [['x-route', '1'] as const], remove: [] }
  const route = forward([['c', 1]])
  const action =
    route.action.kind === 'forward'
      ? { ...route.action, choices: route.action.choices.map((one) => ({ ...one, response: edits })) }
      : route.action
  const made = await plane([...table([cluster('c', [endpoint(port)])], [{ ...route, action }]), ...atPods([port], hourly())])
  expect(bodyOf(await talk(made.port, get()))).toBe('hello')
  const refused = await talk(made.port, get('/second'))
  expect([statusOf(refused), bodyOf(refused)]).toEqual([429, 'local_rate_limited'])
  expect(refused).toContain('x-limited: yes\r\n')
  expect(refused).toContain('x-route: 1\r\n')
  expect(refused).toContain('x-envoy-upstream-service-time: ')
  expect(heard()).not.toContain('/second')
  expect(counted(made.plane)).toEqual(['v1 200 - 1', 'v1 429 - 1'])
  expect(counted(made.plane, 'destination')).toEqual(['v1 200 - 1', 'v1 429 RL 1'])
  expect(made.plane.recorder.counters.snapshot()).toMatchObject({
    'p.http_local_rate_limit.enabled': 2,
    'p.http_local_rate_limit.enforced': 1,
    'p.http_local_rate_limit.ok': 1,
    'p.http_local_rate_limit.rate_limited': 1
  })
})

test('each pod has its own bucket, and a retry may find another pod', async () => {
  const [first, second] = [await pod('one'), await pod('two')]
  const retry = { ...DEFAULT_RETRY, on: ['retriable-status-codes'], statuses: [429], backoffBase: 1, backoffMax: 1 }
  const ports = [first.port, second.port]
  const changes = [
    ...table(
      [
        cluster(
          'c',
          ports.map((port) => endpoint(port))
        )
      ],
      [forward([['c', 1]], { retry })]
    ),
    ...atPods(ports, hourly())
  ]
  const made = await plane(changes)
  const bodies = [bodyOf(await talk(made.port, get())), bodyOf(await talk(made.port, get()))]
  expect(bodies.toSorted()).toEqual(['one', 'two'])
  expect(statusOf(await talk(made.port, get()))).toBe(429)
})

test('the body of a refused request never reaches the pod, and the connection goes on', async () => {
  const { port, heard } = await pod('hello')
  const made = await plane([...table([cluster('c', [endpoint(port)])], [forward([['c', 1]])]), ...atPods([port], hourly())])
  expect(statusOf(await talk(made.port, get()))).toBe(200)
  const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: evil\r\n\r\n'
  const post = `POST / HTTP/1.1\r\nHost: reviews\r\nContent-Length: ${smuggled.length}\r\n\r\n`
  const text = await talk(made.port, [post, smuggled, get('/after')], (seen) => seen.split('HTTP/1.1').length > 2)
  expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['429', '429'])
  expect(heard()).not.toContain('smuggled')
})

test('an answer to HEAD and to a gRPC client', async () => {
  const { port } = await pod('')
  const made = await plane([...table([cluster('c', [endpoint(port)])], [forward([['c', 1]])]), ...atPods([port], hourly())])
  await talk(made.port, get())
  const head = await talk(made.port, get().replace('GET', 'HEAD'))
  expect([statusOf(head), bodyOf(head)]).toEqual([429, ''])
  const grpc = await talk(made.port, get('/', 'content-type: application/grpc\r\n'))
  expect(statusOf(grpc)).toBe(200)
  expect(grpc).toContain('grpc-status: 14\r\n')
  expect(grpc).toContain('grpc-message: local_rate_limited\r\n')
})

test('descriptors see the request as the pod would', async () => {
  const { port } = await pod('hello')
  const rules: DescriptorRule[] = [{ stage: 0, actions: [{ kind: 'request-header', header: 'x-plan', key: 'plan', skipAbsent: false }] }]
  const limit = hourly({ bucket: { ...ONE, max: 99 }, rules, descriptors: [{ entries: [{ key: 'plan', value: 'gold' }], bucket: ONE }] })
  const made = await plane([...table([cluster('c', [endpoint(port)])], [forward([['c', 1]])]), ...atPods([port], limit)])
  const ask = async (plan: string): Promise<number> => statusOf(await talk(made.port, get('/', `x-plan: ${plan}\r\n`)))
  expect([await ask('gold'), await ask('gold'), await ask('tin'), await ask('tin')]).toEqual([200, 429, 200, 200])
})

test('over a limit that does not refuse: lines for the pod, announced to the caller', async () => {
  const { port, heard } = await pod('hello')
  const limit = hourly({ enforced: 0, announced: true, request: [{ name: 'x-over', value: '1', action: 'append' }] })
  const made = await plane([...table([cluster('c', [endpoint(port)])], [forward([['c', 1]])]), ...atPods([port], limit)])
  await talk(made.port, get('/first'))
  const second = await talk(made.port, get('/second'))
  expect(statusOf(second)).toBe(200)
  expect(second).toContain('x-ratelimit-remaining: 0\r\n')
  expect(
    heard()
      .split('GET ')
      .map((text) => text.includes('x-over: 1'))
  ).toEqual([false, false, true])
})

test('a limit of each connection', async () => {
  const { port } = await pod('hello')
  const changes = table([cluster('c', [endpoint(port)])], [forward([['c', 1]])])
  const limits = changes.map((change) => (change.kind === 'put-scope' ? { ...change, scope: { ...change.scope, limits: [USE] } } : change))
  const made = await plane([{ kind: 'put-limit', version: 1, id: 'l', limit: hourly({ perConnection: true }) }, ...limits])
  const twice = get().replace('Connection: close\r\n', '') + get()
  const statuses = async (): Promise<number[]> =>
    [...(await talk(made.port, twice)).matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))
  expect([await statuses(), await statuses()]).toEqual([
    [200, 429],
    [200, 429]
  ])
})

test('a request without a route takes a token too', async () => {
  const changes = table([], [], 'known.example.com')
  const limits = changes.map((change) => (change.kind === 'put-scope' ? { ...change, scope: { ...change.scope, limits: [USE] } } : change))
  const made = await plane([{ kind: 'put-limit', version: 1, id: 'l', limit: hourly() }, ...limits])
  expect([statusOf(await talk(made.port, get())), statusOf(await talk(made.port, get()))]).toEqual([404, 429])
  expect(counted(made.plane)).toEqual(['unknown 404 NR 1', 'unknown 429 RL 1'])
})

test('several workers share the tokens of a proxy', async () => {
  const { port } = await pod('hello')
  const limit = hourly({ bucket: { ...ONE, max: 4 } })
  const changes = [...table([cluster('c', [endpoint(port)])], [forward([['c', 1]])]), ...atPods([port], limit)]
  const made = await plane(changes, { share: { index: 0, count: 2 } })
  const statuses: number[] = []
  for (let at = 0; at < 4; at += 1) statuses.push(statusOf(await talk(made.port, get())))
  expect(statuses).toEqual([200, 200, 429, 429])
})

const PRODUCTPAGE = `
apiVersion: v1
kind: Service
metadata: {name: productpage, namespace: default}
spec: {selector: {app: productpage}, ports: [{name: http, port: 8000}]}
---
apiVersion: v1
kind: Pod
metadata: {name: productpage-1, namespace: default, labels: {app: productpage}}
status: {podIP: 192.0.2.9}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: productpage-1, namespace: default, labels: {kubernetes.io/service-name: productpage}}
addressType: IPv4
ports: [{name: http, port: 9080}]
endpoints: [{addresses: [192.0.2.9], targetRef: {kind: Pod, name: productpage-1}}]
`

test("Istio's sample of a limit by path: 10 requests to /productpage, 100 in all, announced", async () => {
  const { port } = await pod('page')
  const sample = readFileSync(dataPath('samples/istio/ratelimit/local-rate-limit-service.yaml'), 'utf8')
  const { table: compiled } = compileRoutes(meshConfigOf(objectsOf(`${PRODUCTPAGE}\n---\n${sample}`)))
  // No time passes: a busy machine would let the buckets fill between two requests.
  const made = await plane(diffTables(EMPTY_TABLE, compiled), { locate: () => ({ host: '127.0.0.1', port }), monotonic: () => 0 })
  const source = { workload: 'curl', namespace: 'default', app: 'curl', version: 'v1' }
  const entry = { kind: 'mesh', caller: { namespace: 'default', labels: {} } } as const
  const at = await made.plane.listen({ id: 'pod', address: '127.0.0.1', port: 0, entry, source })
  const ask = (path: string): Promise<string> =>
    talk(at, `GET http://productpage:8000${path} HTTP/1.1\r\nHost: productpage:8000\r\nConnection: close\r\n\r\n`)
  const answers: string[] = []
  for (let turn = 0; turn < 12; turn += 1) answers.push(await ask('/ProductPage?u=normal'))
  expect(answers.map(statusOf)).toEqual([...Array.from({ length: 10 }, () => 200), 429, 429])
  expect(answers[0]).toContain('x-ratelimit-limit: 10\r\nx-ratelimit-remaining: 9\r\nx-ratelimit-reset: 0\r\n')
  expect(answers[11]).toContain('x-local-rate-limit: true\r\n')
  const other = await ask('/reviews')
  expect(statusOf(other)).toBe(200)
  expect(other).toContain('x-ratelimit-limit: 100\r\nx-ratelimit-remaining: 89\r\n')
})

test('buckets of pods that are gone are forgotten', () => {
  const router = prepare({ ...EMPTY_TABLE, limits: { l: hourly() } })
  // What the side of a pod asks of its plane.
  const sides = new InboundSides({ router, recorder: new Recorder(), monotonic: () => 0, draw: () => 0, workers: 1 } as Context)
  const from = {
    edited: { head: 'GET / HTTP/1.1\r\n', edits: undefined },
    method: 'GET',
    client: { remote: '127.0.0.1:1', local: '127.0.0.1:2' },
    decision: { path: '/', authority: 'reviews' }
  } as ExchangeStart
  for (let port = 1; port <= 1000; port += 1) {
    const [key, pod] = [inboundKey(endpoint(port), 80), endpoint(port)]
    router.inbound.clear()
    applyChange(router, { kind: 'put-inbound', version: port, key, limits: { filters: [USE], overrides: undefined } })
    const { state, slot } = { state: { cluster: cluster('c', [pod]) } as ClusterState, slot: { endpoint: pod } as EndpointSlot }
    expect(sides.ask(state, slot, from)?.answer).toBeUndefined()
  }
  expect(sides.size).toBeLessThan(100)
})

const CALLERS = `
apiVersion: v1
kind: Pod
metadata: {name: curl-1, namespace: default, labels: {app: curl}}
status: {podIP: 192.0.2.20}
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: callers, namespace: default}
spec:
  workloadSelector: {labels: {app: curl}}
  configPatches:
  - applyTo: HTTP_FILTER
    match: {context: SIDECAR_OUTBOUND, listener: {filterChain: {filter: {subFilter: {name: envoy.filters.http.router}}}}}
    patch:
      operation: INSERT_BEFORE
      value:
        name: envoy.filters.http.local_ratelimit
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit
          stat_prefix: callers
          token_bucket: {max_tokens: 2, tokens_per_fill: 1, fill_interval: 3600s}
          filter_enabled: {default_value: {numerator: 100}}
          filter_enforced: {default_value: {numerator: 100}}
`

test('a limit on the side of callers: each pod that it selects has its own bucket for all it calls, others have none', async () => {
  const { port } = await pod('page')
  const { table: compiled } = compileRoutes(meshConfigOf(objectsOf(`${PRODUCTPAGE}\n---\n${CALLERS}`)))
  const made = await plane(diffTables(EMPTY_TABLE, compiled), { locate: () => ({ host: '127.0.0.1', port }) })
  const caller = (id: string, labels: Readonly<Record<string, string>>): Promise<number> => {
    const source = { workload: id, namespace: 'default', app: id, version: 'v1' }
    return made.plane.listen({
      id,
      address: '127.0.0.1',
      port: 0,
      entry: { kind: 'mesh', caller: { namespace: 'default', labels } },
      source
    })
  }
  const statuses = async (at: number): Promise<number[]> => {
    const seen: number[] = []
    for (const host of ['productpage:8000', 'productpage.default:8000', 'productpage:8000'])
      seen.push(statusOf(await talk(at, `GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)))
    return seen
  }
  const [first, second, other] = [
    await caller('curl-1', { app: 'curl' }),
    await caller('curl-2', { app: 'curl' }),
    await caller('x', { app: 'x' })
  ]
  expect([await statuses(first), await statuses(second), await statuses(other)]).toEqual([
    [200, 200, 429],
    [200, 200, 429],
    [200, 200, 200]
  ])
})
