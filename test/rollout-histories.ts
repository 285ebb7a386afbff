// Random histories of releases, changed configs, bad numbers, gates, foreign writes, requests, load and crashes, for every strategy.

import fc from 'fast-check'
import { expect } from 'vitest'
import type { KubeObject } from '../src/api/object.ts'
import { PACE } from '../src/canary/pace.ts'
import { type Request, REQUESTS } from '../src/rollout/requests.ts'
import { RESOURCES } from '../src/objects/write.ts'
import { dig } from '../src/std/json.ts'
import { imageOf, Laws } from './rollout-laws.ts'
import { canaryOf, configMapOf, deploymentOf, hookOf, readingSpec } from './rollout-objects.ts'
import { type Bounds, type ScaledBy, scalerOf, Scaling } from './rollout-scalers.ts'
import { type World, worldOf } from './rollout-world.ts'
import { type Truth, WorldTraffic } from './world-traffic.ts'

/** What requests, and the words of the gate, are told by once they are acted on. */
export const ACTED = [
  'Restart requested!',
  'Retry requested!',
  'Promotion requested!',
  'Halt api.test advancement paused',
  'Restoring api-primary.test',
  'Advanced to ',
  'Promoted: '
]

const WEIGHTS = { stepWeight: 40, maxWeight: 80, stepWeightPromotion: 50 }
const ITERATIONS = { stepWeight: undefined, maxWeight: undefined, iterations: 2 }
const MATCH = [{ headers: { insider: { exact: 'yes' } } }]

/** What Canaries ask for. */
const ANALYSES: readonly Readonly<Record<string, unknown>>[] = [
  WEIGHTS,
  { ...WEIGHTS, mirror: true, mirrorWeight: 50 },
  { ...WEIGHTS, sessionAffinity: { cookieName: 'v', primaryCookieName: 'p' } },
  { ...WEIGHTS, match: MATCH },
  { ...ITERATIONS, match: MATCH, stepWeightPromotion: 50 },
  ITERATIONS,
  { ...ITERATIONS, mirror: true }
]

const WELL: Truth = { rate: 200, stable: 0.001, canary: 0.001 }
const BADLY: Truth = { ...WELL, canary: 0.2 }

type Action =
  | { readonly kind: 'release'; readonly version: number }
  /** What the primary runs is wanted again. */
  | { readonly kind: 'withdraw' }
  | { readonly kind: 'success'; readonly rate: number | 'no-data' | 'down' }
  | { readonly kind: 'gate'; readonly name: string; readonly open: boolean }
  | { readonly kind: 'ask'; readonly request: Request }
  | { readonly kind: 'resume' }
  | { readonly kind: 'foreign'; readonly weight: number }
  | { readonly kind: 'config'; readonly color: string }
  | { readonly kind: 'crash'; readonly after: number }
  | { readonly kind: 'halt'; readonly on: boolean }
  /** The primary's pods come to nothing when all traffic has just been given back to it. */
  | { readonly kind: 'late-halt' }
  | { readonly kind: 'load'; readonly pods: number }
  | { readonly kind: 'bounds'; readonly bounds: Bounds }

const action: fc.Arbitrary<readonly [Action, number]> = fc.tuple(
  fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 5 }).map((version): Action => ({ kind: 'release', version })) },
    {
      weight: 3,
      arbitrary: fc.constantFrom(100, 100, 90, 'no-data' as const, 'down' as const).map((rate): Action => ({ kind: 'success', rate }))
    },
    { weight: 2, arbitrary: fc.constant<Action>({ kind: 'withdraw' }) },
    {
      weight: 5,
      arbitrary: fc
        .tuple(fc.constantFrom('confirm-rollout', 'confirm-rollout', 'confirm-promotion'), fc.boolean())
        .map(([name, open]): Action => ({ kind: 'gate', name, open }))
    },
    {
      weight: 6,
      arbitrary: fc
        .constantFrom<Request>('abort', 'abort', 'abort', 'pause', 'restart', 'retry', 'promote', 'promote')
        .map((request): Action => ({ kind: 'ask', request }))
    },
    { weight: 2, arbitrary: fc.constant<Action>({ kind: 'resume' }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 100 }).map((weight): Action => ({ kind: 'foreign', weight })) },
    { weight: 2, arbitrary: fc.constantFrom('blue', 'green', 'red').map((color): Action => ({ kind: 'config', color })) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 3 }).map((after): Action => ({ kind: 'crash', after })) },
    { weight: 1, arbitrary: fc.boolean().map((on): Action => ({ kind: 'halt', on })) },
    { weight: 1, arbitrary: fc.constant<Action>({ kind: 'late-halt' }) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 6 }).map((pods): Action => ({ kind: 'load', pods })) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 3, max: 5 }))
        .map(([least, most]): Action => ({ kind: 'bounds', bounds: { least, most } }))
    }
  ),
  fc.constantFrom(3, 15, 60, 90)
)

