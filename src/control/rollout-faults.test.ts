// An API that fails at any call, once or for a minute, changes neither the way nor the end of a rollout. All calls with all faults:
// test/long/faults.long.test.ts.

import { expect, test } from 'vitest'
import { FAULTS, Faults, isWrite } from '../../test/faulty-client.ts'
import { awayAt, faultsAt, watchesBroken } from '../../test/rollout-faults.ts'
import { imageOf } from '../../test/rollout-laws.ts'
import { begin, INCIDENTS, SCENARIOS } from '../../test/rollout-scenarios.ts'
import { RESOURCES } from '../objects/write.ts'
import { dig } from '../std/json.ts'

const GOOD = SCENARIOS[0]!
const ALL = [...SCENARIOS, ...INCIDENTS].map((scenario, number) => ({ ...scenario, number }))

test.each(ALL)('writes that fail, in one way or another, are made up for: $name', async (scenario) => {
  let seen = scenario.number
  const tried = await faultsAt(scenario, {
    calls: (call) => isWrite(call) && seen++ % 3 === 0,
    faults: ({ number }) => [FAULTS[number % FAULTS.length] ?? 'broken'],
    times: 1
  })
  expect(tried).toBeGreaterThan(1)
})

test.each(ALL)('an API that is away for a minute only delays it: $name', (scenario) => awayAt(scenario, [scenario.number % 20]))

test.each(['ends', 'gone', 'gone-and-cut', 'silent'] as const)('watches that break change nothing: %s', async (broken) => {
  for (const scenario of ALL.slice(0, 2)) await watchesBroken(scenario, broken)
})

test('what the watches have not told yet is seen before anything is done', async () => {
  const { world } = await begin({ ...GOOD, analysis: { ...GOOD.analysis, webhooks: [] } }, (made) => {
    const faults = new Faults(made.clock)
    made.between = (client) => faults.wrap(client)
    made.clock.after(25_000, () => faults.silenceWatches())
  })
  await world.clock.advance(20_000 - world.t * 1000)
  world.release('api:2')
  expect(await world.until(() => dig(world.status(), 'canaryWeight') === 40, 4)).toBe(true)
  await world.clock.advance(25_500 - world.t * 1000)
  world.release('api:3')
  await world.clock.advance(15_000)
  expect(world.told.filter(({ message }) => message.startsWith('New revision detected'))).toHaveLength(2)
  expect(imageOf(world.named(RESOURCES.deployments, 'api-primary'))).toBe('api:1')
  await world.stop()
})
