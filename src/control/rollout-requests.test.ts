// What people ask of a rollout, in the world: each request is acted on within a second, once, and survives the controller's death.

import { expect, test } from 'vitest'
import { Laws } from '../../test/rollout-laws.ts'
import { canaryOf, deploymentOf, hookOf } from '../../test/rollout-objects.ts'
import { type World, worldOf } from '../../test/rollout-world.ts'
import { type Request, REQUESTS } from '../rollout/requests.ts'
import { RESOURCES } from '../objects/write.ts'
import { formatInstant } from '../std/instant.ts'
import { dig } from '../std/json.ts'

const closed = { kind: 'answered', status: 403, body: '' } as const

async function begin(hooks: readonly string[] = []): Promise<World> {
  const world = worldOf(
    deploymentOf('api:1'),
    canaryOf({ stepWeight: 20, maxWeight: 80, webhooks: hooks.map(hookOf) }, { progressDeadlineSeconds: 25 })
  )
  world.start()
  for (const hook of hooks) world.answers[hook] = closed
  expect(await world.until(() => world.isIn('Initialized'), 10)).toBe(true)
  world.told.length = 0
  return world
}

function ask(world: World, request: Request, value: 'true' | null = 'true'): void {
  world.patch(RESOURCES.canaries, 'test', 'api', { metadata: { annotations: { [REQUESTS[request]]: value } } })
}

const asked = (world: World, request: Request): boolean =>
  world.named(RESOURCES.canaries)?.metadata.annotations?.[REQUESTS[request]] !== undefined
const weight = (world: World): unknown => dig(world.status(), 'canaryWeight')
const told = (world: World, words: string): boolean => world.told.some(({ message }) => message.includes(words))

async function at20(): Promise<World> {
  const world = await begin()
  world.release('api:2')
  expect(await world.until(() => weight(world) === 20, 10)).toBe(true)
  return world
}

test('promote skips what is left of the analysis, within a second', async () => {
  const world = await at20()
  world.success = { kind: 'no-data' }
  ask(world, 'promote')
  expect(await world.until(() => world.isIn('Promoting'), 1)).toBe(true)
  expect(await world.until(() => world.isIn('Succeeded'), 40)).toBe(true)
  expect([asked(world, 'promote'), told(world, 'Promotion requested!'), told(world, 'Nothing to')]).toEqual([false, true, false])
  await world.stop()
})

test.each(['confirm-rollout', 'confirm-traffic-increase', 'confirm-promotion'])('promote leads past a closed %s', async (gate) => {
  const world = await begin([gate])
  world.release('api:2')
  await world.clock.advance(80_000)
  expect(world.isIn('Succeeded')).toBe(false)
  ask(world, 'promote')
  expect(await world.until(() => world.isIn('Succeeded'), 30)).toBe(true)
  expect(asked(world, 'promote')).toBe(false)
  await world.stop()
})

test('promote waits for pods, and a revision whose pods never get ready is rolled back all the same', async () => {
  const world = await begin()
  world.release('api:2:stuck')
  ask(world, 'promote')
  expect(await world.until(() => world.isIn('Failed'), 40)).toBe(true)
  await world.clock.advance(1000)
  expect([asked(world, 'promote'), told(world, 'Nothing to promote')]).toEqual([false, true])
  await world.stop()
})

test('pause holds the step while checks go on, and resuming leads on', async () => {
  const world = await at20()
  ask(world, 'pause')
  const queries = world.queries.length
  await world.clock.advance(60_000)
  expect([weight(world), asked(world, 'pause')]).toEqual([20, true])
  expect(world.queries.length - queries).toBeGreaterThanOrEqual(5)
  ask(world, 'pause', null)
  expect(await world.until(() => world.isIn('Succeeded'), 90)).toBe(true)
  await world.stop()
})

test('a paused canary that fails is rolled back, and the pause ends with its run', async () => {
  const world = await at20()
  ask(world, 'pause')
  world.success = { kind: 'value', value: 50 }
  expect(await world.until(() => world.isIn('Failed'), 40)).toBe(true)
  await world.clock.advance(1000)
  expect([asked(world, 'pause'), told(world, 'Nothing to pause')]).toEqual([false, true])
  await world.stop()
})

test('a pause before anything has begun holds the new revision, which starts within a second once resumed', async () => {
  const world = await begin(['confirm-rollout'])
  world.release('api:2')
  expect(await world.until(() => world.isIn('Waiting'), 2)).toBe(true)
  ask(world, 'pause')
  world.answers['confirm-rollout'] = { kind: 'answered', status: 200, body: '' }
  await world.clock.advance(60_000)
  expect(world.isIn('Waiting')).toBe(true)
  ask(world, 'pause', null)
  expect(await world.until(() => world.isIn('Progressing'), 1)).toBe(true)
  await world.stop()
})

test('restart begins the analysis again from its first step', async () => {
  const world = await at20()
  expect(await world.until(() => weight(world) === 60, 60)).toBe(true)
  const laws = new Laws(world)
  ask(world, 'restart')
  expect(await world.until(() => weight(world) === 20, 1)).toBe(true)
  expect(laws.weights).toEqual([0, 20])
  expect(await world.until(() => world.isIn('Succeeded'), 120)).toBe(true)
  expect([asked(world, 'restart'), told(world, 'Restart requested!')]).toEqual([false, true])
  await world.stop()
})

