// A v2 that is slow, then one that fails, is taken back. In this order: errors of the last minute would hide what the latency says.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { REVIEWS, rollOut, type Rollout, SCRIPT_RUNS, startReviews } from './canary-script.ts'
import { tally, throughMesh } from './requests.ts'
import { succeeded } from './run.ts'
import type { Serin } from './serin.ts'

const PERIOD_SECONDS = 6

describe.skipIf(!SCRIPT_RUNS)('kubectl, prometheus, curl, jq and bc: canary-rollout.sh on a bad v2', () => {
  let serin: Serin
  beforeAll(async () => {
    serin = await startReviews({ LATENCY_MS: '2000' })
  })
  afterAll(() => serin?.stop())

  async function expectTakenBack({ script, http }: Rollout): Promise<void> {
    expect(script.code, script.stdout + script.stderr).toBe(1)
    expect(script.stdout).toMatch(/^ROLLING BACK: Setting 100% traffic to v1$/m)
    expect(script.stdout).toMatch(/Rollback complete\.\n$/)
    expect(script.stdout).not.toContain('75%')
    expect(http).toEqual([{ route: [{ destination: { host: 'reviews', subset: 'v1' }, weight: 100 }] }])
    expect(await tally(50, () => throughMesh(serin)({ url: REVIEWS }))).toEqual({ v1: 50 })
  }

  it('G53: a v2 that needs 2 s is seen in the P99, v1 has everything again, and the script ends with 1', async () => {
    const rollout = await rollOut(serin, PERIOD_SECONDS, 'as printed')
    expect(rollout.script.stdout).not.toContain('Error rate exceeds')
    expect(rollout.script.stdout).toMatch(/^ERROR: Latency exceeds threshold$/m)
    await expectTakenBack(rollout)
  })

  it('G53: a v2 that answers 500 is seen in the error rate, with the same end', async () => {
    const ip = ['get', 'pods', '-l', 'version=v2', '-o', 'jsonpath={.items[0].status.podIP}']
    const { stdout } = succeeded(await serin.kubectl(ip))
    const body = JSON.stringify({ errorRate: 1, latencyMs: 0 })
    expect((await fetch(`http://${stdout}:8080/behaviour`, { method: 'PUT', body })).status).toBe(200)
    const rollout = await rollOut(serin, PERIOD_SECONDS, 'as printed')
    expect(rollout.script.stdout).toMatch(/^ERROR: Error rate exceeds threshold$/m)
    await expectTakenBack(rollout)
  })
})
