// Rollouts under the gate, in virtual time with traffic drawn by chance: what it says between the ticks, and what becomes of it.

import { describe, expect, it } from 'vitest'
import { canaryOf, configMapOf, deploymentOf, hookOf } from '../../test/rollout-objects.ts'
import { World } from '../../test/rollout-world.ts'
import { type Truth, WorldTraffic } from '../../test/world-traffic.ts'
import type { KubeObject } from '../api/object.ts'
import { restoredTrace, type Trace } from '../gate/trace.ts'
import { liveRouting } from '../objects/virtual-service.ts'
import { RESOURCES } from '../objects/write.ts'
import { dig } from '../std/json.ts'

const GOOD: Truth = { rate: 200, stable: 0.001, canary: 0.001 }
// Flagger's documented defaults: a check a minute, up by 10, back after five failures.
const SLOW = { interval: '60s', threshold: 5, stepWeight: 10, maxWeight: 50 }

interface Gated {
  readonly world: World
  readonly traffic: WorldTraffic
  readonly weight: () => number | undefined
}

async function gated(
  truth: Truth,
  annotations: Readonly<Record<string, string>> = {},
  analysis: Readonly<Record<string, unknown>> = {},
  ...more: readonly KubeObject[]
): Promise<Gated> {
  const world = new World()
  const traffic = new WorldTraffic(world, truth)
  world.counters = traffic
  world.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'test' } })
  world.create(deploymentOf('api:1'))
  for (const object of more) world.create(object)
  const { service = { port: 80 }, ...asked } = analysis
  const canary = canaryOf({ ...SLOW, ...asked }, { service })
  world.create({ ...canary, metadata: { ...canary.metadata, annotations } })
  world.start()
  expect(await world.until(() => world.isIn('Initialized'), 120)).toBe(true)
  world.release('api:2')
  return { world, traffic, weight: () => liveRouting(world.named(RESOURCES.virtualServices), 'api')?.canary }
}

async function exposed({ world, weight }: Gated): Promise<number> {
  expect(await world.until(() => (weight() ?? 0) > 0, 300)).toBe(true)
  return world.t
}

function causeOf(world: World): string {
  const conditions = dig(world.status(), 'conditions')
  return Array.isArray(conditions) ? String(dig(conditions[0], 'message')) : ''
}

function chartIn(world: World): Trace | undefined {
  const charts = world.all(RESOURCES.releases).map((release) => restoredTrace(String(dig(release, 'status', 'chart'))))
  return charts.findLast((chart) => chart !== undefined)
}

function evidenceIn(world: World): readonly string[] {
  return world.all(RESOURCES.releases).map((release) => String(dig(release, 'status', 'evidence')))
}

