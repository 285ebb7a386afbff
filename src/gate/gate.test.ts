import { describe, expect, it } from 'vitest'
import { binomial, poisson } from '../sim/chance.ts'
import { type Draw, seeded } from '../std/draw.ts'
import { atStep, type Gate, judged, look, newGate, proofOfNext, type Sample } from './gate.ts'
import type { History } from './history.ts'
import { countedAs, ERRORS, gateSettings, slowerThan } from './settings.ts'

const HISTORY: History = { requests: 1_000_000, bad: 1_000, dispersion: 1 }
const LADDER = [5, 10, 25, 50]
const SETTINGS = gateSettings()

interface Truth {
  /** Requests a second. */
  readonly rate: number
  readonly stable?: number
  readonly canary?: number
  readonly seed?: number
  readonly seconds?: number
  readonly alpha?: number
  readonly outage?: (second: number) => number
}

interface Run {
  readonly gate: Gate
  readonly second: number
}

// A run of looks every five seconds, up the ladder as the gate says, until it rolls back or is through.
function run(truth: Truth, changed: (gate: Gate) => Gate = (gate) => gate): Run {
  const { seconds = 3_600, seed = 1, alpha = 0.01 } = truth
  const draw = seeded(seed)
  let gate = newGate(gateSettings([ERRORS], { alpha }), LADDER, 0, [HISTORY])
  for (let second = 5; second <= seconds; second += 5) {
    gate = changed(look(gate, counts(second, served(draw, truth, second, LADDER[gate.step] ?? 100))))
    if (gate.verdict.kind === 'rollback') return { gate, second }
    if (gate.verdict.kind !== 'advance') continue
    if (gate.step + 1 === LADDER.length) return { gate, second }
    gate = atStep(gate, gate.step + 1, second * 1000)
  }
  return { gate, second: seconds }
}

// What both versions serve in five seconds while the canary has `weight` percent.
function served(draw: Draw, { rate, stable = 0.001, canary = stable, outage }: Truth, second: number, weight: number): Counts {
  const more = outage?.(second) ?? 0
  const canaryRequests = poisson(draw, (5 * rate * weight) / 100)
  const stableRequests = poisson(draw, 5 * rate * (1 - weight / 100))
  return {
    canaryRequests,
    canaryBad: binomial(draw, canaryRequests, canary + more),
    stableRequests,
    stableBad: binomial(draw, stableRequests, stable + more)
  }
}

type Counts = Extract<Sample, { kind: 'counts' }>['looks'][number]

function counts(second: number, ...looks: readonly Counts[]): Sample {
  return { kind: 'counts', at: second * 1000, looks }
}

const FINE: Counts = { canaryRequests: 25, canaryBad: 0, stableRequests: 475, stableBad: 0 }
const BAD: Counts = { ...FINE, canaryBad: 25 }

describe('a canary that fails every request', () => {
  it.each([40, 200, 1000])('is rolled back at the second look at %d requests a second', (rate) => {
    expect(run({ rate, canary: 0.999 })).toMatchObject({ second: 10, gate: { verdict: { kind: 'rollback', stream: 'errors' } } })
  })
})

describe('a canary with a regression', () => {
  // The medians of 200 runs each were 22, 52 and 182 s at 100 requests a second: a run must not be far from them.
  it.each([
    [0.2, 60],
    [0.05, 130],
    [0.01, 500]
  ])('of %d is rolled back within %d s', (more, seconds) => {
    for (let seed = 1; seed <= 5; seed++) {
      const { gate, second } = run({ rate: 100, canary: 0.001 + more, seed })
      expect(gate.verdict).toEqual({ kind: 'rollback', stream: 'errors' })
      expect(second).toBeLessThanOrEqual(seconds)
    }
  })

  it('stays rolled back, whatever comes after', () => {
    const { gate, second } = run({ rate: 100, canary: 0.999 })
    expect(look(gate, counts(second + 5, FINE)).verdict.kind).toBe('rollback')
    expect(look(gate, { kind: 'missing', at: (second + 500) * 1000, counts: 'expected' }).verdict.kind).toBe('rollback')
  })
})

