import { describe, expect, it } from 'vitest'
import { seeded } from '../std/draw.ts'
import { binomial } from '../sim/chance.ts'
import { atStep, type Gate, look, newGate } from './gate.ts'
import { restoredGate, savedGate } from './saved.ts'
import { ERRORS, type GateSettings, gateSettings, slowerThan } from './settings.ts'
import type { Millis } from '../std/clock.ts'

const SETTINGS = gateSettings([ERRORS, slowerThan(500, 0.01), slowerThan(50), slowerThan(100), slowerThan(250)])
const SHARES = [0.004, 0.002, 0.6, 0.23, 0.02]
const HISTORIES = SHARES.map((share) => ({ requests: 1e6, bad: Math.round(1e6 * share), dispersion: 1.37 }))
const BEGUN = 1_790_000_000_000

// A rollout of a canary that gets worse after a while; `between` is done to the gate after each look.
function rollout(between: (gate: Gate, second: number) => Gate): readonly string[] {
  const draw = seeded(4)
  let gate = newGate(SETTINGS, [5, 10, 25, 50], BEGUN, HISTORIES)
  const said: string[] = []
  for (let second = 5; second <= 300 && gate.verdict.kind !== 'rollback'; second += 5) {
    const looks = SHARES.map((share) => ({
      canaryRequests: 25,
      canaryBad: binomial(draw, 25, share + (second > 200 ? 0.05 : 0)),
      stableRequests: 475,
      stableBad: binomial(draw, 475, share)
    }))
    gate = look(gate, { kind: 'counts', at: BEGUN + second * 1000, looks })
    said.push(`${second} ${JSON.stringify(gate.verdict)} ${gate.evidence.toFixed(1)}`)
    if (gate.verdict.kind === 'advance') gate = atStep(gate, gate.step + 1, BEGUN + second * 1000)
    gate = between(gate, second)
  }
  return said
}

const asked = (): GateSettings => SETTINGS

describe('a saved gate', () => {
  it('goes on to the same verdicts, whenever the controller is killed', () => {
    const undisturbed = rollout((gate) => gate)
    expect(undisturbed.at(-1)).toContain('rollback')
    expect(rollout((gate) => restoredGate(savedGate(gate), asked) ?? newGate(SETTINGS, [1], 0))).toEqual(undisturbed)
  })

  it('gains no more from a burst of failures than the gate that was saved in it', () => {
    const looks = SHARES.map(() => ({ canaryRequests: 25, canaryBad: 25, stableRequests: 475, stableBad: 0 }))
    const after = (gate: Gate, second: number): Gate => look(gate, { kind: 'counts', at: BEGUN + 1000 * second, looks })
    const gate = after(newGate(SETTINGS, [5], BEGUN, HISTORIES), 1)
    const restored = restoredGate(savedGate(gate), asked) ?? newGate(SETTINGS, [1], 0)
    expect(after(restored, 2).evidence).toBeGreaterThan(gate.evidence)
    expect(after(restored, 2).evidence).toBeLessThanOrEqual(after(gate, 2).evidence + 1e-4)
  })

  it('takes failures for no steadier than chance', () => {
    const steady = savedGate(newGate(SETTINGS, [5], BEGUN, HISTORIES)).replaceAll('1.37', '0.1')
    expect(restoredGate(steady, asked)?.histories.map(({ dispersion }) => dispersion)).toEqual([1, 1, 1, 1, 1])
  })

  it('has rolled back when it had', () => {
    let last = newGate(SETTINGS, [1], 0)
    rollout((gate) => {
      last = gate
      return gate
    })
    expect(restoredGate(savedGate(last), asked)?.verdict).toEqual({ kind: 'rollback', stream: 'errors' })
    expect(last.exposed).toBeGreaterThan(0)
    expect(restoredGate(savedGate(last), asked)?.exposed).toBeCloseTo(last.exposed, 3)
  })

  it('fits into 4 KiB', () => {
    let most = 0
    rollout((gate) => {
      most = Math.max(most, savedGate(gate).length)
      return gate
    })
    expect(most).toBeGreaterThan(1_000)
    expect(most).toBeLessThan(4_096)
  })

  it('says which edges it judges', () => {
    const edgesIn = (text: string): readonly Millis[] => {
      let edges: readonly Millis[] = []
      restoredGate(text, (found) => {
        edges = found
        return SETTINGS
      })
      return edges
    }
    expect(edgesIn(savedGate(newGate(SETTINGS, [5], BEGUN, HISTORIES)))).toEqual([500, 50, 100, 250])
    expect([edgesIn('{'), edgesIn('{}')]).toEqual([[], []])
  })

  const text = savedGate(newGate(SETTINGS, [5, 10], BEGUN, HISTORIES))

  it.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['another version', text.replace('"version":1', '"version":2')],
    ['a number that is a word', text.replace('"masses":[0', '"masses":["0"')],
    ['a wealth too few', text.replace('"relative":[null,', '"relative":[')],
    ['an empty ladder', text.replace('[5,10]', '[]')],
    ['no times', text.replace('"times"', '"time"')]
  ])('is not read from %s', (_, wrong) => {
    expect(restoredGate(text, asked)).toBeDefined()
    expect(restoredGate(wrong, asked)).toBeUndefined()
  })

  it('is not read where other streams are asked for', () => {
    expect(restoredGate(text, () => gateSettings([ERRORS]))).toBeUndefined()
    expect(restoredGate(savedGate(newGate(gateSettings([ERRORS]), [5, 10], BEGUN)), asked)).toBeUndefined()
    expect(restoredGate(text, () => ({ ...SETTINGS, streams: SETTINGS.streams.with(2, slowerThan(75)) }))).toBeUndefined()
    expect(restoredGate(text, () => ({ ...SETTINGS, streams: SETTINGS.streams.toReversed() }))).toBeUndefined()
  })
})
