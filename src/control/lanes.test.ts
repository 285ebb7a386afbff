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

test('what piles up is bounded: the oldest goes, which is told once', async () => {
  const dropped: string[] = []
  const lanes = new Lanes((key) => dropped.push(key))
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
  expect(dropped).toEqual(['chat'])
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
