import { expect, test } from 'vitest'
import { newUid, systemClock, systemDraw } from './system-clock.ts'

test('an alarm of the system clock rings once, after its delay, and a cancelled one never', async () => {
  const clock = systemClock()
  const start = clock.now()
  let rung = 0
  clock.after(5, () => (rung += 100))()
  await new Promise<void>((resolve) =>
    clock.after(20, () => {
      rung += 1
      resolve()
    })
  )
  expect(rung).toBe(1)
  expect(clock.now() - start).toBeGreaterThanOrEqual(19)
})

test('a delay longer than a timer can hold does not ring early', async () => {
  const clock = systemClock()
  let rung = false
  const cancel = clock.after(2_147_483_648 * 3, () => (rung = true))
  await new Promise<void>((resolve) => clock.after(10, resolve))
  cancel()
  expect(rung).toBe(false)
})

test('draws are uniform numbers in [0, 1)', () => {
  const draw = systemDraw()
  const buckets = new Array<number>(10).fill(0)
  for (let n = 0; n < 20_000; n++) {
    const value = draw()
    expect(value >= 0 && value < 1).toBe(true)
    const bucket = Math.floor(value * 10)
    buckets[bucket] = (buckets[bucket] ?? 0) + 1
  }
  // 2000 expected, standard deviation 42: six of them
  for (const count of buckets) expect(Math.abs(count - 2000)).toBeLessThan(255)
  expect(newUid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})
