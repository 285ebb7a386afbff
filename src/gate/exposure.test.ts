import { describe, expect, it } from 'vitest'
import { exposureOf, ledgerOf, spentBudget } from './exposure.ts'
import { look, newGate } from './gate.ts'
import { gateSettings } from './settings.ts'

function after(canaryBad: number, stableBad: number, stableRequests = 900) {
  const gate = newGate(gateSettings(), [10], 0)
  const looks = [{ canaryRequests: 100, canaryBad, stableRequests, stableBad }]
  return look(look(gate, { kind: 'counts', at: 5_000, looks }), { kind: 'counts', at: 10_000, looks })
}

describe('exposureOf', () => {
  it('counts what stable would not have done', () => {
    expect(exposureOf(after(10, 9))).toEqual({ requests: 200, bad: 20, excess: 18 })
  })

  it('is never below nothing, and has no share of stable to take off where stable served nothing', () => {
    expect(exposureOf(after(0, 90)).excess).toBe(0)
    expect(exposureOf(after(3, 0, 0)).excess).toBe(6)
  })

  it('is nothing before the first look', () => {
    expect(exposureOf(newGate(gateSettings(), [10], 0))).toEqual({ requests: 0, bad: 0, excess: 0 })
  })
})

describe('ledgerOf', () => {
  it('holds what was failed for nothing against what may fail in thirty days at this traffic', () => {
    const ledger = ledgerOf(after(10, 9), { objective: 0.999, users: 5 })
    // 2,000 requests in 10 s: 518.4 million in thirty days, of which 518,400 may fail.
    expect(ledger).toEqual({ requests: 200, bad: 20, excess: 18, users: 5, budget: expect.closeTo(18 / 518_400, 12) })
  })

  it('has no budget to hold it against where nothing may fail, nor before the first look', () => {
    expect(ledgerOf(after(10, 9), { objective: 1, users: undefined }).budget).toBeUndefined()
    expect(ledgerOf(newGate(gateSettings(), [10], 0), { objective: 0.99, users: undefined }).budget).toBeUndefined()
  })
})

describe('spentBudget', () => {
  it('names what is spent', () => {
    const exposure = { requests: 200, bad: 20, excess: 18, users: 7 }
    expect(spentBudget(exposure, {})).toBeUndefined()
    expect(spentBudget(exposure, { requests: 200, excess: 18 })).toBeUndefined()
    expect(spentBudget(exposure, { requests: 199 })).toBe('requests')
    expect(spentBudget(exposure, { users: 7 })).toBeUndefined()
    expect(spentBudget(exposure, { users: 6 })).toBe('users')
    expect(spentBudget({ ...exposure, users: undefined }, { users: 0 })).toBeUndefined()
    expect(spentBudget(exposure, { requests: 199, excess: 17 })).toBe('excess')
  })
})
