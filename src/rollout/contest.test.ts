import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Contended, judgeContest, NO_CONTEST } from './contest.ts'

const DRIFT: Contended = { drifted: 'by others', urgent: false, interval: 60_000, now: 0 }

function kindsOf(times: readonly number[], urgent = false): readonly string[] {
  let contest = NO_CONTEST
  return times.map((now) => {
    const verdict = judgeContest(contest, { ...DRIFT, urgent, now })
    contest = verdict.contest
    return verdict.kind
  })
}

test('what somebody changes now and then is put right each time', () => {
  expect(kindsOf([0, 30_000, 60_000, 90_000, 120_000])).toEqual(Array(5).fill('correct'))
})

test('who answers within the interval is answered three times, then once an interval', () => {
  const seconds = Array.from({ length: 130 }, (_, at) => at * 1000)
  const corrected = kindsOf(seconds).flatMap((kind, at) => (kind === 'correct' ? [at] : []))
  expect(corrected).toEqual([0, 1, 2, 62, 122])
})

test('requests that go where they must not are put right once a second at most', () => {
  const tenths = Array.from({ length: 100 }, (_, at) => at * 100)
  const corrected = kindsOf(tenths, true).flatMap((kind, at) => (kind === 'correct' ? [at * 100] : []))
  expect(corrected).toEqual([0, 100, 200, 1200, 2200, 3200, 4200, 5200, 6200, 7200, 8200, 9200])
})

test('a contest ends once the routes were left alone for an interval', () => {
  const contest = { corrected: [0, 1, 2], contested: true }
  const quiet = (now: number): boolean => judgeContest(contest, { ...DRIFT, drifted: 'no', now }).contest.contested
  expect([quiet(59_000), quiet(60_002)]).toEqual([true, false])
})

test('whoever changes routes when: no more than three and one for each interval are put right, and none is withheld for longer than that', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ after: fc.nat(40_000), drifted: fc.boolean() }), { maxLength: 60 }), (moves) => {
      let [contest, now, corrections, longest] = [NO_CONTEST, 0, 0, 0]
      for (const { after, drifted } of moves) {
        now += after
        const verdict = judgeContest(contest, { ...DRIFT, drifted: drifted ? 'by others' : 'no', now })
        contest = verdict.contest
        if (verdict.kind === 'correct') corrections++
        longest = Math.max(longest, verdict.kind === 'withhold' ? verdict.wake : 0)
      }
      expect(longest).toBeLessThanOrEqual(60_000)
      expect(corrections).toBeLessThanOrEqual(3 * (Math.floor(now / 60_000) + 1))
    })
  )
})
