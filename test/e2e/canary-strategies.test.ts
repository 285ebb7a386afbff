// Canaries that do not go by weight alone, with real traffic: callers that match, callers that keep their side by a cookie, copies.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { dig } from '../../src/std/json.ts'
import { type Api, apiOf } from './api.ts'
import { type Answer, type Send, tally, throughMesh, wordOf } from './requests.ts'
import { until } from './run.ts'
import { type Serin, startSerin } from './serin.ts'
import { deployment, manifest } from './workloads.ts'

const PATIENCE = 120_000

function canary(app: string, analysis: object): object {
  return {
    apiVersion: 'flagger.app/v1beta1',
    kind: 'Canary',
    metadata: { name: app, namespace: 'default' },
    spec: {
      targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: `${app}-v1` },
      service: { name: app, port: 80, targetPort: 8080 },
      analysis: { interval: '10s', threshold: 2, ...analysis }
    }
  }
}

const CANARIES = {
  matched: { iterations: 1, match: [{ headers: { 'x-user': { exact: 'insider' } } }] },
  sticky: { stepWeight: 40, maxWeight: 40, sessionAffinity: { cookieName: 'side', maxAge: 60 } },
  copied: { iterations: 1, mirror: true, mirrorWeight: 100 }
}
const APPS = Object.keys(CANARIES)
const OBJECTS = manifest(
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
  for (const app of APPS) await phase(app, 'Initialized')
  // All at once: most of what follows is waiting for intervals.
  for (const app of APPS) {
    const containers = [{ name: app, image: 'serin/demo:1.1.0' }]
    const live = await api.call('GET', pathOf(app))
    const [container] = dig(live.body, 'spec', 'template', 'spec', 'containers') as readonly object[]
    await api.call('PATCH', pathOf(app), { spec: { template: { spec: { containers: [{ ...container, ...containers[0] }] } } } })
  }
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
  const answer = await ask('sticky', holder)
  expect(answer.headers['set-cookie']).toEqual([`${cookie.split(';')[0]}; Max-Age=-1`])
  expect((await ask('sticky')).headers['set-cookie']).toBeUndefined()
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
