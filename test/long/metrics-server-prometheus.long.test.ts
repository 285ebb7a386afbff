// `serin up --metrics-server`: a real Prometheus scrapes the instance, and the gate judges releases by what that one has counted.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeObject } from '../../src/api/object.ts'
import { dig, listAt } from '../../src/std/json.ts'
import { type Api, apiOf } from '../e2e/api.ts'
import { PROMETHEUS_FOLDER } from '../e2e/prometheus-program.ts'
import { Pages, RealPrometheus, SCRAPED_EVERY } from '../e2e/real-prometheus.ts'
import { throughMesh } from '../e2e/requests.ts'
import { until } from '../e2e/run.ts'
import { type Serin, startSerin } from '../e2e/serin.ts'
import { deployment, manifest } from '../e2e/workloads.ts'

const [GOOD, BAD] = ['good', 'bad']
const APPS = [GOOD, BAD]
const SEND_EVERY_MS = 25
const PATIENCE = 120_000
const SENTENCE =
  /^1\.1\.0 rolled back after \d+ s at (?:20|50) %: ([\d,]+) of 1\.1\.0's ([\d,]+) requests failed, against 0 of [\d,]+ on 1\.0\.0 in the same seconds\./

const pages = new Pages()
const prometheus = new RealPrometheus({ pages, names: ['serin'] })
let files = ''
let serin: Serin
let api: Api
let timer: NodeJS.Timeout

function canaryOf(name: string): object {
  return {
    apiVersion: 'flagger.app/v1beta1',
    kind: 'Canary',
    metadata: { name, namespace: 'default' },
    spec: {
      targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: `${name}-v1` },
      service: { name, port: 80, targetPort: 8080 },
      analysis: { interval: '10s', threshold: 5, stepWeights: [20, 50] }
    }
  }
}

const canaryPath = (app: string): string => `/apis/flagger.app/v1beta1/namespaces/default/canaries/${app}`
const statusOf = async (app: string): Promise<unknown> => (await api.call('GET', canaryPath(app))).body['status']
const phaseOf = async (app: string): Promise<unknown> => dig(await statusOf(app), 'phase')

/** The release of 1.1.0, once the gate has said something of it. */
async function releaseOf(app: string): Promise<KubeObject | undefined> {
  const all = await api.list('/apis/serin.dev/v1alpha1/namespaces/default/releases')
  return all.find((release) => dig(release, 'spec', 'canary') === app && dig(release, 'status', 'evidence') !== undefined)
}

/** Requests to the canary, as the Prometheus has counted them. */
async function countedOf(app: string): Promise<number> {
  const [sum] = await prometheus.ask(`sum(istio_requests_total{reporter="source",destination_service_name="${app}-canary"})`)
  return sum?.value ?? 0
}

/** How often it has been asked for counters. */
async function questions(): Promise<number> {
  const text = await (await fetch(`${prometheus.url}/metrics`)).text()
  return Number(/^prometheus_http_requests_total\{code="200",handler="\/api\/v1\/query"\} (\d+)$/m.exec(text)?.[1] ?? 0)
}

async function release(app: string, env: readonly object[]): Promise<void> {
  const target = `/apis/apps/v1/namespaces/default/deployments/${app}-v1`
  const [container] = listAt((await api.call('GET', target)).body['spec'], 'template', 'spec', 'containers')
  const containers = [{ ...Object(container), image: 'serin/demo:1.1.0', env }]
  await api.call('PATCH', target, { spec: { template: { spec: { containers } } } })
}

beforeAll(async () => {
  if (PROMETHEUS_FOLDER === undefined) return
  files = mkdtempSync(join(tmpdir(), 'serin-metrics-files-'))
  await pages.start()
  await prometheus.start()
  const targets = APPS.map((app) => deployment({ app, version: 'v1', image: 'serin/demo:1.0.0' }))
  writeFileSync(join(files, 'objects.yaml'), manifest(...targets, ...APPS.map(canaryOf)))
  const args = ['--metrics-server', prometheus.url, '--metrics-interval', `${SCRAPED_EVERY / 1000}s`]
  serin = await startSerin({ files: [files], args })
  pages.lead('serin', `${serin.addresses.admin}/metrics`)
  api = apiOf(serin.dir)
  for (const app of APPS) await until(`${app} is initialised`, async () => (await phaseOf(app)) === 'Initialized', PATIENCE)
  const send = throughMesh(serin)
  timer = setInterval(() => APPS.forEach((app) => void send({ url: `http://${app}/` }).catch(() => undefined)), SEND_EVERY_MS)
  await release(GOOD, [])
  await release(BAD, [{ name: 'ERROR_RATE', value: '0.3' }])
}, PATIENCE)
afterAll(async () => {
  if (files === '') return
  clearInterval(timer)
  api?.close()
  await serin?.stop()
  await prometheus.stop()
  await pages.stop()
  rmSync(files, { recursive: true, force: true })
})

describe.skipIf(PROMETHEUS_FOLDER === undefined)('the gate on a real Prometheus', () => {
  it.concurrent(
    'a release that fails 30 % is rolled back by what the Prometheus has counted, and told with its counts',
    async () => {
      await until('the rollback', async () => (await phaseOf(BAD)) === 'Failed', PATIENCE)
      const said = await until('the gate to have said why', async () => {
        const evidence = dig(await releaseOf(BAD), 'status', 'evidence')
        return typeof evidence === 'string' && SENTENCE.test(evidence) && evidence
      })
      expect(await statusOf(BAD)).toMatchObject({ canaryWeight: 0, conditions: [{ message: expect.stringContaining(said) }] })
      const [failed = 0, requests = 0] = (SENTENCE.exec(said) ?? []).slice(1).map((text) => Number(text.replaceAll(',', '')))
      expect(failed).toBeGreaterThan(0)
      expect(requests).toBeLessThanOrEqual(await countedOf(BAD))
    },
    PATIENCE
  )

  it.concurrent(
    'a good one is promoted, with what the Prometheus has counted of it',
    async () => {
      const before = await questions()
      await until('the promotion', async () => (await phaseOf(GOOD)) === 'Succeeded', PATIENCE)
      const status = (await releaseOf(GOOD))?.['status']
      expect(status).toMatchObject({ outcome: 'succeeded', exposure: { excess: 0 } })
      const requests = Number(dig(status, 'exposure', 'requests'))
      expect(requests).toBeGreaterThan(0)
      expect(requests).toBeLessThanOrEqual(await countedOf(GOOD))
      expect((await questions()) - before).toBeGreaterThan(10)
    },
    PATIENCE
  )
})
