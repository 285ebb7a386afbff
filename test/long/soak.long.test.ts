// Half an hour of mixed load on two workers. It pauses twelve times: then nothing may be open, every number must agree, and each process
// must hold what it held before. SERIN_MINUTES: how long; SERIN_SEED: which load.

import { expect, test } from 'vitest'
import { Ledger } from '../soak/ledger.ts'
import type { Holding } from '../soak/probe.ts'
import { startRig } from '../soak/rig.ts'
import { atRest, faults, run } from '../soak/traffic.ts'

const MINUTES = Number(process.env['SERIN_MINUTES'] ?? 30)
const SEED = Number(process.env['SERIN_SEED'] ?? 1)
const LOOKS = 12
/** Looks until caches, code and pools are what they stay. */
const WARM = 3
const CALLERS = 16
const CONNECTIONS_PER_MINUTE = 3334
/** What a process may hold more than after the warm-up. */
const GROWTH = 1.05
const MB = 1 / 1_048_576

const told = ({ files, sockets, timers, heap, buffers, rss }: Holding): string =>
  `files ${files} sockets ${sockets} timers ${timers} heap ${(heap * MB).toFixed(2)} buffers ${(buffers * MB).toFixed(2)} rss ${(rss * MB).toFixed(1)} MB`

// Of the same process at each look.
function grown(looks: readonly (readonly Holding[])[]): string[] {
  const [base = [], ...later] = looks.slice(WARM - 1)
  return base.flatMap((before, worker) =>
    later.flatMap((holdings, at) => {
      const after = holdings[worker]
      if (after === undefined) return [`worker ${worker} is gone`]
      const exact = (['files', 'sockets', 'timers'] as const).filter((name) => after[name] > before[name])
      const about = (['heap', 'rss'] as const).filter((name) => after[name] > before[name] * GROWTH)
      return [...exact, ...about].map((name) => `worker ${worker}, look ${WARM + 1 + at}: ${name} ${before[name]} -> ${after[name]}`)
    })
  )
}

test('a long mixed load leaves no socket, no timer and no memory behind, and every number agrees', async () => {
  const rig = await startRig(2)
  try {
    const ledger = new Ledger()
    const looks: Holding[][] = []
    for (let look = 1; look <= LOOKS; look++) {
      const end = performance.now() + (MINUTES * 60_000) / LOOKS
      await run({ rig, ledger, seed: SEED * 1000 + look, callers: CALLERS, goesOn: () => performance.now() < end })
      await atRest(rig)
      expect(await faults(rig, ledger)).toEqual([])
      const holding = await rig.holding()
      looks.push(holding)
      process.stderr.write(
        `${look}/${LOOKS}: ${ledger.requests} requests, ${ledger.connections} connections; ${holding.map(told).join(' | ')}\n`
      )
    }
    process.stderr.write(`${[...ledger.kinds].map(([kind, count]) => `${kind} ${count}`).join(', ')}\n`)
    expect(grown(looks)).toEqual([])
    // 100,000 connections in half an hour; the first minute is one of starting.
    expect(ledger.connections).toBeGreaterThan(CONNECTIONS_PER_MINUTE * (MINUTES - 1))
  } finally {
    await rig.stop()
  }
})
