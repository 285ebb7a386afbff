// Canaries of provider kubernetes: blue/green where nobody splits requests (flagger.md 1.4).

import { expect, test } from 'vitest'
import { canaryOf, deploymentOf } from '../../test/rollout-objects.ts'
import { type World, worldOf } from '../../test/rollout-world.ts'
import type { KubeObject } from '../api/object.ts'
import { RESOURCES } from '../objects/write.ts'
import { dig } from '../std/json.ts'

const FOREIGN: KubeObject = {
  apiVersion: 'networking.istio.io/v1beta1',
  kind: 'VirtualService',
  metadata: { name: 'api', namespace: 'test' },
  spec: {
    hosts: ['api'],
    http: [
      {
        route: [
          { destination: { host: 'api' }, weight: 90 },
          { destination: { host: 'api-baseline' }, weight: 10 }
        ]
      }
    ]
  }
}

// Of a name that a baseline of a Canary of ours would have.
const THEIRS = deploymentOf('other:1', 'api-baseline')

async function begun(analysis: Record<string, unknown>): Promise<World> {
  const { uid: _, ...metadata } = canaryOf().metadata
  const world = worldOf(deploymentOf('api:1'), { ...canaryOf(analysis, { provider: 'kubernetes' }), metadata }, FOREIGN, THEIRS)
  world.start()
  expect(await world.until(() => world.isIn('Initialized'), 60)).toBe(true)
  return world
}

function routed(world: World): readonly string[] {
  const kinds = new Set<string>(['virtualservices', 'destinationrules'])
  return world.writes.filter(({ change }) => kinds.has(change.resource)).map(({ change }) => change.object.kind)
}

function advances(world: World): readonly string[] {
  return world.told.map(({ message }) => message).filter((message) => message.startsWith('Advance'))
}

function image(world: World): unknown {
  const containers = dig(world.named(RESOURCES.deployments, 'api-primary'), 'spec', 'template', 'spec', 'containers')
  return Array.isArray(containers) ? dig(containers[0], 'image') : undefined
}

test('iterations are counted, then the primary gets the revision; no routes are written, others’ stay', async () => {
  const world = await begun({ stepWeight: undefined, iterations: 3 })
  world.release('api:2')
  expect(await world.until(() => world.isIn('Succeeded'), 120)).toBe(true)
  expect(advances(world)).toEqual([1, 2, 3].map((at) => `Advance api.test canary iteration ${at}/3`))
  expect([image(world), dig(world.named(RESOURCES.deployments), 'spec', 'replicas')]).toEqual(['api:2', 0])
  expect(routed(world)).toEqual([])
  expect(world.named(RESOURCES.virtualServices)).toMatchObject({ spec: FOREIGN['spec'] })
  await world.stop()
})

test('weights become ten iterations, as in Flagger, and it is said', async () => {
  const world = await begun({})
  world.release('api:2')
  expect(await world.until(() => world.isIn('Succeeded'), 240)).toBe(true)
  expect(advances(world).at(-1)).toBe('Advance api.test canary iteration 10/10')
  expect(world.told[0]?.message).toBe(
    'canary api.test: spec.analysis.stepWeight has no effect: provider kubernetes splits no requests, its Canaries are blue/green by iterations'
  )
  await world.stop()
})

test('a revision that fails is taken away, and the primary keeps its own', async () => {
  const world = await begun({ stepWeight: undefined, iterations: 3 })
  world.success = { kind: 'value', value: 10 }
  world.release('api:2')
  expect(await world.until(() => world.isIn('Failed'), 120)).toBe(true)
  expect([image(world), dig(world.named(RESOURCES.deployments), 'spec', 'replicas')]).toEqual(['api:1', 0])
  await world.stop()
})

test('a controller that is killed between any two writes comes to the same end', async () => {
  for (let writes = 1; writes < 40; writes++) {
    const world = await begun({ stepWeight: undefined, iterations: 2 })
    world.release('api:2')
    world.writesLeft = writes
    await world.until(() => world.crashed || world.isIn('Succeeded'), 120)
    if (!world.crashed) return world.stop()
    await world.stop()
    world.start()
    expect([await world.until(() => world.isIn('Succeeded'), 120), image(world), routed(world)]).toEqual([true, 'api:2', []])
    await world.stop()
  }
  throw new Error('it never came to an end without being killed')
})
