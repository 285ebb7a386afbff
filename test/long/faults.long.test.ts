// Crashes of every scenario at every position, and every fault of the API at every call.

import { describe, expect, test } from 'vitest'
import { FAULTS } from '../faulty-client.ts'
import { awayAt, faultsAt, watchesBroken } from '../rollout-faults.ts'
import { INCIDENTS, killedAnytime, killedAnywhere, PACED, SCENARIOS } from '../rollout-scenarios.ts'

describe.each(INCIDENTS)('$name', (scenario) => {
  test('killed before any one write, webhook call or Event, it takes the same way to the same end and repeats that one tick at most', () =>
    killedAnywhere(scenario))

  test('killed between two ticks, in any second, it does nothing twice', () => killedAnytime(scenario))
})

test.each(PACED)('$name, killed between two ticks, in any second, does nothing twice', killedAnytime)

describe.each([...SCENARIOS, ...INCIDENTS])('$name, against an API that fails', (scenario) => {
  test('any call, in any way, once', async () => {
    expect(await faultsAt(scenario, { calls: () => true, faults: () => FAULTS, times: 1 })).toBeGreaterThan(100)
  })

  test('any five calls in a row, in any way', () =>
    faultsAt(scenario, { calls: ({ number }) => number % 3 === 0, faults: () => FAULTS, times: 5 }))

  test('for a minute, from any second on', () =>
    awayAt(
      scenario,
      Array.from({ length: 60 }, (_, second) => second)
    ))
})

test.each([...SCENARIOS, ...INCIDENTS])('$name, with watches that break', async (scenario) => {
  for (const broken of ['ends', 'gone', 'gone-and-cut', 'silent'] as const) await watchesBroken(scenario, broken)
})