describe('a canary that fails every request', () => {
  it('is rolled back two looks after its first request, and says why in its condition, its Events and its Release', async () => {
    const run = await gated({ ...GOOD, canary: 1 })
    const begun = await exposed(run)
    const { world } = run
    expect(await world.until(() => world.isIn('Failed'), 30)).toBe(true)
    expect(world.t - begun).toBeLessThanOrEqual(12)
    const sentence =
      /^7? ?.*2 rolled back after \d+ s at 10 %: ([\d,]+) of 2's \1 requests failed, against \d+ of [\d,]+ on 1 in the same seconds\. If 2 were/
    expect(causeOf(world)).toMatch(/Cause: 2 rolled back after \d+ s at 10 %: ([\d,]+) of 2's \1 requests failed, against/)
    expect(world.told.some(({ message }) => sentence.test(message))).toBe(true)
    expect(world.told.some(({ message }) => message === 'Rolling back api.test on evidence')).toBe(true)
    expect(evidenceIn(world).some((text) => text.startsWith('2 rolled back after'))).toBe(true)
    expect(chartIn(world)?.points.at(-1)).toMatchObject({ said: 'rollback', weight: 10 })
    expect(run.weight()).toBe(0)
    await world.stop()
  })

  it('is left to thresholds where they are to decide alone', async () => {
    const run = await gated({ ...GOOD, canary: 1 }, { 'serin.dev/gate': 'thresholds' })
    await exposed(run)
    expect(await run.world.until(() => run.world.isIn('Failed'), 50)).toBe(false)
    await run.world.stop()
  })

  it('does not keep its traffic until a slow webhook answers', async () => {
    const run = await gated({ ...GOOD, canary: 0.1 }, {}, { webhooks: [{ ...hookOf('rollout'), timeout: '10m' }], interval: '10s' })
    run.world.slowness['rollout'] = 500_000
    const begun = await exposed(run)
    expect(await run.world.until(() => run.world.isIn('Failed'), 120)).toBe(true)
    expect(run.world.t - begun).toBeLessThan(60)
    expect(run.world.hooks.some(({ type }) => type === 'rollout')).toBe(true)
    await run.world.stop()
  })
})

describe('a revision that was rolled back', () => {
  it('is judged anew when it is taken up again', async () => {
    const run = await gated({ ...GOOD, canary: 1 })
    const { world, traffic } = run
    expect(await world.until(() => world.isIn('Failed'), 60)).toBe(true)
    traffic.truth = GOOD
    world.patch(RESOURCES.canaries, 'test', 'api', { metadata: { annotations: { 'serin.dev/retry': 'true' } } })
    expect(await world.until(() => world.isIn('Succeeded'), 900)).toBe(true)
    await world.stop()
  })
})

describe('a canary that is a little worse', () => {
  it('is rolled back within minutes, where a threshold sees nothing', async () => {
    const run = await gated({ ...GOOD, canary: 0.03 })
    const begun = await exposed(run)
    expect(await run.world.until(() => run.world.isIn('Failed'), 300)).toBe(true)
    expect(run.world.t - begun).toBeLessThan(120)
    await run.world.stop()
  })
})

describe('a good canary', () => {
  it('is promoted at the times of its own ladder', async () => {
    const run = await gated(GOOD)
    const begun = await exposed(run)
    expect(await run.world.until(() => run.world.isIn('Succeeded'), 900)).toBe(true)
    expect(run.world.t - begun).toBeGreaterThanOrEqual(300)
    expect(evidenceIn(run.world).some((text) => text !== 'undefined')).toBe(true)
    await run.world.stop()
  })

  it.each([
    [undefined, 4],
    [5_000, 12]
  ])('has its Release written for its evidence alone every so often (%j): some %d times a minute', async (every, times) => {
    const run = await gated(GOOD, {}, { interval: '10m' })
    const { world } = run
    await world.stop()
    world.evidenceEvery = every
    world.start()
    await exposed(run)
    const from = world.t
    await world.until(() => false, 60)
    const charts = world.writes
      .filter(({ t, change }) => t > from && change.object.kind === 'Release')
      .map(({ change }) => dig(change.object, 'status', 'chart'))
    expect(new Set(charts).size).toBeLessThanOrEqual(times)
    expect(new Set(charts).size).toBeGreaterThanOrEqual(every === undefined ? 1 : times - 2)
    await world.stop()
  })

  it('goes on where it was when the controller starts again', async () => {
    const run = await gated({ ...GOOD, canary: 0.011 })
    await exposed(run)
    const { world } = run
    await world.until(() => false, 70)
    await world.stop()
    const saved = world.all(RESOURCES.releases).filter((release) => String(dig(release, 'status', 'gate')).includes('"times"'))
    const before = chartIn(world)?.points ?? []
    world.start()
    expect(await world.until(() => world.isIn('Failed'), 200)).toBe(true)
    // The chart goes on where the earlier controller left it.
    expect(before.length).toBeGreaterThan(3)
    expect(chartIn(world)?.points.slice(0, before.length)).toEqual(before)
    expect(chartIn(world)?.points.at(-1)?.said).toBe('rollback')
    expect(saved).toHaveLength(1)
    await world.stop()
  })
})

describe('without counters', () => {
  it('a canary loses its traffic after a minute, is not blamed, and gets it again when they are back', async () => {
    const run = await gated(GOOD)
    await exposed(run)
    const { world, traffic, weight } = run
    traffic.down = true
    expect(await world.until(() => weight() === 0, 75)).toBe(true)
    expect(world.isIn('Progressing')).toBe(true)
    expect(world.told.some(({ message }) => message.includes('no counts of it for 60 s; not blamed on it'))).toBe(true)
    await world.until(() => false, 200)
    expect(weight()).toBe(0)
    traffic.down = false
    expect(await world.until(() => world.isIn('Succeeded'), 900)).toBe(true)
    await world.stop()
  })
})

describe('a service that nobody calls', () => {
  it('is not taken for one that cannot be seen: the rollout takes its own way', async () => {
    const run = await gated(GOOD)
    run.traffic.silent = true
    await exposed(run)
    expect(await run.world.until(() => run.world.isIn('Succeeded'), 900)).toBe(true)
    expect(run.world.told.some(({ message }) => message.includes('no counts'))).toBe(false)
    await run.world.stop()
  })

  it('loses its traffic once when its series vanish', async () => {
    const run = await gated(GOOD)
    await exposed(run)
    await run.world.until(() => false, 30)
    run.traffic.silent = true
    expect(await run.world.until(() => run.world.isIn('Succeeded'), 1200)).toBe(true)
    expect(run.world.told.filter(({ message }) => message.includes('no counts'))).toHaveLength(1)
    await run.world.stop()
  })
})

describe.each([
  ['connections', { metrics: [], service: { port: 80, appProtocol: 'tcp' } }],
  ['callers that are told apart', { match: [{ headers: { insider: { exact: 'yes' } } }] }],
  ['iterations', { iterations: 10, stepWeight: undefined, maxWeight: undefined }]
])('a rollout by %s', (_, analysis) => {
  it('is not disturbed: there is nothing to compare', async () => {
    const run = await gated({ ...GOOD, canary: 1 }, {}, analysis)
    expect(await run.world.until(() => run.world.isIn('Succeeded'), 1200)).toBe(true)
    expect(evidenceIn(run.world).every((text) => text === 'undefined')).toBe(true)
    await run.world.stop()
  })
})

describe('a budget', () => {
  it('ends the rollout when it is spent, whatever the evidence', async () => {
    const run = await gated(GOOD, { 'serin.dev/exposure-budget': 'requests=1000' })
    await exposed(run)
    expect(await run.world.until(() => run.world.isIn('Failed'), 120)).toBe(true)
    expect(causeOf(run.world)).toMatch(/requests met it, more than its exposure budget/)
    await run.world.stop()
  })
})

describe('the ledger', () => {
  const exposures = (world: World): readonly unknown[] =>
    world.all(RESOURCES.releases).flatMap((release) => dig(release, 'status', 'exposure') ?? [])
  const STICKY = { sessionAffinity: { cookieName: 'side' } }

  it('is in the Release to the last look, the users among it who got a cookie, across a restart of the controller', async () => {
    const run = await gated(GOOD, {}, STICKY)
    const { world, traffic } = run
    traffic.cookies = true
    await exposed(run)
    await world.until(() => false, 45)
    await world.stop()
    world.start()
    expect(await world.until(() => world.isIn('Succeeded'), 900)).toBe(true)
    await world.clock.advance(1_000)
    const [exposure, ...others] = exposures(world)
    expect(others).toEqual([])
    const [requests, users] = [Number(dig(exposure, 'requests')), Number(dig(exposure, 'users'))]
    // What was counted while nobody looked is not: half a minute of twenty requests a second at most.
    expect(traffic.canary.requests - requests).toBeLessThan(1_500)
    // Both were kept together, and go on from the same look.
    expect(Math.abs(users - requests)).toBeLessThan(200)
    expect(users).toBeGreaterThan(5_000)
    await world.stop()
  })

  it('ends the rollout when as many users have met the canary as may', async () => {
    const run = await gated(GOOD, { 'serin.dev/exposure-budget': 'users=1000' }, STICKY)
    run.traffic.cookies = true
    await exposed(run)
    expect(await run.world.until(() => run.world.isIn('Failed'), 120)).toBe(true)
    expect(causeOf(run.world)).toMatch(/: 1\d\d\d users met it, more than its exposure budget/)
    await run.world.stop()
  })

  it('has no users where nobody counts them, which is told of a budget for them', async () => {
    const run = await gated(GOOD, { 'serin.dev/exposure-budget': 'users=1' })
    const { world } = run
    expect(world.told.map(({ message }) => message)).toContain(
      'canary api.test: metadata.annotations[serin.dev/exposure-budget] users=N has no effect without spec.analysis.sessionAffinity: users are counted by its cookies'
    )
    expect(await world.until(() => world.isIn('Succeeded'), 900)).toBe(true)
    await world.clock.advance(1_000)
    expect(exposures(world)).toEqual([
      { requests: expect.any(Number), failed: expect.any(Number), excess: expect.any(Number), errorBudget: expect.any(Number) }
    ])
    await world.stop()
  })
})

describe('options in a ConfigMap', () => {
  const BUDGET = { 'serin.dev/gate-config': 'rules' }
  const asked = (world: World): unknown =>
    world
      .all(RESOURCES.releases)
      .map((release) => dig(release, 'status', 'asked'))
      .find((each) => each !== undefined)

  it('hold for the revision', async () => {
    const run = await gated(GOOD, BUDGET, {}, configMapOf('rules', { 'exposure-budget': 'requests=1000' }))
    await exposed(run)
    expect(await run.world.until(() => run.world.isIn('Failed'), 120)).toBe(true)
    expect(causeOf(run.world)).toMatch(/more than its exposure budget/)
    await run.world.stop()
  })

  it('are at their defaults until it is there, which is told', async () => {
    const run = await gated(GOOD, BUDGET)
    const text =
      'canary api.test: metadata.annotations[serin.dev/gate-config] ConfigMap rules not found: what annotations do not say is at its default'
    expect(run.world.told.map(({ message }) => message)).toContain(text)
    await run.world.stop()
  })

  it('are those of the beginning for a revision that is on its way, for a controller that starts again too', async () => {
    const run = await gated(GOOD, BUDGET, {}, configMapOf('rules', { alpha: '2%' }))
    const { world } = run
    await exposed(run)
    await world.until(() => asked(world) !== undefined, 60)
    world.patch(RESOURCES.configMaps, 'test', 'rules', { data: { 'exposure-budget': 'requests=1000' } })
    await world.until(() => false, 45)
    await world.stop()
    world.start()
    expect(await world.until(() => world.isIn('Succeeded'), 900)).toBe(true)
    expect(asked(world)).toEqual({ alpha: '2%' })
    world.release('api:3')
    expect(await world.until(() => world.isIn('Failed'), 300)).toBe(true)
    expect(causeOf(world)).toMatch(/more than its exposure budget/)
    await world.stop()
  })

  it('give way to thresholds alone at once, in the midst of a revision', async () => {
    const run = await gated({ ...GOOD, canary: 0.011 }, BUDGET, {}, configMapOf('rules', {}))
    const { world } = run
    await exposed(run)
    world.patch(RESOURCES.configMaps, 'test', 'rules', { data: { gate: 'thresholds' } })
    expect(await world.until(() => world.isIn('Succeeded'), 900)).toBe(true)
    await world.stop()
  })
})

describe('looks more often than usual', () => {
  const looks = async (annotations: Readonly<Record<string, string>>, finest: number): Promise<number> => {
    const run = await gated({ ...GOOD, canary: 1 }, annotations)
    run.traffic.finest = finest
    const begun = await exposed(run)
    expect(await run.world.until(() => run.world.isIn('Failed'), 60)).toBe(true)
    await run.world.stop()
    return run.world.t - begun
  }

  it('find a canary that fails every request sooner', async () => {
    expect(await looks({ 'serin.dev/look': '1s' }, 1_000)).toBeLessThan(9)
  })

  it('have the Release written every five seconds at most, but for what is acted on, which is kept before the act', async () => {
    const run = await gated({ ...GOOD, canary: 0.06 }, { 'serin.dev/look': '1s', 'serin.dev/pace': 'evidence' })
    const { world, traffic } = run
    traffic.finest = 1_000
    world.evidenceEvery = 1_000
    await exposed(run)
    expect(await world.until(() => world.isIn('Failed'), 300)).toBe(true)
    const kept = world.writes.flatMap(({ t, change: { object } }, index) => {
      const gate = object.kind === 'Release' ? dig(object, 'status', 'gate') : undefined
      return gate === undefined
        ? []
        : [{ t, index, gate, said: restoredTrace(String(dig(object, 'status', 'chart')))?.points.at(-1)?.said }]
    })
    const told = kept.filter(({ gate }, index) => gate !== kept[index - 1]?.gate)
    const isSoon = told
      .slice(1)
      .filter(({ t, said }, index) => t - (told[index]?.t ?? 0) < 5 && !['rollback', 'retreat', 'advance'].includes(said ?? ''))
    expect(isSoon).toEqual([])
    expect(told.length).toBeGreaterThan(3)
    expect(told.at(-1)?.said).toBe('rollback')
    const failed = world.writes.findIndex(
      ({ change: { object } }) => object.kind === 'Canary' && dig(object, 'status', 'phase') === 'Failed'
    )
    expect(told.at(-1)?.index).toBeLessThan(failed)
    await world.stop()
  })

  it('are made no more often than counters are new', async () => {
    expect(await looks({ 'serin.dev/look': '1s' }, 15_000)).toBeGreaterThan(15)
  })
})
