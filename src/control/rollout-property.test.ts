// Random histories of releases, bad numbers, gates, foreign writes, rollback annotations and crashes, judged by laws that hold for all.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { World } from '../../test/rollout-world.ts'
import type { KubeObject } from '../api/object.ts'
import { destinationsOf } from '../rollout/virtual-service.ts'
import { RESOURCES } from '../rollout/write.ts'
import { dig } from '../std/json.ts'
import type { Change } from '../store/store-request.ts'

const NS = 'test'
const hook = (type: string): unknown => ({ name: type, type, url: `http://hooks/${type}` })

const CANARY: KubeObject = {
  apiVersion: 'flagger.app/v1beta1',
  kind: 'Canary',
  metadata: { name: 'api', namespace: NS },
  spec: {
    targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
    progressDeadlineSeconds: 25,
    service: { port: 80 },
    analysis: {
      interval: '10s',
      threshold: 2,
      stepWeight: 40,
      maxWeight: 80,
      stepWeightPromotion: 50,
      metrics: [{ name: 'request-success-rate', thresholdRange: { min: 99 } }],
      webhooks: [hook('confirm-rollout'), hook('confirm-promotion'), hook('rollback')]
    }
  }
}

// What may follow what, by Flagger's names (flagger.md 2.2). A phase that stays is not a transition.
const LEGAL: readonly string[] = [
  '>Initializing',
  'Initializing>Initialized',
  ...['Initialized', 'Succeeded', 'Failed', 'Waiting'].flatMap((from) => [`${from}>Progressing`, `${from}>Waiting`]),
  'Waiting>Failed',
  'Waiting>Initialized',
  'Progressing>WaitingPromotion',
  'Progressing>Promoting',
  'Progressing>Failed',
  'WaitingPromotion>Progressing',
  'WaitingPromotion>Promoting',
  'WaitingPromotion>Failed',
  'Promoting>Finalising',
  'Finalising>Succeeded',
  'Promoting>Failed',
  'Finalising>Failed',
  'Failed>Promoting'
]

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
      expect(laws.transitions.filter((transition) => !LEGAL.includes(transition))).toEqual([])
      expect(laws.broken).toEqual([])
      const image = imageOf(world.get(RESOURCES.deployments, NS, 'api'))
      expect(world.get(RESOURCES.canaries, NS, 'api')?.['status']).toMatchObject({ phase: 'Succeeded', canaryWeight: 0 })
      expect(imageOf(world.get(RESOURCES.deployments, NS, 'api-primary'))).toBe(image)
      await world.stop()
    }),
    { seed: 11, numRuns: 60, endOnFailure: true }
  )
  const seldom = OFTEN.filter((transition) => (reached.get(transition) ?? 0) < 5)
  expect(seldom).toEqual([])
})

function begin(): World {
  const world = new World()
  world.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NS } })
  world.create({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'api', namespace: NS },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'api' } },
      template: { metadata: { labels: { app: 'api' } }, spec: { containers: [{ name: 'api', image: 'api:first' }] } }
    }
  })
  world.create(CANARY)
  world.answers['confirm-promotion'] = { kind: 'answered', status: 403, body: '' }
  world.answers['rollback'] = { kind: 'answered', status: 403, body: '' }
  world.start()
  return world
}

function act(world: World, next: Action): void {
  switch (next.kind) {
    case 'release':
      return release(world, next.version === 0 ? `api:${next.version}:stuck` : `api:${next.version}`)
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
      return world.patch(RESOURCES.canaries, NS, 'api', { metadata: { annotations: { 'flagger.app/rollback': 'true' } } })
    case 'foreign':
      return foreign(world, next.weight)
    case 'crash':
      world.writesLeft = next.after
  }
}

function release(world: World, image: string): void {
  world.patch(RESOURCES.deployments, NS, 'api', { spec: { template: { spec: { containers: [{ name: 'api', image }] } } } })
}

function foreign(world: World, weight: number): void {
  if (world.get(RESOURCES.virtualServices, NS, 'api') === undefined) return
  const route = [
    { destination: { host: 'api-primary' }, weight: 100 - weight },
    { destination: { host: 'api-canary' }, weight }
  ]
  world.patch(RESOURCES.virtualServices, NS, 'api', { spec: { http: [{ route }] } })
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
  release(world, 'api:last')
  await pass(world, 240)
}

function imageOf(deployment: KubeObject | undefined): unknown {
  const containers = dig(deployment, 'spec', 'template', 'spec', 'containers')
  return Array.isArray(containers) ? dig(containers[0], 'image') : undefined
}

// Judges each write of the controller as it is made.
class Laws {
  readonly broken: string[] = []
  readonly transitions: string[] = []
  readonly #world: World

  constructor(world: World) {
    this.#world = world
    world.watchWrites = (change) => this.#judge(change)
  }

  #judge({ object, previous }: Change): void {
    if (object.kind === 'VirtualService') this.#routes(weights(object), previous === undefined ? { canary: 0 } : weights(previous))
    if (object.kind === 'Canary') this.#status(object, previous)
    const copied = object.metadata.name === 'api-primary' && previous !== undefined && imageOf(object) !== imageOf(previous)
    if (copied && phaseOf(this.#world.get(RESOURCES.canaries, NS, 'api')) !== 'Initializing') this.#promotion(object)
  }

  #routes({ primary, canary }: { readonly primary: number; readonly canary: number }, before: { readonly canary: number }): void {
    if (primary + canary !== 100) this.broken.push(`weights ${primary} + ${canary}`)
    if (canary > before.canary && this.#pods('api') === 0) this.broken.push(`${canary} % to a canary without pods`)
    if (canary < before.canary && this.#pods('api-primary') === 0) this.broken.push(`${primary} % to a primary without pods`)
  }

  #status(object: KubeObject, previous: KubeObject | undefined): void {
    const [from, to] = [previous, object].map(phaseOf)
    if (from !== to) this.transitions.push(`${from}>${to}`)
    const routes = this.#world.get(RESOURCES.virtualServices, NS, 'api')
    const weight = dig(object, 'status', 'canaryWeight')
    if (routes !== undefined && weights(routes).canary !== weight) this.broken.push(`status says ${String(weight)} in ${to}`)
  }

  #promotion(primary: KubeObject): void {
    const target = this.#world.get(RESOURCES.deployments, NS, 'api')
    if (imageOf(primary) !== imageOf(target)) this.broken.push('the primary got what the target does not run')
    if (String(imageOf(primary)).endsWith(':stuck')) this.broken.push('a revision that never ran was promoted')
    const { success } = this.#world
    if (success.kind !== 'value' || success.value < 99) this.broken.push('a revision with bad or no numbers was promoted')
  }

  #pods(name: string): number {
    return Number(dig(this.#world.get(RESOURCES.deployments, NS, name), 'status', 'availableReplicas') ?? 0)
  }
}

function phaseOf(canary: KubeObject | undefined): string {
  const phase = dig(canary, 'status', 'phase')
  return typeof phase === 'string' ? phase : ''
}

function weights(virtualService: KubeObject): { readonly primary: number; readonly canary: number } {
  const http = dig(virtualService, 'spec', 'http')
  const of = (host: string): number => destinationsOf(Array.isArray(http) ? http[0] : undefined).find((to) => to.host === host)?.weight ?? 0
  return { primary: of('api-primary'), canary: of('api-canary') }
}
