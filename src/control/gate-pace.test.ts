// Rollouts whose pace the gate sets (annotation serin.dev/pace), in virtual time with traffic drawn by chance.

import { describe, expect, it } from 'vitest'
import { canaryOf, configMapOf, deploymentOf, hookOf } from '../../test/rollout-objects.ts'
import { World } from '../../test/rollout-world.ts'
import { type Truth, WorldTraffic } from '../../test/world-traffic.ts'
import type { KubeObject } from '../api/object.ts'
import { latestOf, releasesOf } from '../cli/release-facts.ts'
import { factsOf } from '../cli/rollout-facts.ts'
import { liveRouting } from '../objects/virtual-service.ts'
import { RESOURCES } from '../objects/write.ts'
import { dig, listAt } from '../std/json.ts'

const GOOD: Truth = { rate: 200, stable: 0.001, canary: 0.001 }
const OWN = { interval: '60s', threshold: 5, stepWeight: 10, maxWeight: 50 }
const AUTO = { interval: '60s', threshold: 5, stepWeight: undefined, maxWeight: undefined }

class Paced {
  readonly world = new World()
  readonly traffic: WorldTraffic
  readonly weights: number[] = []

  constructor(truth: Truth) {
    this.traffic = new WorldTraffic(this.world, truth)
    this.world.counters = this.traffic
    this.world.watchWrites = ({ object }) => {
      const weight = object.kind === 'Canary' ? Number(dig(object['status'], 'canaryWeight') ?? 0) : undefined
      if (weight !== undefined && weight !== (this.weights.at(-1) ?? 0)) this.weights.push(weight)
    }
  }

  async begin(
    analysis: Readonly<Record<string, unknown>>,
    annotations: Readonly<Record<string, string>>,
    ...more: readonly KubeObject[]
  ): Promise<void> {
    const { world } = this
    world.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'test' } })
    for (const object of [deploymentOf('api:1'), ...more]) world.create(object)
    const canary = canaryOf(analysis)
    world.create({ ...canary, metadata: { ...canary.metadata, annotations } })
    world.start()
    expect(await world.until(() => world.isIn('Initialized'), 120)).toBe(true)
    world.release('api:2')
    expect(await world.until(() => this.weight > 0, 90)).toBe(true)
  }

  get weight(): number {
    return liveRouting(this.world.named(RESOURCES.virtualServices), 'api')?.canary ?? 0
  }

  get sentences(): readonly string[] {
    return this.world.told.map(({ message }) => message)
  }
}

async function paced(truth: Truth, analysis: Readonly<Record<string, unknown>> = OWN, pace = 'evidence'): Promise<Paced> {
  const run = new Paced(truth)
  await run.begin(analysis, { 'serin.dev/pace': pace })
  return run
}

function condition(world: World): string {
  return String(dig(listAt(world.status(), 'conditions')[0], 'message'))
}

