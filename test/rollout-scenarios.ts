// Rollouts of every strategy, good and bad, as tests of crashes and faults play them: each with its end, which must be the same whatever
// happens on the way.

import { expect } from 'vitest'
import type { KubeObject } from '../src/api/object.ts'
import { type Request, REQUESTS } from '../src/rollout/requests.ts'
import { RESOURCES } from '../src/objects/write.ts'
import type { Millis } from '../src/std/clock.ts'
import { dig } from '../src/std/json.ts'
import { Laws } from './rollout-laws.ts'
import { canaryOf, configMapOf, deploymentOf, hookOf, readingSpec, secretOf } from './rollout-objects.ts'
import { type World, worldAt, worldOf } from './rollout-world.ts'
import { type Truth, WorldTraffic } from './world-traffic.ts'
import type { Moment } from '../src/sim/cluster.ts'

/** Something that happens on the way: once the status says that callers get the canary, once it counts a failed check, or after so many seconds. */
export interface Incident {
  readonly once: 'traffic' | 'failure' | number
  readonly success?: number
  readonly ask?: Request
  readonly resume?: true
}

export interface Scenario {
  readonly name: string
  readonly analysis: Readonly<Record<string, unknown>>
  /** What failed checks do. */
  readonly onFailure?: string
  /** What callers ask and what fails of it: the gate sets the pace by it. */
  readonly traffic?: Truth
  readonly image: string
  /** What the ConfigMap and the Secret that the pods read say from the release on. */
  readonly config: string
  /** Percent, at the release. */
  readonly success: number
  readonly incidents: readonly Incident[]
  readonly phase: 'Succeeded' | 'Failed'
  /** Nothing in the status says that it waits and when it last said so: each start may say it once more, and sees less of the cause. */
  readonly waits: boolean
}

type Ground = Pick<Scenario, 'analysis' | 'onFailure' | 'traffic'>

const HOOKS = ['confirm-rollout', 'pre-rollout', 'rollout', 'confirm-traffic-increase', 'confirm-promotion', 'post-rollout', 'rollback']
const WEIGHTS = { stepWeight: 40, maxWeight: 80, stepWeightPromotion: 50 }
const ITERATIONS = { stepWeight: undefined, maxWeight: undefined, iterations: 2 }
const COPIES_AND_COOKIES = { ...WEIGHTS, mirror: true, sessionAffinity: { cookieName: 'v', primaryCookieName: 'p' } }
const INSIDERS = { ...ITERATIONS, match: [{ headers: { a: { exact: 'b' } } }], stepWeightPromotion: 50 }

export const canaryFor = ({ analysis, onFailure, traffic }: Ground): KubeObject => {
  const canary = canaryOf({ ...analysis, webhooks: HOOKS.map(hookOf) }, { progressDeadlineSeconds: 25 })
  const annotations = {
    ...(onFailure === undefined ? {} : { 'serin.dev/on-failure': `request-success-rate=${onFailure}` }),
    ...(traffic === undefined ? {} : { 'serin.dev/pace': 'evidence' })
  }
  return Object.keys(annotations).length === 0 ? canary : { ...canary, metadata: { ...canary.metadata, annotations } }
}

const GOOD: Scenario = {
  name: 'a good release by weights',
  analysis: WEIGHTS,
  image: 'api:2',
  config: 'blue',
  success: 100,
  incidents: [],
  phase: 'Succeeded',
  waits: false
}
const BAD: Scenario = { ...GOOD, name: 'a bad release by weights', success: 80, phase: 'Failed' }

/** Each strategy, and what is released. */
export const SCENARIOS: readonly Scenario[] = [
  GOOD,
  BAD,
  { ...GOOD, name: 'changed configs', image: 'api:1', config: 'green' },
  { ...BAD, name: 'a bad release with changed configs', config: 'green' },
  { ...BAD, name: 'a release that never runs', image: 'api:stuck', success: 100, waits: true },
  { ...GOOD, name: 'copies and cookies', analysis: COPIES_AND_COOKIES },
  { ...GOOD, name: 'A/B', analysis: INSIDERS },
  { ...GOOD, name: 'blue/green', analysis: { ...ITERATIONS, mirror: true } },
  { ...BAD, name: 'a bad release in blue/green', analysis: ITERATIONS }
]

// The gate looks every five seconds, Flagger twice a minute.
const EVIDENCE = { interval: '30s', stepWeight: undefined, maxWeight: undefined, stepWeights: [20, 50] }

/** Rollouts whose pace the gate sets. Sentences have counts in them: who begins to count again says others. */
export const PACED: readonly Scenario[] = [
  {
    ...GOOD,
    name: 'a good release by evidence',
    analysis: EVIDENCE,
    traffic: { rate: 200, stable: 0.001, canary: 0.001 },
    waits: true
  },
  {
    ...BAD,
    name: 'a bad release by evidence',
    analysis: EVIDENCE,
    success: 100,
    traffic: { rate: 200, stable: 0.001, canary: 0.2 },
    waits: true
  },
  {
    ...GOOD,
    name: 'a release on the ladder of its traffic',
    analysis: { ...EVIDENCE, stepWeights: undefined },
    traffic: { rate: 200, stable: 0.001, canary: 0.001 },
    waits: true
  }
]

