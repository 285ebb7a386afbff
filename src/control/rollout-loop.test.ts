import { expect, test } from 'vitest'
import { World } from '../../test/rollout-world.ts'
import { RESOURCES } from '../rollout/write.ts'
import { dig } from '../std/json.ts'
import type { KubeObject } from '../api/object.ts'

const NS = 'test'

function deployment(image: string): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'api', namespace: NS, labels: { app: 'api' } },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'api' } },
      template: { metadata: { labels: { app: 'api' } }, spec: { containers: [{ name: 'api', image }] } }
    }
  }
}

// Guide 4's Canary, its webhook included.
function canary(hook: Record<string, unknown>, change: Record<string, unknown> = {}): KubeObject {
  return {
    apiVersion: 'flagger.app/v1beta1',
    kind: 'Canary',
    metadata: { name: 'api', namespace: NS },
    spec: {
      targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
      service: { port: 8080 },
      analysis: {
        interval: '1m',
        threshold: 5,
        maxWeight: 50,
        stepWeight: 10,
        metrics: [
          { name: 'request-success-rate', thresholdRange: { min: 99 }, interval: '1m' },
          { name: 'request-duration', thresholdRange: { max: 500 }, interval: '1m' }
        ],
        webhooks: [{ name: 'load-test', url: 'http://flagger-loadtester.test/', timeout: '5s', ...hook }],
        ...change
      }
    }
  }
}

function statusOf(world: World): unknown {
  return world.get(RESOURCES.canaries, NS, 'api')?.['status']
}

const phaseIs = (world: World, phase: string) => (): boolean => dig(statusOf(world), 'phase') === phase

function release(world: World, image: string): void {
  world.patch(RESOURCES.deployments, NS, 'api', { spec: { template: { spec: { containers: [{ name: 'api', image }] } } } })
}

async function initialised(hook: Record<string, unknown> = {}): Promise<World> {
  const world = new World()
  world.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NS } })
  world.create(deployment('myapp:1.0.0'))
  world.create(canary(hook))
  world.start()
  expect(await world.until(phaseIs(world, 'Initialized'), 10)).toBe(true)
  return world
}

test("guide 4's canary is promoted", async () => {
  const world = await initialised({ metadata: { cmd: 'hey -z 1m -q 10 -c 2 http://api:8080/health' } })
  release(world, 'myapp:1.1.0')
  expect(await world.until(phaseIs(world, 'Succeeded'), 600)).toBe(true)
  const primary = world.get(RESOURCES.deployments, NS, 'api-primary')
  expect(dig(primary, 'spec', 'template', 'spec', 'containers')).toMatchObject([{ image: 'myapp:1.1.0' }])
  expect(world.told.map(({ message }) => message)).toContain('Advance api.test canary weight 50')
  expect(world.hooks[0]?.payload).toMatchObject({ name: 'api', namespace: NS, phase: 'Progressing', metadata: { cmd: expect.any(String) } })
  await world.stop()
})

test("guide 2's canary fails because its load tester refuses the webhook, and says so", async () => {
  const world = await initialised()
  world.answers = { '': { kind: 'answered', status: 400, body: 'metadata not found in payload' } }
  release(world, 'myapp:1.1.0')
  expect(await world.until(phaseIs(world, 'Failed'), 900)).toBe(true)
  const messages = world.told.map(({ message }) => message)
  expect(messages).toContain('Halt api.test advancement external check load-test failed 400: metadata not found in payload')
  expect(messages).toContain('Rolling back api.test failed checks threshold reached 5')
  expect(dig(statusOf(world), 'conditions')).toMatchObject([
    { type: 'Promoted', status: 'False', reason: 'Failed', message: expect.stringContaining('metadata not found in payload') }
  ])
  await world.stop()
})

