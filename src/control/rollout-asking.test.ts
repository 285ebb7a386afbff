import { expect, test } from 'vitest'
import { canaryOf, configMapOf, deploymentOf, hookOf, readingSpec } from '../../test/rollout-objects.ts'
import { worldOf } from '../../test/rollout-world.ts'
import { ApiError } from '../kube/kube-client.ts'
import { RESOURCES } from '../objects/write.ts'
import { VirtualClock, wait } from '../std/clock.ts'
import { dig } from '../std/json.ts'
import { answersUnless, type Asking, heed } from './rollout-asking.ts'

const never = new AbortController().signal

/** What is asked hangs; `change` tells of a change, which each `thoughts` answers in its turn. */
function hanging(...thoughts: readonly (() => Promise<boolean>)[]) {
  const clock = new VirtualClock(0)
  const left = [...thoughts]
  let hear: Parameters<Asking['seeing']>[0]
  let outcome: unknown
  const asked = answersUnless(
    {
      put: (signal) => wait(clock, Infinity, signal).then(() => []),
      interrupted: never,
      seeing: (next) => (hear = next),
      changed: () => left.shift()?.() ?? Promise.resolve(false)
    },
    never
  )
  asked.then(
    (answers) => (outcome = answers),
    (error: unknown) => (outcome = error)
  )
  const change = (): void => hear?.()
  return { clock, change, outcome: () => outcome }
}

const away = (): Promise<boolean> => Promise.reject(new ApiError(503, 'ServiceUnavailable', 'away'))

test('what changes while the API does not say is thought over after it', async () => {
  const answer = Promise.withResolvers<boolean>()
  const { clock, change, outcome } = hanging(
    () => answer.promise,
    () => Promise.resolve(true)
  )
  change()
  change()
  answer.reject(new ApiError(503, 'ServiceUnavailable', 'away'))
  await clock.advance(1)
  expect(outcome()).toBe('interrupted')
})

test('an API that does not say changes nothing, and a bug comes out', async () => {
  const quiet = hanging(away, away)
  quiet.change()
  await quiet.clock.advance(1)
  quiet.change()
  await quiet.clock.advance(1)
  expect(quiet.outcome()).toBeUndefined()
  const bug = new Error('a bug')
  const broken = hanging(() => Promise.reject(bug))
  broken.change()
  await broken.clock.advance(1)
  expect(broken.outcome()).toBe(bug)
})

test('who asks hears at once, and once, of what came before', () => {
  let tell: (() => void) | undefined
  const heard: string[] = []
  const { seeing, end } = heed((hear) => (tell = hear))
  seeing(() => heard.push('first'))
  tell?.()
  seeing(undefined)
  tell?.()
  tell?.()
  seeing(() => heard.push('second'))
  seeing(undefined)
  seeing(() => heard.push('third'))
  expect(heard).toEqual(['first', 'second'])
  end()
  expect(tell).toBeUndefined()
})

test('a ConfigMap that changes while a tick still reads does not wait for its webhook', async () => {
  const template = { metadata: { labels: { app: 'api' } }, spec: readingSpec('api:1', { configMaps: ['colours'] }) }
  const world = worldOf(
    configMapOf('colours', { color: 'blue' }),
    deploymentOf('api:1', 'api', { template }),
    canaryOf({ webhooks: [{ ...hookOf('rollout'), timeout: '60s' }], maxWeight: 80 })
  )
  // The API itself is asked of the Canary by a tick that acts, then of the target, then of the ConfigMap: its answer takes a while.
  let at: 'the usual' | 'armed' | 'the Canary' | 'the ConfigMap' = 'the usual'
  world.between = (client) => ({
    ...client,
    get: async (key, options) => {
      if (key.resource === RESOURCES.canaries.resource && at === 'armed') at = 'the Canary'
      const found = await client.get(key, options)
      if (key.resource === RESOURCES.configMaps.resource && at === 'the Canary') {
        at = 'the ConfigMap'
        await wait(world.clock, 500, options.signal)
      }
      return found
    }
  })
  world.start()
  await world.until(() => world.isIn('Initialized'), 10)
  world.release('api:2')
  expect(await world.until(() => dig(world.status(), 'canaryWeight') === 20, 10)).toBe(true)
  world.slowness['rollout'] = Infinity
  at = 'armed'
  expect(await world.until(() => at === 'the ConfigMap', 30)).toBe(true)
  const asked = world.hooks.length
  world.patch(RESOURCES.configMaps, 'test', 'colours', { data: { color: 'red' } })
  await world.clock.advance(1500)
  // The webhook was asked about what was read.
  expect(world.hooks.length).toBe(asked + 1)
  expect(world.told.map(({ message }) => message)).toContain('New revision detected! Restarting analysis for api.test')
  await world.stop()
})