const LATE_FAILURE: Scenario = { ...GOOD, incidents: [{ once: 'traffic', success: 80 }], phase: 'Failed' }
const ONE_FAILURE: Scenario = {
  ...GOOD,
  analysis: { ...WEIGHTS, threshold: 4 },
  incidents: [
    { once: 'traffic', success: 80 },
    { once: 'failure', success: 100 }
  ]
}

/** Releases that turn bad on the way, graded responses, and requests of people. */
export const INCIDENTS: readonly Scenario[] = [
  { ...LATE_FAILURE, name: 'a release that turns bad under copies and cookies', analysis: COPIES_AND_COOKIES },
  { ...LATE_FAILURE, name: 'a release that turns bad in A/B', analysis: INSIDERS },
  { ...LATE_FAILURE, name: 'a check that reverts at once', onFailure: 'revert' },
  {
    ...ONE_FAILURE,
    name: 'a check that only holds',
    onFailure: 'hold',
    waits: true,
    incidents: [
      { once: 'traffic', success: 80 },
      { once: 30, success: 100 }
    ]
  },
  { ...ONE_FAILURE, name: 'a check that steps back', onFailure: 'step-back' },
  { ...ONE_FAILURE, name: 'a check that takes all traffic back', onFailure: 'to-zero' },
  { ...GOOD, name: 'an abort', incidents: [{ once: 'traffic', ask: 'abort' }], phase: 'Failed' },
  {
    ...GOOD,
    name: 'a pause for a while',
    incidents: [
      { once: 'traffic', ask: 'pause' },
      { once: 30, resume: true }
    ],
    waits: true
  },
  { ...GOOD, name: 'a promotion that is asked for', incidents: [{ once: 'traffic', ask: 'promote' }] },
  { ...GOOD, name: 'a restart that is asked for', incidents: [{ once: 'traffic', ask: 'restart' }] }
]

const CONFIGS = [configMapOf('colours', { color: 'blue' }), secretOf('token', { color: btoa('blue') })]
const TARGET = deploymentOf('api:1', 'api', {
  template: { metadata: { labels: { app: 'api' } }, spec: readingSpec('api:1', { configMaps: ['colours'], secrets: ['token'] }) }
})

/** The world of a scenario before its controller is started. */
export function groundOf(scenario: Ground & Pick<Scenario, 'success'>): World {
  return answering(worldOf(...CONFIGS, TARGET, canaryFor(scenario)), scenario)
}

function answering(world: World, { success, traffic }: Pick<Scenario, 'success' | 'traffic'>): World {
  if (traffic !== undefined) world.counters = new WorldTraffic(world, traffic)
  world.answers['rollback'] = { kind: 'answered', status: 403, body: '' }
  world.success = { kind: 'value', value: success }
  return world
}

/** The end of a scenario's initialisation, for many worlds that begin there. */
async function initialised(scenario: Scenario): Promise<Moment> {
  const world = groundOf(scenario)
  world.start()
  expect(await world.until(() => world.isIn('Initialized'), 10)).toBe(true)
  await world.clock.advance(1000)
  await world.stop()
  return world.moment()
}

/** A world at the end of its initialisation, and the judge of what the controller writes in it. */
export async function begin(
  scenario: Scenario,
  prepare: (world: World) => void = () => {}
): Promise<{ readonly world: World; readonly laws: Laws }> {
  const world = groundOf(scenario)
  prepare(world)
  world.start()
  expect(await world.until(() => world.isIn('Initialized'), 10)).toBe(true)
  return judged(world)
}

/** The same from a moment on that was reached before, with a controller that is started there. */
async function beginAt(scenario: Scenario, moment: Moment): Promise<{ readonly world: World; readonly laws: Laws }> {
  const world = answering(worldAt(moment), scenario)
  world.start()
  await world.clock.advance(100)
  return judged(world)
}

function judged(world: World): { readonly world: World; readonly laws: Laws } {
  const laws = new Laws(world)
  world.hooks.length = 0
  world.told.length = 0
  world.writes.length = 0
  world.effects = 0
  return { world, laws }
}

/** Releases, and lets happen what the scenario has in store. */
export function release(world: World, { image, config, incidents }: Scenario): void {
  if (config !== 'blue') {
    world.patch(RESOURCES.configMaps, 'test', 'colours', { data: { color: config } })
    world.patch(RESOURCES.secrets, 'test', 'token', { data: { color: btoa(config) } })
  }
  if (image !== 'api:1') world.release(image)
  expectNext(world, incidents)
}

// One after the other, each as soon as its time has come.
function expectNext(world: World, [next, ...rest]: readonly Incident[]): void {
  if (next === undefined) return
  const go = (): void => {
    happen(world, next)
    expectNext(world, rest)
  }
  if (typeof next.once === 'number') return void world.clock.after(next.once * 1000, go)
  const { once } = next
  const look = (): void => void (hasCome(world, once) ? go() : world.clock.after(1000, look))
  look()
}

