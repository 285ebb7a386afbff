// kill -9 of each process in turn: nothing is left running where it should be gone, and the next start finds everything that was acknowledged.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isAlive, pidsOfRun, signalTo } from '../../src/host/process-table.ts'
import { type Api, apiOf } from './api.ts'
import { fetchThrough } from './mesh-request.ts'
import { type PodView, podsOf, readyPods } from './pods.ts'
import { programsOf } from './processes.ts'
import { KUBECTL_FOUND, until } from './run.ts'
import { type Serin, startSerin } from './serin.ts'
import { deployment, manifest, service } from './workloads.ts'

const APP = manifest(service('app', [80]), deployment({ app: 'app', version: 'v1', image: 'serin/demo:1.0', replicas: 2 }))

const dir = mkdtempSync(join(tmpdir(), 'serin-crash-'))
const manifests = mkdtempSync(join(tmpdir(), 'serin-crash-files-'))
let serin: Serin
let api: Api

async function start(): Promise<void> {
  serin = await startSerin({ dir, group: true, files: [manifests], args: ['--workers', '2'] })
  api = apiOf(dir)
}

beforeAll(async () => {
  writeFileSync(join(manifests, 'app.yaml'), APP)
  await start()
  await answers()
})
afterAll(async () => {
  await serin.stop()
  for (const each of [dir, manifests]) rmSync(each, { recursive: true, force: true })
})

const run = (): string => readFileSync(join(dir, 'run'), 'utf8').trim()
const children = (program: string): number[] => programsOf({ dir }, program)
const answers = (): Promise<true> =>
  until('the application answers', async () => (await fetchThrough(serin.addresses.mesh, 'http://app/')).status === 200 || undefined)

const allReady = (): Promise<PodView[]> => readyPods(api, 'app', 2)

async function gone(): Promise<void> {
  api.close()
  await until('nothing of the run lives', () => !isAlive(serin.pid) && pidsOfRun(run()).length === 0, 10_000)
}

describe('kill -9 while it runs', () => {
  it('of one of two mesh workers: new connections are served by the other until it is back, and counts never fall', async () => {
    const count = async (): Promise<number> => {
      const text = await (await fetch(`${serin.addresses.admin}/metrics`)).text()
      return [...text.matchAll(/^istio_requests_total\{.*\} (\d+)$/gm)].reduce((sum, [, value]) => sum + Number(value), 0)
    }
    for (let n = 0; n < 20; n++) await fetchThrough(serin.addresses.mesh, 'http://app/')
    const before = await count()
    expect(before).toBeGreaterThanOrEqual(20)
    const [victim = 0, other = 0] = children('worker-main')
    signalTo(victim, 'SIGKILL')
    // Its process is without a name before its listening socket is closed: only its exit says that nobody meets that any more.
    await until('the worker has ended', () => serin.lines.some((line) => /mesh worker \S+ ended \(SIGKILL\)/.test(line)))
    const statuses = await Promise.all(
      Array.from({ length: 60 }, async () => (await fetchThrough(serin.addresses.mesh, 'http://app/')).status)
    )
    expect(new Set(statuses)).toEqual(new Set([200]))
    await until('there are two workers again', () => children('worker-main').length === 2)
    expect(children('worker-main')).toContain(other)
    expect(await count()).toBeGreaterThanOrEqual(before + 60)
  })

  it('of the reaper: another takes its place', async () => {
    const [victim = 0] = children('reaper-main')
    signalTo(victim, 'SIGKILL')
    await until('there is another reaper', () => children('reaper-main').some((pid) => pid !== victim))
    await serin.said('serin: the reaper ended (SIGKILL): another starts in 50 ms')
  })

  it('of an application: its pod keeps its name and address and counts a restart', async () => {
    const before = await allReady()
    signalTo(children('apps/main')[0] ?? 0, 'SIGKILL')
    const after = await until('a restart is counted', async () => {
      const all = await podsOf(api, 'app')
      return all.some(({ restarts }) => restarts === 1) && all.every(({ ready }) => ready) && all
    })
    expect(after.map(({ name, ip }) => ({ name, ip }))).toEqual(before.map(({ name, ip }) => ({ name, ip })))
    expect(after.map(({ restarts }) => restarts).toSorted((a, b) => a - b)).toEqual([0, 1])
  })
})

