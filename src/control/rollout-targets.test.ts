// Rollouts of DaemonSets and of Services, in virtual time, with the controller killed before each of its writes.

import { describe, expect, test } from 'vitest'
import { weights } from '../../test/rollout-laws.ts'
import { canaryOf, configMapOf, deploymentOf, readingSpec } from '../../test/rollout-objects.ts'
import { type World, worldOf } from '../../test/rollout-world.ts'
import type { KubeObject } from '../api/object.ts'
import { NOWHERE } from '../objects/daemon-set.ts'
import { RESOURCES } from '../objects/write.ts'
import { dig } from '../std/json.ts'

const CONFIG = configMapOf('colours', { color: 'blue' })

function daemonSet(): KubeObject {
  const template = { metadata: { labels: { app: 'api' } }, spec: readingSpec('api:1', { configMaps: ['colours'] }) }
  const { spec, ...rest } = deploymentOf('api:1', 'api', { template })
  const { replicas: _, ...others } = Object(spec)
  return { ...rest, kind: 'DaemonSet', spec: others }
}

function service(): KubeObject {
  const spec = { ports: [{ name: 'http', port: 80, targetPort: 8080 }], selector: { app: 'api', version: 'v1' }, clusterIP: '10.0.0.1' }
  return { apiVersion: 'v1', kind: 'Service', metadata: { name: 'api', namespace: 'test' }, spec }
}

interface Kind {
  readonly kind: string
  readonly target: () => KubeObject
  readonly release: (world: World, version: string) => void
  /** What the target, or its primary, runs. */
  readonly runs: (world: World, name: string) => unknown
}

const KINDS: readonly Kind[] = [
  {
    kind: 'DaemonSet',
    target: daemonSet,
    release: (world, version) =>
      world.patch(RESOURCES.daemonSets, 'test', 'api', {
        spec: { template: { spec: { containers: [{ name: 'api', image: `api:${version}` }] } } }
      }),
    runs: (world, name) => dig(world.named(RESOURCES.daemonSets, name), 'spec', 'template', 'spec', 'containers')
  },
  {
    kind: 'Service',
    target: service,
    release: (world, version) => world.patch(RESOURCES.services, 'test', 'api', { spec: { selector: { app: 'api', version } } }),
    runs: (world, name) => dig(world.named(RESOURCES.services, name), 'spec', 'selector')
  }
]

const canaryFor = (kind: string): KubeObject =>
  canaryOf({}, { targetRef: { apiVersion: 'v1', kind, name: 'api' }, progressDeadlineSeconds: 60, revertOnDeletion: true })

async function begin({ kind, target }: Kind): Promise<World> {
  const world = worldOf(CONFIG, target(), canaryFor(kind))
  world.start()
  expect(await world.until(() => world.isIn('Initialized'), 15)).toBe(true)
  world.writes.length = 0
  world.told.length = 0
  return world
}

/** Lets the rollout come to `phase`, and starts the controller again whenever it died. */
const share = (world: World): unknown => weights(world.named(RESOURCES.virtualServices)!)
const isAway = (world: World): boolean =>
  dig(world.named(RESOURCES.daemonSets), 'spec', 'template', 'spec', 'nodeSelector', NOWHERE.key) !== undefined
const written = (world: World): readonly string[] =>
  world.writes
    .filter(({ change }) => change.object.kind !== 'Release')
    .map(({ change }) => `${change.kind} ${change.object.kind} ${change.object.metadata.name ?? ''}`)

describe.each(KINDS)('a $kind', (kind) => {
  test('is promoted step by step, and its primary runs it in the end', async () => {
    const world = await begin(kind)
    kind.release(world, 'v2')
    await world.comesTo('Succeeded')
    expect(kind.runs(world, 'api-primary')).toEqual(kind.runs(world, 'api'))
    expect(share(world)).toEqual({ primary: 100, canary: 0 })
    const told = world.told.map(({ message }) => message)
    expect(told).toContain('Advance api.test canary weight 40')
    expect(told).toContain('Promotion completed! Scaling down api.test')
    expect(world.queries.every(({ workload }) => workload === 'test/api')).toBe(true)
    await world.stop()
  })

  test('is taken back when its numbers are bad, and the primary never runs it', async () => {
    const world = await begin(kind)
    const before = kind.runs(world, 'api-primary')
    world.success = { kind: 'value', value: 50 }
    kind.release(world, 'v2')
    await world.comesTo('Failed')
    expect(share(world)).toEqual({ primary: 100, canary: 0 })
    expect(kind.runs(world, 'api-primary')).toEqual(before)
    expect(dig(world.status(), 'conditions')).toMatchObject([
      { message: expect.stringContaining(`Canary analysis failed, ${kind.kind} scaled to zero.`) }
    ])
    kind.release(world, 'v1')
    await world.clock.advance(60_000)
    expect(world.isIn('Failed')).toBe(true)
    await world.stop()
  })

  test.each([
    [100, 'Succeeded'],
    [50, 'Failed']
  ])('at %d %% comes to %s with the same objects, before whichever write the controller dies', async (success, phase) => {
    const end = (world: World): unknown => {
      const { lastTransitionTime: _, conditions: __, ...status } = Object(world.status())
      return [status, kind.runs(world, 'api-primary'), isAway(world), share(world)]
    }
    const run = async (writesLeft: number): Promise<World> => {
      const world = await begin(kind)
      world.success = { kind: 'value', value: success }
      world.writesLeft = writesLeft
      kind.release(world, 'v2')
      await world.comesTo(phase)
      world.writesLeft = Infinity
      await world.clock.advance(1000)
      await world.stop()
      return world
    }
    const whole = await run(Infinity)
    expect(whole.writes.length).toBeGreaterThan(5)
    for (let left = 0; left < whole.writes.length; left++) {
      expect(end(await run(left)), `killed before write ${left + 1} of ${whole.writes.length}`).toEqual(end(whole))
    }
  })

  test('rests without a write, and is given back when the Canary goes', async () => {
    const world = await begin(kind)
    await world.clock.advance(60_000)
    expect(written(world)).toEqual([])
    world.request({ verb: 'delete', target: { resource: RESOURCES.canaries, namespace: 'test' }, name: 'api', body: {}, options: {} })
    expect(await world.until(() => world.named(RESOURCES.canaries) === undefined, 30)).toBe(true)
    expect(isAway(world)).toBe(false)
    await world.stop()
  })
})

