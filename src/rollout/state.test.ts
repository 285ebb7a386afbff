import fc from 'fast-check'
import { expect, test } from 'vitest'
import { phaseName, readState, type RolloutState, writeState } from './state.ts'
import { withConfigs } from '../objects/revision.ts'

const standing = { since: 1_000_000, applied: 's1-a', promoted: 's1-b', failedChecks: 2 }

const STATES: readonly RolloutState[] = [
  ...(['initializing', 'initialized', 'waiting', 'finalising', 'succeeded', 'terminating'] as const).map((phase) => ({
    ...standing,
    phase
  })),
  ...(['progressing', 'waiting-promotion', 'promoting'] as const).map((phase) => ({ ...standing, phase, weight: 40, iterations: 3 })),
  { ...standing, phase: 'failed', weight: 0, because: 'success rate 90.00% < 99%' },
  { ...standing, phase: 'failed', weight: 100, because: '' },
  { ...standing, phase: 'succeeded', cookies: { previous: 'a=b' } },
  { ...standing, phase: 'progressing', weight: 20, iterations: 0, cookies: { canary: 'a=b', primary: 'c=d', previous: 'a=e' } }
]

test.each(STATES)('$phase is read back as it was written', (state) => {
  expect(readState(writeState(state, undefined, 1_000_000))).toEqual(state)
})

test('an absent or unknown status is new, and new writes none', () => {
  for (const status of [undefined, null, {}, { phase: '' }, { phase: 'Elsewhere' }]) expect(readState(status)).toEqual({ phase: 'new' })
  expect(writeState({ phase: 'new' }, {}, 0)).toBeUndefined()
})

test('nothing is written when nothing changed, whatever the time', () => {
  fc.assert(
    fc.property(fc.constantFrom(...STATES), fc.nat(), (state, later) => {
      expect(writeState(state, writeState(state, {}, 0), later)).toBeUndefined()
    }),
    { seed: 5 }
  )
})

test('fields and conditions of others stay', () => {
  const previous = { iAmOfOthers: 'x', conditions: [{ type: 'Mine', status: 'True' }] }
  const status = writeState(STATES[0]!, previous, 0)
  expect(status).toMatchObject({ iAmOfOthers: 'x', conditions: [{ type: 'Mine' }, { type: 'Promoted' }] })
})

test('tracked configs are part of the applied revision, and gone when tracking is off', () => {
  const tracked = { 'configmap/x': '1', 'secret/y': '2' }
  const state: RolloutState = { ...standing, phase: 'succeeded', applied: withConfigs('s1-a', tracked), promoted: 's1-a+?' }
  const status = writeState(state, {}, 0)
  expect(status).toMatchObject({ lastAppliedSpec: 's1-a', lastPromotedSpec: 's1-a', trackedConfigs: tracked })
  expect(readState(status)).toMatchObject({ applied: state.applied, promoted: 's1-a' })
  expect(writeState({ ...state, applied: 's1-a' }, status, 0)).not.toHaveProperty('trackedConfigs')
})

test("the condition's times move only when it changes, its transition only with the status", () => {
  const progressing: RolloutState = { ...standing, phase: 'progressing', weight: 0, iterations: 0 }
  const first = writeState(progressing, {}, 0)
  const heavier = writeState({ ...progressing, weight: 20 }, first, 60_000)
  expect(heavier?.['conditions']).toEqual(first?.['conditions'])
  expect(heavier?.['lastTransitionTime']).toBe('1970-01-01T00:01:00Z')
  const promoting = writeState({ ...standing, phase: 'promoting', weight: 20, iterations: 0 }, heavier, 120_000)
  expect(promoting?.['conditions']).toMatchObject([
    { reason: 'Promoting', lastUpdateTime: '1970-01-01T00:02:00Z', lastTransitionTime: '1970-01-01T00:00:00Z' }
  ])
})

test('phases are spelt as Flagger spells them', () => {
  expect(STATES.map(({ phase }) => phaseName(phase))).toContain('WaitingPromotion')
  expect(phaseName('new')).toBe('')
})
