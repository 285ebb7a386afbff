import { expect, onTestFinished, test } from 'vitest'
import type { KubeObject } from '../api/object.ts'
import { EmbeddedApi } from '../kube/embedded-api.ts'
import { LocalClient } from '../kube/local-client.ts'
import { MemoryJournal } from '../kube/memory-journal.ts'
import { bucketOf, BUCKET_COUNT } from '../metrics/buckets.ts'
import type { CellLabels } from '../metrics/recorder.ts'
import { WorkloadHistory } from '../metrics/workload-history.ts'
import { VirtualClock } from '../std/clock.ts'
import { seeded } from '../std/draw.ts'
import { DEPLOYMENTS, Shop } from './demo-shop.ts'
import { release, type Stage } from './demo-story.ts'
import { KINDS, rulesFor } from './kinds.ts'

const CANARIES = { group: 'flagger.app', version: 'v1beta1', resource: 'canaries' }
const ROUTES = { group: 'networking.istio.io', version: 'v1', resource: 'virtualservices' }
const start = 1_700_000_000_000

const deployment = (name: string, image: string): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'shop' },
  spec: {
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'frontend', image, env: [{ name: 'UPSTREAM_URL', value: 'http://reviews:9080/' }] }] }
    }
  }
})
const canary: KubeObject = {
  apiVersion: 'flagger.app/v1beta1',
  kind: 'Canary',
  metadata: { name: 'frontend', namespace: 'shop' },
  spec: {
    targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'frontend' },
    service: { port: 80 },
    analysis: { interval: '10s', threshold: 2, stepWeight: 10 }
  }
}
const routes: KubeObject = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: 'frontend', namespace: 'shop' },
  spec: {
    hosts: ['shop.example'],
    http: [
      {
        route: [
          { destination: { host: 'frontend-primary' }, weight: 90 },
          { destination: { host: 'frontend-canary' }, weight: 10 }
        ]
      }
    ]
  }
}

interface World extends Stage {
  readonly clock: VirtualClock
  readonly history: WorkloadHistory
  readonly heard: readonly string[]
  /** Writes the Canary's status as its controller does. */
  setStatus(status: Record<string, unknown>): Promise<void>
}

async function open(): Promise<World> {
  const [clock, draw, history, ending] = [new VirtualClock(start), seeded(1), new WorkloadHistory(), new AbortController()]
  const { signal } = ending
  const journal = new MemoryJournal()
  const client = new LocalClient(await EmbeddedApi.open({ kinds: KINDS, rules: rulesFor('127.96'), journal, clock, draw }))
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }
  await client.create({ group: '', version: 'v1', resource: 'namespaces' }, namespace, { signal })
  await client.create(CANARIES, canary, { signal })
  await client.create(ROUTES, routes, { signal })
  await client.create(DEPLOYMENTS, deployment('frontend', 'serin/demo:1.0'), { signal })
  const heard: string[] = []
  const onEvent = (message: string, type: string): unknown => heard.push(`${type}: ${message}`)
  const shop = new Shop({ client, clock, draw, history, onEvent })
  const running = shop.run(signal)
  onTestFinished(async () => {
    ending.abort(new Error('over'))
    await running
  })
  const setStatus = async (status: Record<string, unknown>): Promise<void> => {
    const key = { ...CANARIES, namespace: 'shop', name: 'frontend' }
    await client.patch(key, { kind: 'merge', body: { status } }, { signal, subresource: 'status' })
    await clock.advance(1)
  }
  await setStatus({ phase: 'Initialized', lastAppliedSpec: 'one', failedChecks: 0 })
  return { shop, client, now: () => clock.now(), signal, clock, history, heard, setStatus }
}

