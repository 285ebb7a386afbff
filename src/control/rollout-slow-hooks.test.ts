// Webhooks that are slow, silent or hostile: they cost the time that they are given, and never a rollback or a person's word.

import { expect, test } from 'vitest'
import { crowdOf } from '../../test/rollout-crowd.ts'
import { weights } from '../../test/rollout-laws.ts'
import { canaryOf, configMapOf, deploymentOf, hookOf, readingSpec } from '../../test/rollout-objects.ts'
import { type World, worldOf } from '../../test/rollout-world.ts'
import type { KubeObject } from '../api/object.ts'
import { REQUESTS } from '../rollout/requests.ts'
import { RESOURCES } from '../objects/write.ts'
import { dig } from '../std/json.ts'

/** A world in which `api:2`, which reads `colours`, is at 20 %, with a webhook of this type, or a metric, that may take a minute. */
async function advanced(type: string, spec: Record<string, unknown> = {}): Promise<World> {
  const webhooks = type === 'success' ? [] : [{ ...hookOf(type), timeout: '60s' }]
  const template = { metadata: { labels: { app: 'api' } }, spec: readingSpec('api:1', { configMaps: ['colours'] }) }
  const world = worldOf(
    configMapOf('colours', { color: 'blue' }),
    deploymentOf('api:1', 'api', { template }),
    canaryOf({ webhooks, stepWeight: 20, maxWeight: 80 }, spec)
  )
  world.answers['rollback'] = { kind: 'answered', status: 403, body: '' }
  world.start()
  await world.until(() => world.isIn('Initialized'), 10)
  world.release('api:2')
  expect(await world.until(() => dig(world.status(), 'canaryWeight') === 20, 10)).toBe(true)
  return world
}

const share = (world: World): number => weights(world.named(RESOURCES.virtualServices)!).canary

async function hanging(type: string, spec: Record<string, unknown> = {}): Promise<World> {
  const world = await advanced(type, spec)
  world.slowness[type] = Infinity
  const before = askedOf(world, type)
  expect(await world.until(() => askedOf(world, type) > before, 60)).toBe(true)
  return world
}

function askedOf(world: World, type: string): number {
  return world.hooks.filter((hook) => hook.type === type).length + world.queries.filter(({ metric }) => metric === type).length
}

function annotate(world: World, name: string, value = 'true'): void {
  world.patch(RESOURCES.canaries, 'test', 'api', { metadata: { annotations: { [name]: value } } })
}

test.each(['rollback', 'rollout', 'confirm-promotion', 'confirm-traffic-increase'])(
  'an abort does not wait for a %s webhook',
  async (type) => {
    const world = await hanging(type)
    annotate(world, REQUESTS.abort)
    await world.clock.advance(1000)
    expect([share(world), dig(world.status(), 'phase')]).toEqual([0, 'Failed'])
    // What it says when it is over is nobody's business any more.
    await world.clock.advance(90_000)
    expect([share(world), dig(world.status(), 'phase')]).toEqual([0, 'Failed'])
    await world.stop()
  }
)

test('a promotion, a deletion and a new spec do not wait for one either', async () => {
  const asked = await hanging('rollout')
  annotate(asked, REQUESTS.promote)
  await asked.clock.advance(1000)
  expect(dig(asked.status(), 'phase')).toMatch(/Promoting|Finalising/)
  await asked.stop()

  const edited = await hanging('rollout')
  edited.patch(RESOURCES.canaries, 'test', 'api', { spec: { skipAnalysis: true } })
  await edited.clock.advance(1000)
  expect(dig(edited.status(), 'phase')).toBe('Succeeded')
  await edited.stop()

  const deleted = await hanging('rollout', { revertOnDeletion: true })
  deleted.request({ verb: 'delete', target: { resource: RESOURCES.canaries, namespace: 'test' }, name: 'api', body: {}, options: {} })
  await deleted.clock.advance(1000)
  expect(deleted.named(RESOURCES.canaries)).toBeUndefined()
  await deleted.stop()
})

const { deployments, configMaps, virtualServices } = RESOURCES
const RESTARTED = 'New revision detected! Restarting analysis for api.test'
const WITHDRAWN = 'Revision withdrawn!'
const CHANGES: readonly (readonly [string, (world: World) => void, string])[] = [
  ['a new revision', (world) => world.release('api:3'), RESTARTED],
  ['a ConfigMap of its pods', (world) => world.patch(configMaps, 'test', 'colours', { data: { color: 'red' } }), RESTARTED],
  ['the old revision', (world) => world.release('api:1'), WITHDRAWN],
  ['a target without pods', (world) => world.patch(deployments, 'test', 'api', { spec: { replicas: 0 } }), 'canary scaled to zero'],
  ['somebody who leads all requests to it', (world) => world.write(virtualServices, 'kubectl-edit', misled), 'put right']
]

function misled(live: KubeObject): KubeObject {
  const route = [{ destination: { host: 'api-canary' }, weight: 100 }]
  return { ...live, spec: { ...Object(live['spec']), http: [{ route }] } }
}

