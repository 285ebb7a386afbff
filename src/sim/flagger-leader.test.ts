import { describe, expect, it } from 'vitest'
import { documented } from '../../test/rehearsal-objects.ts'
import { FlaggerLeader } from './flagger-leader.ts'
import { manyRuns, oneRun, outcomesOf } from './outcomes.ts'
import { GOOD } from './regression.ts'
import { type Disturbance, USUAL } from './service.ts'

const RUNS = 200

interface Asked {
  readonly rate?: number
  readonly base?: number
  readonly errors?: number
  readonly disturbance?: Disturbance
  readonly analysis?: Record<string, unknown>
}

function scenarioOf({ rate = 100, base = 0.001, errors = 0, disturbance = 'calm' }: Asked) {
  return { service: { ...USUAL, rate, errors: base }, regression: { ...GOOD, errors }, disturbance }
}

function outcomes(asked: Asked) {
  const { plan } = documented(asked.analysis)
  return outcomesOf(manyRuns(() => new FlaggerLeader(plan, USUAL.edges), scenarioOf(asked), { runs: RUNS, seed: 1 }))
}

describe('Flagger with its documented defaults', () => {
  // Medians of thousands of runs of another program: seconds to 0 %, failed requests.
  it.each([
    [100, 0.05, 362, 185],
    [100, 0.2, 362, 727],
    [1_000, 0.05, 362, 1_846],
    [10, 0.2, 362, 72]
  ])('at %d requests a second and +%d takes as long as another simulation says', (rate, errors, seconds, failed) => {
    const found = outcomes({ rate, errors })
    expect(found.rolledBack.count).toBe(RUNS)
    expect(found.toZero?.median).toBe(seconds)
    expect((found.failed?.median ?? 0) / failed).toBeGreaterThan(0.97)
    expect((found.failed?.median ?? 0) / failed).toBeLessThan(1.03)
  })

  it('promotes a good canary a tick after the last weight passed, and misses what is within its line', () => {
    const good = outcomes({})
    expect([good.promoted.count, good.toAll?.median]).toEqual([RUNS, 362])
    expect(outcomes({ errors: 0.005 }).promoted.count).toBe(RUNS)
  })

  it('rolls back near half of the good canaries of a service that fails 1 %', () => {
    const { rolledBack } = outcomes({ base: 0.01 })
    expect(rolledBack.low).toBeLessThan(0.5)
    expect(rolledBack.high).toBeGreaterThan(0.39)
  })

  it('rolls back nearly all of them for an outage of both versions when it is set quick', () => {
    const analysis = {
      interval: '30s',
      threshold: 2,
      metrics: [{ name: 'request-success-rate', interval: '30s', thresholdRange: { min: 99 } }]
    }
    expect(outcomes({ disturbance: 'outage', analysis }).rolledBack.low).toBeGreaterThan(0.95)
  })

  it('takes no data for a failed check, and gives traffic back by steps', () => {
    expect(outcomes({ rate: 0 }).rolledBack.count).toBe(RUNS)
    expect(outcomes({ analysis: { stepWeightPromotion: 25 } }).toAll?.median).toBe(422)
  })

  it('goes up its ladder a tick at a time', () => {
    const { plan } = documented({ stepWeight: undefined, stepWeights: [5, 20, 60] })
    expect(oneRun(new FlaggerLeader(plan, USUAL.edges), scenarioOf({}), 1).weights).toEqual([
      { at: 0, weight: 5 },
      { at: 60, weight: 20 },
      { at: 120, weight: 60 }
    ])
  })
})
