import { describe, expect, it } from 'vitest'
import { explained } from './explain.ts'
import { atStep, type Gate, look, newGate } from './gate.ts'
import type { Look } from './half-plane.ts'
import { countedAs, ERRORS, gateSettings, slowerThan } from './settings.ts'

const NAMES = { canary: 'v2', stable: 'v1', look: 5_000 }
const HISTORY = { requests: 1_000_000, bad: 1_000, dispersion: 1 }
const FINE: Look = { canaryRequests: 30, canaryBad: 0, stableRequests: 570, stableBad: 0 }

function begun(streams = [ERRORS]): Gate {
  return newGate(
    gateSettings(streams),
    [5, 10, 25, 50],
    0,
    streams.map(() => HISTORY)
  )
}

// So many equal looks, five seconds apart.
function looked(gate: Gate, times: number, ...looks: readonly Look[]): Gate {
  let now = gate
  for (let index = 0; index < times; index++) now = look(now, { kind: 'counts', at: now.lookedAt + 5_000, looks })
  return now
}

describe('explained', () => {
  it('says what a rollback is drawn from, and what the canary has cost', () => {
    const bad = looked(looked(begun(), 1, { ...FINE, canaryBad: 29, stableBad: 1 }), 1, { ...FINE, canaryBad: 29 })
    expect(explained(bad, NAMES)).toBe(
      "v2 rolled back after 10 s at 5 %: 58 of v2's 60 requests failed, against 1 of 1,140 on v1 in the same seconds. " +
        'If v2 were within tolerance, evidence this strong would appear in fewer than 1 of 800 rollouts (limit 1 of 100). ' +
        '58 user requests failed because of v2.'
    )
  })

  it('says it of latency', () => {
    const slow = looked(begun([ERRORS, slowerThan(500)]), 20, FINE, { ...FINE, canaryBad: 12 })
    expect(explained(slow, NAMES)).toContain(' requests were slower than 500 ms, against 0 of ')
    expect(explained(slow, NAMES)).toContain('user requests were slower than 500 ms because of v2.')
  })

  it('says it of events that others count', () => {
    const bad = looked(begun([ERRORS, countedAs('checkout')]), 20, FINE, { ...FINE, canaryRequests: 9, canaryBad: 8 })
    expect(explained(bad, NAMES)).toMatch(/: (\d+) of v2's \d+ checkout events were bad, against 0 of [\d,]+ on v1 in the same seconds\./)
    expect(explained(bad, NAMES)).toMatch(/ user checkout events were bad because of v2\.$/)
    const few = looked(begun([ERRORS, countedAs('checkout')]), 12, FINE, { ...FINE, canaryRequests: 1, canaryBad: 0 })
    expect(explained(few, NAMES)).toMatch(
      /^Holding at 5 %: 12 v2 checkout events so far; about \d+ min more at this traffic to exclude \+5 points\.$/
    )
  })

  it('says what an advance has excluded', () => {
    const proven = atStep(looked(begun(), 12, FINE), 1, 60_000)
    expect(explained(looked(proven, 12, { ...FINE, canaryRequests: 60 }), NAMES)).toBe(
      'Advanced to 25 %: with 95 % confidence v2 fails at most 2 points more than v1, which is what 25 % requires. 1,080 v2 requests compared.'
    )
  })

  it('allows for a quarter of what stable fails beside what is excluded', () => {
    const proven = atStep(looked(begun(), 12, FINE), 1, 60_000)
    const gate = looked(proven, 12, { ...FINE, canaryRequests: 60 })
    const streams = gate.streams.map((state) => ({ ...state, total: { ...state.total, stableBad: 0.02 * state.total.stableRequests } }))
    expect(explained({ ...gate, streams }, NAMES)).toContain('v2 fails at most 2.5 points more than v1')
  })

  it.each([
    ['warm-up', looked(begun(), 2, FINE), 'Holding at 5 %: v2 warms up for another 20 s.'],
    ['the end of the warm-up, a look at least', looked(begun(), 6, FINE), 'Holding at 5 %: v2 warms up for another 5 s.'],
    [
      'warm-up at a new weight, until it is in force and settled',
      looked(atStep(looked(begun(), 8, FINE), 1, 40_000), 1, FINE),
      'Holding at 10 %: v2 warms up for another 7 s.'
    ],
    ['dwell', looked(atStep(looked(begun(), 8, FINE), 1, 40_000), 4, FINE), 'Holding at 10 %: the shortest stay at a weight is 30 s.'],
    [
      'an outage of both',
      looked(looked(begun(), 8, FINE), 2, { canaryRequests: 30, canaryBad: 10, stableRequests: 570, stableBad: 190 }),
      'Holding at 5 %: v1 itself fails 11 % of its requests, v2 6.7 % so far; not blamed on v2.'
    ],
    [
      'suspicion',
      looked(looked(begun(), 12, FINE), 2, { ...FINE, canaryBad: 2 }),
      "Holding at 5 %: evidence against v2 grows: 4 of v2's 420 requests failed, against 0 of 7,980 on v1 in the same seconds (1 of 5, rolled back at 1 of 100)."
    ],
    [
      'too few requests',
      looked(begun(), 12, { ...FINE, canaryRequests: 2 }),
      'Holding at 5 %: 24 v2 requests so far; about 3 min more at this traffic to exclude +5 points.'
    ],
    [
      'far too few requests',
      looked(begun(), 121, { ...FINE, canaryRequests: 0 }),
      'Holding at 5 %: 0 v2 requests in 10 min are too few to exclude +5 points. Promote it by hand, or say that a larger difference is the smallest that matters.'
    ],
    [
      'too few requests since a later step began',
      { ...looked(begun(), 121, { ...FINE, canaryRequests: 0 }), stepAt: 300_000 },
      'Holding at 5 %: 0 v2 requests in 5 min are too few to exclude +5 points.'
    ],
    [
      'what will be proven at the next look',
      { ...looked(begun(), 12, FINE), verdict: { kind: 'hold', reason: 'not-proven' } as const },
      'Holding at 5 %: 360 v2 requests so far; about 5 s more at this traffic to exclude +5 points.'
    ],
    ['no traffic', looked(begun(), 12, { ...FINE, canaryRequests: 0 }), 'without traffic there is no time to exclude +5 points.'],
    [
      'no counts',
      look(looked(begun(), 1, FINE), { kind: 'missing', at: 20_000, counts: 'expected' }),
      'Holding at 5 %: no counts of v2 and v1 for the same seconds.'
    ],
    [
      'blind',
      look(looked(begun(), 1, FINE), { kind: 'missing', at: 70_000, counts: 'expected' }),
      'Traffic taken off v2: no counts of it for 60 s; not blamed on it.'
    ],
    [
      'an outage without end',
      looked(begun(), 70, { canaryRequests: 30, canaryBad: 10, stableRequests: 570, stableBad: 190 }),
      'Traffic taken off v2: v1 itself fails 33 % of its requests, v2 33 % so far for 5 min; not blamed on it.'
    ]
  ])('says why it does nothing: %s', (_, gate, sentence) => {
    expect(explained(gate, NAMES)).toContain(sentence)
  })

  it('names what is lacking where it is latency, and a canary without a name as what it is', () => {
    const slow = looked(begun([ERRORS, slowerThan(500)]), 10, FINE, { ...FINE, canaryBad: 15, stableBad: 285 })
    expect(explained({ ...slow, verdict: { kind: 'hold', reason: 'not-proven' } }, { ...NAMES, canary: 'the canary' })).toMatch(
      /^Holding at 5 %: 300 requests of the canary so far; about \d+ (s|min) more at this traffic to exclude \+10 points slower than 500 ms\.$/
    )
  })

  it('begins with a capital letter where the canary has no name', () => {
    const bad = looked(begun(), 2, { ...FINE, canaryBad: 29 })
    expect(explained(bad, { ...NAMES, canary: 'the canary' })).toMatch(/^The canary rolled back after 10 s at 5 %: /)
  })

  it('names the stream that is suspect by history alone', () => {
    const gate = looked(begun([ERRORS, slowerThan(500, 0.01)]), 12, FINE, FINE)
    const streams = gate.streams.map((state, index) => (index === 0 ? state : { ...state, relative: [-9], absolute: [1] }))
    expect(explained({ ...gate, streams, verdict: { kind: 'hold', reason: 'suspicion' } }, NAMES)).toContain(
      "evidence against v2 grows: 0 of v2's 360 requests were slower than 500 ms"
    )
  })

  it('says of a step that is not taken yet that it is safe', () => {
    const gate = looked(begun(), 12, FINE)
    expect(explained(gate, NAMES)).toMatch(/^Advanced to 10 %: /)
    expect(explained(gate, { ...NAMES, advance: 'proven' })).toMatch(/^Safe for 10 %: with 95 % confidence/)
  })

  it('says that proof is weak', () => {
    const gate = newGate(gateSettings(), [20], 0, [HISTORY])
    expect(explained(looked(gate, 120, { ...FINE, canaryRequests: 4 }), NAMES)).toContain(
      'Promoted: with weak evidence only v2 fails at most'
    )
  })
})
