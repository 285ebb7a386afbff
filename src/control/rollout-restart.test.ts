// Restarted at any instant a rollout goes on where it was: the controller is killed before each thing it does, and in each second,
// and a new one starts on the same store.

import { describe, expect, test } from 'vitest'
import { Laws } from '../../test/rollout-laws.ts'
import { canaryOf, configMapOf, deploymentOf, hookOf, readingSpec, secretOf } from '../../test/rollout-objects.ts'
import { type World, worldOf } from '../../test/rollout-world.ts'
import type { KubeObject } from '../api/object.ts'
import { RESOURCES } from '../rollout/write.ts'
import { dig } from '../std/json.ts'

const HOOKS = ['confirm-rollout', 'pre-rollout', 'rollout', 'confirm-traffic-increase', 'confirm-promotion', 'post-rollout', 'rollback']
const WEIGHTS = { stepWeight: 40, maxWeight: 80, stepWeightPromotion: 50 }
const ITERATIONS = { stepWeight: undefined, maxWeight: undefined, iterations: 2 }
const canaryFor = (analysis: Readonly<Record<string, unknown>>): KubeObject =>
  canaryOf({ ...analysis, webhooks: HOOKS.map(hookOf) }, { progressDeadlineSeconds: 25 })

interface Scenario {
  readonly name: string
  readonly analysis: Readonly<Record<string, unknown>>
  readonly image: string
  /** What the ConfigMap and the Secret that the pods read say from the release on. */
  readonly config: string
  readonly success: number
  readonly phase: string
  /** Nothing in the status says that it waits and when it last said so: each start may say it once more, and sees less of the cause. */
  readonly waits: boolean
}

const SCENARIOS: readonly Scenario[] = [
  { name: 'a good release by weights', analysis: WEIGHTS, image: 'api:2', config: 'blue', success: 100, phase: 'Succeeded', waits: false },
  { name: 'a bad release by weights', analysis: WEIGHTS, image: 'api:2', config: 'blue', success: 80, phase: 'Failed', waits: false },
  { name: 'changed configs', analysis: WEIGHTS, image: 'api:1', config: 'green', success: 100, phase: 'Succeeded', waits: false },
  {
    name: 'a bad release with changed configs',
    analysis: WEIGHTS,
    image: 'api:2',
    config: 'green',
    success: 80,
    phase: 'Failed',
    waits: false
  },
  { name: 'a release that never runs', analysis: WEIGHTS, image: 'api:stuck', config: 'blue', success: 100, phase: 'Failed', waits: true },
  {
    name: 'copies and cookies',
    analysis: { ...WEIGHTS, mirror: true, sessionAffinity: { cookieName: 'v', primaryCookieName: 'p' } },
    image: 'api:2',
    config: 'blue',
    success: 100,
    phase: 'Succeeded',
    waits: false
  },
  {
    name: 'A/B',
    analysis: { ...ITERATIONS, match: [{ headers: { a: { exact: 'b' } } }], stepWeightPromotion: 50 },
    image: 'api:2',
    config: 'blue',
    success: 100,
    phase: 'Succeeded',
    waits: false
  },
  {
    name: 'blue/green',
    analysis: { ...ITERATIONS, mirror: true },
    image: 'api:2',
    config: 'blue',
    success: 100,
    phase: 'Succeeded',
    waits: false
  },
  { name: 'a bad release in blue/green', analysis: ITERATIONS, image: 'api:2', config: 'blue', success: 80, phase: 'Failed', waits: false }
]

const CONFIGS = [configMapOf('colours', { color: 'blue' }), secretOf('token', { color: btoa('blue') })]
const TARGET = deploymentOf('api:1', 'api', {
  template: { metadata: { labels: { app: 'api' } }, spec: readingSpec('api:1', { configMaps: ['colours'], secrets: ['token'] }) }
})

function release(world: World, { image, config }: Scenario): void {
  if (config !== 'blue') {
    world.patch(RESOURCES.configMaps, 'test', 'colours', { data: { color: config } })
    world.patch(RESOURCES.secrets, 'test', 'token', { data: { color: btoa(config) } })
  }
  if (image !== 'api:1') world.release(image)
}

/** A world at the end of its initialisation, and the judge of what the controller writes in it. */
async function begin({ success, analysis }: Scenario): Promise<{ readonly world: World; readonly laws: Laws }> {
  const world = worldOf(...CONFIGS, TARGET, canaryFor(analysis))
  world.answers['rollback'] = { kind: 'answered', status: 403, body: '' }
  world.success = { kind: 'value', value: success }
  world.start()
  expect(await world.until(() => world.isIn('Initialized'), 10)).toBe(true)
  const laws = new Laws(world)
  world.hooks.length = 0
  world.told.length = 0
  world.writes.length = 0
  world.effects = 0
  return { world, laws }
}

/** Lets the rollout end, whatever kills the controller on the way; after each death it is started again and handed to `started`. */
async function finish(world: World, phase: string, started: (world: World) => void = () => {}): Promise<void> {
  for (let halves = 0; halves < 1200 && !world.isIn(phase); halves++) {
    await world.clock.advance(500)
    if (!world.crashed) continue
    await world.stop()
    world.start()
    started(world)
  }
  expect(world.status()).toMatchObject({ phase })
  world.effectsLeft = Infinity
  world.writesLeft = Infinity
  await world.clock.advance(1000)
  await world.stop()
}

