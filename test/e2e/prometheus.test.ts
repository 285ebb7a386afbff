// Prometheus beside `serin up`: what the guides ask of it, how it starts, and that it never outlives the instance.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isAlive, pidsOfRun } from '../../src/host/process-table.ts'
import { PROMETHEUS_FOLDER, WITH_PROMETHEUS } from './prometheus-program.ts'
import { tally, throughMesh } from './requests.ts'
import { found, KUBECTL_FOUND, run, succeeded, until } from './run.ts'
import { type Serin, startSerin } from './serin.ts'
import { deployment, documents, service } from './workloads.ts'

interface Sample {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [time: number, value: string]
}

// As C7 and C8 have them, over a shorter time.
const OF_REVIEWS = `destination_service='reviews.default.svc.cluster.local'`
const ERROR_RATE = `sum(rate(istio_requests_total{${OF_REVIEWS},response_code=~'5..'}[5m])) / sum(rate(istio_requests_total{${OF_REVIEWS}}[5m]))`
const P99 = `histogram_quantile(0.99, sum(rate(istio_request_duration_milliseconds_bucket{${OF_REVIEWS},reporter='destination'}[5m])) by (le))`
const BY_VERSION = `sum(rate(istio_requests_total{destination_app="reviews",response_code=~"5.."}[1m]))by(destination_version)`

function pidOfPrometheus({ dir }: Serin): number {
  const run = readFileSync(join(dir, 'run'), 'utf8').trim()
  const pid = pidsOfRun(run).find((each) => readFileSync(`/proc/${each}/cmdline`, 'latin1').includes('--storage.tsdb.path='))
  if (pid === undefined) throw new Error('no Prometheus runs')
  return pid
}

