import { describe, expect, it } from 'vitest'
import type { History } from './history.ts'
import { ERRORS, slowerThan } from './settings.ts'
import { evidenceOf, type LookTerms, newStream, proofFor, proofMargins, type StreamState, streamAfter } from './stream.ts'

const HISTORY: History = { requests: 100_000, bad: 100, dispersion: 1 }
const CALM = { canaryRequests: 50, canaryBad: 0, stableRequests: 450, stableBad: 0 }
const TERMS: LookTerms = { mass: 0.4, proofMass: 0.7, waiting: 0.6, warmingUp: false, stableNormal: true, seconds: 5 }

function after(looks: readonly (typeof CALM)[], terms: Partial<LookTerms> = {}, settings = ERRORS, history = HISTORY): StreamState {
  return looks.reduce(
    (state, look, index) =>
      streamAfter(state, look, { ...TERMS, ...(index === 0 ? {} : { mass: 0, proofMass: 0 }), ...terms }, { settings, history }),
    newStream(settings)
  )
}

describe('evidence against a canary', () => {
  it('is worth nothing before the first look', () => {
    expect(evidenceOf(newStream(ERRORS), 1)).toBe(0)
  })

  it('sinks while the canary is fine, to what has not been staked', () => {
    const evidence = evidenceOf(after(Array.from({ length: 400 }, () => CALM)), 0.6)
    expect(Math.exp(evidence)).toBeCloseTo(0.6)
  })

  it('needs two looks, however bad the first is', () => {
    const bad = { ...CALM, canaryBad: 50 }
    expect(evidenceOf(after([bad]), 0.6)).toBeLessThan(Math.log(100))
    expect(evidenceOf(after([bad, bad]), 0.6)).toBeGreaterThan(Math.log(100))
  })

  it('needs as long however often it is looked at: a burst of a few seconds is one', () => {
    const bad = { ...CALM, canaryRequests: 10, canaryBad: 10, stableRequests: 90 }
    const seconds = (count: number): number =>
      evidenceOf(
        after(
          Array.from({ length: count }, () => bad),
          { seconds: 1 }
        ),
        0.6
      )
    expect(seconds(3)).toBeLessThan(Math.log(100))
    expect(seconds(7)).toBeGreaterThan(Math.log(100))
  })

  it('does not rise in an outage of both versions', () => {
    const outage = { canaryRequests: 50, canaryBad: 15, stableRequests: 450, stableBad: 135 }
    expect(
      evidenceOf(
        after(
          Array.from({ length: 20 }, () => outage),
          { stableNormal: false }
        ),
        0.6
      )
    ).toBeLessThan(Math.log(2))
  })

  it('takes a wide margin while the canary warms up, and no bets on its latency', () => {
    const slow = { ...CALM, canaryBad: 2 }
    const strict = evidenceOf(after([slow, slow, slow]), 0.6)
    expect(strict).toBeGreaterThan(Math.log(20))
    expect(evidenceOf(after([slow, slow, slow], { warmingUp: true }), 0.6)).toBeLessThan(Math.log(2))
    const latency = after([{ ...CALM, canaryBad: 50 }], { warmingUp: true }, slowerThan(500))
    expect(evidenceOf(latency, 0.6)).toBeCloseTo(0)
  })

  it('counts the history of stable only where there is one, and only while stable is within it', () => {
    const bad = { canaryRequests: 3, canaryBad: 2, stableRequests: 4, stableBad: 0 }
    const looks = Array.from({ length: 6 }, () => bad)
    const both = evidenceOf(after(looks), 0.6)
    expect(both).toBeGreaterThan(evidenceOf(after(looks, { stableNormal: false }), 0.6))
    const young = after(looks, {}, ERRORS, { requests: 100, bad: 0, dispersion: 1 })
    expect(young.absolute.every((wealth) => wealth === -Infinity)).toBe(true)
  })

  it('counts an objective as tolerated whatever history says', () => {
    const bad = { canaryRequests: 100, canaryBad: 4, stableRequests: 10, stableBad: 0 }
    const lax = after([bad, bad, bad, bad], {}, slowerThan(500, 0.05))
    const strict = after([bad, bad, bad, bad], {}, slowerThan(500, 0.001))
    expect(lax.absolute[2]).toBeLessThan(strict.absolute[2] ?? 0)
  })
})

describe('proof that a canary is safe', () => {
  it('comes sooner for larger differences', () => {
    const state = after(Array.from({ length: 10 }, () => CALM))
    expect([...state.proofs].toSorted((a, b) => a - b)).toEqual([...state.proofs])
    expect(proofFor(state, 0.1, ERRORS)).toBeGreaterThan(Math.log(20))
    expect(proofFor(state, 0.005, ERRORS)).toBeLessThan(Math.log(20))
  })

  it('is that of the largest difference kept which is no larger than the one asked for', () => {
    const state = after([CALM])
    expect(proofMargins(ERRORS)).toEqual([0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5])
    expect(proofFor(state, 0.0167, ERRORS)).toBe(state.proofs[2])
    expect(proofFor(state, 0.02, ERRORS)).toBe(state.proofs[3])
    expect(proofFor(state, 0.0001, ERRORS)).toBe(-Infinity)
  })

  it('allows for a quarter more than stable fails beside the difference', () => {
    const proofAt = (canaryBad: number): number => {
      const looks = Array.from({ length: 20 }, () => ({ canaryRequests: 1_000, canaryBad, stableRequests: 9_000, stableBad: 900 }))
      return proofFor(after(looks, {}, ERRORS, { requests: 100_000, bad: 10_000, dispersion: 1 }), 0.005, ERRORS)
    }
    expect(proofAt(110)).toBeGreaterThan(0)
    expect(proofAt(140)).toBeLessThan(0)
  })

  it('falls with each failure of the canary', () => {
    const fine = after([CALM, CALM])
    const worse = after([CALM, { ...CALM, canaryBad: 3 }])
    expect(proofFor(worse, 0.05, ERRORS)).toBeLessThan(proofFor(fine, 0.05, ERRORS))
  })
})

it('forgets half of what stable did in thirty seconds', () => {
  const state = after([CALM], { seconds: 30 })
  expect(state.recentRequests).toBeCloseTo(225)
})
