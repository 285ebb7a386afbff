// Changes of ConfigMaps and Secrets that the target's pods read, in virtual time: a run, the copies of the primary, and what may go wrong.

import { expect, test } from 'vitest'
import { canaryOf, configMapOf, deploymentOf, readingSpec, secretOf } from '../../test/rollout-objects.ts'
import { type World, worldOf } from '../../test/rollout-world.ts'
import type { KubeObject } from '../api/object.ts'
import { ApiError } from '../kube/kube-client.ts'
import { RESOURCES } from '../objects/write.ts'
import { dig } from '../std/json.ts'

const TOKEN = 'c2VjcmV0LXRva2Vu'
const NEW_TOKEN = 'bmV3LXRva2Vu'

/** An initialised Canary whose target reads `colours` and `token`; `more` is there besides. */
async function begin(...more: readonly KubeObject[]): Promise<World> {
  const spec = readingSpec('api:1', { configMaps: ['colours'], secrets: ['token'] })
  const template = { metadata: { labels: { app: 'api' } }, spec }
  const world = worldOf(
    configMapOf('colours', { color: 'blue' }),
    secretOf('token', { token: TOKEN }),
    deploymentOf('api:1', 'api', { template }),
    canaryOf(),
    ...more
  )
  world.start()
  expect(await world.until(() => world.isIn('Initialized'), 15)).toBe(true)
  world.writes.length = 0
  return world
}

const paint = (world: World, color: string): void => world.patch(RESOURCES.configMaps, 'test', 'colours', { data: { color } })
const renew = (world: World, token: string): void => world.patch(RESOURCES.secrets, 'test', 'token', { data: { token } })
const copied = (world: World): unknown => dig(world.named(RESOURCES.configMaps, 'colours-primary'), 'data', 'color')
const copiedToken = (world: World): unknown => dig(world.named(RESOURCES.secrets, 'token-primary'), 'data', 'token')
const written = (world: World): readonly string[] =>
  world.writes.map(({ change }) => `${change.kind} ${change.object.kind} ${change.object.metadata.name ?? ''}`)
const volumesOf = (world: World, name: string): unknown =>
  dig(world.named(RESOURCES.deployments, name), 'spec', 'template', 'spec', 'volumes')

test("the primary's pods read copies, which are there before them", async () => {
  const world = worldOf(
    configMapOf('colours', { color: 'blue' }),
    secretOf('token', { token: TOKEN }),
    deploymentOf('api:1', 'api', { template: { spec: readingSpec('api:1', { configMaps: ['colours'], secrets: ['token'] }) } }),
    canaryOf()
  )
  world.start()
  await world.until(() => world.isIn('Initialized'), 15)
  const made = written(world)
  expect(made.indexOf('added ConfigMap colours-primary')).toBeGreaterThan(-1)
  expect(made.indexOf('added Secret token-primary')).toBeGreaterThan(-1)
  expect(made.indexOf('added Deployment api-primary')).toBe(made.indexOf('added Secret token-primary') + 1)
  expect(volumesOf(world, 'api-primary')).toMatchObject([
    { configMap: { name: 'colours-primary' } },
    { secret: { secretName: 'token-primary' } }
  ])
  expect(volumesOf(world, 'api')).toMatchObject([{ configMap: { name: 'colours' } }, { secret: { secretName: 'token' } }])
  expect(dig(world.status(), 'trackedConfigs')).toMatchObject({ 'configmap/colours': 'f234cb93c08ad64e' })
  await world.stop()
})

test.each([
  ['ConfigMap', (world: World) => paint(world, 'green')],
  ['Secret', (world: World) => renew(world, NEW_TOKEN)]
])('a changed %s starts a run within a second, and reaches the primary when it is promoted', async (kind, change) => {
  const world = await begin()
  const before = [copied(world), copiedToken(world)]
  change(world)
  expect(await world.until(() => world.isIn('Progressing'), 1)).toBe(true)
  expect(await world.until(() => world.isIn('Promoting') || world.writes.some(({ change }) => change.object.kind === kind), 100)).toBe(true)
  const tick = world.t
  expect(written(world).filter((line) => line.includes('-primary'))).toEqual([
    'added Secret api-primary-previous',
    `modified ${kind} ${kind === 'Secret' ? 'token' : 'colours'}-primary`,
    'modified Deployment api-primary'
  ])
  expect(await world.until(() => world.isIn('Succeeded'), 60)).toBe(true)
  expect([copied(world), copiedToken(world)]).not.toEqual(before)
  expect(world.t).toBeGreaterThan(tick)
  await world.stop()
})

