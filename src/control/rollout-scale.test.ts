import { expect, test } from 'vitest'
import { crowdOf, releaseIn } from '../../test/rollout-crowd.ts'
import { RESOURCES } from '../objects/write.ts'
import { dig } from '../std/json.ts'

/** What the controller asks for in a minute in which `running` of `all` Canaries get another image. */
async function minute(all: number, running: number): Promise<{ readonly reads: number; readonly writes: number }> {
  const world = await crowdOf(all)
  expect(world.writes).toEqual([])
  world.reads = 0
  releaseIn(world, running, 'api:2')
  await world.clock.advance(60_000)
  const phases = Array.from({ length: running }, (_, number) => dig(world.get(RESOURCES.canaries, 'test', `c${number}`), 'status', 'phase'))
  expect(new Set(phases)).toEqual(new Set(running === 0 ? [] : ['Succeeded']))
  await world.stop()
  return { reads: world.reads, writes: world.writes.length }
}

test('work grows with the Canaries that progress, not with those at rest', async () => {
  const [few, many, twice] = [await minute(20, 10), await minute(200, 10), await minute(200, 20)]
  expect([many.writes, twice.writes]).toEqual([few.writes, 2 * few.writes])
  // Two changes are one look where they come together, and that is a matter of turns.
  expect(many.reads / few.reads).toBeLessThan(1.25)
  expect(twice.reads / few.reads).toBeLessThan(2.5)
  // A rollout of six ticks that act, in any number of looks that do not.
  expect(few.reads / 10).toBeLessThan(80)
  expect(await minute(100, 0)).toEqual({ reads: 0, writes: 0 })
})

test('the first looks at Canaries at rest ask for nothing that the watches tell', async () => {
  const world = await crowdOf(50)
  await world.stop()
  world.reads = 0
  world.start()
  await world.clock.advance(10_000)
  // Whether the Release of each one's revision has the right outcome.
  expect(world.reads).toBe(50)
  expect(world.writes).toEqual([])
  await world.stop()
})

test('a look that finds nothing to do reads nothing, one that acts reads all of it anew', async () => {
  const world = await crowdOf(1)
  world.reads = 0
  world.patch(RESOURCES.deployments, 'test', 'c0', { metadata: { annotations: { note: 'no revision' } } })
  world.patch(RESOURCES.virtualServices, 'test', 'c0', { metadata: { annotations: { note: 'not a route' } } })
  await world.clock.advance(1000)
  expect(world.reads).toBe(0)
  releaseIn(world, 1, 'api:2')
  await world.clock.advance(1000)
  expect(world.reads).toBeGreaterThanOrEqual(9)
  await world.stop()
})
