import { describe, expect, it } from 'vitest'
import { binomial, poisson } from '../sim/chance.ts'
import { seeded } from '../std/draw.ts'
import { sidesOf, timeToDetection, timeToProof, trafficOf } from './forecast.ts'
import { atStep, type Gate, look, newGate } from './gate.ts'
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
    // What a workload of somebody's own gets does not follow the weight; the canary had 10 % in all but the push delay.
    const own = { ...gate, step: 1, settings: { ...gate.settings, stableShare: 'its own' as const } }
    expect(trafficOf(own)?.stable).toBe(90)
    expect(trafficOf(own)?.canary).toBeCloseTo(50 * (5 / 3))
  })
})

type Known = Parameters<typeof sidesOf>[2]

/** A gate whose canary is as good as stable, by the seed; so many requests a second, and no push delay. */
function played(seed: number, stableShare: Known, rate: number): (gate: Gate) => Gate {
  const draw = seeded(seed)
  return (gate) => {
    const sides = sidesOf(rate, (gate.ladder[gate.step] ?? 100) / 100, stableShare)
    const [canaryRequests, stableRequests] = [poisson(draw, 5 * sides.canary), poisson(draw, 5 * sides.stable)]
    const [canaryBad, stableBad] = [binomial(draw, canaryRequests, 0.001), binomial(draw, stableRequests, 0.001)]
    return look(gate, { kind: 'counts', at: gate.lookedAt + LOOK, looks: [{ canaryRequests, canaryBad, stableRequests, stableBad }] })
  }
}

/** How long the proof of the second step took, by how long it was said to take when it was first missing; 1 where it never was. */
function tookBySaid(seed: number, stableShare: Known): number {
  const next = played(seed, stableShare, 20)
  let gate = newGate(gateSettings(undefined, { stableShare, pushDelay: 0 }), [5, 10, 25, 50], 0, [HISTORY])
  while (gate.verdict.kind === 'hold') gate = next(gate)
  gate = atStep(gate, 1, gate.lookedAt)
  while (gate.verdict.kind === 'hold' && gate.verdict.reason !== 'not-proven') gate = next(gate)
  if (gate.verdict.kind !== 'hold') return 1
  const [at, traffic] = [gate.lookedAt, trafficOf(gate)]
  const said = traffic === undefined ? Infinity : timeToProof(gate, traffic, LOOK)
  while (gate.verdict.kind === 'hold') gate = next(gate)
  return (gate.lookedAt - at) / said
}

describe('what is said of the time', () => {
  // Luck is allowed for: half of them take 0.6 of it. Even sides that are taken for a canary and the rest would take 0.08.
  it.each<readonly [Known]>([['rest'], ['even']])('is about as long as it takes when stable gets %s', (stableShare) => {
    const ratios = Array.from({ length: 41 }, (_, seed) => tookBySaid(seed + 1, stableShare)).toSorted((one, other) => one - other)
    expect(ratios[20]).toBeGreaterThan(0.4)
    expect(ratios[20]).toBeLessThan(1)
    expect(ratios[37]).toBeLessThan(2)
  })

  it('is of what both sides get at the weight, on average over all of them', () => {
    const next = played(7, 'even', 1_000)
    let gate = newGate(gateSettings(undefined, { stableShare: 'even', pushDelay: 0 }), [5, 10, 80], 0, [HISTORY])
    for (const step of [0, 1, 2]) {
      gate = step === 0 ? gate : atStep(gate, step, gate.lookedAt)
      for (let looks = 0; looks < 20; looks++) gate = next(gate)
      const { canary = 0, stable = 0 } = trafficOf(gate) ?? {}
      expect([canary, stable].map((rate) => Math.round(rate / 10))).toEqual(
        [
          [5, 5],
          [10, 10],
          [80, 20]
        ][step]
      )
    }
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
