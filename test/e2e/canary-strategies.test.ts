// Canaries that do not split requests by weight alone, with real traffic: callers that match, callers that keep their side by a cookie,
// copies, connections.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { dig, listAt } from '../../src/std/json.ts'
import { type Api, apiOf } from './api.ts'
import { echoes } from './echoes.ts'
import { type Answer, type Send, tally, throughMesh, wordOf } from './requests.ts'
import { until } from './run.ts'
import { type Serin, startSerin } from './serin.ts'
import { deployment, manifest } from './workloads.ts'

const PATIENCE = 120_000

function canary(app: string, analysis: object, service: object = { port: 80, targetPort: 8080 }, annotations: object = {}): object {
  return {
    apiVersion: 'flagger.app/v1beta1',
    kind: 'Canary',
    metadata: { name: app, namespace: 'default', annotations },
    spec: {
      targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: `${app}-v1` },
      service: { name: app, ...service },
      analysis: { interval: '10s', threshold: 2, ...analysis }
    }
  }
}

const CANARIES = {
  matched: { iterations: 1, match: [{ headers: { 'x-user': { exact: 'insider' } } }] },
  sticky: { stepWeight: 40, maxWeight: 40, sessionAffinity: { cookieName: 'side', maxAge: 60 } },
  copied: { iterations: 1, mirror: true, mirrorWeight: 100 }
}
const APPS = [...Object.keys(CANARIES), 'paired']
const PAIRED = canary('paired', { stepWeight: 30, maxWeight: 30 }, undefined, { 'serin.dev/baseline': 'fresh' })
const ECHO = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'wired-v1', namespace: 'default' },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'wired' } },
    template: {
      metadata: { labels: { app: 'wired' } },
      spec: { containers: [{ name: 'wired', image: 'istio/tcp-echo-server:1.3', args: ['9000', 'old'], ports: [{ containerPort: 9000 }] }] }
    }
  }
}
const WIRED = canary('wired', { stepWeight: 50, maxWeight: 50 }, { port: 9000, appProtocol: 'tcp' })
const OBJECTS = manifest(
  ECHO,
  WIRED,
  PAIRED,
  ...APPS.map((app) => deployment({ app, version: 'v1', image: 'serin/demo:1.0.0' })),
  ...Object.entries(CANARIES).map(([app, analysis]) => canary(app, analysis))
)

const dir = mkdtempSync(join(tmpdir(), 'serin-strategies-'))
const files = mkdtempSync(join(tmpdir(), 'serin-strategies-files-'))
let serin: Serin
let api: Api
let send: Send

beforeAll(async () => {
  writeFileSync(join(files, 'objects.yaml'), OBJECTS)
  serin = await startSerin({ dir, files: [files] })
  api = apiOf(dir)
  send = throughMesh(serin)
  for (const app of [...APPS, 'wired']) await phase(app, 'Initialized')
  // All at once: most of what follows is waiting for intervals.
  for (const app of APPS) {
    const containers = [{ name: app, image: 'serin/demo:1.1.0' }]
    const live = await api.call('GET', pathOf(app))
    const [container] = dig(live.body, 'spec', 'template', 'spec', 'containers') as readonly object[]
    await api.call('PATCH', pathOf(app), { spec: { template: { spec: { containers: [{ ...container, ...containers[0] }] } } } })
  }
  const [container] = ECHO.spec.template.spec.containers
  await api.call('PATCH', pathOf('wired'), { spec: { template: { spec: { containers: [{ ...container, args: ['9000', 'new'] }] } } } })
})
afterAll(async () => {
  api.close()
  await serin.stop()
  for (const each of [dir, files]) rmSync(each, { recursive: true, force: true })
})