describe.skipIf(PROMETHEUS_FOLDER === undefined)('prometheus: beside serin up', () => {
  let serin: Serin
  let url: string
  const started: Serin[] = []
  const start = async (): Promise<Serin> => {
    const one = await startSerin({ path: WITH_PROMETHEUS, config: 'images:\n  "reviews:*": serin/demo\n' })
    started.push(one)
    return one
  }
  const ask = async (query: string, method: 'GET' | 'POST' = 'GET'): Promise<readonly Sample[]> => {
    const words = new URLSearchParams({ query })
    const response =
      method === 'GET'
        ? await fetch(`${url}/api/v1/query?${words.toString()}`)
        : await fetch(`${url}/api/v1/query`, { method: 'POST', body: words })
    // as Prometheus documents its answers
    const { data } = (await response.json()) as { data: { result: readonly Sample[] } }
    return data.result
  }

  beforeAll(async () => {
    serin = await start()
    url = serin.addresses.prometheus ?? ''
  })
  afterAll(() => Promise.all(started.map((one) => one.stop())))

  it('has its URL printed and in serin.json, and scrapes the instance', async () => {
    expect(serin.lines).toContain(`prometheus: ${url}`)
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    const [up] = await until('a scrape', async () => ((samples) => samples.length > 0 && samples)(await ask('up{job="serin"}')))
    expect(up?.value[1]).toBe('1')
  })

  describe.skipIf(!KUBECTL_FOUND)('kubectl: with traffic', () => {
    let stopSending: () => void
    beforeAll(async () => {
      const versions = ['v1', 'v2'].map((version) => deployment({ app: 'reviews', version, image: `reviews:${version}` }))
      succeeded(await serin.kubectl(['apply', '-f', '-'], { input: documents(service('reviews'), ...versions) }))
      succeeded(await serin.kubectl(['set', 'env', 'deployment/reviews-v2', 'ERROR_RATE=1']))
      for (const version of ['v1', 'v2'])
        succeeded(await serin.kubectl(['rollout', 'status', `deployment/reviews-${version}`, '--timeout=60s']))
      const send = throughMesh(serin)
      const timer = setInterval(() => void send({ url: 'http://reviews:8080/' }).catch(() => undefined), 25)
      stopSending = () => clearInterval(timer)
    })
    afterAll(() => stopSending?.())

    it.each(['GET', 'POST'] as const)('G91: the error rate and the P99 of the script are answered over %s (C7, C8)', async (method) => {
      // A rate needs two scrapes of each series.
      await until('a share of about a half', async () => {
        const rate = Number((await ask(ERROR_RATE, method))[0]?.value[1])
        return rate > 0.2 && rate < 0.8
      })
      expect(Number((await ask(P99, method))[0]?.value[1])).toBeGreaterThan(0)
    })

    it.skipIf(!found('jq', '--version') || !found('wget', '--version'))(
      'G91: 5xx by version, asked from a pod as printed but for the port (C20)',
      async () => {
        const query = `http://localhost:9090/api/v1/query?query=${BY_VERSION.replaceAll('"', '\\"')}`
        succeeded(await serin.kubectl(['create', 'namespace', 'monitoring']))
        succeeded(await serin.kubectl(['create', 'deployment', 'prometheus-server', '--image=serin/sleep', '-n', 'monitoring']))
        succeeded(await serin.kubectl(['rollout', 'status', 'deployment/prometheus-server', '-n', 'monitoring', '--timeout=60s']))
        const printed = `kubectl exec deploy/prometheus-server -n monitoring -- wget -qO- "${query}" 2>/dev/null | jq .`
        const command = printed.replace('localhost:9090', new URL(url).host)
        const { stdout } = succeeded(await run('bash', ['-c', command], { env: serin.environment }))
        const { data } = JSON.parse(stdout) as { data: { result: readonly Sample[] } }
        expect(data.result.map(({ metric }) => metric)).toEqual([{ destination_version: 'v2' }])
        expect(Number(data.result[0]?.value[1])).toBeGreaterThan(0)
      }
    )

    it('Envoy series of clusters that were called are there, and their first increments count', async () => {
      const [total] = await ask('envoy_cluster_upstream_rq_total{cluster_name="outbound|8080||reviews.default.svc.cluster.local"}')
      expect(Number(total?.value[1])).toBeGreaterThan(0)
      expect(await ask('envoy_cluster_upstream_rq_pending_overflow{cluster_name=~".*reviews.*"}')).toHaveLength(1)
    })

    it('promtool takes /metrics: it has a word only on the unit that is in the name of Istio’s own metric', async () => {
      await tally(1, () => throughMesh(serin)({ url: 'http://reviews:8080/' }))
      const metrics = await (await fetch(`${serin.addresses.admin}/metrics`)).text()
      const { stdout, stderr } = await run(join(PROMETHEUS_FOLDER ?? '', 'promtool'), ['check', 'metrics'], { input: metrics })
      expect(stdout).toBe('')
      expect(stderr.trim().split('\n')).toEqual(['istio_request_duration_milliseconds use base unit "seconds" instead of "milliseconds"'])
    })
  })

  it('one that is killed is started again at the same URL, with what it had', async () => {
    await until('a scrape', async () => (await ask('up')).length > 0)
    process.kill(pidOfPrometheus(serin), 'SIGKILL')
    await until('another', async () => (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok === true)
    await serin.said('serin: prometheus ended (SIGKILL): another starts in 500 ms')
    expect((await ask('max_over_time(up[5m])')).length).toBeGreaterThan(0)
  })

  it('ends with the instance, however that ends', async () => {
    const other = await start()
    const pid = pidOfPrometheus(other)
    process.kill(other.pid, 'SIGKILL')
    await until('its end', () => !isAlive(pid), 10_000)
    const own = pidOfPrometheus(serin)
    expect(await serin.stop()).toBe(0)
    expect(isAlive(own)).toBe(false)
  })
})

describe('without a Prometheus on the machine', () => {
  it('one line says so, and all else works', async () => {
    const serin = await startSerin({ path: '/nowhere' })
    try {
      expect(serin.addresses.prometheus).toBeUndefined()
      await serin.said('prometheus')
      expect(serin.lines.filter((line) => line.includes('prometheus'))).toEqual([
        'serin: prometheus is not installed, so nothing answers PromQL: install it, or name one with --prometheus URL'
      ])
    } finally {
      await serin.stop()
    }
  })
})