test('a change that fails leaves the copies as they are; a change back takes it away, another begins anew', async () => {
  const world = await begin()
  world.success = { kind: 'value', value: 50 }
  paint(world, 'green')
  expect(await world.until(() => world.isIn('Failed'), 100)).toBe(true)
  expect(copied(world)).toBe('blue')
  paint(world, 'blue')
  await world.clock.advance(1000)
  expect(dig(world.status(), 'trackedConfigs', 'configmap/colours')).toBe('f234cb93c08ad64e')
  world.success = { kind: 'value', value: 100 }
  await world.clock.advance(60_000)
  expect(world.isIn('Failed')).toBe(true)
  paint(world, 'red')
  expect(await world.until(() => world.isIn('Succeeded'), 100)).toBe(true)
  expect(copied(world)).toBe('red')
  await world.stop()
})

test('a change in the middle of a run begins it anew, a change back ends it', async () => {
  const world = await begin()
  const atWeight = (weight: number) => () => dig(world.status(), 'canaryWeight') === weight
  paint(world, 'green')
  expect(await world.until(atWeight(40), 60)).toBe(true)
  paint(world, 'red')
  expect(await world.until(atWeight(20), 1)).toBe(true)
  expect(world.told.map(({ message }) => message)).toContain('New revision detected! Restarting analysis for api.test')
  paint(world, 'blue')
  expect(await world.until(() => world.isIn('Initialized'), 1)).toBe(true)
  expect(copied(world)).toBe('blue')
  await world.stop()
})

test('a missing object holds the run and is named; the run goes on when it is back', async () => {
  const world = await begin()
  world.release('api:2')
  expect(await world.until(() => dig(world.status(), 'canaryWeight') === 20, 60)).toBe(true)
  const target = { resource: RESOURCES.configMaps, namespace: 'test' }
  world.request({ verb: 'delete', target, name: 'colours', body: {}, options: {} })
  world.writes.length = 0
  await world.clock.advance(60_000)
  expect(world.told.at(-1)).toMatchObject({
    type: 'Warning',
    message: 'configmap colours.test not found, which the pods of api read: create it, or mark the reference optional'
  })
  expect(written(world)).toEqual([])
  expect(dig(world.status(), 'canaryWeight')).toBe(20)
  world.create(configMapOf('colours', { color: 'blue' }))
  expect(await world.until(() => world.isIn('Succeeded'), 60)).toBe(true)
  await world.stop()
})

test('a rollout that is taken back goes back though an object is missing', async () => {
  const world = await begin()
  world.release('api:2')
  expect(await world.until(() => dig(world.status(), 'canaryWeight') === 20, 60)).toBe(true)
  world.request({
    verb: 'delete',
    target: { resource: RESOURCES.configMaps, namespace: 'test' },
    name: 'colours',
    body: {},
    options: {}
  })
  world.patch(RESOURCES.canaries, 'test', 'api', { metadata: { annotations: { 'flagger.app/rollback': 'true' } } })
  expect(await world.until(() => world.isIn('Failed'), 2)).toBe(true)
  await world.stop()
})

test('an object that does not exist yet holds the initialisation; an optional one does not, and starts a run when it comes', async () => {
  const env = { name: 'X', valueFrom: { configMapKeyRef: { name: 'extra', key: 'k', optional: true } } }
  const containers = [{ name: 'api', image: 'api:1', env: [env], envFrom: [{ configMapRef: { name: 'colours' } }] }]
  const world = worldOf(deploymentOf('api:1', 'api', { template: { spec: { containers } } }), canaryOf())
  world.start()
  await world.clock.advance(30_000)
  expect(written(world).filter((line) => !line.includes('Canary'))).toEqual([])
  expect(world.told.at(-1)?.message).toContain('configmap colours.test not found')
  world.create(configMapOf('colours', { color: 'blue' }))
  expect(await world.until(() => world.isIn('Initialized'), 15)).toBe(true)
  expect(dig(world.status(), 'trackedConfigs')).toEqual({ 'configmap/colours': 'f234cb93c08ad64e' })
  world.create(configMapOf('extra', { k: 'v' }))
  expect(await world.until(() => world.isIn('Progressing'), 1)).toBe(true)
  expect(await world.until(() => world.isIn('Succeeded'), 100)).toBe(true)
  expect(world.named(RESOURCES.configMaps, 'extra-primary')).toMatchObject({ data: { k: 'v' } })
  await world.stop()
})

test("while the primary runs what is asked for, its copies are kept; another Canary's object is none of this one's business", async () => {
  const world = await begin(configMapOf('other', { a: '1' }))
  world.patch(RESOURCES.configMaps, 'test', 'colours-primary', { data: { color: 'pink' } })
  await world.clock.advance(500)
  expect(copied(world)).toBe('blue')
  world.request({
    verb: 'delete',
    target: { resource: RESOURCES.secrets, namespace: 'test' },
    name: 'token-primary',
    body: {},
    options: {}
  })
  await world.clock.advance(500)
  expect(copiedToken(world)).toBe(TOKEN)
  world.writes.length = 0
  world.patch(RESOURCES.configMaps, 'test', 'other', { data: { a: '2' } })
  await world.clock.advance(30_000)
  expect(written(world)).toEqual([])
  await world.stop()
})

