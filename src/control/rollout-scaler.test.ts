// Canaries with autoscalers, in virtual time: the primary's scaler, KEDA held while the target rests, and scaling in the middle of a run.

import { describe, expect, it } from 'vitest'
import { Laws } from '../../test/rollout-laws.ts'
import { canaryOf, deploymentOf } from '../../test/rollout-objects.ts'
import { type World, worldOf } from '../../test/rollout-world.ts'
import type { KubeObject } from '../api/object.ts'
import { ApiError } from '../kube/kube-client.ts'
import { RESOURCES, SCALER_RESOURCES } from '../objects/write.ts'
import { dig } from '../std/json.ts'

const { HorizontalPodAutoscaler: HPAS, ScaledObject: SCALED_OBJECTS } = SCALER_RESOURCES
const PAUSED = 'autoscaling.keda.sh/paused-replicas'
const CPU = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }]

function autoscaler(spec: object = {}): KubeObject {
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' }
  const full = { scaleTargetRef, minReplicas: 2, maxReplicas: 4, metrics: CPU, ...spec }
  return { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'api', namespace: 'test' }, spec: full }
}

function scaledObject(spec: object = {}): KubeObject {
  const triggers = [{ type: 'prometheus', metadata: { name: 'load', query: 'rate(hits{app="api"}[1m])' } }]
  const full = { scaleTargetRef: { name: 'api' }, minReplicaCount: 1, maxReplicaCount: 4, triggers, ...spec }
  return { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', metadata: { name: 'api', namespace: 'test' }, spec: full }
}

const scaledBy = (kind: string, more: object = {}): KubeObject =>
  canaryOf({}, { progressDeadlineSeconds: 25, autoscalerRef: { apiVersion: 'x', kind, name: 'api', ...more } })

const HPA_CANARY = scaledBy('HorizontalPodAutoscaler')
const KEDA_CANARY = scaledBy('ScaledObject')

async function initialised(...objects: readonly KubeObject[]): Promise<World> {
  const world = worldOf(deploymentOf('api:1'), ...objects)
  world.start()
  expect(await world.until(() => world.isIn('Initialized'), 15)).toBe(true)
  return world
}

const replicas = (world: World, name = 'api'): unknown => dig(world.named(RESOURCES.deployments, name), 'spec', 'replicas')
const specOf = (world: World, resource: typeof HPAS | typeof SCALED_OBJECTS, name = 'api-primary'): unknown =>
  world.named(resource, name)?.['spec']
const paused = (world: World): string | undefined => world.named(SCALED_OBJECTS)?.metadata.annotations?.[PAUSED]

describe('a HorizontalPodAutoscaler', () => {
  it('is made for the primary with the initialisation, with the overrides of the Canary, and goes with it', async () => {
    const world = await initialised(autoscaler(), scaledBy('HorizontalPodAutoscaler', { primaryScalerReplicas: { minReplicas: 3 } }))
    expect(specOf(world, HPAS)).toMatchObject({ scaleTargetRef: { name: 'api-primary' }, minReplicas: 3, maxReplicas: 4, metrics: CPU })
    expect(world.named(HPAS, 'api-primary')?.metadata.ownerReferences).toMatchObject([{ kind: 'Canary', controller: true }])
    await world.stop()
  })

  it('is copied to the primary within a second of each change, also where the primary was changed', async () => {
    const world = await initialised(autoscaler(), HPA_CANARY)
    world.patch(HPAS, 'test', 'api', { spec: { maxReplicas: 9 } })
    expect(await world.until(() => dig(specOf(world, HPAS), 'maxReplicas') === 9, 1)).toBe(true)
    world.patch(HPAS, 'test', 'api-primary', { spec: { minReplicas: 1 } })
    expect(await world.until(() => dig(specOf(world, HPAS), 'minReplicas') === 2, 1)).toBe(true)
    await world.stop()
  })

  it('that only says what it measures is no reason to look', async () => {
    const world = await initialised(autoscaler(), HPA_CANARY)
    await world.clock.advance(1000)
    const reads = world.reads
    const says = (currentReplicas: number): void => {
      const body = { ...world.named(HPAS), status: { currentReplicas } }
      world.request({
        verb: 'update',
        target: { resource: HPAS, namespace: 'test' },
        name: 'api',
        subresource: 'status',
        body,
        options: {}
      })
    }
    for (const count of [1, 2, 3]) {
      says(count)
      await world.clock.advance(500)
    }
    expect(world.reads).toBe(reads)
    world.patch(HPAS, 'test', 'api', { spec: { maxReplicas: 8 } })
    await world.clock.advance(500)
    expect(world.reads).toBeGreaterThan(reads)
    await world.stop()
  })

  it('has the number of the primary for itself: a run begins with the fewest pods, and a promotion copies no number', async () => {
    const world = await initialised(autoscaler(), HPA_CANARY)
    world.patch(RESOURCES.deployments, 'test', 'api-primary', { spec: { replicas: 4 } })
    world.release('api:2')
    expect(await world.until(() => world.isIn('Progressing'), 15)).toBe(true)
    expect(replicas(world)).toBe(2)
    expect(await world.until(() => world.isIn('Succeeded'), 90)).toBe(true)
    expect([replicas(world), replicas(world, 'api-primary')]).toEqual([0, 4])
    await world.stop()
  })

  it('that scales in the middle of a run delays no step', async () => {
    const steps = async (scale: boolean): Promise<readonly number[]> => {
      const world = await initialised(autoscaler(), HPA_CANARY)
      world.release('api:2')
      await world.until(() => dig(world.status(), 'canaryWeight') === 20, 30)
      if (scale) world.slow = { available: 2 }
      for (const name of scale ? ['api', 'api-primary'] : []) world.patch(RESOURCES.deployments, 'test', name, { spec: { replicas: 4 } })
      expect(await world.until(() => world.isIn('Promoting'), 60)).toBe(true)
      await world.stop()
      return world.told.filter(({ message }) => message.startsWith('Advance') || message.startsWith('Copying')).map(({ t }) => t)
    }
    expect(await steps(true)).toEqual(await steps(false))
  })

  it('that is not there yet is waited for: its absence is told once, and the primary gets its own when it comes', async () => {
    const world = await initialised(HPA_CANARY)
    const missing =
      'canary api.test: spec.autoscalerRef HorizontalPodAutoscaler api not found: nothing scales the primary until it is there'
    expect(world.told.filter(({ message }) => message === missing)).toHaveLength(1)
    world.create(autoscaler())
    expect(await world.until(() => specOf(world, HPAS) !== undefined, 1)).toBe(true)
    await world.stop()
  })

  it('of the primary that somebody else made is left to them, and that is told', async () => {
    const foreign = autoscaler({ maxReplicas: 7 })
    const world = await initialised(autoscaler(), { ...foreign, metadata: { ...foreign.metadata, name: 'api-primary' } }, HPA_CANARY)
    expect(dig(specOf(world, HPAS), 'maxReplicas')).toBe(7)
    expect(world.told.map(({ message }) => message).join('\n')).toContain('HorizontalPodAutoscaler api-primary is not of this Canary')
    await world.stop()
  })

  it('that the API refuses holds up nothing: the rollback comes, and the refusal is told', async () => {
    const world = await initialised(autoscaler(), HPA_CANARY)
    world.refuse = (request) =>
      request.target.resource.resource === HPAS.resource ? new ApiError(422, 'Invalid', 'maxReplicas must be greater') : undefined
    world.patch(HPAS, 'test', 'api', { spec: { minReplicas: 5 } })
    world.success = { kind: 'value', value: 50 }
    world.release('api:2')
    expect(await world.until(() => world.isIn('Failed'), 60)).toBe(true)
    expect(world.told).toContainEqual(expect.objectContaining({ type: 'Warning', message: 'maxReplicas must be greater' }))
    expect(replicas(world)).toBe(0)
    await world.stop()
  })
})

describe('a ScaledObject', () => {
  it('is held while the target rests, let go for a run, and held again after it', async () => {
    const world = await initialised(scaledObject(), KEDA_CANARY)
    expect([paused(world), replicas(world)]).toEqual(['0', 0])
    expect(specOf(world, SCALED_OBJECTS)).toMatchObject({
      scaleTargetRef: { name: 'api-primary' },
      triggers: [{ metadata: { query: 'rate(hits{app="api-primary"}[1m])' } }]
    })
    expect(world.named(SCALED_OBJECTS, 'api-primary')?.metadata.annotations).toBeUndefined()
    world.release('api:2')
    await world.until(() => world.isIn('Progressing'), 15)
    expect([paused(world), replicas(world)]).toEqual([undefined, 1])
    expect(await world.until(() => world.isIn('Succeeded'), 90)).toBe(true)
    expect([paused(world), replicas(world)]).toEqual(['0', 0])
    await world.stop()
  })

  it('is held after a rollback, and again when somebody lets it go', async () => {
    const world = await initialised(scaledObject(), KEDA_CANARY)
    world.success = { kind: 'value', value: 50 }
    world.release('api:2')
    expect(await world.until(() => world.isIn('Failed'), 60)).toBe(true)
    expect([paused(world), replicas(world)]).toEqual(['0', 0])
    world.patch(SCALED_OBJECTS, 'test', 'api', { metadata: { annotations: { [PAUSED]: null } } })
    expect(await world.until(() => paused(world) === '0', 1)).toBe(true)
    await world.stop()
  })

  it('that takes the pods of an idle canary away ends no run: the canary gets pods again', async () => {
    const world = await initialised(scaledObject({ minReplicaCount: 0 }), KEDA_CANARY)
    world.release('api:2')
    await world.until(() => dig(world.status(), 'canaryWeight') === 20, 30)
    world.patch(RESOURCES.deployments, 'test', 'api', { spec: { replicas: 0 } })
    expect(await world.until(() => world.isIn('Succeeded'), 120)).toBe(true)
    await world.stop()
  })

  it('whose kind is not served is told once, holds up nothing, and counts as soon as its definition is there', async () => {
    const world = worldOf(deploymentOf('api:1'), scaledObject(), KEDA_CANARY)
    world.unserved.add(SCALED_OBJECTS.resource)
    world.start()
    expect(await world.until(() => world.isIn('Initialized'), 15)).toBe(true)
    world.release('api:2')
    expect(await world.until(() => world.isIn('Succeeded'), 90)).toBe(true)
    expect(world.told.filter(({ message }) => message.includes('this API server has no ScaledObject'))).toHaveLength(1)
    expect(world.log.filter((line) => line.startsWith('watching scaledobjects'))).toHaveLength(1)
    world.unserved.clear()
    expect(await world.until(() => specOf(world, SCALED_OBJECTS) !== undefined, 60)).toBe(true)
    await world.stop()
  })

  it('is let go when the Canary is deleted and gives back what it took', async () => {
    const world = await initialised(
      scaledObject(),
      canaryOf({}, { ...Object(KEDA_CANARY['spec']), revertOnDeletion: true, analysis: canaryOf()['spec'] })
    )
    await world.clock.advance(1000)
    world.request({ verb: 'delete', target: { resource: RESOURCES.canaries, namespace: 'test' }, name: 'api', body: {}, options: {} })
    expect(await world.until(() => world.named(RESOURCES.canaries) === undefined, 60)).toBe(true)
    expect([paused(world), replicas(world)]).toEqual([undefined, 2])
    await world.stop()
  })
})

describe.each([
  ['HorizontalPodAutoscaler', autoscaler(), HPA_CANARY],
  ['ScaledObject', scaledObject(), KEDA_CANARY]
] as const)('killed before any one write, with a %s', (_, scaler, canary) => {
  const endOf = (world: World): unknown => ({
    phase: dig(world.status(), 'phase'),
    weight: dig(world.status(), 'canaryWeight'),
    target: world.named(RESOURCES.deployments)?.['spec'],
    primary: world.named(RESOURCES.deployments, 'api-primary')?.['spec'],
    scalers: [HPAS, SCALED_OBJECTS].flatMap((resource) =>
      ['api', 'api-primary'].map((name) => [specOf(world, resource, name), world.named(resource, name)?.metadata.annotations])
    )
  })

  async function run(
    success: number,
    left: number
  ): Promise<{ readonly end: unknown; readonly writes: number; readonly broken: readonly string[] }> {
    const world = worldOf(deploymentOf('api:1'), scaler, canary)
    world.success = { kind: 'value', value: success }
    const laws = new Laws(world)
    world.start()
    world.writesLeft = left
    let released = false
    for (let halves = 0; halves < 400 && !world.isIn(success === 100 ? 'Succeeded' : 'Failed'); halves++) {
      await world.clock.advance(500)
      if (world.crashed) {
        await world.stop()
        world.start()
      }
      if (!released && world.isIn('Initialized')) {
        released = true
        world.release('api:2')
      }
    }
    await world.clock.advance(1000)
    await world.stop()
    return { end: endOf(world), writes: world.writes.length, broken: laws.broken }
  }

  it.each([100, 50])('the rollout ends the same, at %i %% success', async (success) => {
    const whole = await run(success, Infinity)
    expect(whole).toMatchObject({ end: { phase: success === 100 ? 'Succeeded' : 'Failed' }, broken: [] })
    for (let left = 0; left < whole.writes; left++) {
      const { end, broken } = await run(success, left)
      expect({ end, broken }, `killed before write ${left + 1} of ${whole.writes}`).toEqual({ end: whole.end, broken: [] })
    }
  })
})
