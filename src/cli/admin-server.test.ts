import { get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { acceptsGzip } from './admin-answer.ts'
import { adminServer, type AdminView } from './admin-server.ts'

async function listen(view: Partial<AdminView>): Promise<string> {
  const server = adminServer({ metrics: () => Promise.resolve('a 1\n'), troubles: () => [], ready: () => true, ...view })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('metrics are served in the type that Prometheus expects', async () => {
  const response = await fetch(`${await listen({})}/metrics`)
  expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
    'a 1\n'
  ])
})

test.each([
  ['GET', '/healthz', {}, 200, 'ok\n'],
  ['GET', '/healthz', { troubles: () => ['worker 1 is down', 'the mesh failed'] }, 503, 'worker 1 is down\nthe mesh failed\n'],
  ['GET', '/healthz', { ready: () => false }, 200, 'ok\n'],
  ['GET', '/readyz', {}, 200, 'ok\n'],
  ['GET', '/readyz', { ready: () => false }, 503, 'starting\n'],
  ['GET', '/readyz?verbose', { troubles: () => ['worker 1 is down'] }, 503, 'worker 1 is down\n'],
  ['GET', '/', {}, 404, 'not found: /metrics, /healthz and /readyz are here, and of Envoy /stats, /stats/prometheus, /clusters\n'],
  ['POST', '/metrics', {}, 405, 'only GET is answered here\n'],
  ['GET', '/metrics', { metrics: () => Promise.reject(new Error('no counts')) }, 500, 'Error: no counts\n']
])('%s %s with %j is %i', async (...[method, path, view, status, body]) => {
  const response = await fetch((await listen(view)) + path, { method })
  expect([response.status, await response.text()]).toEqual([status, body])
})

// fetch decompresses by itself: here the bytes as they come.
function raw(url: string, headers: Record<string, string>): Promise<{ readonly coding: string | undefined; readonly bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    get(url, { headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ coding: response.headers['content-encoding'], bytes: Buffer.concat(chunks) }))
    }).on('error', reject)
  })
}

test('long metrics are sent in parts, compressed for who asks', async () => {
  const parts = ['a 1\n'.repeat(5000), 'b 2\n'.repeat(5000)]
  const url = `${await listen({ metrics: () => Promise.resolve(parts) })}/metrics`
  const plain = await raw(url, {})
  expect([plain.coding, plain.bytes.toString()]).toEqual([undefined, parts.join('')])
  const packed = await raw(url, { 'accept-encoding': 'gzip' })
  expect([packed.coding, gunzipSync(packed.bytes).toString()]).toEqual(['gzip', parts.join('')])
  expect(packed.bytes.length).toBeLessThan(plain.bytes.length / 10)
})

test('metrics that cannot be made to their end end in the middle of their length', async () => {
  function* broken(): Generator<string> {
    yield 'a 1\n'
    throw new Error('no more')
  }
  const url = `${await listen({ metrics: () => Promise.resolve(broken()) })}/metrics`
  await expect(fetch(url).then((response) => response.text())).rejects.toThrow()
})

test.each([
  [undefined, false],
  ['gzip', true],
  ['deflate, GZIP;q=0.5', true],
  ['*', true],
  ['gzip;q=0', false],
  ['*, gzip; q=0.0', false],
  ['br', false]
])('Accept-Encoding %s: gzip %s', (header, expected) => {
  expect(acceptsGzip(header)).toBe(expected)
})
