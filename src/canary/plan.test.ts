import { expect, test } from 'vitest'
import { canaryOf } from '../../test/rollout-objects.ts'
import { type Plan, planOf } from './plan.ts'

// A Canary with nothing in its analysis but this.
const planned = (analysis: Record<string, unknown>): Plan => {
  const canary = canaryOf()
  return planOf({ ...canary, spec: { ...Object(canary['spec']), analysis } })
}

// flagger.md 8.2, scheduler_svc_test, and 2.7.
test.each([
  [{ stepWeight: 20, maxWeight: 50 }, [20, 40, 60]],
  [{ stepWeight: 50, maxWeight: 100 }, [50, 100]],
  [{ stepWeights: [1, 2, 10, 80] }, [1, 2, 10, 80]],
  [{ stepWeights: [1, 2, 10, 200] }, [1, 2, 10, 100]],
  [{ stepWeights: [10, 5, 10, 30] }, [10, 30]],
  [{ stepWeight: 30 }, [30, 60, 90, 100]],
  [{}, [100]]
])('%j goes through %j', (analysis, ladder) => {
  expect(planned(analysis).strategy).toEqual({ kind: 'weighted', ladder, mirror: undefined })
})

// flagger.md 1.4.
test.each([
  [
    { iterations: 3, match: [{ headers: {} }] },
    { kind: 'a/b', iterations: 3 }
  ],
  [{ iterations: 3 }, { kind: 'blue-green', iterations: 3, mirror: undefined }],
  [
    { iterations: 3, mirror: true, mirrorWeight: 20 },
    { kind: 'blue-green', iterations: 3, mirror: { percent: 20 } }
  ],
  [
    { stepWeight: 50, match: [{ headers: {} }] },
    { kind: 'weighted', ladder: [50, 100], mirror: undefined }
  ],
  [
    { stepWeights: [7], mirror: true },
    { kind: 'weighted', ladder: [7], mirror: { percent: undefined } }
  ]
])('%j is %j', (analysis, strategy) => {
  expect(planned(analysis).strategy).toEqual(strategy)
})

test('defaults are those of Flagger', () => {
  expect(planned({ interval: '1s' })).toMatchObject({
    apex: 'api',
    interval: 10_000,
    threshold: 1,
    stepWeightPromotion: 0,
    canaryReadyThreshold: 100,
    progressDeadline: 600_000,
    skipAnalysis: false,
    noData: 'hold'
  })
  expect(planned({}).interval).toBe(60_000)
})
