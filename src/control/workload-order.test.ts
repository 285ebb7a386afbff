import { expect, test } from 'vitest'
import { BUILTIN_KINDS } from '../api/builtin-kinds.ts'
import type { KubeObject } from '../api/object.ts'
import { EmbeddedApi } from '../kube/embedded-api.ts'
import type { CallOptions, KubeClient } from '../kube/kube-client.ts'
import { LocalClient } from '../kube/local-client.ts'
import { MemoryJournal } from '../kube/memory-journal.ts'
import { VirtualClock, wait } from '../std/clock.ts'
import { type Draw, seeded } from '../std/draw.ts'
import { dig } from '../std/json.ts'
import { apiRules } from '../store/api-rules.ts'
import { DEPLOYMENTS, ENDPOINT_SLICES, PODS } from '../workload/meta.ts'
import { WorkloadLoop } from './workload-loop.ts'

const SERVICES = { group: '', version: 'v1', resource: 'services' }
const NAMESPACE = 'test'
const NAMES = ['web', 'web-canary', 'web-primary']
const REPLICAS = 2

const service = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: NAMESPACE },
  spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] }
})
const DEPLOYMENT: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: NAMESPACE },
  spec: {
    replicas: REPLICAS,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } }
  }
}

// As a client on a busy machine: each call is made, and its answer read, some milliseconds late.
function slow(client: KubeClient, clock: VirtualClock, draw: Draw): KubeClient {
  const late = async <T>({ signal }: CallOptions, call: () => Promise<T>): Promise<T> => {
    await wait(clock, Math.floor(draw() * 20), signal)
    const answer = await call()
    await wait(clock, Math.floor(draw() * 20), signal)
    return answer
  }
  return {
    get: (key, options) => late(options, () => client.get(key, options)),
    list: (query, options) => late(options, () => client.list(query, options)),
    watch: (query, options) => client.watch(query, options),
    create: (resource, object, options) => late(options, () => client.create(resource, object, options)),
    update: (resource, object, options) => late(options, () => client.update(resource, object, options)),
    patch: (key, patch, options) => late(options, () => client.patch(key, patch, options)),
    delete: (key, options) => late(options, () => client.delete(key, options))
  }
}

function readyIn(slices: Iterable<KubeObject>, name: string): number {
  let ready = 0
  for (const slice of slices) {
    if (slice.metadata.labels?.['kubernetes.io/service-name'] !== name) continue
    const endpoints = slice['endpoints']
    if (Array.isArray(endpoints)) ready += endpoints.filter((each) => dig(each, 'conditions', 'ready') === true).length
  }
  return ready
}

// Sentences for the versions at which the Deployment had more pods available than one of its Services listed.
async function play(seed: number): Promise<{ readonly early: string[]; readonly available: number }> {
  const [clock, draw] = [new VirtualClock(1_000_000), seeded(seed)]
  const api = await EmbeddedApi.open({ kinds: BUILTIN_KINDS, rules: apiRules(), journal: new MemoryJournal(), clock, draw })
  const stop = new AbortController()
  const options = { signal: stop.signal }
  const client = new LocalClient(api)
  await client.create(
    { group: '', version: 'v1', resource: 'namespaces' },
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    options
  )
  const seen: KubeObject[] = []
  for (const resource of [DEPLOYMENTS, ENDPOINT_SLICES])
    api.watch({ target: { resource } }, (step) => {
      if (step.kind !== 'bookmark' && step.kind !== 'failed')
        seen.push(step.kind === 'deleted' ? { ...step.object, endpoints: [] } : step.object)
    })
  const loop = new WorkloadLoop({
    client: slow(client, clock, draw),
    clock,
    draw,
    event: () => Promise.resolve(),
    log: () => undefined,
    node: { name: 'serin', labels: {} },
    authority: 'PEM'
  })
    .run(stop.signal)
    .catch(() => undefined)
  for (const name of NAMES) await client.create(SERVICES, service(name), options)
  await client.create(DEPLOYMENTS, DEPLOYMENT, options)
  await clock.advance(2000)
  const pods = (await client.list({ ...PODS, namespace: NAMESPACE }, options)).items
  for (const [at, { metadata }] of pods.entries()) {
    const status = { phase: 'Running', podIP: `127.42.0.${at + 1}`, conditions: [{ type: 'Ready', status: 'True' }] }
    await client.patch(
      { ...PODS, namespace: NAMESPACE, name: metadata.name ?? '' },
      { kind: 'merge', body: { status } },
      { ...options, subresource: 'status' }
    )
    await clock.advance(Math.floor(draw() * 100))
  }
  await clock.advance(5000)
  stop.abort()
  await loop
  return judge(seen)
}

function judge(seen: readonly KubeObject[]): { readonly early: string[]; readonly available: number } {
  const slices = new Map<string, KubeObject>()
  const early: string[] = []
  let available = 0
  for (const object of seen.toSorted((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))) {
    if (object.kind === 'EndpointSlice') slices.set(object.metadata.name ?? '', object)
    else available = Number(dig(object, 'status', 'availableReplicas') ?? 0)
    for (const name of NAMES) {
      const listed = readyIn(slices.values(), name)
      if (listed < available) early.push(`version ${object.metadata.resourceVersion}: ${available} available, ${listed} listed by ${name}`)
    }
  }
  return { early, available }
}

test('a pod is not available before every Service that selects it lists it, however late calls are', async () => {
  for (let seed = 1; seed <= 6; seed++) expect(await play(seed), `seed ${seed}`).toEqual({ early: [], available: REPLICAS })
})
