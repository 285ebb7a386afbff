// What a plane counts under Envoy's names while requests pass (envoy.md 5, 7; the pool cases of observed-istio are the harness').

import { Agent, createServer, request } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { expect, test } from 'vitest'
import { RETRY, cleanups, cluster, endpoint, forward, ownTime, plane, table, until } from '../../test/proxy-plane.ts'
import type { HeaderOperations } from '../api/istio-common.ts'
import { CLUSTER_STAT_NAMES, ClusterStats } from '../route/cluster-stats.ts'
import { editsOfSingle } from '../route/header-edits.ts'
import { onlyChoice } from '../route/plain.ts'
import type { DataPlane, DataPlaneOptions } from './data-plane.ts'

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

type Forwarding = NonNullable<Parameters<typeof forward>[1]>

function planeTo(ports: readonly number[], more: Forwarding = {}, options: Partial<DataPlaneOptions> = {}): ReturnType<typeof plane> {
  const to = cluster(
    'c',
    ports.map((port) => endpoint(port))
  )
  return plane(table([to], [forward([['c', 1]], more)]), { limits: { drainTimeout: 200 }, sweepPeriod: 10, ...options })
}

function ask(port: number, agent: Agent | false = false): Promise<number> {
  return new Promise((resolve) => {
    request({ port, host: '127.0.0.1', agent }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
    })
      .on('error', () => resolve(0))
      .end()
  })
}

/** Everything counted, without what is zero. */
function statsOf(made: DataPlane): Record<string, number> {
  const stats = new ClusterStats()
  for (const [, counts] of made.stats().clusters) stats.absorb(counts)
  const named = CLUSTER_STAT_NAMES.filter((name) => stats.read(name) !== 0 && name !== 'membership_change')
  return {
    ...Object.fromEntries(named.map((name) => [name, stats.read(name)])),
    ...Object.fromEntries(stats.codes().map(([status, count]) => [`${status}`, count]))
  }
}

test('a cluster that nobody called is not told of', async () => {
  const { plane: made } = await planeTo([1])
  expect(made.stats().clusters).toEqual([])
})

test('requests count by answer, connections as they are opened', async () => {
  let served = 0
  const upstream = await serve((_, response) => {
    served++
    response.writeHead(served === 3 ? 404 : 200).end('x')
  })
  const { plane: made, port } = await planeTo([upstream])
  for (const status of [200, 200, 404]) expect(await ask(port)).toBe(status)
  expect(statsOf(made)).toEqual({
    '200': 2,
    '404': 1,
    upstream_cx_active: 1,
    upstream_cx_http1_total: 1,
    upstream_cx_total: 1,
    upstream_rq_2xx: 2,
    upstream_rq_4xx: 1,
    upstream_rq_completed: 3,
    upstream_rq_pending_total: 1,
    upstream_rq_total: 3
  })
})

test('an endpoint that refuses is a failed connection, and a request that was never sent', async () => {
  const gone = await serve(() => undefined)
  await (cleanups.pop() as () => Promise<void>)()
  const { plane: made, port } = await planeTo([gone])
  expect(await ask(port)).toBe(503)
  expect(statsOf(made)).toEqual({
    '503': 1,
    upstream_cx_connect_fail: 1,
    upstream_cx_destroy: 1,
    upstream_cx_destroy_remote: 1,
    upstream_cx_http1_total: 1,
    upstream_cx_total: 1,
    upstream_rq_5xx: 1,
    upstream_rq_completed: 1,
    upstream_rq_pending_failure_eject: 1,
    upstream_rq_pending_total: 1
  })
})

test('no endpoint at all', async () => {
  const { plane: made, port } = await planeTo([])
  expect(await ask(port)).toBe(503)
  expect(statsOf(made)).toEqual({ '503': 1, upstream_cx_none_healthy: 1, upstream_rq_5xx: 1, upstream_rq_completed: 1 })
})

test('a request that takes too long counts as one, and cuts its connection', async () => {
  let asked = 0
  const upstream = await serve(() => void asked++)
  const time = ownTime()
  const { plane: made, port } = await planeTo([upstream], { timeout: 3000 }, time)
  const answer = ask(port)
  await until(() => asked === 1)
  await time.clock.advance(3100)
  expect(await answer).toBe(504)
  await expect.poll(() => statsOf(made)['upstream_cx_destroy']).toBe(1)
  expect(statsOf(made)).toMatchObject({
    '504': 1,
    upstream_rq_timeout: 1,
    upstream_rq_total: 1,
    upstream_cx_destroy_local_with_active_rq: 1,
    upstream_cx_destroy_with_active_rq: 1
  })
})

