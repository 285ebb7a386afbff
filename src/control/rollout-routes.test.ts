// Routes that others write in the middle of a run, in virtual time: they are put right, and never taken for a step of the rollout.

import { expect, test } from 'vitest'
import { canaryOf, deploymentOf, hookOf } from '../../test/rollout-objects.ts'
import { type World, worldOf } from '../../test/rollout-world.ts'
import { REQUESTS } from '../rollout/requests.ts'
import { liveRouting, rulesOf } from '../objects/virtual-service.ts'
import { RESOURCES } from '../objects/write.ts'
import { dig } from '../std/json.ts'

const COPIES = { stepWeight: 40, maxWeight: 80, mirror: true }
const BLUE_GREEN = { stepWeight: undefined, maxWeight: undefined, iterations: 2 }

async function begin(analysis: Record<string, unknown>): Promise<World> {
  const world = worldOf(deploymentOf('api:1'), canaryOf({ ...analysis, webhooks: [hookOf('confirm-promotion')] }))
  world.start()
  expect(await world.until(() => world.isIn('Initialized'), 15)).toBe(true)
  world.release('api:2')
  return world
}

// Everything but the weights stays; `bare`: nothing but them does.
function write(world: World, weight: number, bare?: 'bare'): void {
  const route = [
    { destination: { host: 'api-primary' }, weight: 100 - weight },
    { destination: { host: 'api-canary' }, weight }
  ]
  const [entry] = rulesOf(world.named(RESOURCES.virtualServices), 'http')
  world.patch(RESOURCES.virtualServices, 'test', 'api', { spec: { http: [bare === undefined ? { ...Object(entry), route } : { route }] } })
}

const routes = (world: World) => liveRouting(world.named(RESOURCES.virtualServices), 'api')
const status = (world: World, field: string): unknown => dig(world.status(), field)

test('a paused rollout that begins with copies stays there, though somebody writes its first weight, and its copies come back', async () => {
  const world = await begin(COPIES)
  expect(await world.until(() => routes(world)?.mirrored === true, 15)).toBe(true)
  world.patch(RESOURCES.canaries, 'test', 'api', { metadata: { annotations: { [REQUESTS.pause]: 'true' } } })
  write(world, 40, 'bare')
  await world.clock.advance(30_000)
  expect([status(world, 'canaryWeight'), routes(world)?.canary, routes(world)?.mirrored]).toEqual([0, 0, true])
  world.patch(RESOURCES.canaries, 'test', 'api', { metadata: { annotations: { [REQUESTS.pause]: null } } })
  expect(await world.until(() => world.isIn('Succeeded'), 90)).toBe(true)
  expect(world.told.filter(({ message }) => message.startsWith('Starting canary analysis'))).toHaveLength(1)
  await world.stop()
})

test('all traffic for a canary of blue/green that waits for its approval is taken back, whoever gave it', async () => {
  const world = await begin(BLUE_GREEN)
  world.answers['confirm-promotion'] = { kind: 'answered', status: 403, body: '' }
  expect(await world.until(() => world.isIn('WaitingPromotion'), 60)).toBe(true)
  write(world, 100)
  await world.clock.advance(1000)
  expect([routes(world)?.canary, status(world, 'iterations')]).toEqual([0, 2])
  await world.clock.advance(60_000)
  expect(world.isIn('WaitingPromotion')).toBe(true)
  await world.stop()
})

test('somebody who writes the next routes just before the rollout does costs it no step', async () => {
  const world = await begin(BLUE_GREEN)
  let times = 0
  world.refuse = ({ verb, target }) => {
    const advances =
      verb === 'patch' && target.resource.resource === 'virtualservices' && status(world, 'iterations') === 2 && ++times === 1
    if (advances) write(world, 100)
    return undefined
  }
  expect(await world.until(() => world.isIn('Succeeded'), 120)).toBe(true)
  expect(times).toBeGreaterThan(0)
  expect(world.told.filter(({ message }) => message === 'Routing all traffic to canary')).toHaveLength(1)
  await world.stop()
})
