// The gate beside a baseline of the user's own (serin.dev/baseline: NAME), in virtual time with traffic drawn by chance: that it compares with
// that workload and nothing else, leaves it alone, and takes its silence for no good word.

import { describe, expect, it } from 'vitest'
import { canaryOf, deploymentOf } from '../../test/rollout-objects.ts'
import { type World, worldOf } from '../../test/rollout-world.ts'
import { type Truth, WorldTraffic } from '../../test/world-traffic.ts'
import { destinationsOf, liveRouting, rulesOf } from '../objects/virtual-service.ts'
import { RESOURCES } from '../objects/write.ts'
import { dig, listAt } from '../std/json.ts'

const GOOD: Truth = { rate: 200, stable: 0.001, canary: 0.001 }
const OWN = deploymentOf('api:1', 'api-old')

interface Given {
  readonly truth?: Truth
  readonly pace?: 'evidence' | 'interval'
  readonly workload?: 'there' | 'missing'
  /** Of its own, a second. */
  readonly rate?: number
}

interface Compared {
  readonly world: World
  readonly traffic: WorldTraffic
  readonly weight: () => number
}

async function compared({ truth = GOOD, pace = 'evidence', workload = 'there', rate = 20 }: Given): Promise<Compared> {
  const plain = canaryOf({ interval: '60s', threshold: 5, stepWeight: 10, maxWeight: 50 })
  const annotations = { 'serin.dev/baseline': 'api-old', 'serin.dev/pace': pace }
  const canary = { ...plain, metadata: { ...plain.metadata, annotations } }
  const world = worldOf(deploymentOf('api:1'), canary, ...(workload === 'there' ? [OWN] : []))
  const traffic = new WorldTraffic(world, truth)
  traffic.other = { name: 'api-old', rate, failing: 0.001 }
  world.counters = traffic
  world.start()
  expect(await world.until(() => world.isIn('Initialized'), 120)).toBe(true)
  world.release('api:2')
  const weight = (): number => liveRouting(world.named(RESOURCES.virtualServices), 'api')?.canary ?? 0
  expect(await world.until(() => weight() === 10, 120)).toBe(true)
  return { world, traffic, weight }
}

const statusOf = (world: World, ...path: readonly string[]): readonly string[] =>
  world.all(RESOURCES.releases).map((release) => String(dig(release, 'status', ...path)))
const cause = (world: World): string => String(dig(listAt(world.status(), 'conditions')[0], 'message'))
const checks = (world: World): string => JSON.stringify(world.all(RESOURCES.releases).map((release) => listAt(release, 'status', 'checks')))

describe('a baseline of the user’s own', () => {
  it('is what the canary is compared with, by its name', async () => {
    const { world } = await compared({ truth: { ...GOOD, canary: 0.2 } })
    expect(await world.until(() => world.isIn('Failed'), 120)).toBe(true)
    expect(cause(world)).toMatch(/requests failed, against \d+ of \d+ on api-old in the same seconds/)
    expect(statusOf(world, 'asked', 'baseline')).toContain('api-old')
    await world.stop()
  })

  it('counts alone: a primary that fails as the canary does is no excuse', async () => {
    const { world } = await compared({ truth: { rate: 200, stable: 0.05, canary: 0.05 } })
    expect(await world.until(() => world.isIn('Failed'), 300)).toBe(true)
    expect(cause(world)).toContain('on api-old in the same seconds')
    await world.stop()
  })

  it('lets a good canary pass, and is neither written nor given traffic', async () => {
    const { world } = await compared({})
    const hosts = new Set<string>()
    world.watchWrites = ({ object }) => {
      for (const entry of rulesOf(object, 'http')) for (const { host } of destinationsOf(entry)) hosts.add(host)
    }
    expect(await world.until(() => world.isIn('Succeeded'), 1_800)).toBe(true)
    expect(world.writes.filter(({ change }) => /old|baseline/.test(change.object.metadata.name ?? ''))).toEqual([])
    expect([...hosts].toSorted()).toEqual(['api-canary', 'api-primary'])
    expect(world.named(RESOURCES.deployments, 'api-old')).toMatchObject({ spec: OWN['spec'] })
    await world.stop()
  })
})

describe('one that is silent', () => {
  const NOT_THERE = 'Holding at 10 %: nothing to compare with: deployment api-old, the baseline, is not there.'

  it('as it is not there, holds in words from the first look until it is and has requests', async () => {
    const { world, weight } = await compared({ workload: 'missing', rate: 0 })
    expect(await world.until(() => statusOf(world, 'evidence').includes(NOT_THERE), 10)).toBe(true)
    expect(world.told.map(({ message }) => message)).toContain(
      'canary api.test: metadata.annotations[serin.dev/baseline] deployment api-old not found: the gate has nothing to compare with, and holds until it has'
    )
    await world.until(() => false, 1_800)
    expect([weight(), world.isIn('Progressing')]).toEqual([10, true])
    expect(checks(world)).toContain('"check":"evidence","outcome":"unknown","cause":"no-data"')
    world.create(OWN)
    expect(await world.until(() => weight() > 10, 300)).toBe(false)
    expect(statusOf(world, 'evidence').join(' ')).toMatch(/deployment api-old, the baseline, has had no requests for \d+ min/)
    await world.stop()
  })

  it('goes on when it is heard again', async () => {
    const { world, traffic, weight } = await compared({ rate: 0 })
    await world.until(() => false, 300)
    expect(weight()).toBe(10)
    expect(world.told.filter(({ message }) => message.includes('deployment api-old has no requests: the gate has nothing')).length).toBe(1)
    traffic.other = { ...traffic.other, rate: 20 }
    expect(await world.until(() => world.isIn('Succeeded'), 1_800)).toBe(true)
    await world.stop()
  })

  it('holds what was proven before it fell silent', async () => {
    const { world, traffic, weight } = await compared({ truth: { ...GOOD, rate: 40 }, rate: 4 })
    expect(await world.until(() => weight() === 20, 1_200)).toBe(true)
    traffic.other = { ...traffic.other, rate: 0 }
    await world.until(() => false, 600)
    expect([weight(), world.isIn('Progressing')]).toEqual([20, true])
    expect(statusOf(world, 'evidence').join(' ')).toMatch(/Holding at 20 %: nothing to compare with: .* has had no requests for \d+ min\./)
    await world.stop()
  })

  it('leaves thresholds as they are', async () => {
    const { world } = await compared({ rate: 0, pace: 'interval' })
    world.success = { kind: 'value', value: 50 }
    expect(await world.until(() => world.isIn('Failed'), 600)).toBe(true)
    expect(cause(world)).not.toContain('api-old')
    await world.stop()
  })
})

it('one that takes the place of a fresh one in mid-analysis has it taken away', async () => {
  const { world } = await compared({})
  world.patch(RESOURCES.canaries, 'test', 'api', { metadata: { annotations: { 'serin.dev/baseline': 'fresh' } } })
  expect(await world.until(() => world.named(RESOURCES.services, 'api-baseline') !== undefined, 10)).toBe(true)
  world.patch(RESOURCES.canaries, 'test', 'api', { metadata: { annotations: { 'serin.dev/baseline': 'api-old' } } })
  expect(await world.until(() => world.named(RESOURCES.deployments, 'api-baseline') === undefined, 10)).toBe(true)
  expect(await world.until(() => world.isIn('Succeeded'), 1_800)).toBe(true)
  await world.stop()
})
