import { describe, expect, it } from 'vitest'
import { tickOf } from '../../test/rollout-objects.ts'
import { gateCheck } from './gate-check.ts'
import type { Situation } from './situation.ts'
import { type Step, held, type Tick } from './tick.ts'
import type { RevisionEvidence } from '../gate/evidence.ts'

const EVIDENCE: RevisionEvidence = { kind: 'hold', outcome: 'no-data', weight: 20, sentence: 'Holding.', revision: 'c', news: true }
const AT = { at: '2026-11-21T11:00:00Z', moved: false }
const LOOK: Situation = { kind: 'look', progress: { weight: 20, iterations: 0 } }

function heard(evidence: RevisionEvidence, situation: Situation = LOOK): Tick {
  const tick = tickOf(situation)
  return { ...tick, cluster: { ...tick.cluster, evidence } }
}

function stepOf(tick: Tick, look: Step['look'] = 'taken'): Step {
  return { ...held(tick, [], look), routing: { kind: 'weights', canary: 20 } }
}

describe('what the gate says, as a check', () => {
  it.each([
    ['pass', { kind: 'advance', outcome: 'pass' }, { outcome: 'pass' }],
    ['fail', { kind: 'rollback', outcome: 'fail' }, { outcome: 'fail' }],
    ['not enough data', {}, { outcome: 'unknown', cause: 'no-data' }],
    ['provider down', { outcome: 'down' }, { outcome: 'unknown', cause: 'down' }]
  ] as const)('is %s', (_, change, outcome) => {
    const tick = heard({ ...EVIDENCE, ...change })
    expect(gateCheck(tick, stepOf(tick), AT)).toEqual([{ at: AT.at, check: 'evidence', ...outcome, because: 'Holding.' }])
  })

  it('is told as done where the rollout has followed it', () => {
    const evidence: RevisionEvidence = {
      ...EVIDENCE,
      kind: 'advance',
      outcome: 'pass',
      sentence: 'Safe for 40 %.',
      done: 'Advanced to 40 %.'
    }
    const tick = heard(evidence, { ...LOOK, gate: { proven: true, sentence: 'Advanced to 40 %.', reason: undefined } })
    const told = [false, true].map((moved) => gateCheck(tick, stepOf(tick), { ...AT, moved })[0]?.because)
    expect(told).toEqual(['Safe for 40 %.', 'Advanced to 40 %.'])
  })

  it.each([
    ['between looks', heard(EVIDENCE), 'none'],
    ['of another revision', heard({ ...EVIDENCE, revision: 'a' }), 'taken'],
    ['without traffic', heard({ ...EVIDENCE, weight: 0 }), 'taken'],
    ['while waiting', heard(EVIDENCE, { kind: 'wait' }), 'taken']
  ] as const)('is not heard %s', (_, tick, look) => {
    expect(gateCheck(tick, stepOf(tick, look), AT)).toEqual([])
  })
})
