// A ConfigMap that changes under canary pods that run: others are made before anything is counted for the new revision, in virtual time,
// with the controller killed before each of its writes.

import { describe, expect, test } from 'vitest'
import { Laws } from '../../test/rollout-laws.ts'
import { canaryOf, configMapOf, deploymentOf, readingSpec } from '../../test/rollout-objects.ts'
import { scalerOf } from '../../test/rollout-scalers.ts'
import { type World, worldOf } from '../../test/rollout-world.ts'
import type { KubeObject } from '../api/object.ts'
import { REFRESH_ANNOTATION } from '../objects/refresh-mark.ts'
import { RESOURCES } from '../objects/write.ts'
import { dig } from '../std/json.ts'

const TEMPLATE = { metadata: { labels: { app: 'api' } }, spec: readingSpec('api:1', { configMaps: ['colours'] }) }
const DEPLOYMENT = deploymentOf('api:1', 'api', { template: TEMPLATE })
const spec = { selector: { matchLabels: { app: 'api' } }, template: TEMPLATE, updateStrategy: { type: 'RollingUpdate' } }
const DAEMON_SET: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'api', namespace: 'test', generation: 1, labels: { app: 'api' } },
  spec
}
const reference = (kind: string): Record<string, unknown> => ({ autoscalerRef: { apiVersion: 'x', kind, name: 'api' } })
const BOUNDS = { least: 1, most: 4 }
const SETTINGS: Readonly<Record<string, readonly KubeObject[]>> = {
  'a Deployment': [DEPLOYMENT, canaryOf()],
  'a DaemonSet': [DAEMON_SET, canaryOf({}, { targetRef: { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'api' } })],
  'a Deployment with an HPA': [DEPLOYMENT, scalerOf('HorizontalPodAutoscaler', BOUNDS), canaryOf({}, reference('HorizontalPodAutoscaler'))],
  'a Deployment that KEDA scales': [DEPLOYMENT, scalerOf('ScaledObject', BOUNDS), canaryOf({}, reference('ScaledObject'))]
}

const paint = (world: World, color: string): void => world.patch(RESOURCES.configMaps, 'test', 'colours', { data: { color } })
const target = (world: World): KubeObject | undefined => world.named(RESOURCES.deployments) ?? world.named(RESOURCES.daemonSets)
const atWeight = (world: World, weight: number): boolean => dig(world.status(), 'canaryWeight') === weight
const read = (world: World): unknown => dig(world.readBy('api')?.[0], 'color')

/** A run of green that has come to 20 %. */
async function begin(objects: readonly KubeObject[]): Promise<World> {
  const world = worldOf(configMapOf('colours', { color: 'blue' }), ...objects)
  world.start()
  expect(await world.until(() => world.isIn('Initialized'), 15)).toBe(true)
  paint(world, 'green')
  expect(await world.until(() => atWeight(world, 20), 60)).toBe(true)
  world.writes.length = 0
  world.queries.length = 0
  return world
}

/** Lets the run end, whatever kills the controller. */
async function finish(world: World): Promise<unknown> {
  for (let halves = 0; halves < 400 && !world.isIn('Succeeded'); halves++) {
    await world.clock.advance(500)
    if (!world.crashed) continue
    await world.stop()
    world.start()
  }
  await world.clock.advance(1000)
  await world.stop()
  const primary = world.named(RESOURCES.deployments, 'api-primary') ?? world.named(RESOURCES.daemonSets, 'api-primary')
  const { lastTransitionTime: _, conditions: _conditions, ...status } = Object(world.status())
  return { status, routes: world.named(RESOURCES.virtualServices)?.['spec'], primary: primary?.['spec'], target: target(world)?.['spec'] }
}

describe.each(Object.entries(SETTINGS))('%s', (_, objects) => {
  test('has its pods made again when what they read changes in mid-run: first traffic goes, then they end, then the analysis begins', async () => {
    const world = await begin(objects)
    expect(read(world)).toBe('green')
    const laws = new Laws(world)
    paint(world, 'red')
    expect(await world.until(() => atWeight(world, 20) && read(world) === 'red', 10)).toBe(true)
    const made = world.writes.map(({ change: { object } }) => object)
    const away = made.findIndex(({ kind }) => kind === 'VirtualService')
    const marked = made.findIndex(({ metadata }) => metadata.annotations?.[REFRESH_ANNOTATION] === 'true')
    expect([away, marked > away]).toEqual([0, true])
    expect(target(world)?.metadata.annotations?.[REFRESH_ANNOTATION]).toBeUndefined()
    expect(world.queries).toEqual([])
    const end = await finish(world)
    expect(end).toMatchObject({ status: { phase: 'Succeeded' } })
    expect([laws.broken, world.named(RESOURCES.configMaps, 'colours-primary')?.['data']]).toEqual([[], { color: 'red' }])
  })

  test('comes to the same end when the controller is killed before any write', async () => {
    const whole = await begin(objects)
    paint(whole, 'red')
    const end = await finish(whole)
    for (let left = 0; left < whole.writes.length; left++) {
      const world = await begin(objects)
      const laws = new Laws(world)
      world.writesLeft = left
      paint(world, 'red')
      expect(await finish(world), `killed before write ${left + 1} of ${whole.writes.length}`).toEqual(end)
      expect(laws.broken).toEqual([])
    }
  })
})

test('what changes while the pods of the last run are just ending is read by new ones', async () => {
  const world = await begin(SETTINGS['a Deployment'] ?? [])
  expect(await world.until(() => world.isIn('Succeeded'), 90)).toBe(true)
  paint(world, 'red')
  expect(await world.until(() => atWeight(world, 20), 30)).toBe(true)
  expect(read(world)).toBe('red')
  await world.stop()
})

test('whoever gives the target pods before the old ones are gone has them ended too', async () => {
  const world = await begin(SETTINGS['a Deployment'] ?? [])
  paint(world, 'red')
  expect(await world.until(() => target(world)?.metadata.annotations?.[REFRESH_ANNOTATION] === 'true', 1)).toBe(true)
  world.patch(RESOURCES.deployments, 'test', 'api', { spec: { replicas: 3 } })
  expect(await world.until(() => atWeight(world, 20), 30)).toBe(true)
  expect(read(world)).toBe('red')
  await world.stop()
})

test('a run that is taken back meanwhile leaves no mark, and the next one reads what is there', async () => {
  const world = await begin(SETTINGS['a Deployment'] ?? [])
  paint(world, 'red')
  expect(await world.until(() => target(world)?.metadata.annotations?.[REFRESH_ANNOTATION] === 'true', 1)).toBe(true)
  world.patch(RESOURCES.canaries, 'test', 'api', { metadata: { annotations: { 'flagger.app/rollback': 'true' } } })
  expect(await world.until(() => world.isIn('Failed'), 2)).toBe(true)
  expect(target(world)?.metadata.annotations?.[REFRESH_ANNOTATION]).toBeUndefined()
  expect(dig(target(world)?.['spec'], 'replicas')).toBe(0)
  await world.stop()
})

test('a target that somebody scales to zero in mid-run is still rolled back', async () => {
  const world = await begin(SETTINGS['a Deployment'] ?? [])
  world.patch(RESOURCES.deployments, 'test', 'api', { spec: { replicas: 0 } })
  expect(await world.until(() => world.isIn('Failed'), 2)).toBe(true)
  await world.stop()
})
