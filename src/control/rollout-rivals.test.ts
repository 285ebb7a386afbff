// Two Canaries that would write the same objects: the older one has them, the other one waits and says so.

import { expect, test } from 'vitest'
import { imageOf } from '../../test/rollout-laws.ts'
import { canaryOf, deploymentOf } from '../../test/rollout-objects.ts'
import { type World, worldOf } from '../../test/rollout-world.ts'
import { RESOURCES } from '../objects/write.ts'
import type { KubeObject } from '../api/object.ts'
import { dig } from '../std/json.ts'

const named = (name: string, spec: Record<string, unknown> = {}): KubeObject => {
  const canary = canaryOf({}, spec)
  return { ...canary, metadata: { name, namespace: 'test' } }
}
const phaseOf = (world: World, name: string): unknown => dig(world.named(RESOURCES.canaries, name)?.['status'], 'phase')
const told = (world: World): readonly string[] => world.told.map(({ message }) => message)

async function begun(...rivals: readonly KubeObject[]): Promise<World> {
  const world = worldOf(deploymentOf('api:1'), named('api'))
  await world.clock.advance(5000)
  for (const rival of rivals) world.create(rival)
  world.start()
  await world.until(() => world.isIn('Initialized'), 30)
  return world
}

test.each([
  [
    'the same target',
    named('twin', { service: { port: 80, name: 'other' } }),
    'spec.targetRef Deployment api is already rolled out by Canary api'
  ],
  [
    'the same Services',
    named('twin', { targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, service: { port: 80, name: 'api' } }),
    'spec.service.name Service api already belongs to Canary api'
  ]
])('a second Canary with %s is left alone and says why; the first goes its way', async (_, rival, why) => {
  const world = await begun(rival)
  world.release('api:2')
  expect(await world.until(() => world.isIn('Succeeded'), 120)).toBe(true)
  expect(imageOf(world.named(RESOURCES.deployments, 'api-primary'))).toBe('api:2')
  expect(phaseOf(world, 'twin')).toBeUndefined()
  expect(told(world)).toContain(`canary twin.test is not acted on: ${why}`)
  expect(world.writes.length).toBeLessThan(40)
  await world.stop()
})

test('when the first one goes, the second takes over', async () => {
  const world = await begun(named('twin'))
  world.request({ verb: 'delete', target: { resource: RESOURCES.canaries, namespace: 'test' }, name: 'api', body: {}, options: {} })
  expect(await world.until(() => told(world).includes('Initialization done! twin.test'), 30)).toBe(true)
  await world.stop()
})