describe('a good canary', () => {
  it.each<readonly [string, string, Readonly<Record<string, string>>]>([
    ['is led by the pace of the ConfigMap', 'evidence', {}],
    ['is led by the annotation where both say one', 'interval', { 'serin.dev/pace': 'evidence' }]
  ])('%s', async (_, pace, annotations) => {
    const run = new Paced(GOOD)
    await run.begin(OWN, { 'serin.dev/gate-config': 'rules', ...annotations }, configMapOf('rules', { pace }))
    const begun = run.world.t
    expect(await run.world.until(() => run.weight === 20, 59)).toBe(true)
    expect(run.world.t - begun).toBeGreaterThan(29)
    await run.world.stop()
  })

  it('goes up its own ladder as soon as each step is proven safe, and says what proved it', async () => {
    const run = await paced(GOOD)
    const { world } = run
    const begun = world.t
    expect(await world.until(() => world.isIn('Finalising'), 300)).toBe(true)
    // Flagger's looks, a minute apart, would need 360 s.
    expect(world.t - begun).toBeLessThan(200)
    expect(run.weights).toEqual([10, 20, 30, 40, 50, 0])
    for (const weight of [20, 30, 40, 50]) {
      const at = world.told.findIndex(({ message }) => message === `Advance api.test canary weight ${weight}`)
      expect(world.told[at - 1]?.message).toMatch(
        new RegExp(`^Advanced to ${weight} %: with 95 % confidence 2 fails at most [\\d.]+ points? more than 1, which is what ${weight} %`)
      )
    }
    expect(run.sentences.some((text) => text.startsWith('Promoted: with 95 % confidence'))).toBe(true)
    await world.stop()
  })

  it('begins as low as the traffic allows on the ladder of the traffic', async () => {
    const run = await paced(GOOD, AUTO)
    expect(await run.world.until(() => run.world.isIn('Succeeded'), 400)).toBe(true)
    expect(run.weights).toEqual([1, 5, 10, 25, 50, 0])
    await run.world.stop()
  })

  it('takes the ladder of the traffic in place of its own where it is asked to', async () => {
    const run = await paced({ ...GOOD, rate: 10 }, OWN, 'evidence, ladder=auto')
    expect(run.weight).toBe(8)
    await run.world.until(() => run.weights.length > 1, 400)
    expect(run.weights).toEqual([8, 10])
    await run.world.stop()
  })

  it('is shown at its step of the ladder of the traffic, whichever weight it began with', async () => {
    const run = await paced({ ...GOOD, rate: 6 }, AUTO)
    const { world, weight: first } = run
    expect(first).toBeGreaterThan(10)
    const shown = (): string => {
      const canary = world.named(RESOURCES.canaries)
      if (canary === undefined) return ''
      const releases = releasesOf(canary, world.all(RESOURCES.releases))
      const { step, steps, weight } = factsOf(canary, undefined, { releases })
      return `${weight.canary} %: ${step} of ${steps}, ${latestOf(releases)?.stages.join(' ')}`
    }
    const seen = new Set<string>()
    await world.until(() => {
      seen.add(shown())
      return world.isIn('Promoting')
    }, 2000)
    expect([...seen].filter((text) => !text.startsWith('0 %'))).toEqual(
      [first, 25, 50].map((weight, index) => `${weight} %: ${index + 1} of 3, ${first} % 25 % 50 %`)
    )
    await world.until(() => world.isIn('Succeeded'), 100)
    expect(shown()).toBe(`0 %: 3 of 3, ${first} % 25 % 50 %`)
    await world.stop()
  })

  it('gets copies for an interval first where it is to, as nothing can be proven of them', async () => {
    const run = await paced(GOOD, { ...AUTO, mirror: true })
    const { world } = run
    expect(await world.until(() => world.isIn('Succeeded'), 500)).toBe(true)
    expect(run.weights).toEqual([1, 5, 10, 25, 50, 0])
    const [copies, first] = ['Starting canary analysis', 'Advance api.test canary weight 1'].map(
      (text) => world.told.find(({ message }) => message.startsWith(text))?.t ?? 0
    )
    expect((first ?? 0) - (copies ?? 0)).toBeGreaterThanOrEqual(60)
    await world.stop()
  })

  it('goes on where it was when the controller starts again', async () => {
    const run = await paced(GOOD, AUTO)
    const { world } = run
    await world.until(() => run.weight === 10, 200)
    await world.stop()
    world.start()
    expect(await world.until(() => world.isIn('Succeeded'), 400)).toBe(true)
    expect(run.weights).toEqual([1, 5, 10, 25, 50, 0])
    await world.stop()
  })

  it('goes on soon when its ladder is changed to a step that is proven already', async () => {
    const steps = { stepWeight: undefined, maxWeight: undefined }
    const run = await paced({ ...GOOD, rate: 30 }, { ...OWN, ...steps, interval: '200m', stepWeights: [10, 100] })
    const { world } = run
    await world.clock.advance(240_000)
    expect(run.weights).toEqual([10])
    world.patch(RESOURCES.canaries, 'test', 'api', { spec: { analysis: { stepWeights: [10, 11, 100] } } })
    await world.clock.advance(15_000)
    expect(run.weights).toEqual([10, 11])
    await world.stop()
  })

  it('keeps the interval without the annotation', async () => {
    const run = await paced(GOOD, OWN, 'interval')
    const begun = run.world.t
    expect(await run.world.until(() => run.world.isIn('Finalising'), 600)).toBe(true)
    expect(run.world.t - begun).toBeGreaterThanOrEqual(300)
    expect(run.sentences.some((text) => text.startsWith('Advanced to'))).toBe(false)
    await run.world.stop()
  })
})

describe('a bad canary', () => {
  it('meets few requests before it is rolled back', async () => {
    const run = await paced({ ...GOOD, canary: 0.2 }, AUTO)
    expect(await run.world.until(() => run.world.isIn('Failed'), 120)).toBe(true)
    expect(run.traffic.canary.failures).toBeLessThan(40)
    expect(condition(run.world)).toMatch(/Cause: 2 rolled back after \d+ s at 1 %/)
    await run.world.stop()
  })
})

