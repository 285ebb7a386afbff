// Restarted at any instant a rollout goes on where it was: the controller is killed before each thing it does, and in each second,
// and a new one starts on the same store.

import { describe, expect, test } from 'vitest'
import { endOf, groundOf, INCIDENTS, killedAlways, killedAnytime, killedAnywhere, SCENARIOS } from '../../test/rollout-scenarios.ts'

describe.each(SCENARIOS)('$name', (scenario) => {
  test('killed before any one write, webhook call or Event, it takes the same way to the same end and repeats that one tick at most', () =>
    killedAnywhere(scenario))

  test('killed between two ticks, in any second, it does nothing twice', () => killedAnytime(scenario))
})

// The rest of it for these: test/long/faults.long.test.ts.
test.each([...SCENARIOS, ...INCIDENTS])('dying after every single write, it still gets there: $name', killedAlways)

test('killed before any write of the initialisation, it makes the same objects', async () => {
  const plain = { analysis: { stepWeight: 40, maxWeight: 80, stepWeightPromotion: 50 }, success: 100 }
  const whole = groundOf(plain)
  whole.start()
  await whole.until(() => whole.isIn('Initialized'), 10)
  await whole.stop()
  for (let left = 0; left < whole.writes.length; left++) {
    const world = groundOf(plain)
    world.start()
    world.writesLeft = left
    await world.clock.advance(5000)
    expect(world.crashed).toBe(true)
    await world.stop()
    world.start()
    expect(await world.until(() => world.isIn('Initialized'), 70), `killed before write ${left + 1} of ${whole.writes.length}`).toBe(true)
    await world.clock.advance(1000)
    expect(endOf(world, { waits: false })).toEqual(endOf(whole, { waits: false }))
    await world.stop()
  }
})
