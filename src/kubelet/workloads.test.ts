import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { BUILTIN_KINDS } from '../api/builtin-kinds.ts'
import type { KubeObject } from '../api/object.ts'
import { WorkloadLoop } from '../control/workload-loop.ts'
import { pidsOfRun } from '../host/process-table.ts'
import { Processes } from '../host/processes.ts'
import { takeSlot, type Slot } from '../host/slots.ts'
import { newUid, systemClock, systemDraw } from '../host/system-clock.ts'
import { EmbeddedApi } from '../kube/embedded-api.ts'
import { LocalClient } from '../kube/local-client.ts'
import { MemoryJournal } from '../kube/memory-journal.ts'
import { dig } from '../std/json.ts'
import { apiRules } from '../store/api-rules.ts'
import { DEPLOYMENTS, ENDPOINT_SLICES, PODS, REPLICA_SETS } from '../workload/meta.ts'
import { Kubelet } from './kubelet.ts'

const clock = systemClock()
const stop = new AbortController()
const options = { signal: stop.signal }
const run = newUid()
const log: string[] = []
let slot: Slot
let directory: string
let client: LocalClient
let kubelet: Kubelet
let loop: Promise<unknown>

const SERVER = `require('node:http').createServer((q, r) => r.end(process.env.VERSION)).listen(Number(process.env.PORT))`

beforeEach(async () => {
  slot = await takeSlot({ preferred: 42 })
  directory = mkdtempSync(join(tmpdir(), 'serin-workloads-'))
  const draw = systemDraw()
  client = new LocalClient(await EmbeddedApi.open({ kinds: BUILTIN_KINDS, rules: apiRules(), journal: new MemoryJournal(), clock, draw }))
  const processes = new Processes({ run, clock, register: { add: () => undefined, remove: () => undefined } })
  kubelet = new Kubelet({
    client,
    clock,
    draw,
    processes,
    nodeName: 'serin',
    podPrefix: slot.podPrefix,
    directory,
    workDir: directory,
    baseEnv: { PATH: process.env['PATH'] ?? '' },
    imageCommand: () => undefined,
    proxyEnv: () => ({}),
    drained: () => Promise.resolve(),
    event: (pod, type, reason, message) => void log.push(`${pod.metadata.name} ${type} ${reason} ${message}`)
  })
  await kubelet.start()
  const event = (): Promise<void> => Promise.resolve()
  loop = new WorkloadLoop({
    client,
    clock,
    draw,
    event,
    log: (line) => void log.push(line),
    authority: 'PEM',
    node: { name: 'serin', labels: {} }
  })
    .run(stop.signal)
    .catch((error: unknown) => error)
})

afterEach(async () => {
  stop.abort(new Error('the test is over'))
  await loop
  await kubelet.stop(0)
  await slot.release()
  rmSync(directory, { recursive: true, force: true })
})

const deployment = (version: string): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        containers: [
          {
            name: 'web',
            image: 'web:1',
            command: [process.execPath, '-e', SERVER],
            env: [{ name: 'VERSION', value: version }],
            ports: [{ containerPort: 8123 }]
          }
        ]
      }
    }
  }
})
const service: KubeObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default' },
  spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8123 }] }
}
const at = { namespace: 'default', name: 'web' }

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = clock.now() + 15_000
  while (!(await holds())) {
    if (clock.now() > end)
      throw new Error(
        `${what}: ${JSON.stringify([log, (await client.list(PODS, options)).items, await client.get({ ...DEPLOYMENTS, ...at }, options)])}`
      )
    await new Promise<void>((resolve) => clock.after(50, resolve))
  }
}

async function isComplete(generation: number): Promise<boolean> {
  const found = await client.get({ ...DEPLOYMENTS, ...at }, options)
  const status = { observedGeneration: generation, replicas: 2, updatedReplicas: 2, availableReplicas: 2 }
  return Object.entries(status).every(([field, value]) => dig(found, 'status', field) === value)
}

async function versions(): Promise<string[]> {
  const { items } = await client.list({ ...ENDPOINT_SLICES, namespace: 'default' }, options)
  const endpoints = items.flatMap(
    (slice) => (slice['endpoints'] as { addresses: string[]; conditions: { ready: boolean } }[] | undefined) ?? []
  )
  const ready = endpoints.filter(({ conditions }) => conditions.ready)
  return Promise.all(ready.map(async ({ addresses }) => (await fetch(`http://${addresses[0]}:8123/`)).text()))
}

test('a Deployment of the embedded API becomes processes, rolls to a new version behind its Service, and leaves nothing when deleted', async () => {
  await client
    .create(
      { group: '', version: 'v1', resource: 'namespaces' },
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } },
      options
    )
    .catch(() => undefined)
  await client.create({ group: '', version: 'v1', resource: 'services' }, service, options)
  await client.create(DEPLOYMENTS, deployment('one'), options)
  await until('the first version is up', async () => (await isComplete(1)) && (await versions()).join() === 'one,one')
  const pods = await client.list(PODS, options)
  expect(pods.items.map((pod) => `${String(dig(pod, 'spec', 'nodeName'))} ${String(dig(pod, 'status', 'phase'))}`)).toEqual([
    'serin Running',
    'serin Running'
  ])
  const { template } = deployment('two')['spec'] as { template: unknown }
  await client.patch({ ...DEPLOYMENTS, ...at }, { kind: 'merge', body: { spec: { template } } }, options)
  await until('the second version is up', async () => (await isComplete(2)) && (await versions()).join() === 'two,two')
  const sets = await client.list({ ...REPLICA_SETS, namespace: 'default' }, options)
  expect(new Set(sets.items.map((each) => each.metadata.annotations?.['deployment.kubernetes.io/revision']))).toEqual(new Set(['1', '2']))
  await client.delete({ ...DEPLOYMENTS, ...at }, options)
  await until('nothing is left', async () => (await client.list(PODS, options)).items.length === 0 && pidsOfRun(run).length === 0)
})