const pathOf = (app: string): string => `/apis/apps/v1/namespaces/default/deployments/${app}-v1`
const ask = (app: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> => send({ url: `http://${app}/`, headers })

async function phase(app: string, wanted: string): Promise<void> {
  const path = `/apis/flagger.app/v1beta1/namespaces/default/canaries/${app}`
  await until(`${app} is ${wanted}`, async () => dig((await api.call('GET', path)).body, 'status', 'phase') === wanted, PATIENCE)
}

it.concurrent('A/B: callers that match get the new version, the others the old one, until it is promoted', async () => {
  const insider = { 'x-user': 'insider' }
  await until('insiders get the new version', async () => wordOf(await ask('matched', insider)) === '1.1.0', PATIENCE)
  const [inside, outside] = await Promise.all([tally(40, () => ask('matched', insider)), tally(40, () => ask('matched'))])
  expect([inside, outside]).toEqual([{ '1.1.0': 40 }, { '1.0.0': 40 }])
  await phase('matched', 'Succeeded')
  expect(await tally(40, () => ask('matched'))).toEqual({ '1.1.0': 40 })
})

it.concurrent('session affinity: who met the canary stays there by his cookie, which is taken back at the end', async () => {
  let cookie = ''
  await until(
    'somebody gets a cookie',
    async () => {
      cookie = (await ask('sticky')).headers['set-cookie']?.[0] ?? ''
      return cookie !== ''
    },
    PATIENCE
  )
  expect(cookie).toMatch(/^side=[A-Za-z]{10}; Max-Age=60$/)
  const holder = { cookie: `theme=dark; ${cookie.split(';')[0]}` }
  expect(await tally(40, () => ask('sticky', holder))).toEqual({ '1.1.0': 40 })
  const others = await tally(100, () => ask('sticky', { cookie: 'side=another' }))
  expect(Object.keys(others).toSorted()).toEqual(['1.0.0', '1.1.0'])
  await phase('sticky', 'Succeeded')
  // He who came first, and those of the others who met it: each was given one cookie, those of the last seconds unseen.
  const isCounted = async (): Promise<boolean> => {
    const { body } = await api.call('GET', '/apis/serin.dev/v1alpha1/namespaces/default/releases')
    const kept = listAt(body, 'items').filter((release) => dig(release, 'spec', 'canary') === 'sticky')
    const users = kept.map((release) => Number(dig(release, 'status', 'exposure', 'users') ?? 0))
    return users.some((count) => count >= 1 && count <= 1 + (others['1.1.0'] ?? 0))
  }
  await until('the Release says how many users met the canary', isCounted, PATIENCE)
  const answer = await ask('sticky', holder)
  expect(answer.headers['set-cookie']).toEqual([`${cookie.split(';')[0]}; Max-Age=-1`])
  expect((await ask('sticky')).headers['set-cookie']).toBeUndefined()
})

it.concurrent('a fresh baseline: a copy of the old version takes as much as the canary, and is gone in the end', async () => {
  const served = async (workload: string): Promise<number> => {
    const text = await (await fetch(`${serin.addresses.admin}/metrics`)).text()
    const lines = text.split('\n').filter((line) => line.startsWith('istio_requests_total') && line.includes('reporter="source"'))
    return lines
      .filter((line) => line.includes(`destination_workload="${workload}"`))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  }
  const path = '/apis/apps/v1/namespaces/default/deployments/paired-v1-baseline'
  const words = new Set<string>()
  await until(
    'the baseline gets requests',
    async () => {
      for (const word of Object.keys(await tally(20, () => ask('paired')))) words.add(word)
      return (await served('paired-v1-baseline')) >= 10
    },
    PATIENCE
  )
  expect([...words].toSorted()).toEqual(['1.0.0', '1.1.0'])
  const [canaryServed, copyServed] = [await served('paired-v1'), await served('paired-v1-baseline')]
  expect(copyServed / (canaryServed + copyServed)).toBeGreaterThan(0.15)
  expect(copyServed / (canaryServed + copyServed)).toBeLessThan(0.85)
  await phase('paired', 'Succeeded')
  await until('the copy is gone', async () => (await api.call('GET', path)).status === 404, PATIENCE)
  expect(await tally(20, () => ask('paired'))).toEqual({ '1.1.0': 20 })
})

it.concurrent('blue/green with mirroring: the new version gets copies, and callers the old one, until all is switched', async () => {
  // The workload with the target's name is the canary.
  const asked = async (): Promise<boolean> => {
    const text = await (await fetch(`${serin.addresses.admin}/metrics`)).text()
    return /^istio_requests_total\{[^}]*destination_workload="copied-v1"[^}]*\} [1-9]/m.test(text)
  }
  const words = new Set<string>()
  await until(
    'copies come to the canary',
    async () => {
      words.add(wordOf(await ask('copied')))
      return asked()
    },
    PATIENCE
  )
  expect(words).toEqual(new Set(['1.0.0']))
  await phase('copied', 'Succeeded')
  expect(await tally(40, () => ask('copied'))).toEqual({ '1.1.0': 40 })
})

it.concurrent('connections: they are split by weight where the Service is for TCP, and all come to the new version in the end', async () => {
  const service = await api.call('GET', '/api/v1/namespaces/default/services/wired')
  const address = String(dig(service.body, 'spec', 'clusterIP'))
  const split = await until(
    'some connections come to the canary',
    async () => {
      const words = await echoes(40, 9000, address)
      return words['new'] === undefined ? undefined : words
    },
    PATIENCE
  )
  // One of two is missed by 40 draws never.
  expect(Object.keys(split).toSorted()).toEqual(['new', 'old'])
  await phase('wired', 'Succeeded')
  expect(await echoes(40, 9000, address)).toEqual({ new: 40 })
})
