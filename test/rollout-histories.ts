// Random histories of releases, changed configs, bad numbers, gates, foreign writes, requests and crashes, for every strategy.

import fc from 'fast-check'
import { expect } from 'vitest'
import { type Request, REQUESTS } from '../src/rollout/requests.ts'
import { RESOURCES } from '../src/rollout/write.ts'
import { imageOf, Laws } from './rollout-laws.ts'
import { canaryOf, configMapOf, deploymentOf, hookOf, readingSpec } from './rollout-objects.ts'
import { type World, worldOf } from './rollout-world.ts'

/** Transitions that histories of some length all come upon. */
export const OFTEN = [
  'Initialized>Progressing',
  'Succeeded>Progressing',
  'Failed>Progressing',
  'Initialized>Waiting',
  'Waiting>Progressing',
  'Waiting>Failed',
  'Progressing>WaitingPromotion',
  'Progressing>Promoting',
  'Progressing>Failed',
  'WaitingPromotion>Promoting',
  'WaitingPromotion>Failed',
  'WaitingPromotion>Progressing',
  'Promoting>Finalising',
  'Finalising>Succeeded',
  'Promoting>Failed',
  'Failed>Promoting'
]

/** What requests are told by once they are acted on. */
export const ACTED = ['Restart requested!', 'Retry requested!', 'Promotion requested!', 'Halt api.test advancement paused']

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

type Action =
  | { readonly kind: 'release'; readonly version: number }
  | { readonly kind: 'success'; readonly rate: number | 'no-data' | 'down' }
  | { readonly kind: 'gate'; readonly name: string; readonly open: boolean }
  | { readonly kind: 'ask'; readonly request: Request }
  | { readonly kind: 'resume' }
  | { readonly kind: 'foreign'; readonly weight: number }
  | { readonly kind: 'config'; readonly color: string }
  | { readonly kind: 'crash'; readonly after: number }
  | { readonly kind: 'halt'; readonly on: boolean }

const action: fc.Arbitrary<readonly [Action, number]> = fc.tuple(
  fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 5 }).map((version): Action => ({ kind: 'release', version })) },
    {
      weight: 3,
      arbitrary: fc.constantFrom(100, 100, 90, 'no-data' as const, 'down' as const).map((rate): Action => ({ kind: 'success', rate }))
    },
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.constantFrom('confirm-rollout', 'confirm-promotion'), fc.boolean())
        .map(([name, open]): Action => ({ kind: 'gate', name, open }))
    },
    {
      weight: 4,
      arbitrary: fc
        .constantFrom<Request>('abort', 'abort', 'abort', 'pause', 'restart', 'retry', 'promote', 'promote')
        .map((request): Action => ({ kind: 'ask', request }))
    },
    { weight: 2, arbitrary: fc.constant<Action>({ kind: 'resume' }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 100 }).map((weight): Action => ({ kind: 'foreign', weight })) },
    { weight: 2, arbitrary: fc.constantFrom('blue', 'green', 'red').map((color): Action => ({ kind: 'config', color })) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 3 }).map((after): Action => ({ kind: 'crash', after })) },
    { weight: 1, arbitrary: fc.boolean().map((on): Action => ({ kind: 'halt', on })) }
  ),
  fc.constantFrom(3, 15, 60, 90)
)

/** Plays histories, `count` of them drawn from `seed`; returns how often each transition was taken. Rejects with the first that breaks a law. */
export async function playHistories(seed: number, count: number): Promise<ReadonlyMap<string, number>> {
  const reached = new Map<string, number>()
  const history = fc.array(action, { minLength: 10, maxLength: 24 })
  const property = fc.asyncProperty(fc.constantFrom(...ANALYSES), history, async (analysis, actions) => {
    for (const transition of await play(analysis, actions)) reached.set(transition, (reached.get(transition) ?? 0) + 1)
  })
  await fc.assert(property, { seed, numRuns: count, endOnFailure: true })
  return reached
}

async function play(
  analysis: Readonly<Record<string, unknown>>,
  actions: readonly (readonly [Action, number])[]
): Promise<readonly string[]> {
  const world = begin(analysis)
  const laws = new Laws(world)
  for (const [next, seconds] of actions) {
    act(world, next)
    await pass(world, seconds)
  }
  await settle(world)
  expect(laws.broken).toEqual([])
  // Where nothing ever ran before, the last release is the first of all.
  const phase = laws.transitions.includes('Initializing>Initialized') && laws.transitions.length === 2 ? 'Initialized' : 'Succeeded'
  expect(world.status()).toMatchObject({ phase, canaryWeight: 0, iterations: 0 })
  expect(imageOf(world.named(RESOURCES.deployments, 'api-primary'))).toBe(imageOf(world.named(RESOURCES.deployments)))
  const [copy, original] = ['colours-primary', 'colours'].map((name) => world.named(RESOURCES.configMaps, name)?.['data'])
  expect(copy).toEqual(original)
  await world.stop()
  return [...laws.transitions, ...ACTED.filter((words) => world.told.some(({ message }) => message.startsWith(words)))]
}

function begin(analysis: Readonly<Record<string, unknown>>): World {
  const webhooks = ['confirm-rollout', 'confirm-promotion', 'rollback'].map(hookOf)
  const template = { metadata: { labels: { app: 'api' } }, spec: readingSpec('api:first', { configMaps: ['colours'] }) }
  const world = worldOf(
    configMapOf('colours', { color: 'blue' }),
    deploymentOf('api:first', 'api', { template }),
    canaryOf({ ...analysis, webhooks }, { progressDeadlineSeconds: 25 })
  )
  world.answers['confirm-promotion'] = { kind: 'answered', status: 403, body: '' }
  world.answers['rollback'] = { kind: 'answered', status: 403, body: '' }
  world.start()
  return world
}

function act(world: World, next: Action): void {
  switch (next.kind) {
    case 'release':
      return world.release(next.version === 0 ? 'api:0:stuck' : `api:${next.version}`)
    case 'success':
      world.success =
        next.rate === 'no-data'
          ? { kind: 'no-data' }
          : next.rate === 'down'
            ? { kind: 'down', because: 'connection refused' }
            : { kind: 'value', value: next.rate }
      return
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
    case 'crash':
      world.writesLeft = next.after
  }
}

function annotate(world: World, name: string, value: 'true' | null): void {
  world.patch(RESOURCES.canaries, 'test', 'api', { metadata: { annotations: { [name]: value } } })
}

function foreign(world: World, weight: number): void {
  if (world.named(RESOURCES.virtualServices) === undefined) return
  const route = [
    { destination: { host: 'api-primary' }, weight: 100 - weight },
    { destination: { host: 'api-canary' }, weight }
  ]
  world.patch(RESOURCES.virtualServices, 'test', 'api', { spec: { http: [{ route }] } })
}

async function pass(world: World, seconds: number): Promise<void> {
  for (let left = seconds; left > 0; left--) {
    await world.clock.advance(1000)
    if (!world.crashed) continue
    await world.stop()
    world.start()
  }
}

// In the end all is well, nobody holds it and something good is released.
async function settle(world: World): Promise<void> {
  world.halts('api-primary', false)
  world.success = { kind: 'value', value: 100 }
  for (const gate of ['confirm-rollout', 'confirm-promotion']) world.answers[gate] = { kind: 'answered', status: 200, body: '' }
  annotate(world, REQUESTS.pause, null)
  await pass(world, 120)
  world.release('api:last')
  await pass(world, 240)
}
