// The Canaries of the guides as they are printed, in virtual time; what the checklist says of them by its G numbers.

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { imageOf } from '../../test/rollout-laws.ts'
import { canaryOf, deploymentOf } from '../../test/rollout-objects.ts'
import { World, worldOf } from '../../test/rollout-world.ts'
import type { KubeObject, ResourceRef } from '../api/object.ts'
import type { HookOutcome } from '../rollout/judge.ts'
import type { Measurement } from '../rollout/judge-metric.ts'
import { destinationsOf } from '../objects/virtual-service.ts'
import { RESOURCES } from '../objects/write.ts'
import { dig } from '../std/json.ts'

const MANIFESTS = new URL('../../../shared/guides/manifests/', import.meta.url)

function manifest(name: string): KubeObject {
  return parse(readFileSync(new URL(`${name}.yaml`, MANIFESTS), 'utf8'))
}

/** A guide's Canary with its target in a namespace, initialised; its objects are asked for by name. */
interface Guided {
  readonly world: World
  readonly namespace: string
  readonly name: string
  readonly get: (resource: ResourceRef, name?: string) => KubeObject | undefined
  readonly status: () => Record<string, unknown>
  readonly release: (image: string) => void
  /** Lets time pass until the phase, at most `minutes`. */
  readonly reaches: (phase: string, minutes: number) => Promise<boolean>
}

async function guided(file: string, metadata?: Record<string, string>): Promise<Guided> {
  const printed = manifest(file)
  const { name = '', namespace = 'test' } = printed.metadata
  const webhooks: readonly object[] = Object(dig(printed, 'spec', 'analysis', 'webhooks'))
  const analysis = {
    ...Object(dig(printed, 'spec', 'analysis')),
    webhooks: metadata === undefined ? webhooks : webhooks.map((hook) => ({ ...hook, metadata }))
  }
  const world = new World()
  world.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  const deployment = deploymentOf(`${name}:1.0.0`)
  world.create({ ...deployment, metadata: { ...deployment.metadata, name, namespace } })
  world.create({ ...printed, metadata: { ...printed.metadata, namespace }, spec: { ...Object(printed['spec']), analysis } })
  const get: Guided['get'] = (resource, object = name) => world.get(resource, namespace, object)
  const status = (): Record<string, unknown> => Object(get(RESOURCES.canaries)?.['status'])
  const reaches: Guided['reaches'] = (phase, minutes) => world.until(() => status()['phase'] === phase, minutes * 60)
  const release = (image: string): void =>
    world.patch(RESOURCES.deployments, namespace, name, { spec: { template: { spec: { containers: [{ name: 'api', image }] } } } })
  world.start()
  expect(await reaches('Initialized', 1)).toBe(true)
  return { world, namespace, name, get, status, release, reaches }
}

const GUIDE_2 = '07-g2-canary-payment-svc'
const GUIDE_4 = '40-g4-canary-api'
const COMMAND = { cmd: 'hey -z 1m -q 10 -c 2 http://payment-svc.production:8080/' }

test.each([
  { file: GUIDE_2, metadata: COMMAND, interval: 300 },
  { file: GUIDE_4, metadata: undefined, interval: 60 }
])(
  'G69, G70: $file is initialised as Flagger does and goes 10, 20, 30, 40, 50, a step an interval',
  async ({ file, metadata, interval }) => {
    const { world, name, get, release, reaches } = await guided(file, metadata)
    expect(dig(get(RESOURCES.deployments, `${name}-primary`), 'spec', 'replicas')).toBe(2)
    expect(dig(get(RESOURCES.deployments), 'spec', 'replicas')).toBe(0)
    for (const [service, app] of [
      [name, 'api-primary'],
      [`${name}-primary`, 'api-primary'],
      [`${name}-canary`, 'api']
    ] as const) {
      expect(dig(get(RESOURCES.services, service), 'spec', 'selector')).toEqual({ app })
    }
    const [routes] = Object(get(RESOURCES.virtualServices)?.['spec']).http
    expect(destinationsOf(routes)).toEqual([
      { host: `${name}-primary`, weight: 100 },
      { host: `${name}-canary`, weight: 0 }
    ])
    release(`${name}:1.1.0`)
    expect(await reaches('Succeeded', 60)).toBe(true)
    const steps = world.told.filter(({ message }) => message.startsWith('Advance'))
    expect(steps.map(({ message }) => message)).toEqual(
      [10, 20, 30, 40, 50].map((weight) => `Advance ${name}.${get(RESOURCES.canaries)?.metadata.namespace} canary weight ${weight}`)
    )
    expect(steps.map(({ t }) => t - (steps[0]?.t ?? 0))).toEqual([0, 1, 2, 3, 4].map((count) => count * interval))
    expect(imageOf(get(RESOURCES.deployments, `${name}-primary`))).toBe(`${name}:1.1.0`)
    await world.stop()
  }
)

