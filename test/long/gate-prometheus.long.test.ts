// Streams of a Canary read from a real Prometheus, in a real instance: every request is answered with 200, and what is sold tells the versions
// apart. What was sold is counted by the callers, that is by this test, and scraped from it.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeObject } from '../../src/api/object.ts'
import { dig, listAt } from '../../src/std/json.ts'
import { type Api, apiOf } from '../e2e/api.ts'
import { PROMETHEUS_FOLDER } from '../e2e/prometheus-program.ts'
import { Pages, RealPrometheus } from '../e2e/real-prometheus.ts'
import { echoOf, throughMesh } from '../e2e/requests.ts'
import { run, until } from '../e2e/run.ts'
import { ROOT, type Serin, startSerin } from '../e2e/serin.ts'
import { deployment, manifest } from '../e2e/workloads.ts'

const SEND_EVERY_MS = 25
// Few: the sales of ten seconds prove nothing of a release yet.
const ITEMS = 2
const PATIENCE = 120_000
const SENTENCE =
  /^1\.1\.0 rolled back after \d+ s at \d+ %: [\d,]+ of 1\.1\.0's [\d,]+ sales events were bad, against 0 of [\d,]+ on 1\.0\.0 in the same seconds\./

/** A shop under release, and who knows what it sold. */
interface Shop {
  readonly app: string
  readonly prometheus: RealPrometheus
  /** Statuses of answers that were not 200. */
  readonly failures: number[]
}

const pages = new Pages()
const shopOf = (app: string): Shop => ({ app, prometheus: new RealPrometheus({ pages, names: [app] }), failures: [] })
const [SELLING, SILENT] = [shopOf('selling'), shopOf('silent')]
const SHOPS = [SELLING, SILENT]
let files = ''
let serin: Serin
let api: Api
let timer: NodeJS.Timeout

function templateOf({ app, prometheus }: Shop, name: string, metric: string): object {
  const query = `${metric}{deployment="{{ target }}"}`
  const spec = { provider: { type: 'prometheus', address: prometheus.url }, query }
  return { apiVersion: 'flagger.app/v1beta1', kind: 'MetricTemplate', metadata: { name: `${app}-${name}`, namespace: 'default' }, spec }
}

function canaryOf({ app }: Shop, annotations: object, more: object = {}): object {
  return {
    apiVersion: 'flagger.app/v1beta1',
    kind: 'Canary',
    metadata: {
      name: app,
      namespace: 'default',
      annotations: { 'serin.dev/streams': `sales=${app}-all:${app}-missing`, 'serin.dev/look': '1s', ...annotations }
    },
    spec: {
      targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: `${app}-v1` },
      service: { name: app, port: 80, targetPort: 8080 },
      analysis: { interval: '10s', threshold: 5, stepWeights: [20, 50] },
      ...more
    }
  }
}

// Sends requests, and shows what was sold by pod. The new release of `selling` answers and sells nothing.
function sell({ app, failures }: Shop): () => void {
  const send = throughMesh(serin)
  const sold = new Map<string, { all: number; missing: number }>()
  pages.show(app, () =>
    [...sold]
      .map(([pod, { all, missing }]) => {
        const labels = `pod="${pod}",deployment="${pod.split('-').slice(0, -2).join('-')}"`
        return `items_total{${labels}} ${all}\n${missing === 0 ? '' : `items_missing_total{${labels}} ${missing}\n`}`
      })
      .join('')
  )
  return () => {
    const answered = send({ url: `http://${app}/` }).then((answer) => {
      if (answer.status !== 200) return void failures.push(answer.status)
      const { pod, version } = echoOf(answer)
      const { all, missing } = sold.get(pod) ?? { all: 0, missing: 0 }
      const isMissing = app === SELLING.app && version === '1.1.0'
      sold.set(pod, { all: all + ITEMS, missing: missing + (isMissing ? ITEMS : 0) })
    })
    answered.catch(() => failures.push(0))
  }
}

const path = (app: string): string => `/apis/flagger.app/v1beta1/namespaces/default/canaries/${app}`
const statusOf = async (app: string): Promise<unknown> => (await api.call('GET', path(app))).body['status']
const phaseOf = async (app: string): Promise<unknown> => dig(await statusOf(app), 'phase')

async function releaseOf(app: string): Promise<KubeObject | undefined> {
  const all = await api.list('/apis/serin.dev/v1alpha1/namespaces/default/releases')
  return all.find((release) => dig(release, 'spec', 'canary') === app && dig(release, 'status', 'evidence') !== undefined)
}

/** What the gate says of the release under way. */
async function evidenceOf(app: string): Promise<string> {
  const evidence = dig(await releaseOf(app), 'status', 'evidence')
  return typeof evidence === 'string' ? evidence : ''
}

/** The latest check of the gate with this cause. */
async function checkOf(app: string, cause: string): Promise<unknown> {
  return listAt((await releaseOf(app))?.['status'], 'checks').findLast(
    (check) => dig(check, 'check') === 'evidence' && dig(check, 'cause') === cause
  )
}

/** What `serin status NAME` prints. */
async function shown(app: string): Promise<string> {
  const ran = await run(process.execPath, [join(ROOT, 'bin', 'serin'), 'status', app, '-n', 'default'], { env: serin.environment })
  return ran.stdout + ran.stderr
}