test('retry takes a failed revision up again, as a new one', async () => {
  const world = await at20()
  ask(world, 'abort')
  expect(await world.until(() => world.isIn('Failed'), 1)).toBe(true)
  await world.clock.advance(30_000)
  ask(world, 'retry')
  expect(await world.until(() => world.isIn('Progressing'), 1)).toBe(true)
  expect(await world.until(() => world.isIn('Succeeded'), 120)).toBe(true)
  expect([asked(world, 'retry'), told(world, 'Nothing to retry')]).toEqual([false, false])
  await world.stop()
})

test('without anything to act on every request is removed and said, and nothing else happens', async () => {
  const world = await begin()
  world.writes.length = 0
  for (const request of ['abort', 'pause', 'restart', 'retry', 'promote'] as const) {
    ask(world, request)
    await world.clock.advance(1000)
    expect(asked(world, request)).toBe(false)
  }
  expect(world.told.map(({ message }) => message)).toEqual(
    [
      'roll back for api.test: annotation flagger.app/rollback',
      'pause for api.test: annotation serin.dev/pause',
      'restart for api.test: annotation serin.dev/restart',
      'retry for api.test: annotation serin.dev/retry',
      'promote for api.test: annotation serin.dev/promote'
    ].map((text) => `Nothing to ${text} removed`)
  )
  expect(world.isIn('Initialized')).toBe(true)
  await world.stop()
})

test.each<readonly [Request, string]>([
  ['abort', 'Failed'],
  ['restart', 'Succeeded'],
  ['promote', 'Succeeded'],
  ['retry', 'Succeeded']
])('%s ends in %s whichever write the controller dies before', async (request, phase) => {
  for (let writes = 0; writes < 8; writes++) {
    const world = await at20()
    const laws = new Laws(world)
    if (request === 'retry') ask(world, 'abort')
    await world.clock.advance(1000)
    world.writesLeft = writes
    ask(world, request)
    const again = (): boolean => {
      if (world.crashed) world.start()
      return world.isIn(phase) && !asked(world, request)
    }
    expect(await world.until(again, 120), `dead before write ${writes}`).toBe(true)
    expect(laws.broken).toEqual([])
    await world.stop()
  }
})

const releaseOf = (world: World): unknown =>
  world.all(RESOURCES.releases).find((each) => JSON.stringify(dig(each, 'spec', 'images')) === '["api:2"]')?.['status']

test('who asked is kept in the Release, and gone from the Canary with the request', async () => {
  const world = await at20()
  world.patch(RESOURCES.canaries, 'test', 'api', {
    metadata: { annotations: { [REQUESTS.promote]: 'true', 'serin.dev/asked-by': 'ann' } }
  })
  expect(await world.until(() => world.isIn('Succeeded'), 40)).toBe(true)
  expect(dig(releaseOf(world), 'requests')).toMatchObject([{ request: 'promote', outcome: 'done', by: 'ann' }])
  expect(world.named(RESOURCES.canaries)?.metadata.annotations ?? {}).toEqual({})
  await world.stop()
})

test('a pause with an end holds until then, once in the Release, and the rollout goes on by itself', async () => {
  const world = await at20()
  const until = formatInstant(world.clock.now() + 35_000)
  world.patch(RESOURCES.canaries, 'test', 'api', {
    metadata: { annotations: { [REQUESTS.pause]: 'true', 'serin.dev/asked-by': 'ann', 'serin.dev/asked-until': until } }
  })
  await world.clock.advance(34_000)
  expect([weight(world), asked(world, 'pause')]).toEqual([20, true])
  expect(await world.until(() => weight(world) === 40, 15)).toBe(true)
  expect([asked(world, 'pause'), told(world, `held until ${until}`)]).toEqual([false, true])
  expect(dig(releaseOf(world), 'requests')).toMatchObject([
    { request: 'pause', outcome: 'done', by: 'ann', until },
    { request: 'pause', outcome: 'expired', by: 'ann', until }
  ])
  await world.stop()
})

test('a rollback that is asked for beside a pause whose time is over is carried out', async () => {
  const world = await at20()
  const annotations = {
    [REQUESTS.pause]: 'true',
    [REQUESTS.abort]: 'true',
    'serin.dev/asked-until': formatInstant(world.clock.now() - 1000)
  }
  world.patch(RESOURCES.canaries, 'test', 'api', { metadata: { annotations } })
  expect(await world.until(() => world.isIn('Failed'), 1)).toBe(true)
  await world.stop()
})

test('a retry is kept in the Release of the revision that failed', async () => {
  const world = await at20()
  ask(world, 'abort')
  expect(await world.until(() => world.isIn('Failed'), 1)).toBe(true)
  ask(world, 'retry')
  expect(await world.until(() => weight(world) === 20, 20)).toBe(true)
  expect(dig(releaseOf(world), 'requests')).toMatchObject([
    { request: 'abort', outcome: 'done' },
    { request: 'retry', outcome: 'done' }
  ])
  await world.stop()
})
