// What goes away under load costs no request: pods that leave, Services that are deleted; and what the end of the control process costs
// (docs/failures.md).

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { pidsOfRun, signalTo } from '../../src/host/process-table.ts'
import { dig } from '../../src/std/json.ts'
import { steady } from '../soak/steady.ts'
import type { Asked, Steady } from '../soak/steady.ts'
import { type Api, apiOf } from './api.ts'
import { type MeshAnswer, fetchThrough } from './mesh-request.ts'
import { type PodView, podsOf, readyPods } from './pods.ts'
import { until } from './run.ts'
import { type Serin, startSerin } from './serin.ts'
import { deployment, manifest, service } from './workloads.ts'

const APP = manifest(service('app', [80]), deployment({ app: 'app', version: 'v1', image: 'serin/demo:1.0', replicas: 3 }))
// It keeps what is asked of /hold, says how many of /held, ends them at /go, and itself at once on SIGTERM.
const PROGRAM =
  `const held = []; require('http').createServer((q, r) => { if (q.url === '/hold') return held.push(r); ` +
  `if (q.url === '/go') for (const each of held) each.end('held'); r.end(String(held.length)) }).listen(8080, process.env.HOST)`
const ABRUPT = manifest(
  service('abrupt', [80]),
  deployment({ app: 'abrupt', version: 'v1', image: 'program', replicas: 2, command: [process.execPath, '-e', PROGRAM] })
)
const CALLERS = 8

const dir = mkdtempSync(join(tmpdir(), 'serin-load-failures-'))
const manifests = mkdtempSync(join(tmpdir(), 'serin-load-failures-files-'))
let serin: Serin
let api: Api

beforeAll(async () => {
  writeFileSync(join(manifests, 'app.yaml'), APP)
  writeFileSync(join(manifests, 'abrupt.yaml'), ABRUPT)
  serin = await startSerin({ dir, files: [manifests], args: ['--workers', '2'] })
  api = apiOf(dir)
  await until('the application answers', async () => (await fetchThrough(serin.addresses.mesh, 'http://app/')).status === 200)
  await readyPods(api, 'app', 3)
})
afterAll(async () => {
  api.close()
  await serin.stop()
  for (const each of [dir, manifests]) rmSync(each, { recursive: true, force: true })
})

const loads: Steady[] = []
afterEach(async () => {
  await Promise.all(loads.splice(0).map((load) => load.stop()))
})

function loaded(host = 'app'): Steady {
  const load = steady(Number(new URL(serin.addresses.mesh).port), CALLERS, host, '/')
  loads.push(load)
  return load
}

const DEPLOYMENT = '/apis/apps/v1/namespaces/default/deployments/app-v1'
const SLICES_OF_ABRUPT = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dabrupt'
const SERVICE = '/api/v1/namespaces/default/services/app'
const unanswered = ({ asked }: Steady): Asked[] => asked.filter(({ fate }) => fate !== 'answered')

it('pods that are scaled away, or replaced by a rollout, have answered all they were asked', async () => {
  const load = loaded()
  await load.more(100)
  await api.call('PATCH', DEPLOYMENT, { spec: { replicas: 1 } })
  const [before] = await readyPods(api, 'app', 1)
  await load.more(100)
  await api.call('PATCH', DEPLOYMENT, { spec: { template: { metadata: { annotations: { again: '1' } } } } })
  await until('another pod has its place', async () => {
    const [pod, ...others] = await podsOf(api, 'app')
    return others.length === 0 && pod?.ready === true && pod.name !== before?.name
  })
  await load.more(100)
  await load.stop()
  expect(unanswered(load)).toEqual([])
})

it('a pod whose program ends at once when it is told to has answered what it had in hand', async () => {
  const pods = await readyPods(api, 'abrupt', 2)
  const ask = (pod: PodView, what: string): Promise<string> => fetch(`http://${pod.ip}:8080/${what}`).then((answer) => answer.text())
  const load = loaded('abrupt')
  await load.more(50)
  const held: Promise<MeshAnswer>[] = []
  await until('each pod has a request in hand', async () => {
    const counts = await Promise.all(pods.map((pod) => ask(pod, 'held')))
    if (counts.every((count) => Number(count) > 0)) return true
    held.push(fetchThrough(serin.addresses.mesh, 'http://abrupt/hold'))
    return false
  })
  await api.call('PATCH', '/apis/apps/v1/namespaces/default/deployments/abrupt-v1', { spec: { replicas: 1 } })
  await until('one of them is leaving, and no Service sends it more', async () => {
    const [slice] = await api.list(SLICES_OF_ABRUPT)
    const endpoints = dig(slice, 'endpoints')
    return Array.isArray(endpoints) && endpoints.some((endpoint) => dig(endpoint, 'conditions', 'terminating') === true)
  })
  await load.more(50)
  for (const pod of pods) await ask(pod, 'go')
  const answers = await Promise.all(held)
  expect(answers).toEqual(answers.map(() => ({ status: 200, text: 'held' })))
  await readyPods(api, 'abrupt', 1)
  await load.more(50)
  await load.stop()
  expect(unanswered(load)).toEqual([])
})

it('a Service that is deleted under load leaves no request without an answer, and serves again when it is back', async () => {
  const { body: service } = await api.call('GET', SERVICE)
  const load = loaded()
  await load.more(100)
  await api.call('DELETE', SERVICE)
  await until('its name means nothing any more', () => load.asked.at(-1)?.status !== 200)
  const { metadata, ...rest } = service
  await api.call('POST', '/api/v1/namespaces/default/services', { ...rest, metadata: { name: metadata.name } })
  await load.more(100)
  await load.stop()
  expect(unanswered(load).filter(({ status }) => status === 0)).toEqual([])
})

// The last one: there is nothing left after it.
it('kill -9 of the control process: what was begun is answered as long as pods are there, nothing hangs, all is gone within 10 s', async () => {
  const run = readFileSync(join(dir, 'run'), 'utf8').trim()
  const load = loaded()
  await load.more(100)
  signalTo(serin.pid, 'SIGKILL')
  await until('nothing of the run lives', () => pidsOfRun(run).length === 0, 10_000)
  await load.stop()
  const costs = unanswered(load).filter(({ fate }) => fate === 'lost')
  // Pods are told to end at once: what they did not answer is 503.
  expect(costs.length).toBeLessThanOrEqual(2 * CALLERS)
  expect(costs.filter(({ status }) => status !== 503).length).toBeLessThanOrEqual(CALLERS)
  expect(load.asked.at(-1)?.fate).toBe('refused')
})