beforeAll(async () => {
  if (PROMETHEUS_FOLDER === undefined) return
  files = mkdtempSync(join(tmpdir(), 'serin-gate-files-'))
  await pages.start()
  await Promise.all(SHOPS.map(({ prometheus }) => prometheus.start()))
  // The one has its selectors in the option itself, the other in MetricTemplates.
  const selectors = ['items_total', 'items_missing_total'].map((metric) => `${metric}{deployment="{{ target }}"}`).join(':')
  const selling = canaryOf(SELLING, { 'serin.dev/streams': `sales=${selectors}` }, { metricsServer: SELLING.prometheus.url })
  const objects = SHOPS.flatMap((shop) => [
    deployment({ app: shop.app, version: 'v1', image: 'serin/demo:1.0.0' }),
    templateOf(shop, 'all', 'items_total'),
    templateOf(shop, 'missing', 'items_missing_total')
  ])
  const paced = { 'serin.dev/pace': 'evidence', 'serin.dev/smallest-difference': '20pt' }
  writeFileSync(join(files, 'objects.yaml'), manifest(...objects, selling, canaryOf(SILENT, paced)))
  serin = await startSerin({ files: [files] })
  api = apiOf(serin.dir)
  for (const { app } of SHOPS) await until(`${app} is initialised`, async () => (await phaseOf(app)) === 'Initialized', PATIENCE)
  for (const { app } of SHOPS) {
    const release = `/apis/apps/v1/namespaces/default/deployments/${app}-v1`
    const [container] = listAt((await api.call('GET', release)).body['spec'], 'template', 'spec', 'containers')
    const containers = [{ ...Object(container), image: 'serin/demo:1.1.0' }]
    await api.call('PATCH', release, { spec: { template: { spec: { containers } } } })
  }
  const sellers = SHOPS.map(sell)
  timer = setInterval(() => sellers.forEach((sellOne) => sellOne()), SEND_EVERY_MS)
}, PATIENCE)
afterAll(async () => {
  if (files === '') return
  clearInterval(timer)
  api?.close()
  await serin?.stop()
  for (const { prometheus } of SHOPS) await prometheus.stop()
  await pages.stop()
  rmSync(files, { recursive: true, force: true })
})

describe.skipIf(PROMETHEUS_FOLDER === undefined)('streams of a real Prometheus', () => {
  it.concurrent(
    'a release that answers every request and sells nothing is rolled back, and told by the name of the stream',
    async () => {
      const { app, failures } = SELLING
      await until('the rollback', async () => (await phaseOf(app)) === 'Failed', PATIENCE)
      const sentence = await until('the gate to have said why', async () => SENTENCE.test(await evidenceOf(app)) && evidenceOf(app))
      expect(await statusOf(app)).toMatchObject({ canaryWeight: 0, conditions: [{ message: expect.stringContaining(sentence) }] })
      expect((await shown(app)).split('\n')).toContain(`  Cause:         ${sentence}`)
      await until('an Event', async () => {
        const events = await api.list('/api/v1/namespaces/default/events')
        return events.some((event) => dig(event, 'involvedObject', 'name') === app && event['message'] === sentence)
      })
      expect(failures).toEqual([])
    },
    PATIENCE
  )

  it.concurrent(
    'a Prometheus that is killed blames nobody and proves nothing: its stream holds the release until it is back',
    async () => {
      const { app, prometheus, failures } = SILENT
      const states = api.states('/apis/flagger.app/v1beta1/namespaces/default/canaries')
      const weights = (): readonly number[] => {
        const own = states.filter(({ metadata }) => metadata.name === app)
        return [...new Set(own.map(({ status }) => Number(dig(status, 'canaryWeight') ?? 0)))].filter((weight) => weight > 0)
      }
      // The stream is asked every five seconds, from the canary's first request on, and it warms up for thirty.
      await until('the gate to have asked twice', async () => /warms up for another 1?\d s/.test(await evidenceOf(app)), PATIENCE)
      await prometheus.kill()
      const down = `The stream sales: connect ECONNREFUSED ${new URL(prometheus.url).host}.`
      // The requests are proven safe long before: at 20 points almost any are.
      const held = await until(
        'it to be held for the stream alone',
        async () => /to exclude/.test(await evidenceOf(app)) && evidenceOf(app),
        PATIENCE
      )
      expect(held).toMatch(/^Holding at 20 %: [1-9][\d,]* 1\.1\.0 sales events so far; .* to exclude \+1 point\. /)
      expect(held.endsWith(down)).toBe(true)
      const check = await until('a look of the rollout', async () => checkOf(app, 'down'), PATIENCE)
      expect(check).toMatchObject({ check: 'evidence', outcome: 'unknown', because: expect.stringContaining(down) })
      expect(await shown(app)).toMatch(
        /^ {2}Check: +evidence: provider down(?: \d+ times)?, Holding at 20 %: .* The stream sales: connect ECONNREFUSED /m
      )
      await serin.said(`serin: canary default/${app}: stream sales: connect ECONNREFUSED ${new URL(prometheus.url).host}`)
      expect([await phaseOf(app), weights()]).toEqual(['Progressing', [20]])
      await prometheus.start()
      await until('it to go on', () => weights().includes(50), PATIENCE)
      expect(failures).toEqual([])
    },
    PATIENCE
  )
})
