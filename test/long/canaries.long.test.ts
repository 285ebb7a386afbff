// Ten thousand Canaries of which five hundred progress, in virtual time. SERIN_CANARIES: how many there are.

import process from 'node:process'
import { expect, test } from 'vitest'
import { crowdOf, releaseIn } from '../rollout-crowd.ts'

const COUNT = Number(process.env['SERIN_CANARIES'] ?? 10_000)
const RUNNING = COUNT / 20

test('ten thousand Canaries of which five hundred progress cost what five hundred cost', async () => {
  const reads: number[] = []
  for (const count of [RUNNING, COUNT]) {
    const world = await crowdOf(count)
    world.reads = 0
    const began = performance.now()
    releaseIn(world, RUNNING, 'api:2')
    await world.clock.advance(60_000)
    const took = performance.now() - began
    process.stderr.write(
      `${count} Canaries, ${RUNNING} progress: ${world.reads} reads, ${(took / RUNNING).toFixed(1)} ms each for a whole release\n`
    )
    reads.push(world.reads)
    await world.stop()
  }
  const [few = 0, all = 0] = reads
  expect(all / few).toBeLessThan(1.25)
})