test('the rollback annotation ends the run in progress, once', async () => {
  const world = await initialised()
  release(world, 'myapp:1.1.0')
  await world.until(() => dig(statusOf(world), 'canaryWeight') === 20, 200)
  world.patch(RESOURCES.canaries, NS, 'api', { metadata: { annotations: { 'flagger.app/rollback': 'true' } } })
  expect(await world.until(phaseIs(world, 'Failed'), 5)).toBe(true)
  expect(world.get(RESOURCES.canaries, NS, 'api')?.metadata.annotations?.['flagger.app/rollback']).toBeUndefined()
  expect(dig(world.get(RESOURCES.deployments, NS, 'api'), 'spec', 'replicas')).toBe(0)
  await world.stop()
})

test('a Canary that asks for what is not done yet is named once and left alone', async () => {
  const world = new World()
  world.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NS } })
  world.create(deployment('myapp:1.0.0'))
  world.create(canary({}, { iterations: 3 }))
  world.start()
  await world.clock.advance(300_000)
  expect(world.told.map(({ message }) => message)).toEqual([
    'canary api.test is not acted on: spec.analysis.iterations (blue/green and A/B testing): not supported yet'
  ])
  expect(world.writes).toEqual([])
  await world.stop()
})

test('without data the step is held, neither passed nor failed', async () => {
  const world = await initialised()
  world.success = { kind: 'no-data' }
  release(world, 'myapp:1.1.0')
  await world.clock.advance(600_000)
  expect(statusOf(world)).toMatchObject({ phase: 'Progressing', canaryWeight: 10, failedChecks: 0 })
  world.success = { kind: 'value', value: 100 }
  expect(await world.until(phaseIs(world, 'Succeeded'), 600)).toBe(true)
  await world.stop()
})

// The end of a run, without what depends on how often the controller was started.
function endOf(world: World): unknown {
  const spec = (name: string): unknown => world.get(RESOURCES.deployments, NS, name)?.['spec']
  const { phase, canaryWeight, lastAppliedSpec, lastPromotedSpec } = Object(statusOf(world))
  return {
    status: { phase, canaryWeight, lastAppliedSpec, lastPromotedSpec },
    target: spec('api'),
    primary: spec('api-primary'),
    routes: world.get(RESOURCES.virtualServices, NS, 'api')?.['spec']
  }
}

async function finish(world: World, image: string, phase: string): Promise<unknown> {
  release(world, image)
  for (let seconds = 0; seconds < 1500 && !phaseIs(world, phase)(); seconds += 5) {
    await world.clock.advance(5000)
    if (world.crashed) {
      await world.stop()
      world.start()
    }
  }
  await world.clock.advance(1000)
  const end = endOf(world)
  await world.stop()
  return end
}

test.each([
  { image: 'myapp:1.1.0', success: 100, phase: 'Succeeded' },
  { image: 'myapp:1.1.0', success: 80, phase: 'Failed' },
  { image: 'myapp:stuck', success: 100, phase: 'Failed' }
])('a crash before any one write of a rollout ends like no crash: $image at $success % is $phase', async ({ image, success, phase }) => {
  const begin = async (): Promise<World> => {
    const world = await initialised()
    world.success = { kind: 'value', value: success }
    return world
  }
  const whole = await begin()
  const before = whole.writes.length
  const expected = await finish(whole, image, phase)
  const writes = whole.writes.length - before
  expect(writes).toBeGreaterThan(3)
  for (let left = 0; left < writes; left++) {
    const world = await begin()
    world.writesLeft = left
    expect(await finish(world, image, phase), `killed before write ${left + 1} of ${writes}`).toEqual(expected)
  }
})

test('a crash before any write of the initialisation ends in the same objects', async () => {
  const whole = await initialised()
  const expected = endOf(whole)
  const writes = whole.writes.length
  await whole.stop()
  for (let left = 0; left < writes; left++) {
    const world = new World()
    world.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NS } })
    world.create(deployment('myapp:1.0.0'))
    world.create(canary({}))
    world.start()
    world.writesLeft = left
    await world.clock.advance(5000)
    expect(world.crashed).toBe(true)
    await world.stop()
    world.start()
    expect(await world.until(phaseIs(world, 'Initialized'), 70), `killed before write ${left + 1} of ${writes}`).toBe(true)
    await world.clock.advance(1000)
    expect(endOf(world)).toEqual(expected)
    await world.stop()
  }
})
