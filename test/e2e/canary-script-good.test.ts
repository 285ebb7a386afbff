// A good v2 goes all the way.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { REVIEWS, rollOut, SCRIPT_RUNS, startReviews } from './canary-script.ts'
import { tally, throughMesh } from './requests.ts'
import type { Serin } from './serin.ts'

const PERIOD_SECONDS = 3

describe.skipIf(!SCRIPT_RUNS)('kubectl, prometheus, curl, jq and bc: canary-rollout.sh on a good v2', () => {
  let serin: Serin
  beforeAll(async () => {
    serin = await startReviews({})
  })
  afterAll(() => serin?.stop())

  it('G52: goes through 5, 10, 25, 50 and 75 to 100 percent, each judged by its numbers, and ends with 0', async () => {
    const { script, http } = await rollOut(serin, PERIOD_SECONDS, 'patient')
    expect(script.code, script.stdout + script.stderr).toBe(0)
    expect([...script.stdout.matchAll(/=== Setting canary to (\d+)%/g)].map(([, weight]) => weight)).toEqual([
      '5',
      '10',
      '25',
      '50',
      '75',
      '100'
    ])
    expect(script.stdout.match(/^Current error rate: 0$/gm)).toHaveLength(5)
    expect(script.stdout.match(/^Current P99 latency: (?!0ms)[\d.]+ms$/gm)).toHaveLength(5)
    expect(script.stdout).toMatch(/Canary rollout complete\. v2 is now receiving 100% of traffic\.\n$/)
    expect(http).toEqual([
      {
        route: [
          { destination: { host: 'reviews', subset: 'v1' }, weight: 0 },
          { destination: { host: 'reviews', subset: 'v2' }, weight: 100 }
        ]
      }
    ])
    expect(await tally(50, () => throughMesh(serin)({ url: REVIEWS }))).toEqual({ v2: 50 })
  })
})