/** Which histories: `count` of those that `seed` draws, from the one numbered `first` on (the very first is 1, as in fast-check's reports). */
export interface Histories {
  readonly seed: number
  readonly count: number
  readonly first?: number
}

/** Plays histories; returns how often each transition was taken. Rejects with the first that breaks a law. */
export async function playHistories({ seed, count, first = 1 }: Histories): Promise<ReadonlyMap<string, number>> {
  const reached = new Map<string, number>()
  const history = fc.array(action, { minLength: 10, maxLength: 24 })
  const scaled = fc.constantFrom<ScaledBy>(undefined, undefined, 'HorizontalPodAutoscaler', 'ScaledObject')
  // Last, so that what else is drawn stays what it was.
  const gated = fc.constantFrom<Setting['pace']>(undefined, undefined, 'interval', 'evidence')
  const property = fc.asyncProperty(fc.constantFrom(...ANALYSES), scaled, history, gated, async (analysis, scaledBy, actions, pace) => {
    for (const transition of await play({ analysis, scaledBy, pace }, actions)) reached.set(transition, (reached.get(transition) ?? 0) + 1)
  })
  await fc.assert(property, { seed, numRuns: count, path: String(first - 1), endOnFailure: true })
  return reached
}

interface Setting {
  readonly analysis: Readonly<Record<string, unknown>>
  readonly scaledBy: ScaledBy
  /** undefined: there is no gate. */
  readonly pace: 'interval' | 'evidence' | undefined
}

/** A world, what scales in it, and what waits for its moment. */
interface Stage {
  readonly world: World
  readonly scaling: Scaling | undefined
  readonly traffic: WorldTraffic | undefined
  haltsLate: boolean
}

async function play(setting: Setting, actions: readonly (readonly [Action, number])[]): Promise<readonly string[]> {
  const stage = begin(setting)
  const { world, scaling } = stage
  const laws = new Laws(world)
  for (const [next, seconds] of actions) {
    act(stage, next)
    await pass(stage, seconds)
  }
  await settle(stage)
  expect([...laws.broken, ...(scaling?.faults() ?? [])]).toEqual([])
  // Where nothing ever ran before, the last release is the first of all.
  const phase = laws.transitions.includes('Initializing>Initialized') && laws.transitions.length === 2 ? 'Initialized' : 'Succeeded'
  expect(world.status()).toMatchObject({ phase, canaryWeight: 0, iterations: 0 })
  expect(imageOf(world.named(RESOURCES.deployments, 'api-primary'))).toBe(imageOf(world.named(RESOURCES.deployments)))
  const [copy, original] = ['colours-primary', 'colours'].map((name) => world.named(RESOURCES.configMaps, name)?.['data'])
  expect(copy).toEqual(original)
  await world.stop()
  return [...laws.transitions, ...ACTED.filter((words) => world.told.some(({ message }) => message.startsWith(words)))]
}

function begin({ analysis, scaledBy, pace }: Setting): Stage {
  const webhooks = ['confirm-rollout', 'confirm-promotion', 'rollback'].map(hookOf)
  const template = { metadata: { labels: { app: 'api' } }, spec: readingSpec('api:first', { configMaps: ['colours'] }) }
  const reference = scaledBy === undefined ? {} : { autoscalerRef: { apiVersion: 'x', kind: scaledBy, name: 'api' } }
  const world = worldOf(
    configMapOf('colours', { color: 'blue' }),
    deploymentOf('api:first', 'api', { template }),
    ...(scaledBy === undefined ? [] : [scalerOf(scaledBy, { least: 1, most: 4 })]),
    pacedBy(pace, canaryOf({ ...analysis, webhooks }, { progressDeadlineSeconds: 25, ...reference }))
  )
  const traffic = pace && new WorldTraffic(world, WELL)
  world.counters = traffic
  world.answers['confirm-promotion'] = { kind: 'answered', status: 403, body: '' }
  world.answers['rollback'] = { kind: 'answered', status: 403, body: '' }
  world.start()
  return { world, scaling: scaledBy && new Scaling(world, scaledBy), traffic, haltsLate: false }
}

