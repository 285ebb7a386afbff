import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
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
  ['GET', '/', {}, 404, 'not found: /metrics, /healthz and /readyz are here\n'],
  ['POST', '/metrics', {}, 405, 'only GET is answered here\n'],
  ['GET', '/metrics', { metrics: () => Promise.reject(new Error('no counts')) }, 500, 'Error: no counts\n']
])('%s %s with %j is %i', async (...[method, path, view, status, body]) => {
  const response = await fetch((await listen(view)) + path, { method })
  expect([response.status, await response.text()]).toEqual([status, body])
})
