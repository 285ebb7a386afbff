// What the mesh counted, read where users of Istio read it: `pilot-agent request GET stats` in a pod's istio-proxy (C13).

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readMetrics } from '../prometheus-text.ts'
import { tally, throughMesh } from './requests.ts'
import { found, KUBECTL_FOUND, run, succeeded } from './run.ts'
import { type Serin, startSerin } from './serin.ts'
import { deployment, documents, service } from './workloads.ts'

const CLUSTER = 'outbound|8080||reviews.default.svc.cluster.local'
const RULE = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'DestinationRule',
  metadata: { name: 'reviews' },
  spec: {
    host: 'reviews',
    trafficPolicy: { connectionPool: { tcp: { maxConnections: 1 }, http: { http1MaxPendingRequests: 1 } } }
  }
}

const DETECTION = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'DestinationRule',
  metadata: { name: 'ratings' },
  spec: {
    host: 'ratings',
    trafficPolicy: { outlierDetection: { consecutive5xxErrors: 2, baseEjectionTime: '300s', maxEjectionPercent: 100 } }
  }
}

describe.skipIf(!KUBECTL_FOUND)('kubectl: stats of the proxy', () => {
  let serin: Serin
  const inProxy = async (...command: readonly string[]): Promise<string> =>
    succeeded(await serin.kubectl(['exec', 'deploy/sleep', '-c', 'istio-proxy', '--', ...command])).stdout

  beforeAll(async () => {
    serin = await startSerin({ config: 'images:\n  "reviews:*": serin/demo\n' })
    const good = deployment({ app: 'ratings', version: 'v1', image: 'serin/demo' })
    const bad = deployment({ app: 'ratings', version: 'v2', image: 'serin/demo', environment: { ERROR_RATE: '1' } })
    const slow = deployment({ app: 'reviews', version: 'v1', image: 'reviews:1.0', environment: { LATENCY_MS: '100' } })
    const given = documents(service('reviews'), slow, RULE, service('ratings'), good, bad, DETECTION)
    succeeded(await serin.kubectl(['apply', '-f', '-'], { input: given }))
    succeeded(await serin.kubectl(['create', 'deployment', 'sleep', '--image=serin/sleep']))
    for (const name of ['reviews-v1', 'ratings-v1', 'ratings-v2', 'sleep'])
      succeeded(await serin.kubectl(['rollout', 'status', `deployment/${name}`, '--timeout=60s']))
  })
  afterAll(() => serin?.stop())

  it('G117: the overflow counter is there before anything overflows, as the guide greps for it (C13)', async () => {
    const command =
      'kubectl exec deploy/sleep -c istio-proxy -- pilot-agent request GET stats | grep "upstream_rq_pending_overflow" | grep reviews'
    const { stdout } = succeeded(await run('bash', ['-c', command], { env: serin.environment }))
    expect(stdout).toBe(`cluster.${CLUSTER}.upstream_rq_pending_overflow: 0\n`)
  })

  it('G117: it rises with every request that finds the pool and its queue full', async () => {
    const send = throughMesh(serin)
    const answers = await Promise.all(Array.from({ length: 20 }, () => send({ url: 'http://reviews:8080/' })))
    const refused = answers.filter(({ status }) => status === 503).length
    expect(refused).toBeGreaterThan(0)
    const stats = await inProxy('pilot-agent', 'request', 'GET', 'stats?filter=reviews')
    expect(stats).toContain(`cluster.${CLUSTER}.upstream_rq_pending_overflow: ${refused}\n`)
    expect(stats).toContain(`cluster.${CLUSTER}.upstream_rq_200: ${20 - refused}\n`)
    expect(stats).toContain(`cluster.${CLUSTER}.upstream_rq_503: ${refused}\n`)
    expect(stats).toMatch(/membership_healthy: 1\n/)
  })

  it('stats in Prometheus form are what a scrape of the proxy gives', async () => {
    await tally(2, () => throughMesh(serin)({ url: 'http://reviews:8080/' }))
    const families = readMetrics((await inProxy('pilot-agent', 'request', 'GET', '/stats/prometheus')).trimStart().replace(/\n\n$/, '\n'))
    const total = families.find(({ name }) => name === 'envoy_cluster_upstream_rq_total')
    expect(total?.samples.find(({ labels }) => labels.get('cluster_name') === CLUSTER)?.value).toBeGreaterThan(2)
    expect(families.map(({ name }) => name)).toContain('istio_requests_total')
  })

  it.skipIf(!found('curl', '--version'))('curl finds the admin port where a sidecar has it, and shells and pipes work', async () => {
    expect(await inProxy('curl', '-s', 'localhost:15000/server_info')).toContain('"state": "LIVE"')
    expect(await inProxy('sh', '-c', 'curl -s http://localhost:15000/stats | grep -c "^cluster"')).toMatch(/^\d+\n$/)
  })

  it('an endpoint that outlier detection leaves out is named, and counted', async () => {
    await tally(30, () => throughMesh(serin)({ url: 'http://ratings:8080/' }))
    const { stdout: address } = succeeded(
      await serin.kubectl(['get', 'pods', '-l', 'app=ratings,version=v2', '-o', 'jsonpath={.items[0].status.podIP}'])
    )
    const cluster = 'outbound|8080||ratings.default.svc.cluster.local'
    const flags = (await inProxy('sh', '-c', 'pilot-agent request GET clusters | grep health_flags')).split('\n')
    expect(flags.filter((line) => line.endsWith('/failed_outlier_check'))).toEqual([
      `${cluster}::${address}:8080::health_flags::/failed_outlier_check`
    ])
    const stats = await inProxy('pilot-agent', 'request', 'GET', 'stats?filter=ratings.*(outlier|membership)')
    expect(stats).toContain(`cluster.${cluster}.outlier_detection.ejections_active: 1\n`)
    expect(stats).toContain(`cluster.${cluster}.outlier_detection.ejections_enforced_consecutive_5xx: 1\n`)
    expect(stats).toContain(`cluster.${cluster}.membership_healthy: 1\n`)
  })

  it('what pilot-agent cannot do it says in words, with a status of its own', async () => {
    const asked = await serin.kubectl(['exec', 'deploy/sleep', '-c', 'istio-proxy', '--', 'pilot-agent', 'request', 'POST', 'quitquitquit'])
    expect([asked.code, asked.stderr]).toEqual([255, expect.stringContaining('received unsuccessful status code 405')])
    const other = await serin.kubectl(['exec', 'deploy/sleep', '-c', 'istio-proxy', '--', 'pilot-agent', 'wait'])
    expect([other.code, other.stderr]).toEqual([255, expect.stringContaining('unknown command "wait"')])
  })
})
