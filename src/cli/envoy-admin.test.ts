import { expect, test } from 'vitest'
import { readMetrics } from '../../test/prometheus-text.ts'
import { expositionParts } from '../metrics/exposition.ts'
import { MeshStats } from '../proxy/mesh-stats.ts'
import { PASSTHROUGH } from '../proxy/passthrough.ts'
import { ClusterStats, STAT } from '../route/cluster-stats.ts'
import { PLAIN_ENDPOINT, PLAIN_SETTINGS } from '../route/plain.ts'
import { EMPTY_TABLE } from '../route/route-table.ts'
import type { Cluster } from '../route/route-table.ts'
import { envoyAnswer, type EnvoyView } from './envoy-admin.ts'

const CALLED = 'outbound|80||called.shop.svc.cluster.local'
const QUIET = 'outbound|80|v1|quiet.shop.svc.cluster.local'

function cluster(id: string): Cluster {
  const endpoints = [{ ...PLAIN_ENDPOINT, address: '10.0.0.1', port: 8080, locality: 'eu/a/rack' }]
  const service = { host: 'h', namespace: 'shop', serviceName: 's', port: 80, subset: undefined }
  return { ...PLAIN_SETTINGS, ...service, id, endpoints, maxConnections: 2 }
}

const table = { ...EMPTY_TABLE, clusters: { [CALLED]: cluster(CALLED), [QUIET]: cluster(QUIET) } }

function viewOf(stats: MeshStats, workers = 1): EnvoyView {
  return {
    version: '1.2.3',
    counts: () => Promise.resolve({ stats, table, workers, uptime: 61_500 }),
    exposition: (others) => expositionParts([], others)
  }
}

function counted(): MeshStats {
  const called = new ClusterStats()
  called.add(STAT.upstream_rq_total, 4)
  called.add(STAT.upstream_rq_pending_overflow, 3)
  called.add(STAT.upstream_cx_active, 2)
  called.answered(200)
  const outside = new ClusterStats()
  outside.add(STAT.upstream_rq_total)
  const gone = new ClusterStats()
  gone.add(STAT.upstream_rq_total)
  const stats = new MeshStats()
  const clusters = [
    [CALLED, called.counts()],
    [PASSTHROUGH, outside.counts()],
    ['outbound|80||removed.shop.svc.cluster.local', gone.counts()]
  ] as const
  stats.update('0.1', {
    clusters,
    ejected: { [CALLED]: ['10.0.0.1:8080'] },
    counters: { 'http_local_rate_limiter.http_local_rate_limit.ok': 5 }
  })
  return stats
}

async function get(path: string, view = viewOf(counted())): Promise<[status: number, type: string, body: string]> {
  const [name = '', query = ''] = path.split('?')
  const answer = await envoyAnswer(view, name, new URLSearchParams(query))
  if (answer === undefined) throw new Error(`nothing at ${path}`)
  const { status, type, body } = answer
  return [status, type, typeof body === 'string' ? body : [...body].join('')]
}

test('stats has a line for every counter of every cluster in force, called or not, and of no other', async () => {
  const [status, , body] = await get('/stats')
  const lines = body.split('\n').slice(0, -1)
  expect(status).toBe(200)
  expect(lines).toContain(`cluster.${CALLED}.upstream_rq_pending_overflow: 3`)
  expect(lines).toContain(`cluster.${QUIET}.upstream_rq_pending_overflow: 0`)
  expect(lines).toContain(`cluster.${PASSTHROUGH}.upstream_rq_total: 1`)
  expect(lines).toContain('http_local_rate_limiter.http_local_rate_limit.ok: 5')
  expect(lines).toContain('server.uptime: 61')
  expect(body).not.toContain('removed')
  expect(lines).toEqual(lines.toSorted())
})

