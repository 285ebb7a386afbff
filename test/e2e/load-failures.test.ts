// What goes away under load costs no request: pods that leave, Services that are deleted; and what the end of the control process costs
// (docs/failures.md).

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { pidsOfRun, signalTo } from '../../src/host/process-table.ts'
import { steady } from '../soak/steady.ts'
import type { Asked, Steady } from '../soak/steady.ts'
import { type Api, apiOf } from './api.ts'
import { fetchThrough } from './mesh-request.ts'
import { podsOf, readyPods } from './pods.ts'
import { until } from './run.ts'
import { type Serin, startSerin } from './serin.ts'
import { deployment, manifest, service } from './workloads.ts'

const APP = manifest(service('app', [80]), deployment({ app: 'app', version: 'v1', image: 'serin/demo:1.0', replicas: 3 }))
// It has work to do for each answer, so that it mostly has some in hand, and SIGTERM ends it where it stands.
const PROGRAM =
  `const { pbkdf2 } = require('crypto'); require('http').createServer((q, r) => ` +
  `pbkdf2('a', 'b', 50_000, 32, 'sha256', () => r.end('ok'))).listen(8080, process.env.HOST)`
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

function loaded(host = 'app', callers = CALLERS): Steady {
  const load = steady(Number(new URL(serin.addresses.mesh).port), callers, host, '/')
  loads.push(load)
  return load
}

const DEPLOYMENT = '/apis/apps/v1/namespaces/default/deployments/app-v1'
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
  await readyPods(api, 'abrupt', 2)
  // Few: what takes longer than the second that is waited for would be lost.
  const load = loaded('abrupt', 3)
  await load.more(50)
  await api.call('PATCH', '/apis/apps/v1/namespaces/default/deployments/abrupt-v1', { spec: { replicas: 1 } })
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
  // What was begun before may end after calls that are refused.
  await until('callers are refused', () => load.asked.slice(-CALLERS).every(({ fate }) => fate === 'refused'))
  await load.stop()
  const costs = unanswered(load).filter(({ fate }) => fate === 'lost')
  // Pods are told to end at once: what they did not answer is 503.
  expect(costs.length).toBeLessThanOrEqual(2 * CALLERS)
  expect(costs.filter(({ status }) => status !== 503).length).toBeLessThanOrEqual(CALLERS)
  expect(load.asked.at(-1)?.fate).toBe('refused')
})
