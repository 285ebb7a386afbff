import { expect, test } from 'vitest'
import { VirtualClock, wait } from './clock.ts'

test('alarms ring in order of time, then of setting, and see the time they were set for', async () => {
  const clock = new VirtualClock(1000)
  const rung: string[] = []
  clock.after(20, () => rung.push(`b@${clock.now()}`))
  clock.after(10, () => rung.push(`a@${clock.now()}`))
  clock.after(20, () => rung.push(`c@${clock.now()}`))
  await clock.advance(30)
  expect(rung).toEqual(['a@1010', 'b@1020', 'c@1020'])
  expect(clock.now()).toBe(1030)
})

test('an alarm set while ringing rings in the same advance when it is due', async () => {
  const clock = new VirtualClock()
  let rings = 0
  const again = (): void => {
    rings += 1
    clock.after(10, again)
  }
  clock.after(10, again)
  await clock.advance(55)
  expect(rings).toBe(5)
  expect(clock.next()).toBe(60)
})

test('a cancelled alarm stays silent', async () => {
  const clock = new VirtualClock()
  let rung = false
  clock.after(5, () => (rung = true))()
  await clock.advance(10)
  expect(rung).toBe(false)
})

test('a wait ends with its delay or with the reason of its signal', async () => {
  const clock = new VirtualClock()
  const stop = new AbortController()
  const short = wait(clock, 5, stop.signal)
  const long = wait(clock, 50, stop.signal)
  await clock.advance(5)
  await expect(short).resolves.toBeUndefined()
  stop.abort(new Error('enough'))
  await expect(long).rejects.toThrow('enough')
  expect(clock.next()).toBeUndefined()
  await expect(wait(clock, 1, stop.signal)).rejects.toThrow('enough')
})