/** What must be the same however often the controller was started. */
function endOf(world: World, { waits }: { readonly waits: boolean }): unknown {
  const spec = (name: string): unknown => world.named(RESOURCES.deployments, name)?.['spec']
  const { conditions, lastTransitionTime: _, ...status } = Object(world.status())
  return {
    status: { ...status, message: waits ? '' : dig(conditions?.[0], 'message') },
    copies: [world.named(RESOURCES.configMaps, 'colours-primary')?.['data'], world.named(RESOURCES.secrets, 'token-primary')?.['data']],
    target: spec('api'),
    primary: spec('api-primary'),
    routes: world.named(RESOURCES.virtualServices)?.['spec'],
    annotations: world.named(RESOURCES.canaries)?.metadata.annotations
  }
}

type Counts = Readonly<Record<string, number>>

function countsOf(names: readonly string[]): Counts {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

const hooksOf = (world: World): Counts => countsOf(world.hooks.map(({ type }) => type))
const toldOf = (world: World): Counts => countsOf(world.told.map(({ message }) => message))

/** Writes that are not history, of which what was about to be written is lost. */
const acted = (world: World): number => world.writes.filter(({ change }) => change.object.kind !== 'Release').length

/** Names counted more than `extra` times above `usual`. */
function above(counts: Counts, usual: Counts, extra: number): readonly string[] {
  return Object.keys(counts).filter((name) => (counts[name] ?? 0) > (usual[name] ?? 0) + extra)
}

describe.each(SCENARIOS)('$name', (scenario) => {
  const { phase } = scenario
  const repeats = scenario.waits ? 1 : 0

  async function uninterrupted() {
    const { world, laws } = await begin(scenario)
    release(world, scenario)
    await finish(world, phase)
    expect(laws.broken).toEqual([])
    return { world, laws, end: endOf(world, scenario) }
  }

  test('killed before any one write, webhook call or Event, it takes the same way to the same end and repeats that one tick at most', async () => {
    const whole = await uninterrupted()
    expect(whole.world.effects).toBeGreaterThan(10)
    for (let left = 0; left < whole.world.effects; left++) {
      const { world, laws } = await begin(scenario)
      world.effectsLeft = left
      release(world, scenario)
      await finish(world, phase)
      const where = `killed before ${left + 1} of ${whole.world.effects}`
      expect(endOf(world, scenario), where).toEqual(whole.end)
      expect(laws.broken, where).toEqual([])
      expect(laws.transitions, where).toEqual(whole.laws.transitions)
      expect(laws.weights, where).toEqual(whole.laws.weights)
      expect(above(hooksOf(world), hooksOf(whole.world), 1), where).toEqual([])
      expect(above(toldOf(world), toldOf(whole.world), 1), where).toEqual([])
    }
  })

  test('killed between two ticks, in any second, it does nothing twice', async () => {
    const whole = await uninterrupted()
    const seconds = Math.ceil(whole.world.told.at(-1)?.t ?? 0)
    for (let second = 0; second < seconds; second++) {
      const { world, laws } = await begin(scenario)
      release(world, scenario)
      await world.clock.advance(second * 1000 + 250)
      await world.stop()
      world.start()
      await finish(world, phase)
      const where = `killed ${second + 0.25} s after the release`
      expect(endOf(world, scenario), where).toEqual(whole.end)
      expect(laws.broken, where).toEqual([])
      expect(laws.weights, where).toEqual(whole.laws.weights)
      expect(above(hooksOf(world), hooksOf(whole.world), repeats), where).toEqual([])
      expect(above(toldOf(world), toldOf(whole.world), repeats), where).toEqual([])
      expect(acted(world), where).toBe(acted(whole.world))
    }
  })

  test('dying after every single write, it still gets there', async () => {
    const whole = await uninterrupted()
    const { world, laws } = await begin(scenario)
    const once = (mortal: World): void => void (mortal.writesLeft = 1)
    once(world)
    release(world, scenario)
    await finish(world, phase, once)
    expect(endOf(world, scenario)).toEqual(whole.end)
    expect(laws.broken).toEqual([])
    expect(laws.weights).toEqual(whole.laws.weights)
  })
})

test('killed before any write of the initialisation, it makes the same objects', async () => {
  const whole = worldOf(...CONFIGS, TARGET, canaryFor(WEIGHTS))
  whole.start()
  await whole.until(() => whole.isIn('Initialized'), 10)
  await whole.stop()
  for (let left = 0; left < whole.writes.length; left++) {
    const world = worldOf(...CONFIGS, TARGET, canaryFor(WEIGHTS))
    world.start()
    world.writesLeft = left
    await world.clock.advance(5000)
    expect(world.crashed).toBe(true)
    await world.stop()
    world.start()
    expect(await world.until(() => world.isIn('Initialized'), 70), `killed before write ${left + 1} of ${whole.writes.length}`).toBe(true)
    await world.clock.advance(1000)
    expect(endOf(world, { waits: false })).toEqual(endOf(whole, { waits: false }))
    await world.stop()
  }
})