interface Told {
  readonly version: string | undefined
  /** A later write was under way when the server died: it may have happened. */
  readonly open: boolean
}

/** Creates, changes and deletes ConfigMaps one after the other until the API is gone; says what each was acknowledged to be. */
async function write(of: string, told: Map<string, Told>): Promise<void> {
  for (let n = 0; ; n++) {
    const name = `${of}-${n}`
    const path = `/api/v1/namespaces/default/configmaps`
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { n: '0' } }
    const steps = [
      () => api.call('POST', path, body),
      () => api.call('PATCH', `${path}/${name}`, { data: { n: '1' } }),
      ...(n % 3 === 2 ? [() => api.call('DELETE', `${path}/${name}`)] : [])
    ]
    for (const [at, step] of steps.entries()) {
      const known = told.get(name)?.version
      told.set(name, { version: known, open: true })
      const answer = await step().catch(() => undefined)
      if (answer === undefined) return
      if (answer.status >= 300) throw new Error(`${name}: ${JSON.stringify(answer.body)}`)
      told.set(name, { version: at === 2 ? undefined : answer.body.metadata.resourceVersion, open: false })
    }
  }
}

/** Kills `victim` under load, starts again, and compares everything that was acknowledged. */
async function survive(round: string, kill: () => void): Promise<void> {
  const told = new Map<string, Told>()
  const writers = ['a', 'b', 'c', 'd'].map((writer) => write(`${round}-${writer}`, told))
  await until('a hundred objects were written', () => told.size >= 100)
  kill()
  await Promise.all(writers)
  await gone()
  await start()
  const wrong: string[] = []
  for (const [name, { version, open }] of told) {
    const { status, body } = await api.call('GET', `/api/v1/namespaces/default/configmaps/${name}`)
    const found = status === 404 ? undefined : body.metadata.resourceVersion
    if (found !== version && !open) wrong.push(`${name}: acknowledged ${version}, found ${found}`)
    if (open && version !== undefined && found !== undefined && Number(found) < Number(version)) wrong.push(`${name}: ${found} is older`)
  }
  expect(wrong).toEqual([])
}

describe('kill -9 under load, then a start on the same data folder', () => {
  it('of the serving process: acknowledged writes are there, pods and Services keep names and addresses', async () => {
    const before = await allReady()
    const service = await api.call('GET', '/api/v1/namespaces/default/services/app')
    await survive('one', () => signalTo(serin.pid, 'SIGKILL'))
    const after = await allReady()
    expect(after.map(({ name, ip }) => ({ name, ip }))).toEqual(before.map(({ name, ip }) => ({ name, ip })))
    for (const [at, { restarts }] of after.entries()) expect(restarts).toBe((before[at]?.restarts ?? 0) + 1)
    const again = await api.call('GET', '/api/v1/namespaces/default/services/app')
    expect(again.body).toEqual(service.body)
    await answers()
  })

  it('of the whole process group: the same', async () => {
    await survive('two', () => signalTo(-(serin.child.pid ?? 0), 'SIGKILL'))
    await allReady()
    await answers()
  })

  it('of the starter: it stops as if it had been asked to', async () => {
    signalTo(serin.child.pid ?? 0, 'SIGKILL')
    await gone()
    await start()
    await allReady()
    await answers()
  })

  it.skipIf(!KUBECTL_FOUND)('kubectl: what it was told is there after kill -9', async () => {
    const created = await serin.kubectl(['create', 'configmap', 'told', '--from-literal=a=b', '-o', 'jsonpath={.metadata.resourceVersion}'])
    expect(created).toMatchObject({ code: 0 })
    signalTo(serin.pid, 'SIGKILL')
    await gone()
    await start()
    const found = await serin.kubectl(['get', 'configmap', 'told', '-o', 'jsonpath={.metadata.resourceVersion} {.data.a}'])
    expect(found.stdout).toBe(`${created.stdout} b`)
  })
})