test.each(['rollback', 'rollout', 'confirm-promotion', 'success'].flatMap((type) => CHANGES.map((change) => [type, ...change] as const)))(
  'while %s hangs, %s is acted on within a second',
  async (type, _, change, said) => {
    const world = await hanging(type)
    const [before, told] = [share(world), world.told.length]
    let most = 0
    world.watchWrites = () => (most = Math.max(most, share(world)))
    change(world)
    await world.clock.advance(1000)
    expect(world.told.slice(told).map(({ message }) => message)).toContainEqual(expect.stringContaining(said))
    expect([share(world) <= before, most <= before]).toEqual([true, true])
    await world.stop()
  }
)

test('a new revision does not wait for a post-rollout webhook that hangs, and a promotion that waits for none is not repeated', async () => {
  const world = await advanced('post-rollout')
  world.slowness['post-rollout'] = Infinity
  expect(await world.until(() => askedOf(world, 'post-rollout') > 0, 200)).toBe(true)
  await world.clock.advance(5000)
  expect(dig(world.status(), 'phase')).toBe('Finalising')
  world.release('api:3')
  await world.clock.advance(1000)
  expect(dig(world.status(), 'phase')).toBe('Progressing')
  expect(world.told.map(({ message }) => message)).toContainEqual(expect.stringContaining('is not waited for: there is something else'))
  expect(askedOf(world, 'post-rollout')).toBe(1)
  await world.stop()
})

test('pods that come and go, and copies of a status, do not keep a slow webhook from being heard', async () => {
  const world = await hanging('rollout')
  const asked = world.hooks.length
  for (let second = 0; second < 55; second++) {
    world.patch(deployments, 'test', 'api', { spec: { replicas: 2 + (second % 2) }, metadata: { annotations: { seen: String(second) } } })
    world.patch(RESOURCES.services, 'test', 'api', { metadata: { annotations: { seen: String(second) } } })
    world.write(virtualServices, 'kubectl-edit', (live) => ({ ...live, metadata: { ...live.metadata, labels: { seen: String(second) } } }))
    await world.clock.advance(1000)
  }
  expect(world.hooks.length).toBe(asked)
  await world.clock.advance(10_000)
  expect(dig(world.status(), 'failedChecks')).toBe(1)
  await world.stop()
})

test('who changes something else of the Canary all the time does not keep a slow webhook from being heard', async () => {
  const world = await hanging('rollout')
  const asked = world.hooks.length
  for (let second = 0; second < 55; second++) {
    annotate(world, 'example.com/touched', String(second))
    await world.clock.advance(1000)
  }
  expect(world.hooks.length).toBe(asked)
  await world.clock.advance(10_000)
  expect(dig(world.status(), 'failedChecks')).toBe(1)
  await world.stop()
})

test.each<readonly [string, number, string, string]>([
  ['rollout', 70_000, 'Failed', 'no answer from hooks in 60000 ms'],
  ['rollout', 50_000, 'Succeeded', 'Promotion completed'],
  ['confirm-promotion', 70_000, 'WaitingPromotion', 'Halt api.test advancement waiting for promotion approval'],
  ['confirm-traffic-increase', 70_000, 'Progressing', 'Halt api.test advancement waiting for traffic increase approval'],
  ['rollback', 70_000, 'Succeeded', 'Promotion completed'],
  ['post-rollout', 70_000, 'Succeeded', 'no answer from hooks in 60000 ms']
])('a %s webhook that takes %i ms of a minute: %s', async (type, slowness, phase, said) => {
  const world = await advanced(type)
  world.slowness[type] = slowness
  await world.clock.advance(600_000)
  expect(dig(world.status(), 'phase')).toBe(phase)
  expect(world.told.map(({ message }) => message).join('\n')).toContain(said)
  await world.stop()
})

test('hundreds of Canaries whose webhooks hang do not keep another from its rollback', async () => {
  const world = await crowdOf(200)
  const analysis = { webhooks: [{ ...hookOf('rollout'), timeout: '60s' }] }
  for (let number = 0; number < 200; number++) {
    const body = number === 199 ? { metadata: { annotations: {} } } : { spec: { analysis } }
    world.patch(RESOURCES.canaries, 'test', `c${number}`, body)
  }
  await world.clock.advance(1000)
  world.slowness['rollout'] = Infinity
  const image = { spec: { template: { spec: { containers: [{ name: 'api', image: 'api:2' }] } } } }
  for (let number = 0; number < 200; number++) world.patch(RESOURCES.deployments, 'test', `c${number}`, image)
  const last = (key: string): unknown => dig(world.named(RESOURCES.canaries, 'c199'), 'status', key)
  await world.until(() => world.hooks.length === 199 && last('canaryWeight') === 40, 20)
  expect([world.hooks.length, last('canaryWeight')]).toEqual([199, 40])
  world.patch(RESOURCES.canaries, 'test', 'c199', { metadata: { annotations: { [REQUESTS.abort]: 'true' } } })
  await world.clock.advance(1000)
  expect(last('phase')).toBe('Failed')
  await world.stop()
})