describe('a good canary', () => {
  it('is through in 150 s or so at 100 requests a second: nothing but dwell', () => {
    const { gate, second } = run({ rate: 100 })
    expect(gate.verdict).toEqual({ kind: 'advance', proof: 'strong' })
    expect(second).toBeGreaterThanOrEqual(120)
    expect(second).toBeLessThanOrEqual(220)
  })

  it('has proven itself by what it served before it was warm too, with little traffic', () => {
    let gate = newGate(SETTINGS, [1, 5], 0, [HISTORY])
    const little: Counts = { canaryRequests: 5, canaryBad: 0, stableRequests: 495, stableBad: 0 }
    let second = 0
    for (; gate.verdict.kind !== 'advance' && second < 300; second += 5) gate = look(gate, counts(second + 5, little))
    // From the end of the warm-up alone it takes 65 s.
    expect(second).toBe(40)
  })

  it('is rolled back in at most alpha of 1,000 runs when it is exactly as bad as is tolerated', () => {
    let wrong = 0
    for (let seed = 0; seed < 1_000; seed++) {
      const { gate } = run({ rate: 3_000, stable: 0.01, canary: 1.25 * 0.01 + 0.001, seed, seconds: 150, alpha: 0.05 })
      if (gate.verdict.kind === 'rollback') wrong += 1
    }
    // Binomial, 5 %: 50 and four deviations.
    expect(wrong).toBeLessThanOrEqual(77)
  })
})

describe('a canary that is worse by what matters', () => {
  it('reaches all traffic in at most beta of 300 runs', () => {
    let through = 0
    for (let seed = 0; seed < 300; seed++) {
      if (run({ rate: 100, canary: 0.001 * 1.25 + 0.005, seed, seconds: 900 }).gate.verdict.kind === 'advance') through += 1
    }
    // Binomial, 5 %: 15 and four deviations.
    expect(through).toBeLessThanOrEqual(30)
  })
})

describe('an outage of both versions', () => {
  it.each([20, 50, 80, 110])('neither rolls back nor advances when it begins after %d s', (begun) => {
    const outage = (second: number): number => (second >= begun && second < begun + 60 ? 0.3 : 0)
    for (let seed = 1; seed <= 5; seed++) {
      const held = new Set<string>()
      const { gate } = run({ rate: 100, seed, outage }, (each) => {
        if (outage(each.lookedAt / 1000) > 0 && each.verdict.kind === 'hold') held.add(each.verdict.reason)
        return each
      })
      expect(gate.verdict.kind).toBe('advance')
      expect(held).toContain('stable-unhealthy')
    }
  })

  it('takes the traffic off the canary without blame when it does not end within five minutes', () => {
    const both: Counts = { canaryRequests: 30, canaryBad: 9, stableRequests: 470, stableBad: 141 }
    let gate = newGate(SETTINGS, LADDER, 0, [HISTORY])
    for (let second = 5; second <= 300; second += 5) gate = look(gate, counts(second, both))
    expect(gate.verdict).toEqual({ kind: 'hold', reason: 'stable-unhealthy' })
    expect(look(gate, counts(305, both)).verdict).toEqual({ kind: 'retreat', reason: 'shared-outage' })
  })
})

describe('stable itself', () => {
  // More than 1 %, more than three times what it always failed, and five.
  it.each([
    [{ stableRequests: 100, stableBad: 4 }, 0.001, 'well'],
    [{ stableRequests: 100, stableBad: 5 }, 0.001, 'failing'],
    [{ stableRequests: 600, stableBad: 6 }, 0.001, 'well'],
    [{ stableRequests: 600, stableBad: 7 }, 0.001, 'failing'],
    [{ stableRequests: 475, stableBad: 14 }, 0.01, 'well'],
    [{ stableRequests: 475, stableBad: 15 }, 0.01, 'failing']
  ])('that serves %j and always failed a share of %d is %s', (served, rate, expected) => {
    const gate = look(newGate(SETTINGS, LADDER, 0, [{ ...HISTORY, bad: rate * HISTORY.requests }]), counts(5, { ...FINE, ...served }))
    expect(gate.unhealthySince === undefined ? 'well' : 'failing').toBe(expected)
  })
})

