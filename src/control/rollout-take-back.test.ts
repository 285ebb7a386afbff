// An abort that comes when the primary has been overwritten already, in virtual time, with the controller killed before each of its writes.

import { describe, expect, test } from 'vitest'
import { Laws } from '../../test/rollout-laws.ts'
import { canaryOf, configMapOf, deploymentOf, readingSpec, secretOf } from '../../test/rollout-objects.ts'
import { type World, worldOf } from '../../test/rollout-world.ts'
import type { KubeObject } from '../api/object.ts'
import { ApiError } from '../kube/kube-client.ts'
import { REQUESTS } from '../rollout/requests.ts'
import { RESOURCES } from '../objects/write.ts'
import { dig } from '../std/json.ts'

const TEMPLATE = { metadata: { labels: { app: 'api' } }, spec: readingSpec('api:1', { configMaps: ['colours'], secrets: ['token'] }) }
const CONFIGS = [configMapOf('colours', { color: 'blue' }), secretOf('token', { key: btoa('blue') })]
const DEPLOYMENT = deploymentOf('api:1', 'api', { template: TEMPLATE })
const DAEMON_SET: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'api', namespace: 'test', generation: 1, labels: { app: 'api' } },
  spec: { selector: { matchLabels: { app: 'api' } }, template: TEMPLATE, updateStrategy: { type: 'RollingUpdate' } }
}
const canary = (kind: string): KubeObject =>
  canaryOf({ stepWeightPromotion: 20 }, { progressDeadlineSeconds: 25, targetRef: { apiVersion: 'apps/v1', kind, name: 'api' } })

const resource = (world: World) => (world.named(RESOURCES.deployments) === undefined ? RESOURCES.daemonSets : RESOURCES.deployments)
const ask = (world: World, value: 'true' | null = 'true'): void =>
  world.patch(RESOURCES.canaries, 'test', 'api', { metadata: { annotations: { [REQUESTS.abort]: value } } })
const weight = (world: World): unknown => dig(world.status(), 'canaryWeight')

/** What the primary runs and reads. */
function served(world: World): unknown {
  const copies = [world.named(RESOURCES.configMaps, 'colours-primary'), world.named(RESOURCES.secrets, 'token-primary')]
  return [dig(world.named(resource(world), 'api-primary')?.['spec'], 'template'), ...copies.map((copy) => copy?.['data'])]
}

/** A release of another image that reads other configs, at its analysis; what was served before it. */
async function begin(target: KubeObject): Promise<{ readonly world: World; readonly before: unknown }> {
  const world = worldOf(...CONFIGS, target, canary(target.kind))
  world.start()
  expect(await world.until(() => world.isIn('Initialized'), 15)).toBe(true)
  await world.clock.advance(1000)
  const before = served(world)
  world.patch(RESOURCES.configMaps, 'test', 'colours', { data: { color: 'green' } })
  world.patch(RESOURCES.secrets, 'test', 'token', { data: { key: btoa('green') } })
  const containers = [{ name: 'api', image: 'api:2' }]
  world.patch(resource(world), 'test', 'api', { spec: { template: { spec: { containers } } } })
  return { world, before }
}

async function restarted(world: World, halves = 40): Promise<void> {
  for (let left = halves; left > 0; left--) {
    await world.clock.advance(500)
    if (!world.crashed) continue
    await world.stop()
    world.start()
  }
}

const MOMENTS: readonly (readonly [string, (world: World) => boolean])[] = [
  ['when the primary has just been overwritten', (world) => world.isIn('Promoting')],
  ['when the primary has some of its traffic back', (world) => world.isIn('Promoting') && weight(world) === 20],
  ['when it has all of it', (world) => world.isIn('Finalising')]
]

