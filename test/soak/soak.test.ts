// A few seconds of mixed load on two real workers; test/long/soak.long.test.ts goes on for half an hour.

import { expect, test } from 'vitest'
import { Ledger } from './ledger.ts'
import { startRig } from './rig.ts'
import { atRest, faults, run } from './traffic.ts'

const REQUESTS = 1000

test('two workers count every request of a mixed load, as its callers and the called servers count it, and hold nothing after it', async () => {
  const rig = await startRig(2)
  try {
    const ledger = new Ledger()
    await run({ rig, ledger, seed: 1, callers: 16, goesOn: () => ledger.requests < REQUESTS })
    await atRest(rig)
    expect(await faults(rig, ledger)).toEqual([])
    expect(ledger.requests).toBeGreaterThanOrEqual(REQUESTS)
  } finally {
    await rig.stop()
  }
}, 60_000)
