import { expect, test } from 'vitest'
import { type Job, LANE_MAX, Lanes } from './lanes.ts'

const never = new AbortController().signal
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

test('work of one receiver is done in order, others do not wait for it', async () => {
  const lanes = new Lanes(() => undefined)
  const gate = Promise.withResolvers<void>()
  const done: string[] = []
  const job =
    (name: string, first?: Promise<void>): Job =>
    async () => {
      await first
      done.push(name)
    }
  lanes.push('slow', job('slow 1', gate.promise), never)
  lanes.push('slow', job('slow 2'), never)
  lanes.push('quick', job('quick'), never)
  await settled()
  expect(done).toEqual(['quick'])
  gate.resolve()
  await settled()
  expect(done).toEqual(['quick', 'slow 1', 'slow 2'])
})

test('what piles up is bounded: the oldest goes, and each is told', async () => {
  const dropped: string[] = []
  const lanes = new Lanes((key, count) => dropped.push(`${key} ${count}`))
  const gate = Promise.withResolvers<void>()
  const done: number[] = []
  lanes.push('chat', () => gate.promise, never)
  for (let n = 1; n <= LANE_MAX + 3; n++) {
    lanes.push(
      'chat',
      async () => {
        done.push(n)
      },
      never
    )
  }
  gate.resolve()
  await settled()
  expect(dropped).toEqual(['chat 1', 'chat 2', 'chat 3'])
  expect([done[0], done.at(-1), done.length]).toEqual([4, LANE_MAX + 3, LANE_MAX])
})

test('a bug in the work fails the lanes, the end of the program does not', async () => {
  const [stop, lanes] = [new AbortController(), new Lanes(() => undefined)]
  const ended = Promise.withResolvers<void>()
  lanes.push('a', () => ended.promise, stop.signal)
  stop.abort(new Error('stopping'))
  ended.reject(stop.signal.reason)
  lanes.push('b', () => Promise.reject(new Error('a bug')), never)
  await expect(lanes.failed).rejects.toThrow('a bug')
})

test('it is idle once all lanes are empty, or their work was ended: it says how much of it was', async () => {
  const lanes = new Lanes(() => undefined)
  expect(await lanes.idle()).toBe(0)
  const [first, stop] = [Promise.withResolvers<void>(), new AbortController()]
  let idle = false
  lanes.push('a', () => first.promise, never)
  const hanging = (signal: AbortSignal): Promise<void> =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  for (let count = 0; count < 3; count++) lanes.push('b', hanging, stop.signal)
  const waiting = lanes.idle().then((cutOff) => {
    idle = true
    return cutOff
  })
  first.resolve()
  await settled()
  expect(idle).toBe(false)
  stop.abort(new Error('over'))
  lanes.push('b', hanging, stop.signal)
  // The one under way, two that waited, and one that came too late.
  expect(await waiting).toBe(4)
  expect(await lanes.idle()).toBe(0)
})