test('without tracking nothing is read, copied or written down, and a change starts nothing', async () => {
  const world = worldOf(
    configMapOf('colours', { color: 'blue' }),
    deploymentOf('api:1', 'api', { template: { spec: readingSpec('api:1', { configMaps: ['colours', 'missing'] }) } }),
    canaryOf()
  )
  world.trackConfigs = false
  world.start()
  expect(await world.until(() => world.isIn('Initialized'), 15)).toBe(true)
  expect(volumesOf(world, 'api-primary')).toEqual(volumesOf(world, 'api'))
  expect(world.status()).not.toHaveProperty('trackedConfigs')
  paint(world, 'green')
  await world.clock.advance(30_000)
  expect(world.isIn('Initialized')).toBe(true)
  await world.stop()
})

test('tracking that begins on a Canary without it starts no run', async () => {
  const spec = readingSpec('api:1', { configMaps: ['colours'] })
  const world = worldOf(configMapOf('colours', { color: 'blue' }), deploymentOf('api:1', 'api', { template: { spec } }), canaryOf())
  world.trackConfigs = false
  world.start()
  expect(await world.until(() => world.isIn('Initialized'), 15)).toBe(true)
  await world.stop()
  world.trackConfigs = true
  world.start()
  await world.clock.advance(30_000)
  expect(world.isIn('Initialized')).toBe(true)
  expect(dig(world.status(), 'trackedConfigs')).toEqual({ 'configmap/colours': 'f234cb93c08ad64e' })
  paint(world, 'green')
  expect(await world.until(() => world.isIn('Succeeded'), 100)).toBe(true)
  expect(volumesOf(world, 'api-primary')).toMatchObject([{ configMap: { name: 'colours-primary' } }])
  await world.stop()
})

test('a promotion that died behind the copies is finished, though the numbers have become bad', async () => {
  const world = await begin()
  world.watchWrites = ({ object }) => {
    if (object.kind === 'ConfigMap') world.writesLeft = 0
  }
  world.release('api:2')
  paint(world, 'green')
  expect(await world.until(() => world.crashed, 100)).toBe(true)
  await world.stop()
  expect([copied(world), world.isIn('Progressing')]).toEqual(['green', true])
  world.watchWrites = () => {}
  world.success = { kind: 'value', value: 10 }
  world.start()
  expect(await world.until(() => world.isIn('Succeeded'), 60)).toBe(true)
  await world.stop()
})

test('a promotion that died behind the copies and was taken back gives the primary its own again', async () => {
  const world = await begin()
  world.watchWrites = ({ object }) => {
    if (object.kind === 'ConfigMap') world.writesLeft = 0
  }
  paint(world, 'green')
  expect(await world.until(() => world.crashed, 100)).toBe(true)
  await world.stop()
  world.watchWrites = () => {}
  paint(world, 'blue')
  world.start()
  expect(await world.until(() => world.isIn('Initialized'), 5)).toBe(true)
  await world.clock.advance(500)
  expect(copied(world)).toBe('blue')
  await world.stop()
})

test('no value of a Secret gets into Events, webhooks or the log, not even when the API quotes it', async () => {
  const world = await begin()
  world.refuse = ({ target }) =>
    target.resource.resource === 'secrets' ? new ApiError(422, 'Invalid', `Secret is invalid: data: ${NEW_TOKEN} is bad`) : undefined
  renew(world, NEW_TOKEN)
  await world.clock.advance(100_000)
  const said = JSON.stringify([world.told, world.log, world.hooks, world.status()])
  expect(said).toContain('patch of secret token-primary was refused: 422 Invalid')
  for (const value of [TOKEN, NEW_TOKEN, atob(TOKEN), atob(NEW_TOKEN)]) expect(said).not.toContain(value)
  world.refuse = () => undefined
  expect(await world.until(() => world.isIn('Succeeded'), 60)).toBe(true)
  await world.stop()
})

test.each<readonly [string, (world: World) => void]>([
  ['another image', (world) => world.release('api:2')],
  ['other configs', (world) => paint(world, 'red')]
])('a primary whose pods come to nothing ends the analysis of %s, though the status does not say what it reads', async (_, change) => {
  const world = await begin()
  change(world)
  expect(await world.until(() => dig(world.status(), 'canaryWeight') === 20, 20)).toBe(true)
  world.halts('api-primary', true)
  const template = { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': 'now' } } }
  world.patch(RESOURCES.deployments, 'test', 'api-primary', { spec: { template } })
  await world.clock.advance(2000)
  expect(world.isIn('Failed')).toBe(true)
  expect(world.told.map(({ message }) => message)).toContain(
    'api-primary.test not ready: deployment api-primary exceeded its progress deadline'
  )
  await world.stop()
})
