import { describe, expect, it } from 'vitest'
import { timeToDetection, timeToProof, trafficOf } from './forecast.ts'
import { look, newGate } from './gate.ts'
import { gateSettings } from './settings.ts'

const HISTORY = { requests: 1_000_000, bad: 1_000, dispersion: 1 }
const GATE = newGate(gateSettings(), [5, 10, 25, 50], 0, [HISTORY])
const LOOK = 5_000

describe('timeToProof', () => {
  it('is some seventy requests of the canary for 5 points, some thousand for half a point', () => {
    const few = (timeToProof(GATE, { canary: 1, stable: 19 }, LOOK) / 1000) * 1
    expect(few).toBeGreaterThan(60)
    expect(few).toBeLessThan(110)
    const last = newGate(gateSettings(), [50], 0, [HISTORY])
    const many = timeToProof(last, { canary: 10, stable: 10 }, LOOK) / 100
    expect(many).toBeGreaterThan(800)
    expect(many).toBeLessThan(1_400)
  })

  it('grows with bursts, and is endless without traffic', () => {
    const bursty = newGate(gateSettings(), [5, 10], 0, [{ ...HISTORY, dispersion: 4 }])
    expect(timeToProof(bursty, { canary: 1, stable: 19 }, LOOK)).toBeGreaterThan(3.5 * timeToProof(GATE, { canary: 1, stable: 19 }, LOOK))
    expect(timeToProof(GATE, { canary: 0, stable: 19 }, LOOK)).toBe(Infinity)
  })

  it('is over when it is proven', () => {
    let gate = GATE
    for (let second = 5; second <= 60; second += 5) {
      const looks = [{ canaryRequests: 50, canaryBad: 0, stableRequests: 450, stableBad: 0 }]
      gate = look(gate, { kind: 'counts', at: second * 1000, looks })
    }
    expect(trafficOf(gate)).toEqual({ canary: 10, stable: 90 })
    expect(timeToProof(gate, { canary: 10, stable: 90 }, LOOK)).toBe(0)
  })
})

describe('trafficOf', () => {
  it('is of the present weight, not of those before it', () => {
    const looks = [{ canaryRequests: 50, canaryBad: 0, stableRequests: 450, stableBad: 0 }]
    const gate = look(newGate(gateSettings(), [10, 50], 0, [HISTORY]), { kind: 'counts', at: 5_000, looks })
    expect(trafficOf(gate)).toEqual({ canary: 10, stable: 90 })
    expect(trafficOf({ ...gate, step: 1 })).toEqual({ canary: 50, stable: 50 })
  })
})

describe('timeToDetection', () => {
  // Medians of simulated rollouts at 5 % weight, without the warm-up: +1 point at 100 requests a second 152 s, +5 points at 10 a second 217 s.
  it.each([
    [100, 0.01, 152],
    [10, 0.05, 217]
  ])('at %d requests a second of +%d is near what simulations show', (rate, more, seconds) => {
    const time = timeToDetection(GATE, 0, more, { traffic: { canary: 0.05 * rate, stable: 0.95 * rate }, look: LOOK }) / 1000
    expect(time).toBeGreaterThan(0.6 * seconds)
    expect(time).toBeLessThan(1.6 * seconds)
  })

  it('grows with bursts', () => {
    const bursty = newGate(gateSettings(), [5], 0, [{ ...HISTORY, dispersion: 4 }])
    const terms = { traffic: { canary: 5, stable: 95 }, look: LOOK }
    expect(timeToDetection(bursty, 0, 0.05, terms)).toBeGreaterThan(2.5 * timeToDetection(GATE, 0, 0.05, terms))
  })

  it('takes two looks at least, and for ever for what is tolerated', () => {
    const traffic = { canary: 500, stable: 9_500 }
    expect(timeToDetection(GATE, 0, 0.9, { traffic, look: LOOK })).toBe(10_000)
    expect(timeToDetection(GATE, 0, 0.0001, { traffic, look: LOOK })).toBe(Infinity)
  })
})
