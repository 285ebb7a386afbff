import { describe, expect, it } from 'vitest'
import { documented } from '../../test/rehearsal-objects.ts'
import { seeded } from '../std/draw.ts'
import { manyRuns, oneRun, outcomesOf } from './outcomes.ts'
import { slicesFor } from './past.ts'
import { prepared, SerinLeader } from './serin-leader.ts'
import { GOOD, type Regression } from './regression.ts'
import { type Disturbance, USUAL } from './service.ts'

const RUNS = 20

interface Asked {
  readonly rate?: number
  readonly errors?: number
  readonly regression?: Regression
  readonly disturbance?: Disturbance
  readonly annotations?: Record<string, string>
  readonly analysis?: Record<string, unknown>
}

function leaderFor({ rate = 100, errors = 0.001, regression = GOOD, disturbance = 'calm', annotations, analysis }: Asked) {
  const service = { ...USUAL, rate, errors }
  const slices = slicesFor({ service, disturbance }, seeded(3))
  const ready = prepared(documented(analysis, annotations), slices, USUAL.edges)
  return { make: () => new SerinLeader(ready), scenario: { service, regression, disturbance } }
}

function outcomes(asked: Asked) {
  const { make, scenario } = leaderFor(asked)
  return outcomesOf(manyRuns(make, scenario, { runs: RUNS, seed: 1 }))
}

const failing = (errors: number): Regression => ({ ...GOOD, errors })

describe('the controller on a bad canary', () => {
  // Medians of thousands of runs of another program with the same gate: seconds to 0 %, failed requests.
  it.each([
    [100, 0.05, 47, 26],
    [100, 0.2, 12, 29],
    [100, 0.99, 12, 120],
    [1_000, 0.05, 42, 215],
    [10, 0.2, 47, 9]
  ])('at %d requests a second and +%d rolls back about as soon as another simulation says', (rate, errors, seconds, failed) => {
    const found = outcomes({ rate, regression: failing(errors) })
    expect(found.rolledBack.count).toBe(RUNS)
    expect(found.byChecks).toBe(0)
    expect(Math.abs((found.toZero?.median ?? 0) - seconds)).toBeLessThanOrEqual(10)
    expect((found.failed?.median ?? 0) / failed).toBeGreaterThan(0.7)
    expect((found.failed?.median ?? 0) / failed).toBeLessThan(1.4)
  })

  it('finds it by its latency too, and when it is bad only from a larger weight on', () => {
    expect(outcomes({ regression: { ...GOOD, slower: 3 } }).toZero?.median).toBeLessThan(60)
    expect(outcomes({ regression: { errors: 0.05, slower: 1, fromWeight: 25 } }).rolledBack.count).toBe(RUNS)
  })

  it('leaves it to its thresholds where they are to decide alone, in the tick of the failure that is one too many', () => {
    const found = outcomes({ regression: failing(0.05), annotations: { 'serin.dev/gate': 'thresholds' } })
    expect(found.byChecks).toBe(RUNS)
    expect(found.toZero?.median).toBe(302)
  })
})

describe('the controller on a good canary', () => {
  it.each<[Disturbance]>([['calm'], ['storms'], ['blips'], ['outage'], ['mild-outage'], ['cold-start'], ['cold-steps']])(
    'promotes it: %s',
    (disturbance) => {
      // Its thresholds fail such a minute once or twice: what is judged here is the gate.
      const found = outcomes({ disturbance, analysis: { threshold: 20 } })
      expect(found.rolledBack.count).toBe(0)
      expect(found.promoted.count).toBe(RUNS)
    }
  )

  it('takes its ladder as long as it is, and the pods of the primary', () => {
    const found = outcomes({})
    expect(found.toAll).toEqual({ median: 307, p95: 307 })
  })

  it('takes an interval more for each step back to the primary', () => {
    expect(outcomes({ analysis: { stepWeightPromotion: 25 } }).toAll?.median).toBe(422)
  })

  it('is rolled back by thresholds within its noise, which are the rollout own', () => {
    const found = outcomes({ errors: 0.02 })
    expect(found.byChecks).toBe(found.rolledBack.count)
    expect(found.byChecks).toBeGreaterThan(RUNS / 2)
  })
})

describe('the controller at the pace of the evidence', () => {
  const annotations = { 'serin.dev/pace': 'evidence' }
  const analysis = { threshold: 20, stepWeight: undefined, stepWeights: [5, 10, 25, 50] }

  it.each<[Disturbance]>([['calm'], ['storms'], ['blips'], ['outage'], ['mild-outage'], ['cold-start'], ['cold-steps']])(
    'promotes a good canary, %s',
    (disturbance) => {
      const found = outcomes({ disturbance, annotations, analysis })
      expect([found.rolledBack.count, found.promoted.count]).toEqual([0, RUNS])
    }
  )

  it('takes less than half of the time of a clock, and finds what shows from a larger weight on alone', () => {
    expect(outcomes({ annotations, analysis }).toAll?.median).toBeLessThan(181)
    const late = outcomes({ annotations, analysis, regression: { errors: 0.05, slower: 1, fromWeight: 25 } })
    expect(late.rolledBack.count).toBe(RUNS)
  })
})

describe('one rollout', () => {
  it('is the same again with the same seed, weight by weight', () => {
    const { make, scenario } = leaderFor({ regression: failing(0.01) })
    expect(oneRun(make(), scenario, 5)).toEqual(oneRun(make(), scenario, 5))
    expect(oneRun(make(), scenario, 5)).not.toEqual(oneRun(make(), scenario, 6))
  })

  it('says why it was rolled back in the sentence of the gate', () => {
    const { make, scenario } = leaderFor({ regression: failing(0.2) })
    const run = oneRun(make(), scenario, 5)
    expect(run.because).toMatch(/^The canary rolled back after \d+ s at 10 %: \d+ of the canary's \d+ requests failed, against/)
    expect(run.weights).toEqual([
      { at: 0, weight: 10 },
      { at: run.seconds - 2, weight: 0 }
    ])
  })
})