test.each([
  ['filter=called.*rq_(total|200)', [`cluster.${CALLED}.upstream_rq_200: 1`, `cluster.${CALLED}.upstream_rq_total: 4`]],
  ['usedonly&filter=overflow', [`cluster.${CALLED}.upstream_rq_pending_overflow: 3`]],
  ['type=Gauges&filter=called.*cx_active', [`cluster.${CALLED}.upstream_cx_active: 2`]],
  ['type=Counters&filter=called.*cx_active', []]
])('stats?%s shows those', async (query, lines) => {
  expect((await get(`/stats?${query}`))[2].split('\n').slice(0, -1)).toEqual(lines)
})

test.each([
  ['filter=(', /^invalid re2 regex: /],
  ['format=html', /^usage: /],
  ['type=Histograms', /^usage: /],
  ['format=prometheus&filter=(', /^invalid re2 regex: /]
])('stats?%s is refused in words', async (query, words) => {
  const [status, , body] = await get(`/stats?${query}`)
  expect([status, body]).toEqual([400, expect.stringMatching(words)])
})

test('stats in JSON', async () => {
  const [, type, body] = await get('/stats?format=json&filter=pending_overflow&usedonly')
  expect(type).toBe('application/json')
  expect(JSON.parse(body)).toEqual({ stats: [{ name: `cluster.${CALLED}.upstream_rq_pending_overflow`, value: 3 }] })
})

test.each(['/stats/prometheus', '/stats?format=prometheus'])('%s is valid Prometheus text with a series for each cluster', async (path) => {
  const [, type, body] = await get(path)
  expect(type).toContain('version=0.0.4')
  const family = readMetrics(body).find(({ name }) => name === 'envoy_cluster_upstream_rq_pending_overflow')
  expect(family?.type).toBe('counter')
  expect(family?.samples.map(({ labels, value }) => [labels.get('cluster_name'), value])).toEqual(
    expect.arrayContaining([
      [CALLED, 3],
      [QUIET, 0]
    ])
  )
})

test('of Prometheus series, usedonly leaves out clusters that nobody called, but no zero of those that were', async () => {
  const families = readMetrics((await get('/stats/prometheus?usedonly'))[2])
  const of = (name: string): unknown[] | undefined =>
    families.find((family) => family.name === name)?.samples.map(({ labels }) => labels.get('cluster_name'))
  expect(of('envoy_cluster_upstream_rq_timeout')).toEqual([CALLED, PASSTHROUGH])
})

test('what remains of limits is for all workers together: each has its share of them', async () => {
  const [, , text] = await get('/stats?filter=called.*default.(remaining_cx|cx_open)', viewOf(counted(), 2))
  expect(text).toBe(`cluster.${CALLED}.circuit_breakers.default.cx_open: 1\ncluster.${CALLED}.circuit_breakers.default.remaining_cx: 0\n`)
})

test('clusters says limits and endpoints', async () => {
  const lines = (await get('/clusters'))[2].split('\n')
  expect(lines).toContain(`${CALLED}::default_priority::max_connections::2`)
  expect(lines).toContain(`${CALLED}::10.0.0.1:8080::zone::a`)
  expect(lines).toContain(`${CALLED}::10.0.0.1:8080::health_flags::/failed_outlier_check`)
  expect(lines).toContain(`${QUIET}::10.0.0.1:8080::health_flags::healthy`)
  // read back as what was just made
  const { cluster_statuses: statuses } = JSON.parse((await get('/clusters?format=json'))[2]) as { cluster_statuses: { name: string }[] }
  expect(statuses.map(({ name }) => name)).toEqual([QUIET, CALLED])
})

test('server_info and ready are what scripts ask for', async () => {
  expect(JSON.parse((await get('/server_info'))[2])).toMatchObject({ version: 'serin/1.2.3', state: 'LIVE', uptime_current_epoch: '61s' })
  expect(await get('/ready')).toEqual([200, 'text/plain; charset=utf-8', 'LIVE\n'])
})

test('what Envoy has and Serin has not is for somebody else to answer', async () => {
  expect(await envoyAnswer(viewOf(counted()), '/config_dump', new URLSearchParams())).toBeUndefined()
})
