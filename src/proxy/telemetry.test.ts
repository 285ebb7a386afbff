// What requests leave in Istio's metrics: sizes, protocol, canonical names, destinations that are none (istio.md 6.1).

import { expect, test } from 'vitest'
import { cluster, endpoint, forward, get, ok, onHeads, plane, statusOf, table, talk, upstream } from '../../test/proxy-plane.ts'
import { exposition } from '../metrics/exposition.ts'
import type { TableChange } from '../route/route-table.ts'
import type { DataPlane } from './data-plane.ts'

/** The value of each series of a metric, by the labels named. */
function series(made: DataPlane, metric: string, labels: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {}
  for (const line of exposition(made.recorder.snapshot(), []).split('\n')) {
    if (!line.startsWith(`${metric}{`)) continue
    const key = labels.map((label) => new RegExp(`[{,]${label}="([^"]*)"`).exec(line)?.[1]).join(' ')
    found[key] = (found[key] ?? 0) + Number(line.slice(line.lastIndexOf(' ')))
  }
  return found
}

test('heads and bodies are measured on both sides, without the framing of chunks', async () => {
  const answer = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
  const port = await upstream((socket) => onHeads(socket, () => `${answer}3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n`))
  const { plane: made, port: at } = await plane(table([cluster('c', [endpoint(port)])], [forward([['c', 1]])]))
  const head = 'POST / HTTP/1.1\r\nHost: reviews\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n'
  await talk(at, `${head}4\r\nbody\r\n0\r\n\r\n`)
  const bytes = series(made, 'istio_response_bytes_sum', ['reporter', 'response_code'])
  expect(bytes).toEqual({ 'source 200': answer.length + 5, 'destination 200': answer.length + 5 })
  const asked = series(made, 'istio_request_bytes_sum', ['reporter'])
  expect(asked['source']).toBeGreaterThan(head.length)
  expect(asked['source']).toBe(asked['destination'])
  expect(series(made, 'istio_request_bytes_count', ['reporter'])).toEqual({ source: 1, destination: 1 })
})

test("the proxy's own answers are measured and counted, with a destination that is unknown", async () => {
  const { plane: made, port: at } = await plane(table([cluster('none', [])], [forward([['none', 1]])]))
  await talk(at, get('/'))
  const labels = ['reporter', 'destination_workload', 'destination_service_name', 'response_code', 'response_flags']
  expect(series(made, 'istio_requests_total', labels)).toEqual({ 'source unknown reviews 503 UH': 1 })
  expect(series(made, 'istio_response_bytes_sum', ['reporter'])['source']).toBeGreaterThanOrEqual('no healthy upstream'.length)
})

test('statuses that gRPC has not got are one label, whatever an endpoint thinks of', async () => {
  let count = 0
  const statuses = ['17', '1000', '-3', 'abc', '1.5', '4294967296', '16', '']
  const port = await upstream((socket) => onHeads(socket, () => ok('', `Grpc-Status: ${statuses[count++]}\r\n`)))
  const { plane: made, port: at } = await plane(table([cluster('c', [endpoint(port)])], [forward([['c', 1]])]))
  for (const _ of statuses) await talk(at, get('/', 'Content-Type: application/grpc\r\n'))
  expect(series(made, 'istio_requests_total', ['reporter', 'grpc_response_status'])).toMatchObject({
    'source -1': 6,
    'source 16': 1,
    'source 0': 1
  })
})

test('gRPC has its protocol and status, from the endpoint and from the proxy', async () => {
  const port = await upstream((socket) => onHeads(socket, () => ok('', 'Content-Type: application/grpc\r\nGrpc-Status: 5\r\n')))
  const routes = [
    { ...forward([['none', 1]]), path: { kind: 'exact', value: '/none', ignoreCase: false } as const },
    { ...forward([['lost', 1]]), path: { kind: 'exact', value: '/lost', ignoreCase: false } as const },
    forward([['c', 1]])
  ]
  const { plane: made, port: at } = await plane(table([cluster('c', [endpoint(port)]), cluster('none', [])], routes))
  for (const path of ['/', '/none', '/lost']) await talk(at, get(path, 'Content-Type: application/grpc\r\n'))
  await talk(at, get('/'))
  const labels = ['reporter', 'request_protocol', 'response_code', 'grpc_response_status', 'response_flags']
  expect(series(made, 'istio_requests_total', labels)).toEqual({
    'source grpc 200 5 -': 1,
    'destination grpc 200 5 -': 1,
    'source grpc 200 14 UH': 1,
    'source grpc 200 14 NC': 1,
    'source http 200  -': 1,
    'destination http 200  -': 1
  })
})

test('what labels of pods say of canonical names is in the series', async () => {
  const port = await upstream((socket) => onHeads(socket, () => ok('')))
  const named = { ...endpoint(port), canonicalService: 'shop', canonicalRevision: 'blue' }
  const { plane: made, port: at } = await plane(table([cluster('c', [named])], [forward([['c', 1]])]))
  await talk(at, get('/'))
  const labels = [
    'source_canonical_service',
    'source_canonical_revision',
    'destination_canonical_service',
    'destination_canonical_revision'
  ]
  expect(series(made, 'istio_requests_total', labels)).toEqual({ 'istio-ingressgateway latest shop blue': 2 })
})

test('a request that a policy blocks goes to the black hole', async () => {
  const changes = table([], [], 'known').map((change): TableChange =>
    change.kind === 'put-scope' ? { ...change, scope: { ...change.scope, refusesUnknown: true } } : change
  )
  const { plane: made, port: at } = await plane(changes)
  expect(statusOf(await talk(at, get('/')))).toBe(502)
  expect(series(made, 'istio_requests_total', ['destination_service_name', 'response_code'])).toEqual({ 'BlackHoleCluster 502': 1 })
})
