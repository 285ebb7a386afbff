import { describe, expect, it } from 'vitest'
import type { ArgoMetric, ArgoPlan, ArgoStep } from '../convert/argo-plan.ts'
import type { Condition } from '../convert/condition.ts'
import type { RequestQuery } from '../convert/request-query.ts'
import { ARGO_SAMPLE, ArgoLeader } from './argo-leader.ts'
import { manyRuns, outcomesOf } from './outcomes.ts'
import { GOOD } from './regression.ts'
import { USUAL } from './service.ts'

const RUNS = 100
const [SUCCESS] = ARGO_SAMPLE.background
if (SUCCESS === undefined) throw new Error('the sample measures')

const atLeast =
  (least: number): Condition =>
  (result) =>
    result === undefined ? 'error' : result >= least
const share = (window: number): RequestQuery => ({
  kind: 'arithmetic',
  operator: '/',
  left: { kind: 'count', of: 'succeeded', window, each: 'second' },
  right: { kind: 'count', of: 'all', window, each: 'second' }
})
const ladder = (weights: readonly number[], seconds: number): readonly ArgoStep[] =>
  weights.flatMap((weight): readonly ArgoStep[] => [
    { kind: 'weigh', weight },
    { kind: 'pause', seconds }
  ])

// A quicker plan: two minutes at each weight, a measurement a minute.
const MINUTE: ArgoMetric = { ...SUCCESS, query: share(60), interval: 60, success: atLeast(0.99) }
const ARGO_MINUTE: ArgoPlan = { steps: ladder([10, 25, 50, 75], 120), background: [MINUTE], startingStep: 0 }

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

  // Two minutes at 10 %, then an analysis of three measurements, and one failure is too many.
  it('takes an analysis as a step, and promotes when it has measured enough', () => {
    const three: ArgoMetric = { ...MINUTE, interval: 30, count: 3, failureLimit: 0 }
    const plan: ArgoPlan = { steps: [...ladder([10], 120), { kind: 'analyse', metrics: [three] }], background: [], startingStep: 0 }
    expect(outcomes(plan, 0).toAll?.median).toBe(120 + 60 + 2)
    expect(outcomes(plan, 0.2)).toMatchObject({ rolledBack: { count: RUNS }, toZero: { median: 122, p95: 122 } })
  })

  it('begins the analysis in the background with the step that is named', () => {
    const metric: ArgoMetric = { ...MINUTE, failureLimit: 0 }
    const from = (startingStep: number) => outcomes({ ...ARGO_MINUTE, background: [metric], startingStep }, 0.2).toZero?.median
    expect([from(0), from(1), from(2), from(4)]).toEqual([62, 62, 122, 242])
  })

  it('counts what Prometheus has no value for as an error, and is aborted after too many in a row', () => {
    const failures: ArgoMetric = {
      ...MINUTE,
      query: { kind: 'count', of: 'failed', window: 60, each: 'window' },
      success: (result) => (result === undefined ? 'error' : true)
    }
    const plan: ArgoPlan = { ...ARGO_MINUTE, background: [failures] }
    expect(outcomes(plan, 0, 0)).toMatchObject({ rolledBack: { count: RUNS }, toZero: { median: 242 } })
    const zero: RequestQuery = { kind: 'or', left: failures.query, right: { kind: 'number', value: 0 } }
    expect(outcomes({ ...plan, background: [{ ...failures, query: zero }] }, 0, 0).promoted.count).toBe(RUNS)
  })

  it('waits for a person where a measurement is neither', () => {
    const between: ArgoMetric = { ...MINUTE, success: atLeast(1.1), failure: () => false, inconclusiveLimit: 1 }
    const found = outcomes({ ...ARGO_MINUTE, background: [between] }, 0)
    expect([found.rolledBack.count, found.promoted.count]).toEqual([0, 0])
  })
})