function hasCome(world: World, once: 'traffic' | 'failure'): boolean {
  const [weight = 0, iterations = 0, failed = 0] = ['canaryWeight', 'iterations', 'failedChecks'].map((key) =>
    Number(dig(world.status(), key) ?? 0)
  )
  return once === 'failure' ? failed > 0 : weight + iterations > 0
}

function happen(world: World, { success, ask, resume }: Incident): void {
  if (success !== undefined) world.success = { kind: 'value', value: success }
  const annotate = (request: Request, value: 'true' | null): void =>
    world.patch(RESOURCES.canaries, 'test', 'api', { metadata: { annotations: { [REQUESTS[request]]: value } } })
  if (ask !== undefined) annotate(ask, 'true')
  if (resume === true) annotate('pause', null)
}

/**
 * Lets the rollout end, whatever kills the controller on the way; after each death it is started again and handed to `started`. What is
 * under way at its end has `linger` to be over.
 */
export async function finish(
  world: World,
  { phase }: Pick<Scenario, 'phase'>,
  { started = () => {}, linger = 1000 }: { readonly started?: (world: World) => void; readonly linger?: Millis } = {}
): Promise<void> {
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
  await world.clock.advance(linger)
  await world.stop()
}

/** What must be the same however often the controller was started and whatever failed. */
export function endOf(world: World, { waits }: Pick<Scenario, 'waits'>): unknown {
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

/** The scenario as it goes when nothing comes between. */
export async function uninterrupted(scenario: Scenario, moment?: Moment) {
  const { world, laws } = await (moment === undefined ? begin(scenario) : beginAt(scenario, moment))
  release(world, scenario)
  await finish(world, scenario)
  expect(laws.broken).toEqual([])
  return { world, laws, end: endOf(world, scenario) }
}

type Counts = Readonly<Record<string, number>>

function countsOf(names: readonly string[]): Counts {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

const hooksOf = (world: World): Counts => countsOf(world.hooks.map(({ type }) => type))
const toldOf = (world: World): Counts => countsOf(world.told.map(({ message }) => message))

/** Webhooks and Events that `world` had more than `extra` times more often than `usual`. */
export function repeated(world: World, usual: World, extra: number): readonly string[] {
  return [...above(hooksOf(world), hooksOf(usual), extra), ...above(toldOf(world), toldOf(usual), extra)]
}

function above(counts: Counts, usual: Counts, extra: number): readonly string[] {
  return Object.keys(counts).filter((name) => (counts[name] ?? 0) > (usual[name] ?? 0) + extra)
}

/** Kills the controller once before each thing that it does, which is done so many times more often than usual at most. */
export async function killedAnywhere(scenario: Scenario, more = 1): Promise<void> {
  const moment = await initialised(scenario)
  const whole = await uninterrupted(scenario, moment)
  expect(whole.world.effects).toBeGreaterThan(10)
  for (let left = 0; left < whole.world.effects; left++) {
    const { world, laws } = await beginAt(scenario, moment)
    world.effectsLeft = left
    release(world, scenario)
    await finish(world, scenario)
    const where = `killed before ${left + 1} of ${whole.world.effects}`
    expect(endOf(world, scenario), where).toEqual(whole.end)
    expect(laws.broken, where).toEqual([])
    expect(laws.transitions, where).toEqual(whole.laws.transitions)
    expect(laws.weights, where).toEqual(whole.laws.weights)
    expect(repeated(world, whole.world, more), where).toEqual([])
  }
}

/** Kills the controller once in every second, between two ticks. */
export async function killedAnytime(scenario: Scenario): Promise<void> {
  const moment = await initialised(scenario)
  const whole = await uninterrupted(scenario, moment)
  const seconds = Math.ceil(whole.world.told.at(-1)?.t ?? 0)
  for (let second = 0; second < seconds; second++) {
    const { world, laws } = await beginAt(scenario, moment)
    release(world, scenario)
    await world.clock.advance(second * 1000 + 250)
    await world.stop()
    world.start()
    await finish(world, scenario)
    const where = `killed ${second + 0.25} s after the release`
    expect(endOf(world, scenario), where).toEqual(whole.end)
    expect(laws.broken, where).toEqual([])
    expect(laws.weights, where).toEqual(whole.laws.weights)
    expect(repeated(world, whole.world, scenario.waits ? 1 : 0), where).toEqual([])
    expect(acted(world), where).toBe(acted(whole.world))
  }
}

// Writes that are not history, of which what was about to be written is lost.
const acted = (world: World): number => world.writes.filter(({ change }) => change.object.kind !== 'Release').length

/** Kills the controller after every single write. */
export async function killedAlways(scenario: Scenario): Promise<void> {
  const whole = await uninterrupted(scenario)
  const { world, laws } = await begin(scenario)
  const once = (mortal: World): void => void (mortal.writesLeft = 1)
  once(world)
  release(world, scenario)
  await finish(world, scenario, { started: once })
  expect(endOf(world, scenario)).toEqual(whole.end)
  expect(laws.broken).toEqual([])
  expect(laws.weights).toEqual(whole.laws.weights)
}
