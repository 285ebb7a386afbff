import { describe, expect, it } from 'vitest'
import { ARGO_SAMPLE, ArgoLeader, type ArgoPlan } from './argo-leader.ts'
import { manyRuns, outcomesOf } from './outcomes.ts'
import { GOOD } from './regression.ts'
import { USUAL } from './service.ts'

const RUNS = 100
// A quicker plan: two minutes at each weight, a measurement a minute.
const ARGO_MINUTE: ArgoPlan = { weights: [10, 25, 50, 75], pause: 120, interval: 60, least: 99, most: 500, failureLimit: 3 }

function outcomes(plan: ArgoPlan, errors: number, base = 0.001) {
  const scenario = { service: { ...USUAL, rate: 100, errors: base }, regression: { ...GOOD, errors }, disturbance: 'calm' } as const
  return outcomesOf(manyRuns(() => new ArgoLeader(plan, USUAL.edges), scenario, { runs: RUNS, seed: 1 }))
}

describe('Argo Rollouts', () => {
  // Medians of another program: seconds to 0 %, failed requests.
  it.each([
    [0.05, 1_802, 3_608],
    [0.2, 1_202, 7_244]
  ])('with the sample of its documentation and +%d takes as long as another simulation says', (errors, seconds, failed) => {
    const found = outcomes(ARGO_SAMPLE, errors)
    expect(found.rolledBack.count).toBeGreaterThan(0.85 * RUNS)
    // One measurement more or less: 5.1 % is near the line of 5 %.
    expect(Math.abs((found.toZero?.median ?? 0) - seconds)).toBeLessThanOrEqual(300)
    expect((found.failed?.median ?? 0) / failed).toBeGreaterThan(0.7)
    expect((found.failed?.median ?? 0) / failed).toBeLessThan(1.1)
  })

  it('promotes after the last pause', () => {
    expect(outcomes(ARGO_SAMPLE, 0).toAll?.median).toBe(2_402)
    expect(outcomes(ARGO_MINUTE, 0).toAll?.median).toBe(482)
  })

  it('is aborted at the fourth failed measurement of a quicker plan, a good canary too where 1 % fails', () => {
    expect(outcomes(ARGO_MINUTE, 0.05).toZero?.median).toBe(242)
    expect(outcomes(ARGO_MINUTE, 0, 0.01).rolledBack.low).toBeGreaterThan(0.3)
  })
})
