// A v2 that fails is taken back.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { REVIEWS, rollOut, SCRIPT_RUNS, startReviews } from './canary-script.ts'
import { tally, throughMesh } from './requests.ts'
import type { Serin } from './serin.ts'

const PERIOD_SECONDS = 6

describe.skipIf(!SCRIPT_RUNS)('kubectl, prometheus, curl, jq and bc: canary-rollout.sh on a bad v2', () => {
  let serin: Serin
  beforeAll(async () => {
    serin = await startReviews({ ERROR_RATE: '1' })
  })
  afterAll(() => serin?.stop())

  it('G53: a v2 that answers 500 is seen in the error rate, v1 has everything again, and the script ends with 1', async () => {
    const { script, http } = await rollOut(serin, PERIOD_SECONDS, 'as printed')
    expect(script.code, script.stdout + script.stderr).toBe(1)
    expect(script.stdout).toMatch(/^ERROR: Error rate exceeds threshold$/m)
    expect(script.stdout).toMatch(/^ROLLING BACK: Setting 100% traffic to v1$/m)
    expect(script.stdout).toMatch(/Rollback complete\.\n$/)
    expect(script.stdout).not.toContain('75%')
    expect(http).toEqual([{ route: [{ destination: { host: 'reviews', subset: 'v1' }, weight: 100 }] }])
    expect(await tally(50, () => throughMesh(serin)({ url: REVIEWS }))).toEqual({ v1: 50 })
  })
})
