import { describe, expect, it } from 'vitest'
import { canaryOf } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { noticesOf } from './notices.ts'
import { autoLadder, autoLadderAt, PACE, paceOf, startWeight } from './pace.ts'
import { planOf } from './plan.ts'

const NO_WEIGHTS = { stepWeight: undefined, maxWeight: undefined }

function asking(pace: string, analysis: Record<string, unknown> = {}, spec: Record<string, unknown> = {}): KubeObject {
  const canary = canaryOf(analysis, spec)
  return { ...canary, metadata: { ...canary.metadata, annotations: { [PACE]: pace } } }
}

describe('the annotation', () => {
  it.each([
    ['interval', {}, 'interval', [20, 40]],
    ['evidence', {}, 'evidence', [20, 40]],
    ['evidence', NO_WEIGHTS, 'evidence', [5, 10, 25, 50]],
    ['evidence, ladder=own', NO_WEIGHTS, 'evidence', [100]],
    ['evidence,ladder = auto', {}, 'evidence', [5, 10, 25, 50]]
  ])('%s with %j asks for the pace of the %s on the ladder %j', (text, analysis, pace, ladder) => {
    expect(planOf(asking(text, analysis))).toMatchObject({ pace, strategy: { kind: 'weighted', ladder } })
    expect(noticesOf(asking(text, analysis))).toEqual([])
  })

  it('that cannot be read leaves the interval, and is told', () => {
    expect(paceOf(asking('fast')).asked).toEqual({ pace: 'interval', ladder: 'own' })
    expect(noticesOf(asking('evidence, ladder=steep'))).toEqual([
      {
        path: `metadata.annotations[${PACE}]`,
        kind: 'read-otherwise',
        text: '"evidence, ladder=steep": must be evidence, interval, or evidence with ladder=auto or ladder=own as in "evidence, ladder=auto"; the interval is used'
      }
    ])
  })

  it.each([
    [
      'a match',
      asking('evidence', { match: [{ headers: { a: { exact: 'b' } } }] }),
      {},
      /the gate compares versions in rollouts by weights/
    ],
    ['iterations', asking('evidence', { ...NO_WEIGHTS, iterations: 3 }), {}, /the gate compares versions/],
    ['connections', asking('evidence', { metrics: [] }, { service: { port: 80, appProtocol: 'tcp' } }), {}, /the gate compares versions/],
    ['no counters', asking('evidence'), { counters: 'none' as const }, /this controller reads no counters of requests/]
  ])('is not used with %s, which is told', (_, canary, around, text) => {
    expect(noticesOf(canary, around).map((notice) => notice.text)).toEqual([expect.stringMatching(text)])
  })

  it('is not used where thresholds decide alone, which is told', () => {
    const canary = asking('evidence')
    const annotations = { ...canary.metadata.annotations, 'serin.dev/gate': 'thresholds' }
    const notices = noticesOf({ ...canary, metadata: { ...canary.metadata, annotations } })
    expect(notices.map(({ text }) => text)).toEqual(['is not used: serin.dev/gate wants thresholds alone'])
  })
})

describe('the ladder of the traffic', () => {
  it.each([
    [1000, 1],
    [100, 1],
    [20, 4],
    [10, 8],
    [1, 20],
    [0, 20]
  ])('begins at %d requests a second with %d %%', (rate, weight) => {
    expect(startWeight(rate, 5_000, 2_000)).toBe(weight)
  })

  it('has the weight in it where a rollout is, after those that come before', () => {
    expect([1, 12, 5, 25, 50, 80].map((weight) => autoLadderAt(weight).join())).toEqual([
      '1,5,10,25,50',
      '12,25,50',
      '5,10,25,50',
      '5,10,25,50',
      '5,10,25,50',
      '80'
    ])
  })

  it('goes on from the first weight', () => {
    expect([autoLadder(), autoLadder(1), autoLadder(20), autoLadder(50)]).toEqual([[5, 10, 25, 50], [1, 5, 10, 25, 50], [20, 25, 50], [50]])
  })
})