describe.each([DEPLOYMENT, DAEMON_SET])('$kind', (target) => {
  test.each(MOMENTS)('an abort %s brings back what was served, within a second', async (_, moment) => {
    const { world, before } = await begin(target)
    expect(await world.until(() => moment(world), 120)).toBe(true)
    expect(served(world)).not.toEqual(before)
    const laws = new Laws(world)
    ask(world)
    expect(await world.until(() => world.isIn('Failed'), 1)).toBe(true)
    expect([served(world), weight(world), laws.weights.at(-1) ?? 0]).toEqual([before, 0, 0])
    await world.clock.advance(60_000)
    expect([served(world), world.isIn('Failed'), laws.broken]).toEqual([before, true, []])
    expect(world.named(RESOURCES.canaries)?.metadata.annotations?.[REQUESTS.abort]).toBeUndefined()
    await world.stop()
  })

  test('killed before any write from the end of the analysis on, it brings back what was served', async () => {
    const run = async (left: number): Promise<World> => {
      const { world, before } = await begin(target)
      expect(await world.until(() => weight(world) === 40, 60)).toBe(true)
      world.writes.length = 0
      world.writesLeft = left
      for (let tenths = 0; tenths < 1000 && !world.isIn('Promoting') && !world.crashed; tenths++) await world.clock.advance(100)
      ask(world)
      await restarted(world)
      expect([served(world), world.isIn('Failed'), weight(world)], `killed before write ${left + 1}`).toEqual([before, true, 0])
      await world.stop()
      return world
    }
    const whole = await run(Infinity)
    expect(whole.writes.length).toBeGreaterThan(6)
    for (let left = 0; left < whole.writes.length; left++) await run(left)
  })
})

test('an abort that was interrupted behind the primary is finished, though nobody asks for it any more', async () => {
  const { world, before } = await begin(DEPLOYMENT)
  expect(await world.until(() => world.isIn('Promoting'), 120)).toBe(true)
  world.watchWrites = ({ object }) => {
    if (object.metadata.name === 'api-primary' && object.kind === 'Deployment') world.writesLeft = 0
  }
  ask(world)
  expect(await world.until(() => world.crashed, 5)).toBe(true)
  await world.stop()
  expect([served(world), world.isIn('Promoting')]).toEqual([before, true])
  world.watchWrites = () => {}
  ask(world, null)
  world.start()
  expect(await world.until(() => world.isIn('Failed'), 1)).toBe(true)
  expect([served(world), weight(world)]).toEqual([before, 0])
  await world.stop()
})

test('an abort after a promotion that failed brings back the last primary that was whole, over two failures too', async () => {
  const { world, before } = await begin(DEPLOYMENT)
  world.halts('api-primary', true)
  expect(await world.until(() => world.isIn('Failed'), 200)).toBe(true)
  expect(weight(world)).toBe(100)
  world.release('api:3')
  expect(await world.until(() => world.isIn('Promoting'), 5)).toBe(true)
  expect(await world.until(() => world.isIn('Failed'), 60)).toBe(true)
  expect([weight(world), served(world)]).not.toEqual([100, before])
  ask(world)
  expect(await world.until(() => weight(world) === 0, 2)).toBe(true)
  expect(dig(served(world), '0') ?? served(world)).toEqual(before)
  world.halts('api-primary', false)
  world.release('api:4')
  expect(await world.until(() => world.isIn('Succeeded'), 200)).toBe(true)
  await world.stop()
})

test('a primary whose pods all end before others begin gets its traffic when it has some', async () => {
  const { world, before } = await begin(deploymentOf('api:1', 'api', { template: TEMPLATE, strategy: { type: 'Recreate' } }))
  expect(await world.until(() => world.isIn('Promoting'), 120)).toBe(true)
  const laws = new Laws(world)
  ask(world)
  expect(await world.until(() => world.isIn('Failed'), 1)).toBe(true)
  expect([weight(world), served(world)]).toEqual([100, before])
  expect(await world.until(() => weight(world) === 0, 3)).toBe(true)
  await world.clock.advance(1000)
  expect([laws.broken, dig(world.named(RESOURCES.deployments)?.['spec'], 'replicas')]).toEqual([[], 0])
  await world.stop()
})

test('where Secrets may not be written a promotion goes on, and an abort that comes late finds nothing to do', async () => {
  const world = worldOf(deploymentOf('api:1'), canary('Deployment'))
  world.refuse = ({ target }) =>
    target.resource.resource === 'secrets' ? new ApiError(403, 'Forbidden', 'secrets is forbidden') : undefined
  world.start()
  expect(await world.until(() => world.isIn('Initialized'), 15)).toBe(true)
  world.release('api:2')
  expect(await world.until(() => world.isIn('Promoting'), 120)).toBe(true)
  ask(world)
  expect(await world.until(() => world.isIn('Succeeded'), 120)).toBe(true)
  expect(world.told.map(({ message }) => message)).toContain('Nothing to roll back for api.test: annotation flagger.app/rollback removed')
  await world.stop()
})
