// Random histories of releases, bad numbers, gates, foreign writes, rollback annotations and crashes, judged by laws that hold for all.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { imageOf, Laws } from '../../test/rollout-laws.ts'
import { canaryOf, deploymentOf, hookOf } from '../../test/rollout-objects.ts'
import { type World, worldOf } from '../../test/rollout-world.ts'
import { RESOURCES } from '../rollout/write.ts'

const CANARY = canaryOf(
  { stepWeight: 40, maxWeight: 80, stepWeightPromotion: 50, webhooks: ['confirm-rollout', 'confirm-promotion', 'rollback'].map(hookOf) },
  { progressDeadlineSeconds: 25 }
)

const OFTEN = [
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
  'Finalising>Succeeded'
]

type Action =
  | { readonly kind: 'release'; readonly version: number }
  | { readonly kind: 'success'; readonly rate: number | 'no-data' | 'down' }
  | { readonly kind: 'gate'; readonly name: string; readonly open: boolean }
  | { readonly kind: 'annotate' }
  | { readonly kind: 'foreign'; readonly weight: number }
  | { readonly kind: 'crash'; readonly after: number }

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
    { weight: 2, arbitrary: fc.constant<Action>({ kind: 'annotate' }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 100 }).map((weight): Action => ({ kind: 'foreign', weight })) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 3 }).map((after): Action => ({ kind: 'crash', after })) }
  ),
  fc.constantFrom(3, 15, 60, 90)
)

test('laws of every rollout hold over random histories, which reach every usual transition', async () => {
  const reached = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 10, maxLength: 24 }), async (history) => {
      const world = begin()
      const laws = new Laws(world)
      for (const [next, seconds] of history) {
        act(world, next)
        await pass(world, seconds)
      }
      await settle(world)
      for (const transition of laws.transitions) reached.set(transition, (reached.get(transition) ?? 0) + 1)
      expect(laws.broken).toEqual([])
      const image = imageOf(world.named(RESOURCES.deployments))
      expect(world.status()).toMatchObject({ phase: 'Succeeded', canaryWeight: 0 })
      expect(imageOf(world.named(RESOURCES.deployments, 'api-primary'))).toBe(image)
      await world.stop()
    }),
    { seed: 11, numRuns: 60, endOnFailure: true }
  )
  const seldom = OFTEN.filter((transition) => (reached.get(transition) ?? 0) < 5)
  expect(seldom).toEqual([])
  // Nothing of it waits: it computes for seconds, and for a minute on a machine with ten times more to do than it can.
}, 120_000)

function begin(): World {
  const world = worldOf(deploymentOf('api:first'), CANARY)
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
    case 'annotate':
      return world.patch(RESOURCES.canaries, 'test', 'api', { metadata: { annotations: { 'flagger.app/rollback': 'true' } } })
    case 'foreign':
      return foreign(world, next.weight)
    case 'crash':
      world.writesLeft = next.after
  }
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

// In the end all is well and something good is released.
async function settle(world: World): Promise<void> {
  world.success = { kind: 'value', value: 100 }
  for (const gate of ['confirm-rollout', 'confirm-promotion']) world.answers[gate] = { kind: 'answered', status: 200, body: '' }
  await pass(world, 120)
  world.release('api:last')
  await pass(world, 240)
}