describe('a step that is not proven', () => {
  it('is held, with how long it will take at this traffic', async () => {
    const run = await paced({ ...GOOD, rate: 4 })
    expect(await run.world.until(() => run.sentences.some((text) => text.startsWith('Holding')), 130)).toBe(true)
    expect(run.sentences.find((text) => text.startsWith('Holding'))).toMatch(
      /^Holding at 10 %: \d+ 2 requests so far; about \d+ (s|min) more at this traffic to exclude \+2.5 points\.$/
    )
    expect(run.weights).toEqual([10])
    await run.world.stop()
  })

  it('goes on after the longest stay on weak evidence, marked so', async () => {
    const run = await paced({ ...GOOD, rate: 1.4 }, { ...OWN, stepWeight: undefined, maxWeight: undefined, stepWeights: [10, 20] })
    expect(await run.world.until(() => run.weights.includes(20), 1200)).toBe(true)
    expect(run.sentences.some((text) => text.startsWith('Advanced to 20 %: with weak evidence only'))).toBe(true)
    await run.world.stop()
  })

  it('asks people when waiting proves nothing, in Events, condition and status, and goes on when they say so', async () => {
    const run = await paced({ ...GOOD, rate: 0 })
    const { world } = run
    const asks = / Needs a decision: Holding at 10 %: 0 2 requests in 1\d min are too few to exclude \+2.5 points\. Promote it by hand/
    expect(await world.until(() => asks.test(condition(world)), 700)).toBe(true)
    const writes = world.writes.filter(({ change }) => change.object.kind === 'Canary').length
    await world.until(() => false, 300)
    expect(world.writes.filter(({ change }) => change.object.kind === 'Canary')).toHaveLength(writes)
    expect(world.told.filter(({ type, message }) => type === 'Warning' && message.includes('too few to exclude')).length).toBeGreaterThan(3)
    world.patch(RESOURCES.canaries, 'test', 'api', { metadata: { annotations: { 'serin.dev/promote': 'true' } } })
    expect(await world.until(() => world.isIn('Succeeded'), 200)).toBe(true)
    expect(condition(world)).not.toMatch(/decision/)
    await world.stop()
  })
})

describe('what holds an advance that is proven', () => {
  it('is stable that fails itself', async () => {
    const run = await paced(GOOD)
    const { world, traffic } = run
    traffic.truth = { ...GOOD, stable: 0.3, canary: 0.3 }
    expect(await world.until(() => run.weights.length > 1, 130)).toBe(false)
    expect(world.told).toContainEqual({ t: 61, type: 'Warning', message: expect.stringMatching(/^Holding at 10 %: 1 itself fails/) })
    traffic.truth = GOOD
    expect(await world.until(() => world.isIn('Succeeded'), 500)).toBe(true)
    await world.stop()
  })

  it('is a metric that fails, as often as the Canary allows, at its interval', async () => {
    const run = await paced(GOOD)
    const { world } = run
    world.success = { kind: 'value', value: 90 }
    const begun = world.t
    expect(await world.until(() => world.isIn('Failed'), 600)).toBe(true)
    expect(world.t - begun).toBeGreaterThanOrEqual(240)
    expect(run.weights).toEqual([10, 0])
    await world.stop()
  })

  it('is a metric without data; when there are some it goes on at the next look', async () => {
    const run = await paced(GOOD)
    const { world } = run
    world.success = { kind: 'no-data' }
    expect(await world.until(() => run.weights.length > 1, 200)).toBe(false)
    world.success = { kind: 'value', value: 100 }
    expect(await world.until(() => run.weights.length > 1, 61)).toBe(true)
    await world.stop()
  })

  it('is a pause', async () => {
    const run = await paced(GOOD)
    const { world } = run
    const pause = (value: 'true' | null): void =>
      world.patch(RESOURCES.canaries, 'test', 'api', { metadata: { annotations: { 'serin.dev/pause': value } } })
    pause('true')
    expect(await world.until(() => run.weights.length > 1, 200)).toBe(false)
    pause(null)
    expect(await world.until(() => run.weights.length > 1, 61)).toBe(true)
    await world.stop()
  })

  it('is an approval, which is asked for only when there is proof', async () => {
    const webhooks = ['confirm-traffic-increase', 'confirm-promotion'].map(hookOf)
    const run = new Paced({ ...GOOD, rate: 0 })
    await run.begin({ ...OWN, webhooks }, { 'serin.dev/pace': 'evidence' })
    const { world, traffic } = run
    world.hooks.length = 0
    await world.until(() => false, 200)
    expect(world.hooks).toEqual([])
    traffic.truth = GOOD
    expect(await world.until(() => world.isIn('Succeeded'), 600)).toBe(true)
    expect(world.hooks.map(({ type }) => type)).toContain('confirm-promotion')
    await world.stop()
  })
})
