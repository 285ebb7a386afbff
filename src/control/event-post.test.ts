import { expect, test } from 'vitest'
import { canaryOf, deploymentOf } from '../../test/rollout-objects.ts'
import { type World, worldOf } from '../../test/rollout-world.ts'
import { VirtualClock, wait } from '../std/clock.ts'
import { EventPost, type Happened, QUEUE_MAX, type WriteEvent } from './event-post.ts'

const never = new AbortController().signal
const REFUSED = { because: 'events are forbidden', mayPass: false }
const AWAY = { because: 'the API is away', mayPass: true }

/** A post whose Events are written so; `written` has those that were. */
function given(write: (happened: Happened) => ReturnType<WriteEvent>) {
  const [clock, log, written] = [new VirtualClock(1000), [] as string[], [] as string[]]
  const post = new EventPost({
    clock,
    log: (line) => log.push(line),
    write: async (happened) => {
      const failure = await write(happened)
      if (failure === undefined) written.push(`${happened.about.metadata.name} ${happened.message} ${happened.at}`)
      return failure
    }
  })
  const tell = (name: string, message: string, signal: AbortSignal = never): void =>
    post.record({ ...canaryOf(), metadata: { name, namespace: 'test' } }, 'Normal', message, signal)
  return { clock, log, written, post, tell }
}

test('Events of an object are written in the order in which they happened, with the time of that', async () => {
  const gate = Promise.withResolvers<undefined>()
  const { clock, written, post, tell } = given(({ message }) => (message === 'one' ? gate.promise : Promise.resolve(undefined)))
  tell('api', 'one')
  await clock.advance(500)
  tell('api', 'two')
  await clock.advance(60_000)
  expect(written).toEqual([])
  gate.resolve(undefined)
  await post.idle()
  expect(written).toEqual(['api one 1000', 'api two 1500'])
})

test('what may pass is tried three times, what does not is lost at once: said once, and counted', async () => {
  let answer: Awaited<ReturnType<WriteEvent>> = AWAY
  let tries = 0
  const { clock, log, written, tell } = given(() => {
    tries++
    return Promise.resolve(answer)
  })
  tell('api', 'one')
  await clock.advance(5000)
  expect([tries, log]).toEqual([2, []])
  await clock.advance(1000)
  expect([tries, log]).toEqual([3, ['an Event is lost, and further ones may be: the API is away']])
  answer = REFUSED
  tell('api', 'two')
  await clock.advance(60_000)
  expect([tries, log.length]).toEqual([4, 1])
  answer = undefined
  tell('api', 'three')
  await clock.advance(1)
  expect(written).toEqual(['api three 67000'])
  expect(log.slice(1)).toEqual(['the API takes Events again; lost meanwhile: 2'])
})

test('what an API does not take is bounded: the oldest go, and are counted', async () => {
  const gate = Promise.withResolvers<undefined>()
  const { log, written, post, tell } = given(({ message }) => (message === '0' ? gate.promise : Promise.resolve(undefined)))
  for (let number = 0; number <= QUEUE_MAX + 5; number++) tell('api', String(number))
  gate.resolve(undefined)
  await post.idle()
  expect(written).toHaveLength(QUEUE_MAX + 1)
  expect(written.at(-1)).toBe(`api ${QUEUE_MAX + 5} 1000`)
  expect(log).toEqual([
    'an Event is lost, and further ones may be: they come faster than the API takes them',
    'the API takes Events again; lost meanwhile: 5'
  ])
})

test('an object whose Events are refused is told of once, whatever is taken of others', async () => {
  const { log, written, post, tell } = given(({ about }) => Promise.resolve(about.metadata.name === 'api' ? REFUSED : undefined))
  for (let turn = 0; turn < 3; turn++) {
    tell('api', 'refused')
    tell('other', 'taken')
  }
  await post.idle()
  expect(written).toHaveLength(3)
  expect(log).toEqual(['an Event is lost, and further ones may be: events are forbidden', 'Events that the API has not taken are lost: 3'])
})

test('what is still to be written when a stop cuts it off is said', async () => {
  const { log, written, post, tell } = given(({ message }) => (message === 'taken' ? Promise.resolve(undefined) : hangs))
  const stop = new AbortController()
  const hangs = new Promise<never>((_, reject) => {
    stop.signal.addEventListener('abort', () => reject(stop.signal.reason))
  })
  tell('other', 'taken', stop.signal)
  for (const message of ['one', 'two', 'three']) tell('api', message, stop.signal)
  const idle = post.idle()
  stop.abort(new Error('stopping'))
  tell('api', 'four', stop.signal)
  await idle
  expect(written).toEqual(['other taken 1000'])
  expect(log).toEqual(['Events that the API has not taken are lost: 4'])
})

/** A world whose controller may tell for as long as `telling` lasts. */
async function initialized(telling?: AbortSignal): Promise<World> {
  const world = worldOf(deploymentOf('api:1'), canaryOf())
  world.telling = telling
  world.start()
  expect(await world.until(() => world.isIn('Initialized'), 30)).toBe(true)
  return world
}

test('an API whose Events hang delays no rollout, and hears of all once it answers', async () => {
  const whole = await initialized()
  whole.release('api:2')
  expect(await whole.until(() => whole.isIn('Succeeded'), 600)).toBe(true)
  const world = await initialized()
  const back = Promise.withResolvers<undefined>()
  world.takesEvent = () => back.promise
  world.release('api:2')
  expect(await world.until(() => world.isIn('Succeeded'), whole.t - world.t + 1)).toBe(true)
  expect(world.told.map(({ message }) => message)).not.toContain('Promotion completed! Scaling down api.test')
  back.resolve(undefined)
  await world.allTold()
  expect(world.told).toEqual(whole.told)
  await whole.stop()
  await world.stop()
})

test('Events that wait are written when the controller stops, for as long as it may tell', async () => {
  const telling = new AbortController()
  const world = await initialized(telling.signal)
  world.takesEvent = (signal) => wait(world.clock, 1500, signal).then(() => undefined)
  world.release('api:2')
  await world.clock.advance(1000)
  const before = world.told.length
  await world.stop()
  const told = world.allTold()
  await world.clock.advance(5000)
  await told
  expect(world.told.length).toBeGreaterThan(before)
})