test('G72: both metrics are asked of the canary workload alone, each over its own interval, the duration as P99', async () => {
  const { world, release, reaches } = await guided(GUIDE_2, COMMAND)
  release('payment-svc:1.1.0')
  await reaches('Succeeded', 60)
  const asked = { t: expect.any(Number), workload: 'production/payment-svc' }
  expect(world.queries.slice(0, 2)).toEqual([
    { ...asked, metric: 'success', interval: 60_000, quantile: undefined },
    { ...asked, metric: 'duration', interval: 30_000, quantile: 0.99 }
  ])
  expect(new Set(world.queries.map(({ workload }) => workload))).toEqual(new Set(['production/payment-svc']))
  await world.stop()
})

test.each<readonly [Measurement, Measurement, string | undefined]>([
  [value(99), value(500), undefined],
  [value(98.99), value(1), 'success rate 98.99% < 99%'],
  [value(100), value(501), 'request duration 501ms > 500ms']
])('G72: a rate of %j and a duration of %j: %s', async (success, duration, because) => {
  const { world, status, release } = await guided(GUIDE_4)
  world.success = success
  world.duration = duration
  release('api:1.1.0')
  await world.until(() => status()['canaryWeight'] === 10, 60)
  await world.clock.advance(61_000)
  expect(status()).toMatchObject(because === undefined ? { canaryWeight: 20, failedChecks: 0 } : { canaryWeight: 10, failedChecks: 1 })
  const halts = world.told.filter(({ message }) => message.startsWith('Halt')).map(({ message }) => message)
  expect(halts).toEqual(because === undefined ? [] : [`Halt api.test advancement ${because}`])
  await world.stop()
})

test('G73: failed checks are counted in total, not in a row, in status.failedChecks; the fifth rolls back', async () => {
  const { world, status, release, reaches } = await guided(GUIDE_4)
  release('api:1.1.0')
  await world.until(() => status()['canaryWeight'] === 10, 60)
  const counted: unknown[] = []
  for (const rate of [90, 100, 90, 100, 90, 100, 90, 90]) {
    world.success = value(rate)
    await world.clock.advance(60_000)
    counted.push(status()['failedChecks'])
  }
  expect(counted).toEqual([1, 1, 2, 2, 3, 3, 4, 0])
  expect(await reaches('Failed', 1)).toBe(true)
  expect(world.told.map(({ message }) => message)).toContain('Rolling back api.test failed checks threshold reached 5')
  await world.stop()
})

test('G76: a canary that is not ready within progressDeadlineSeconds is rolled back, and says why', async () => {
  const { world, status, release, reaches } = await guided(GUIDE_2, COMMAND)
  const begun = world.t
  release('payment-svc:stuck')
  expect(await reaches('Failed', 30)).toBe(true)
  expect(world.t - begun).toBeGreaterThan(600)
  expect(world.told.map(({ message }) => message)).toContain('Rolling back payment-svc.production progress deadline exceeded 600s')
  expect(status()['conditions']).toMatchObject([
    { reason: 'Failed', message: expect.stringContaining('0 of 2 (readyThreshold 100%) updated replicas are available') }
  ])
  expect(world.queries).toEqual([])
  await world.stop()
})

