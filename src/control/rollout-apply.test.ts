import { expect, test } from 'vitest'
import { canaryOf, deploymentOf, hookOf } from '../../test/rollout-objects.ts'
import { type World, worldOf } from '../../test/rollout-world.ts'
import { ApiError } from '../kube/kube-client.ts'
import { RESOURCES } from '../objects/write.ts'

const refusal = { kind: 'answered', status: 500, body: 'database is gone' } as const

async function released(...hooks: readonly object[]): Promise<World> {
  const world = worldOf(deploymentOf('api:1'), canaryOf({ webhooks: hooks }))
  world.start()
  await world.until(() => world.isIn('Initialized'), 10)
  world.release('api:2')
  return world
}

test('post-rollout webhooks are called in order after the end, and the first that fails ends them', async () => {
  const hooks = ['first', 'second', 'third'].map((name) => ({ name, type: 'post-rollout', url: `http://hooks/${name}` }))
  const world = await released(...hooks)
  world.answers['second'] = refusal
  expect(await world.until(() => world.isIn('Succeeded'), 200)).toBe(true)
  expect(world.hooks.map(({ type, payload }) => `${type} ${payload.phase}`)).toEqual(['first Succeeded', 'second Succeeded'])
  const told = world.told.map(({ type, message }) => `${type} ${message}`)
  expect(told).toContain('Normal Post-rollout check first passed')
  expect(told).toContain('Warning Post-rollout hook second failed 500: database is gone')
  expect(world.status()).toMatchObject({ phase: 'Succeeded' })
  await world.stop()
})

test('an event webhook hears every Event, with what it says; its failure is only logged', async () => {
  const world = await released({ ...hookOf('event'), url: 'http://hooks/told', metadata: { team: 'x' } })
  world.answers['told'] = refusal
  expect(await world.until(() => world.isIn('Succeeded'), 200)).toBe(true)
  expect(world.hooks.map(({ payload }) => payload.metadata?.['eventMessage'])).toEqual(world.told.map(({ message }) => message))
  expect(world.hooks[0]?.payload.metadata).toEqual({
    team: 'x',
    eventType: expect.stringMatching(/^(Normal|Warning)$/),
    eventMessage: expect.any(String),
    timestamp: expect.stringMatching(/^\d{13}$/)
  })
  expect(world.log).toContain('event webhook event of test/api: 500: database is gone')
  await world.stop()
})

test.each<readonly [string, Record<string, unknown>, boolean]>([
  ['which wants the same: the status is written on it', { metadata: { annotations: { note: 'mine' } } }, false],
  [
    'which wants something else: all of it is looked at again',
    { metadata: { annotations: { note: 'mine' } }, spec: { suspend: false } },
    true
  ]
])('a status that meets another version of its Canary, %s', async (_, change, again) => {
  const world = await released()
  let once = true
  // Somebody else writes the Canary just before its status is.
  world.watchWrites = ({ object }) => {
    if (object.kind !== 'VirtualService' || !once) return
    once = false
    world.patch(RESOURCES.canaries, 'test', 'api', change)
  }
  expect(await world.until(() => world.isIn('Succeeded'), 200)).toBe(true)
  expect(world.log.some((line) => line.includes('looking again'))).toBe(again)
  expect(world.named(RESOURCES.canaries)?.metadata.annotations).toEqual({ note: 'mine' })
  expect(world.told.filter(({ message }) => message.startsWith('Advance')).map(({ message }) => message)).toEqual(
    expect.arrayContaining(['Advance api.test canary weight 20', 'Advance api.test canary weight 40'])
  )
  await world.stop()
})

const isOfRoutes = ({ target }: { readonly target: { readonly resource: { readonly resource: string } } }): boolean =>
  target.resource.resource === RESOURCES.virtualServices.resource

test('a write that the API refuses is told as an Event, and webhooks are asked again only at the next look', async () => {
  const world = await released(hookOf('rollout'))
  await world.until(() => world.told.some(({ message }) => message.includes('weight 20')), 60)
  const invalid = new ApiError(422, 'Invalid', 'VirtualService.networking.istio.io "api" is invalid: spec.http: no')
  world.refuse = (request) => (isOfRoutes(request) ? invalid : undefined)
  const [before, asked] = [world.t, world.hooks.length]
  await world.clock.advance(60_000)
  expect(world.told.filter(({ t }) => t > before).map(({ type, message }) => `${type} ${message}`)).toEqual(
    Array.from({ length: 6 }, () => `Warning ${invalid.message}`)
  )
  expect(world.hooks.length - asked).toBe(6)
  world.refuse = () => undefined
  expect(await world.until(() => world.isIn('Succeeded'), 120)).toBe(true)
  await world.stop()
})

test('an API that fails is tried again ever more slowly, without an Event', async () => {
  const world = await released()
  await world.until(() => world.told.some(({ message }) => message.includes('weight 20')), 60)
  world.refuse = (request) => (isOfRoutes(request) ? new ApiError(503, 'ServiceUnavailable', 'not now') : undefined)
  const told = world.told.length
  await world.clock.advance(60_000)
  expect(world.told.length).toBe(told)
  expect(world.log.filter((line) => line.includes('not now; again in')).length).toBeGreaterThan(2)
  world.refuse = () => undefined
  expect(await world.until(() => world.isIn('Succeeded'), 240)).toBe(true)
  await world.stop()
})

test('control characters of names and answers reach Events, the condition, event webhooks and the log only as words', async () => {
  const world = await released(
    { name: 'load\u001b[2J\nname', type: 'pre-rollout', url: 'http://hooks/bad' },
    { ...hookOf('event'), name: 'told\u0007', url: 'http://hooks/told' }
  )
  world.answers['bad'] = { kind: 'answered', status: 500, body: 'a\u001b]0;owned\u0007\r\nHTTP/1.1 200 OK \u202eKO' }
  world.answers['told'] = { kind: 'answered', status: 500, body: 'b\u0000' }
  expect(await world.until(() => world.isIn('Failed'), 200)).toBe(true)
  const texts = [
    ...world.told.map(({ message }) => message),
    ...world.hooks.map(({ payload }) => payload.metadata?.['eventMessage'] ?? ''),
    ...world.log,
    JSON.stringify(world.status())
  ]
  expect(texts.filter((text) => /[\p{Cc}\p{Bidi_Control}]/u.test(text))).toEqual([])
  expect(texts).toContain(
    'Halt api.test advancement pre-rollout check load\\x1b[2J name failed 500: a\\x1b]0;owned\\x07 HTTP/1.1 200 OK \\u202eKO'
  )
  expect(world.log).toContain('event webhook told\\x07 of test/api: 500: b\\x00')
  await world.stop()
})