function pacedBy(pace: Setting['pace'], canary: KubeObject): KubeObject {
  return pace === undefined ? canary : { ...canary, metadata: { ...canary.metadata, annotations: { [PACE]: pace } } }
}

// What the metrics say, the gate's counters say too.
function count({ traffic }: Stage, rate: number | 'no-data' | 'down'): void {
  if (traffic === undefined) return
  traffic.down = rate === 'down'
  traffic.silent = rate === 'no-data'
  traffic.truth = typeof rate === 'number' && rate < 100 ? BADLY : WELL
}

function act(stage: Stage, next: Action): void {
  const { world, scaling } = stage
  switch (next.kind) {
    case 'release':
      return world.release(next.version === 0 ? 'api:0:stuck' : `api:${next.version}`)
    case 'withdraw':
      return withdraw(world)
    case 'success':
      world.success =
        next.rate === 'no-data'
          ? { kind: 'no-data' }
          : next.rate === 'down'
            ? { kind: 'down', because: 'connection refused' }
            : { kind: 'value', value: next.rate }
      return count(stage, next.rate)
    case 'gate':
      world.answers[next.name] = { kind: 'answered', status: next.open ? 200 : 403, body: '' }
      return
    case 'ask':
      return annotate(world, REQUESTS[next.request], 'true')
    case 'resume':
      return annotate(world, REQUESTS.pause, null)
    case 'foreign':
      return foreign(world, next.weight)
    case 'config':
      return world.patch(RESOURCES.configMaps, 'test', 'colours', { data: { color: next.color } })
    case 'halt':
      return world.halts('api-primary', next.on)
    case 'late-halt':
      stage.haltsLate = true
      return
    case 'load':
      if (scaling !== undefined) scaling.wanted = next.pods
      return
    case 'bounds':
      return scaling?.bind(next.bounds)
    case 'crash':
      world.writesLeft = next.after
  }
}

function annotate(world: World, name: string, value: 'true' | null): void {
  world.patch(RESOURCES.canaries, 'test', 'api', { metadata: { annotations: { [name]: value } } })
}

function withdraw(world: World): void {
  const image = imageOf(world.named(RESOURCES.deployments, 'api-primary'))
  const data = world.named(RESOURCES.configMaps, 'colours-primary')?.['data']
  if (typeof image !== 'string' || data === undefined) return
  world.release(image)
  world.patch(RESOURCES.configMaps, 'test', 'colours', { data })
}

function foreign(world: World, weight: number): void {
  if (world.named(RESOURCES.virtualServices) === undefined) return
  const route = [
    { destination: { host: 'api-primary' }, weight: 100 - weight },
    { destination: { host: 'api-canary' }, weight }
  ]
  world.patch(RESOURCES.virtualServices, 'test', 'api', { spec: { http: [{ route }] } })
}

async function pass(stage: Stage, seconds: number): Promise<void> {
  const { world, scaling } = stage
  for (let left = seconds; left > 0; left--) {
    await world.clock.advance(1000)
    scaling?.act()
    if (stage.haltsLate && world.isIn('Finalising')) halt(stage)
    if (!world.crashed) continue
    await world.stop()
    world.start()
  }
}

// A node goes, or somebody wants more pods, and the new ones do not come.
function halt(stage: Stage): void {
  const { world } = stage
  stage.haltsLate = false
  world.halts('api-primary', true)
  const replicas = Number(dig(world.named(RESOURCES.deployments, 'api-primary'), 'spec', 'replicas')) + 1
  world.patch(RESOURCES.deployments, 'test', 'api-primary', { spec: { replicas } })
}

// In the end all is well, nobody holds it and something good is released.
async function settle(stage: Stage): Promise<void> {
  const { world } = stage
  stage.haltsLate = false
  world.halts('api-primary', false)
  world.success = { kind: 'value', value: 100 }
  count(stage, 100)
  for (const gate of ['confirm-rollout', 'confirm-promotion']) world.answers[gate] = { kind: 'answered', status: 200, body: '' }
  annotate(world, REQUESTS.pause, null)
  await pass(stage, 120)
  world.release('api:last')
  await pass(stage, 240)
}
