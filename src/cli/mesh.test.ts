// When the mesh says that no request can reach a pod any more: before that the pod's program is not told to end.

import { beforeEach, expect, test } from 'vitest'
import type { KubeObject } from '../api/object.ts'
import { EmbeddedApi } from '../kube/embedded-api.ts'
import { LocalClient } from '../kube/local-client.ts'
import { MemoryJournal } from '../kube/memory-journal.ts'
import type { TableChange } from '../route/route-table.ts'
import { VirtualClock } from '../std/clock.ts'
import { seeded } from '../std/draw.ts'
import { apiRules } from '../store/api-rules.ts'
import { ENDPOINT_SLICES, PODS, SERVICES } from '../workload/meta.ts'
import { KINDS } from './kinds.ts'
import { Mesh, type MeshWorkers } from './mesh.ts'

const stop = new AbortController()
const options = { signal: stop.signal }
const ADDRESS = '127.42.0.1'
const NAMESPACES = { group: '', version: 'v1', resource: 'namespaces' }

let clock: VirtualClock
let client: LocalClient
let mesh: Mesh
/** What the workers have in force. */
let inForce: Set<string>
/** Answers the oldest order to the workers; a worker that is slow answers late. */
let acknowledge: () => Promise<void>
let hold: boolean
let busy: (() => void) | undefined
let asked: string[]

beforeEach(async () => {
  ;[inForce, hold, busy, asked, clock] = [new Set(), false, undefined, [], new VirtualClock(1_000_000)]
  const draw = seeded(1)
  const api = await EmbeddedApi.open({ kinds: KINDS, rules: apiRules(), journal: new MemoryJournal(), clock, draw })
  client = new LocalClient(api)
  await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'test' } }, options)
  const waiting: (() => void)[] = []
  acknowledge = async () => {
    waiting.shift()?.()
    await clock.advance(10)
  }
  const apply = async (changes: readonly TableChange[]): Promise<void> => {
    if (hold) await new Promise<void>((resolve) => waiting.push(resolve))
    for (const change of changes) {
      if (change.kind !== 'put-cluster') continue
      for (const { address } of change.cluster.endpoints) inForce.add(address)
      if (change.cluster.endpoints.length === 0) inForce.delete(ADDRESS)
    }
  }
  const workers: MeshWorkers = {
    apply,
    push: () => Promise.resolve(1),
    listen: () => Promise.resolve(1),
    unlisten: () => Promise.resolve(),
    quiet: (address) => {
      asked.push(address)
      return busy === undefined ? Promise.resolve() : new Promise((resolve) => (busy = resolve))
    }
  }
  mesh = new Mesh({
    client,
    clock,
    draw,
    workers,
    plan: { gateway: () => undefined, shell: { address: '127.0.0.1', port: 1 } },
    log: () => undefined,
    lookUp: () => Promise.resolve({ addresses: [], ttl: 60_000 })
  })
  void mesh.run(stop.signal, () => undefined)
  await clock.advance(10)
  await client.create(SERVICES, SERVICE, options)
  await client.create(PODS, POD, options)
  await client.patch({ ...PODS, ...at }, { kind: 'merge', body: { status: READY } }, { ...options, subresource: 'status' })
  await clock.advance(10)
})

const at = { namespace: 'test', name: 'web-1' }
const READY = { phase: 'Running', podIP: ADDRESS, conditions: [{ type: 'Ready', status: 'True' }] }
const SERVICE: KubeObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'test' },
  spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] }
}
const POD: KubeObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { ...at, labels: { app: 'web' } },
  spec: { nodeName: 'serin', containers: [{ name: 'web', image: 'web:1' }] }
}
const SLICE: KubeObject = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'web-1', namespace: 'test', labels: { 'kubernetes.io/service-name': 'web' } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  endpoints: [{ addresses: [ADDRESS], conditions: { ready: true }, targetRef: { kind: 'Pod', ...at } }]
}

const list = (): Promise<KubeObject> => client.create(ENDPOINT_SLICES, SLICE, options)

// Marks the pod as leaving, and hears of it as the kubelet does.
async function leave(): Promise<{ readonly over: boolean }> {
  await client.delete({ ...PODS, ...at }, { ...options, gracePeriodSeconds: 30 })
  const pod = await client.get({ ...PODS, ...at }, options)
  if (pod === undefined) throw new Error('the pod is gone')
  const told = { over: false }
  void mesh.drained(pod, new AbortController().signal).then(() => (told.over = true))
  return told
}

test('a pod that leaves is out of what is in force before it is told to end, though its slice still lists it', async () => {
  await list()
  await clock.advance(10)
  expect(inForce).toContain(ADDRESS)
  const told = await leave()
  expect(told.over).toBe(false)
  await clock.advance(10)
  expect(told.over).toBe(true)
  expect(inForce).not.toContain(ADDRESS)
})

test('a pod that leaves while its endpoint is on its way to the workers is waited for until that is taken back', async () => {
  hold = true
  await list()
  await clock.advance(10)
  const told = await leave()
  await clock.advance(100)
  expect(told.over).toBe(false)
  await acknowledge()
  expect(inForce).toContain(ADDRESS)
  expect(told.over).toBe(false)
  await acknowledge()
  expect(inForce).not.toContain(ADDRESS)
  expect(told.over).toBe(true)
})

test('a slice that is written from before the pod left does not bring it back', async () => {
  const told = await leave()
  await clock.advance(10)
  expect(told.over).toBe(true)
  await list()
  await clock.advance(10)
  expect(inForce).not.toContain(ADDRESS)
})

test('a pod that is gone is not brought back by a slice that still lists it', async () => {
  await list()
  await clock.advance(10)
  const told = await leave()
  await clock.advance(10)
  expect(told.over).toBe(true)
  await client.delete({ ...PODS, ...at }, { ...options, gracePeriodSeconds: 0 })
  await clock.advance(10)
  expect(await client.get({ ...PODS, ...at }, options)).toBeUndefined()
  expect(inForce).not.toContain(ADDRESS)
})

test('requests in hand are asked after once the endpoint is out', async () => {
  busy = () => undefined
  hold = true
  await list()
  await clock.advance(10)
  await acknowledge()
  const told = await leave()
  await clock.advance(100)
  expect(asked).toEqual([])
  await acknowledge()
  expect([asked, told.over]).toEqual([[ADDRESS], false])
  busy()
  await clock.advance(10)
  expect(told.over).toBe(true)
})