test('rows show versions, weights and what the mesh counted, since the chapter and lately', async () => {
  const { shop, client, clock, history, signal } = await open()
  await client.create(DEPLOYMENTS, deployment('frontend-primary', 'serin/demo:0.9'), { signal })
  const counts = (good: number, bad: number) => [
    {
      labels: { reporter: 'destination', destinationNamespace: 'shop', destinationWorkload: 'frontend' } as CellLabels, // the others are not read
      counts: [
        {
          code: 200,
          flags: '-',
          count: good,
          sum: 0,
          buckets: Array.from({ length: BUCKET_COUNT }, (_, at) => (at === bucketOf(5) ? good : 0))
        },
        { code: 500, flags: '-', count: bad, sum: 0, buckets: Array.from({ length: BUCKET_COUNT }, () => 0) }
      ]
    }
  ]
  history.add(clock.now(), counts(100, 0))
  const since = clock.now()
  await clock.advance(20_000)
  history.add(clock.now(), counts(150, 0))
  await clock.advance(10_000)
  history.add(clock.now(), counts(195, 5))
  const [primary, frontend, v1] = shop.rows(since)
  expect(primary).toEqual({ name: 'frontend-primary', version: '0.9', weight: 90, requests: 0, success: undefined, p99: undefined })
  expect(frontend).toMatchObject({ name: 'frontend', version: '1.0', weight: 10, requests: 100, success: 90 })
  expect(frontend?.p99).toBeCloseTo(5, 0)
  expect(v1).toMatchObject({ name: 'reviews-v1', version: '', weight: undefined })
  expect(shop.primary()).toEqual({ version: '0.9', share: 90 })
})

test('what is said of the Canary is heard, of other objects not', async () => {
  const { client, clock, heard, signal } = await open()
  const event = (name: string, kind: string, type: string): Promise<unknown> => {
    const object = { apiVersion: 'v1', kind: 'Event', metadata: { name, namespace: 'shop' }, type, message: name }
    const involvedObject = { kind, name: 'frontend', namespace: 'shop' }
    return client.create({ group: '', version: 'v1', resource: 'events' }, { ...object, involvedObject }, { signal })
  }
  await event('a', 'Canary', 'Warning')
  await event('b', 'Deployment', 'Normal')
  await event('c', 'Canary', 'Normal')
  await clock.advance(1)
  expect(heard).toEqual(['Warning: a', 'Normal: c'])
})

test.each([
  ['Succeeded', 'promoted'],
  ['Failed', 'rolled back']
])('a release whose Canary ends as %s was %s', async (phase, kind) => {
  const world = await open()
  const ending = release(world, { version: '1.2', errorRate: 0.12 }, 60_000)
  await world.clock.advance(1000)
  const changed = await world.client.get({ ...DEPLOYMENTS, namespace: 'shop', name: 'frontend' }, world)
  expect(changed?.['spec']).toMatchObject({
    template: {
      spec: {
        containers: [
          {
            image: 'serin/demo:1.2',
            env: expect.arrayContaining([
              { name: 'ERROR_RATE', value: '0.12' },
              { name: 'UPSTREAM_URL', value: 'http://reviews:9080/' }
            ])
          }
        ]
      }
    }
  })
  // The end of an earlier release is not taken for that of this one.
  await world.setStatus({ phase })
  await world.clock.advance(1000)
  await world.setStatus({ phase: 'Progressing', lastAppliedSpec: 'two' })
  await world.setStatus({ phase })
  expect(await ending).toMatchObject({ kind, after: expect.closeTo(2000, -2) })
})

test('a release that does not end in time says where it stands', async () => {
  const world = await open()
  const ending = release(world, { version: '1.1', errorRate: 0 }, 60_000)
  await world.setStatus({
    phase: 'Progressing',
    lastAppliedSpec: 'two',
    conditions: [{ type: 'Promoted', status: 'Unknown', reason: 'Progressing', message: 'waiting' }]
  })
  await world.clock.advance(60_000)
  expect(await ending).toEqual({ kind: 'unfinished', because: 'after 60 s it was Progressing: waiting' })
})

test('waiting ends with the reason of its signal', async () => {
  const { shop } = await open()
  const stop = new AbortController()
  const waiting = shop.until(() => false, 1000, stop.signal)
  stop.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
  await expect(shop.until(() => true, 1000, stop.signal)).rejects.toThrow('enough')
})