describe('a look without counts', () => {
  const begun = look(newGate(SETTINGS, LADDER, 0, [HISTORY]), counts(5, FINE))

  it('holds, and takes the traffic off the canary without blame after a minute', () => {
    expect(look(begun, { kind: 'missing', at: 20_000, counts: 'expected' }).verdict).toEqual({ kind: 'hold', reason: 'no-counts' })
    expect(look(begun, { kind: 'missing', at: 65_000, counts: 'expected' }).verdict).toEqual({ kind: 'retreat', reason: 'blind' })
  })

  it('holds for ever where nobody knows of any', () => {
    expect(look(begun, { kind: 'missing', at: 6_000_000, counts: 'unexpected' }).verdict).toEqual({ kind: 'hold', reason: 'no-counts' })
  })

  it('lets the test go on where it was', () => {
    const back = look(look(begun, { kind: 'missing', at: 20_000, counts: 'expected' }), counts(25, FINE))
    expect(back.evidence).toBeCloseTo(look(begun, counts(25, FINE)).evidence, 12)
  })
})

describe('a step', () => {
  it('is not proven safe by what proved the one before it', () => {
    const { gate: proven } = run({ rate: 1_000 })
    expect(proven.verdict.kind).toBe('advance')
    expect(atStep(proven, 3, 900_000).verdict).toEqual({ kind: 'hold', reason: 'dwell' })
  })

  it('is warm-up until its weight is in force everywhere, 2 s, and settled, 10 s', () => {
    let gate = newGate(SETTINGS, LADDER, 0, [HISTORY])
    for (let second = 5; second <= 100; second += 5) gate = look(gate, counts(second, FINE))
    const moved = atStep(gate, 1, 100_000)
    expect(look(moved, { ...counts(112, FINE), at: 112_000 }).verdict).toEqual({ kind: 'hold', reason: 'warm-up' })
    expect(look(moved, { ...counts(112, FINE), at: 112_001 }).verdict).toEqual({ kind: 'hold', reason: 'dwell' })
  })
})

describe('counts of before the look', () => {
  it('are judged as warm-up where some of them are of it, in their stream alone', () => {
    const bad = { ...FINE, canaryBad: 2 }
    const gateAt = (since: number | undefined): Gate => {
      let gate = newGate(gateSettings([ERRORS, countedAs('checkout')]), LADDER, 0, [HISTORY, HISTORY])
      for (let second = 5; second <= 30; second += 5) gate = look(gate, counts(second, FINE, FINE))
      return look(gate, { kind: 'counts', at: 35_000, looks: [FINE, bad], since: [undefined, since] })
    }
    const [own, earlier] = [gateAt(undefined), gateAt(20_000)]
    expect(earlier.streams[1]?.relative.at(-1)).toBeLessThan(own.streams[1]?.relative.at(-1) ?? 0)
    expect(earlier.streams[0]).toEqual(own.streams[0])
  })
})

describe('looks of a second', () => {
  const unhealthy = { ...FINE, stableBad: Math.ceil(FINE.stableRequests / 20) }

  it('keep no more of stable than usual ones, and see the same half minute', () => {
    let gate = newGate(SETTINGS, LADDER, 0, [HISTORY])
    for (let second = 1; second <= 90; second++) gate = look(gate, counts(second, second <= 30 ? unhealthy : FINE))
    expect(gate.recent.length).toBeLessThanOrEqual(8)
    const requests = gate.recent.reduce((sum, each) => sum + (each.requests[0] ?? 0), 0)
    expect(requests / FINE.stableRequests).toBeGreaterThanOrEqual(25)
    expect(requests / FINE.stableRequests).toBeLessThanOrEqual(34)
    expect(gate.unhealthySince).toBeUndefined()
  })
})

describe('the lines', () => {
  const warm = (): Gate => {
    let gate = newGate(SETTINGS, [5], 0, [HISTORY])
    for (let second = 5; second <= 60; second += 5) gate = look(gate, counts(second, FINE))
    return gate
  }

  // Evidence is the mean of what is staked and what waits.
  it.each([
    [1e-6, 'rollback'],
    [-1e-6, 'hold']
  ])('of evidence is at 1/alpha: %d beyond it', (beyond, kind) => {
    const gate = warm()
    const wealth = Math.log(100 * Math.exp(beyond) - (1 - gate.masses.spent))
    const found = judged({ ...gate, streams: gate.streams.map((state) => ({ ...state, relative: [wealth], absolute: [wealth] })) })
    expect(found.evidence).toBeCloseTo(Math.log(100) + beyond, 9)
    expect(found.verdict.kind).toBe(kind)
  })

  it.each([
    [1e-6, 'advance'],
    [-1e-6, 'hold']
  ])('of proof is at 1/beta: %d beyond it', (beyond, kind) => {
    const gate = warm()
    const proofs = gate.streams.map((state) => ({ ...state, proofs: state.proofs.map(() => Math.log(20) + beyond) }))
    expect(judged({ ...gate, streams: proofs }).verdict.kind).toBe(kind)
  })
})