test('a DaemonSet at rest runs nowhere, and everywhere during a run; its primary always does, and reads copies', async () => {
  const [kind] = KINDS
  const world = await begin(kind!)
  expect(isAway(world)).toBe(true)
  expect(dig(world.named(RESOURCES.daemonSets, 'api-primary'), 'spec', 'template', 'spec', 'nodeSelector')).toBeUndefined()
  expect(dig(world.status(), 'trackedConfigs')).toEqual({ 'configmap/colours': 'f234cb93c08ad64e' })
  world.patch(RESOURCES.configMaps, 'test', 'colours', { data: { color: 'green' } })
  expect(await world.until(() => world.isIn('Progressing'), 1)).toBe(true)
  expect(await world.until(() => !isAway(world), 2)).toBe(true)
  await world.comesTo('Succeeded')
  expect(isAway(world)).toBe(true)
  expect(dig(world.named(RESOURCES.configMaps, 'colours-primary'), 'data')).toEqual({ color: 'green' })
  await world.stop()
})

test('a DaemonSet whose pods never come is rolled back at its deadline', async () => {
  const [kind] = KINDS
  const world = await begin(kind!)
  kind!.release(world, 'v2:stuck')
  expect(await world.until(() => world.isIn('Failed'), 90)).toBe(true)
  expect(world.told.map(({ message }) => message)).toContain('Rolling back api.test progress deadline exceeded 60s')
  expect(isAway(world)).toBe(true)
  await world.stop()
})

test("a Service's clones are made at once, and what it selects now is the canary's alone", async () => {
  const kind = KINDS[1]!
  const world = worldOf(service(), canaryFor('Service'))
  world.start()
  expect(await world.until(() => world.isIn('Initialized'), 1)).toBe(true)
  expect(written(world).filter((line) => line.startsWith('added'))).toEqual([
    'added Service api-canary',
    'added Service api-primary',
    'added DestinationRule api-canary',
    'added DestinationRule api-primary',
    'added VirtualService api'
  ])
  expect(world.named(RESOURCES.services, 'api')?.['spec']).toEqual(service()['spec'])
  expect(world.status()).not.toHaveProperty('trackedConfigs')
  kind.release(world, 'v2')
  expect(await world.until(() => dig(world.status(), 'canaryWeight') === 20, 20)).toBe(true)
  expect(kind.runs(world, 'api-canary')).toEqual({ app: 'api', version: 'v2' })
  expect(kind.runs(world, 'api-primary')).toEqual({ app: 'api', version: 'v1' })
  await world.stop()
})

test.each([
  ['DaemonSet', 'daemonset api.test not found'],
  ['Service', 'service api.test not found']
])('a %s that is not there is named', async (kind, message) => {
  const world = worldOf(canaryFor(kind))
  world.start()
  await world.clock.advance(15_000)
  expect(world.told.at(-1)).toMatchObject({ type: 'Warning', message })
  await world.stop()
})

test('labels are those that the operator names: one to tell pods by, others to bring along, also at a promotion', async () => {
  const { spec, metadata, ...rest } = deploymentOf('api:1', 'api', { selector: { matchLabels: { 'k8s-app': 'api' } } })
  const labels = { 'shop.example/owner': 'me', team: 'x' }
  const world = worldOf({ ...rest, metadata: { ...metadata, labels }, spec }, canaryOf())
  world.labels = { selectors: ['k8s-app'], prefixes: ['shop.example/'] }
  world.start()
  expect(await world.until(() => world.isIn('Initialized'), 15)).toBe(true)
  const primaryLabels = (): unknown => world.named(RESOURCES.deployments, 'api-primary')?.metadata.labels
  expect(primaryLabels()).toEqual({ 'k8s-app': 'api-primary', 'shop.example/owner': 'me' })
  expect(dig(world.named(RESOURCES.services, 'api-primary'), 'spec', 'selector')).toEqual({ 'k8s-app': 'api-primary' })
  world.patch(RESOURCES.deployments, 'test', 'api', { metadata: { labels: { 'shop.example/owner': 'you' } } })
  world.release('api:2')
  await world.comesTo('Succeeded')
  expect(primaryLabels()).toEqual({ 'k8s-app': 'api-primary', 'shop.example/owner': 'you' })
  await world.stop()
})
