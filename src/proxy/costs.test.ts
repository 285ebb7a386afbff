import { performance } from 'node:perf_hooks'
import { expect, test } from 'vitest'
import { outlierOf } from '../../test/outlier.ts'
import { RETRY, cluster, endpoint, forward, ok, onHeads, plane, table, talk, upstream } from '../../test/proxy-plane.ts'

const OUTLIER = outlierOf({ gateway: { errors: 5, enforced: true } })

test('a request on open connections looks at the clock twice', async () => {
  const port = await upstream((socket) => onHeads(socket, () => ok('hello')))
  let looks = 0
  const monotonic = (): number => {
    looks++
    return performance.now()
  }
  const clusters = [cluster('c', [endpoint(port)], { outlier: OUTLIER })]
  const routes = [forward([['c', 1]], { timeout: 5000, retry: RETRY })]
  const served = await plane(table(clusters, routes), { monotonic, limits: { drainTimeout: 200 }, sweepPeriod: 60_000 })
  const request = 'GET / HTTP/1.1\r\nHost: reviews\r\n\r\n'
  const answers = (count: number) => (text: string) => text.split('hello').length > count + 1
  await talk(served.port, request, answers(0))
  looks = 0
  await talk(served.port, request.repeat(10), answers(9))
  expect(looks).toBe(20)
})