test('only the last answer of a retried request counts by code; the tries count as requests', async () => {
  let served = 0
  const upstream = await serve((_, response) => response.writeHead(++served === 1 ? 503 : 200).end())
  const { plane: made, port } = await planeTo([upstream], { retry: { ...RETRY, attempts: 1 } })
  expect(await ask(port)).toBe(200)
  expect(statsOf(made)).toMatchObject({
    '200': 1,
    upstream_rq_total: 2,
    upstream_rq_completed: 1,
    upstream_rq_retry: 1,
    upstream_rq_retry_success: 1
  })
  expect(statsOf(made)['503']).toBeUndefined()
})

test('an endpoint that hangs up in the middle of a request ends its connection there', async () => {
  const upstream = await serve((_, response) => (response.socket as Socket).destroy())
  const { plane: made, port } = await planeTo([upstream])
  expect(await ask(port)).toBe(503)
  expect(statsOf(made)).toMatchObject({ '503': 1, upstream_cx_destroy_remote_with_active_rq: 1, upstream_rq_total: 1 })
  expect(statsOf(made)['upstream_rq_active']).toBeUndefined()
})

test('what is in progress is a gauge', async () => {
  const held: ServerResponse[] = []
  const upstream = await serve((_, response) => held.push(response))
  const { plane: made, port } = await planeTo([upstream])
  const [one, other] = [ask(port), ask(port)]
  await expect.poll(() => held.length).toBe(2)
  expect(statsOf(made)).toMatchObject({ upstream_rq_active: 2, upstream_cx_active: 2 })
  for (const response of held) response.end()
  expect([await one, await other]).toEqual([200, 200])
  expect(statsOf(made)['upstream_rq_active']).toBeUndefined()
})

test('what comes in counts by the port it means to call: connections, requests, answers by class, clients that went', async () => {
  let served = 0
  const held: ServerResponse[] = []
  const upstream = await serve((_, response) => {
    served++
    if (served > 2) held.push(response)
    else response.writeHead(served === 2 ? 404 : 200).end()
  })
  const { plane: made, port } = await planeTo([upstream])
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  cleanups.push(() => agent.destroy())
  for (const status of [200, 404]) expect(await ask(port, agent)).toBe(status)
  const leaving = request({ port, host: '127.0.0.1', agent: false }).on('error', () => undefined)
  leaving.end()
  await expect.poll(() => held.length).toBe(1)
  const downstream = (name: string): number | undefined => made.stats().counters[`http.outbound_0.0.0.0_80.downstream_${name}`]
  expect(downstream('cx_active')).toBe(2)
  leaving.socket?.resetAndDestroy()
  await expect.poll(() => downstream('rq_rx_reset')).toBe(1)
  const names = ['cx_total', 'cx_active', 'cx_destroy', 'rq_total', 'rq_completed', 'rq_2xx', 'rq_4xx', 'rq_5xx']
  expect(names.map((name) => [name, downstream(name)])).toEqual([
    ['cx_total', 2],
    ['cx_active', 1],
    ['cx_destroy', 1],
    ['rq_total', 3],
    ['rq_completed', 2],
    ['rq_2xx', 1],
    ['rq_4xx', 1],
    ['rq_5xx', 0]
  ])
})

test('cookies that a route gives are counted with the answers that have them, whether they depend on the request or not', async () => {
  const upstream = await serve((_, response) => response.end())
  const given = async (response: HeaderOperations): Promise<readonly unknown[]> => {
    const choices = [{ ...onlyChoice('c'), response: editsOfSingle({ response }, undefined, 'response') }]
    const made = await planeTo([upstream], { choices })
    for (let asked = 0; asked < 3; asked++) await ask(made.port)
    return made.plane.recorder.snapshot().flatMap(({ labels, cookies }) => (labels.reporter === 'source' ? [cookies] : []))
  }
  expect(await given({ add: { 'Set-Cookie': 'side=canary' } })).toEqual([3])
  expect(await given({ set: { 'set-cookie': 'at=%START_TIME%' } })).toEqual([3])
  expect(await given({ add: { cookie: 'side=canary' } })).toEqual([undefined])
})
