import { expect, test } from 'vitest'
import { VirtualClock } from '../std/clock.ts'
import { backoffCeiling } from './backoff.ts'
import { WorkQueue } from './work-queue.ts'

const make = (): { clock: VirtualClock; queue: WorkQueue; signal: AbortSignal; stop: AbortController } => {
  const [clock, stop] = [new VirtualClock(), new AbortController()]
  return { clock, queue: new WorkQueue({ clock, draw: () => 1 }), signal: stop.signal, stop }
}

test('a key added twice is worked on once, and once more when added meanwhile', async () => {
  const { queue, signal } = make()
  queue.add('a')
  queue.add('b')
  queue.add('a')
  expect([await queue.take(signal), await queue.take(signal), queue.length]).toEqual(['a', 'b', 0])
  queue.add('a')
  expect(queue.length).toBe(0)
  queue.done('a')
  expect(await queue.take(signal)).toBe('a')
})

test('failures wait twice as long each time, until forgiven, and sooner wins', async () => {
  const { clock, queue, signal } = make()
  for (const wait of [500, 1000, 2000]) {
    queue.addAfterFailure('a')
    expect(clock.next()).toBe(clock.now() + wait)
    await clock.advance(wait)
    queue.done(await queue.take(signal))
  }
  queue.forgive('a')
  queue.addAfterFailure('a')
  queue.addAfter('a', 5000)
  expect(clock.next()).toBe(clock.now() + 500)
  queue.addAfter('a', 10)
  await clock.advance(10)
  expect(await queue.take(signal)).toBe('a')
  expect(clock.next()).toBeUndefined()
  expect(backoffCeiling({ first: 500, most: 300_000 }, 5000)).toBe(300_000)
})

test('a taker waits for a key, or for the signal', async () => {
  const { queue, signal, stop } = make()
  const taken = queue.take(signal)
  queue.add('a')
  expect(await taken).toBe('a')
  const waiting = queue.take(signal)
  stop.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
})