it('a stable that is slow is no outage', () => {
  const slow = { ...FINE, canaryBad: 12, stableBad: 240 }
  const gate = look(newGate(gateSettings([ERRORS, slowerThan(500)]), LADDER, 0, [HISTORY, HISTORY]), counts(5, FINE, slow))
  expect(gate.unhealthySince).toBeUndefined()
})

describe('time', () => {
  it('does not go back: a look that was counted is not counted again', () => {
    const gate = look(newGate(SETTINGS, LADDER, 0, [HISTORY]), counts(5, BAD))
    expect(look(gate, counts(5, BAD))).toBe(gate)
    expect(look(gate, counts(4, BAD))).toBe(gate)
  })

  it('releases no more than all bettors, however long it runs and however often the weight changes', () => {
    let gate = newGate(SETTINGS, LADDER, 0, [HISTORY])
    for (let index = 1; index < 2_000; index++) {
      gate = look(gate, counts(index * 5, FINE))
      if (index % 20 === 0) gate = atStep(gate, index % 4, index * 5_000)
    }
    expect(gate.masses.spent).toBeCloseTo(1, 9)
    expect(gate.masses.proofSpent).toBeCloseTo(1, 9)
    expect(Number.isFinite(gate.evidence)).toBe(true)
  })
})

describe('holding', () => {
  it('says why', () => {
    let gate = newGate(SETTINGS, LADDER, 0, [HISTORY])
    const reasons: string[] = []
    for (let second = 5; second <= 60; second += 5) {
      gate = look(gate, counts(second, { ...FINE, canaryRequests: 2, canaryBad: 0 }))
      reasons.push(gate.verdict.kind === 'hold' ? gate.verdict.reason : gate.verdict.kind)
    }
    expect(reasons[0]).toBe('warm-up')
    expect(reasons.at(-1)).toBe('not-proven')
    expect(proofOfNext(gate)).toBeLessThan(Math.log(20))
  })

  it('advances on weak proof, or asks, when a step takes too long', () => {
    const longStay = (canaryRequests: number): Gate => {
      let gate = newGate(SETTINGS, [20], 0, [HISTORY])
      for (let second = 5; second <= 600; second += 5) gate = look(gate, counts(second, { ...FINE, canaryRequests }))
      return gate
    }
    expect(longStay(4).verdict).toEqual({ kind: 'advance', proof: 'weak' })
    expect(longStay(1).verdict).toEqual({ kind: 'hold', reason: 'unproven' })
    // What speaks against the canary at all, however little, leaves a weak proof to people.
    const against = (wealth: number): Gate => {
      const gate = longStay(4)
      const streams = gate.streams.map((state) => ({ ...state, relative: [wealth], absolute: [wealth] }))
      return judged({ ...gate, streams })
    }
    expect(against(-1).evidence).toBeLessThan(0)
    expect(against(-1).verdict).toEqual({ kind: 'advance', proof: 'weak' })
    expect(against(0.5).evidence).toBeGreaterThan(0)
    expect(against(0.5).verdict).toEqual({ kind: 'hold', reason: 'unproven' })
  })

  it('holds while evidence against the canary grows', () => {
    let gate = newGate(SETTINGS, LADDER, 0, [HISTORY])
    const reasons = new Set<string>()
    for (let second = 5; second <= 80; second += 5) {
      gate = look(gate, counts(second, { ...FINE, canaryBad: second > 60 ? 1 : 0 }))
      if (gate.verdict.kind === 'hold') reasons.add(gate.verdict.reason)
    }
    expect(reasons).toContain('suspicion')
  })
})

it('names the stream with the most evidence', () => {
  const settings = gateSettings([ERRORS, slowerThan(500)])
  let gate = newGate(settings, LADDER, 0, [HISTORY, HISTORY])
  for (let second = 5; second <= 90; second += 5) gate = look(gate, counts(second, FINE, { ...FINE, canaryBad: 12 }))
  expect(gate.verdict).toEqual({ kind: 'rollback', stream: 'slower than 500 ms' })
})