test('G77: the load test is a POST with name, namespace, phase and metadata, within 5 s, at each look; a failure is a failed check', async () => {
  const { world, status, release } = await guided(GUIDE_4)
  release('api:1.1.0')
  await world.until(() => status()['canaryWeight'] === 10, 60)
  expect(world.hooks).toEqual([])
  await world.clock.advance(60_000)
  const call = {
    t: expect.any(Number),
    type: '',
    url: 'http://flagger-loadtester.test/',
    timeout: 5000,
    payload: {
      name: 'api',
      namespace: 'test',
      phase: 'Progressing',
      checksum: expect.stringMatching(/^[0-9a-f]+$/),
      metadata: { cmd: 'hey -z 1m -q 10 -c 2 http://api:8080/health' }
    }
  }
  expect(world.hooks).toEqual([call])
  world.answers = { '': { kind: 'unreachable', because: 'no answer in 5000 ms' } }
  await world.clock.advance(60_000)
  expect(world.hooks).toHaveLength(2)
  expect(status()).toMatchObject({ canaryWeight: 20, failedChecks: 1 })
  expect(world.told.map(({ message }) => message)).toContain(
    'Halt api.test advancement external check load-test failed no answer in 5000 ms'
  )
  await world.stop()
})

test('guide 2 as printed: its load tester refuses a webhook without a command, and after five refusals it is rolled back and says so', async () => {
  const { world, status, release, reaches } = await guided(GUIDE_2)
  const refusal: HookOutcome = { kind: 'answered', status: 400, body: 'metadata not found in payload' }
  world.answers = { '': refusal }
  release('payment-svc:1.1.0')
  expect(await reaches('Failed', 60)).toBe(true)
  const messages = world.told.map(({ message }) => message)
  const because = 'external check load-test failed 400: metadata not found in payload'
  expect(messages.filter((message) => message === `Halt payment-svc.production advancement ${because}`)).toHaveLength(5)
  expect(messages).toContain('Rolling back payment-svc.production failed checks threshold reached 5')
  expect(status()['conditions']).toMatchObject([
    { type: 'Promoted', status: 'False', reason: 'Failed', message: `Canary analysis failed, Deployment scaled to zero. Cause: ${because}` }
  ])
  await world.stop()
})

test('G83: the annotation flagger.app/rollback=true ends the run in progress, once, and is removed', async () => {
  const { world, namespace, name, get, status, release, reaches } = await guided(GUIDE_2, COMMAND)
  release('payment-svc:1.1.0')
  await world.until(() => status()['canaryWeight'] === 20, 600)
  const annotate = (): void =>
    world.patch(RESOURCES.canaries, namespace, name, { metadata: { annotations: { 'flagger.app/rollback': 'true' } } })
  annotate()
  expect(await reaches('Failed', 0.1)).toBe(true)
  expect(get(RESOURCES.canaries)?.metadata.annotations?.['flagger.app/rollback']).toBeUndefined()
  expect(dig(get(RESOURCES.deployments), 'spec', 'replicas')).toBe(0)
  expect(world.told.at(-2)?.message).toBe('Rolling back payment-svc.production annotation flagger.app/rollback=true')
  annotate()
  await world.clock.advance(1000)
  expect(world.told.at(-1)?.message).toBe('Nothing to roll back for payment-svc.production: annotation flagger.app/rollback removed')
  expect(status()['phase']).toBe('Failed')
  await world.stop()
})

test('a Canary that asks for what cannot be done is named once and left alone', async () => {
  const world = worldOf(deploymentOf('api:1'), canaryOf({ stepWeight: 12.5 }))
  world.start()
  await world.clock.advance(300_000)
  expect(world.told.map(({ message }) => message)).toEqual([
    'canary api.test is not acted on: spec.analysis.stepWeight 12.5: must be a whole number'
  ])
  expect(world.writes).toEqual([])
  await world.stop()
})

test('without data the step is held, neither passed nor failed', async () => {
  const { world, status, release, reaches } = await guided(GUIDE_4)
  world.success = { kind: 'no-data' }
  release('api:1.1.0')
  await world.clock.advance(600_000)
  expect(status()).toMatchObject({ phase: 'Progressing', canaryWeight: 10, failedChecks: 0 })
  world.success = value(100)
  expect(await reaches('Succeeded', 10)).toBe(true)
  await world.stop()
})

function value(number: number): Measurement {
  return { kind: 'value', value: number }
}
