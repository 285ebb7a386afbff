// A world with many Canaries at rest, each with all its objects: those of one that was initialised, under other names.

import type { KubeObject, ResourceRef } from '../src/api/object.ts'
import { revisionOf } from '../src/objects/revision.ts'
import { RESOURCES } from '../src/objects/write.ts'
import { dig } from '../src/std/json.ts'
import { canaryOf, deploymentOf } from './rollout-objects.ts'
import { type World, worldOf } from './rollout-world.ts'

const OBJECTS: readonly ResourceRef[] = [
  RESOURCES.deployments,
  RESOURCES.services,
  RESOURCES.destinationRules,
  RESOURCES.virtualServices,
  RESOURCES.canaries
]

/** The Canaries `c0` to `c<count - 1>` in namespace `test`; the controller runs and has looked at all of them. */
export async function crowdOf(count: number): Promise<World> {
  const model = worldOf(deploymentOf('api:1'), canaryOf())
  model.start()
  await model.until(() => model.isIn('Initialized'), 20)
  await model.stop()
  const objects = OBJECTS.flatMap((resource) => model.all(resource).map((object) => ({ resource, object })))
  const world = worldOf()
  for (let number = 0; number < count; number++)
    for (const { resource, object } of objects) place(world, resource, renamed(object, `c${number}`))
  world.start()
  await world.clock.advance(5000)
  return world
}

/** Gives the first `count` of them another image. */
export function releaseIn(world: World, count: number, image: string): void {
  for (let number = 0; number < count; number++) {
    const spec = { template: { spec: { containers: [{ name: 'api', image }] } } }
    world.patch(RESOURCES.deployments, 'test', `c${number}`, { spec })
  }
}

function place(world: World, resource: ResourceRef, object: KubeObject): void {
  world.create(object)
  const { status } = object
  const target = { resource, namespace: 'test' }
  const name = object.metadata.name ?? ''
  const live = world.get(resource, 'test', name)
  if (status !== undefined && live !== undefined) {
    const body = { ...live, status: object.kind === 'Canary' ? { ...Object(status), ...hashesOf(world, name) } : status }
    world.request({ verb: 'update', target, name, subresource: 'status', body, options: {} })
  }
}

// Its labels are in the template, so that each has hashes of its own.
function hashesOf(world: World, name: string): Readonly<Record<string, string>> {
  const hash = revisionOf(dig(world.get(RESOURCES.deployments, 'test', name), 'spec', 'template'))
  return { lastAppliedSpec: hash, lastPromotedSpec: hash }
}

function renamed(object: KubeObject, name: string): KubeObject {
  const { uid: _, resourceVersion: __, creationTimestamp: ___, generation: ____, ...metadata } = object.metadata
  return JSON.parse(JSON.stringify({ ...object, metadata }).replaceAll(/"api(-primary|-canary)?"/g, `"${name}$1"`)) as KubeObject
}
