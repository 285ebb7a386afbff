import { expect, test } from 'vitest'
import { tickOf } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { type Note, noted, notesOf, superfluous } from './release.ts'
import type { RolloutState } from './state.ts'
import { held } from './tick.ts'

const tick = tickOf({ kind: 'wait' })
const noteFor = (state: RolloutState, first = false): readonly Note[] =>
  notesOf(tick, { ...held(tick, [], 'none'), state, routing: { kind: 'weights', canary: 0 } }, { writes: [], first })
const before = tick.finding.state

test.each<readonly [string, RolloutState, readonly string[]]>([
  ['nothing happened', before, []],
  ['another stage', { ...before, weight: 40 } as RolloutState, ['a running']],
  ['an end', { phase: 'failed', weight: 0, because: 'x', since: 0, applied: 'a', promoted: 'b', failedChecks: 0 }, ['a failed']],
  ['another revision', { ...before, applied: 'c', weight: 0 } as RolloutState, ['a superseded', 'c running']],
  ['it was taken back', { phase: 'initialized', since: 0, applied: 'b', promoted: 'b', failedChecks: 0 }, ['a withdrawn']]
])('%s', (_, state, notes) => {
  expect(noteFor(state).map(({ spec, outcome }) => `${spec.revision} ${outcome}`)).toEqual(notes)
})

test('a tick that is repeated adds nothing, and lists keep the latest hundred', () => {
  const [note] = noteFor({ ...before, weight: 40 } as RolloutState)
  if (note === undefined) throw new Error('no note was made')
  const first = noted(undefined, note)
  expect(noted(first, note)).toEqual(first)
  let release: KubeObject = first
  for (let weight = 0; weight < 150; weight++) {
    const steps = [{ at: '2026-01-01T00:00:00Z', phase: 'Progressing', weight }]
    release = noted(release, { ...note, entries: { ...note.entries, steps } })
  }
  expect(Object(release['status']).steps).toHaveLength(100)
  expect(Object(release['status']).steps[0]).toMatchObject({ weight: 50 })
})

test('the oldest are superfluous, never the one just written', () => {
  const made = (day: number): KubeObject => ({
    apiVersion: 'v',
    kind: 'Release',
    metadata: { name: `r${day}`, creationTimestamp: `2026-01-${String(day).padStart(2, '0')}T00:00:00Z` }
  })
  const all = Array.from({ length: 12 }, (_, at) => made(at + 1))
  expect(superfluous(all, 'r12').map(({ metadata }) => metadata.name)).toEqual(['r2', 'r1'])
  expect(superfluous(all, 'r1').map(({ metadata }) => metadata.name)).toEqual(['r3', 'r2'])
})

test('changes of the routes by others are kept: one that comes time and again once, with how often', () => {
  const drift = { object: 'virtualservice api.test', whose: 'git', manager: 'argocd-controller', at: undefined, fields: [] } as const
  const step = {
    ...held(tick, [], 'none'),
    state: { ...before, weight: 40 } as RolloutState,
    routing: { kind: 'weights', canary: 0 } as const
  }
  const [note] = notesOf(tick, step, { writes: [], first: false, drifts: [drift] })
  if (note === undefined) throw new Error('no note was made')
  const [change] = note.entries.changes ?? []
  const later = (at: string, by = 'argocd-controller'): Note => ({
    ...note,
    entries: { changes: [{ object: 'x', fields: '', whose: 'git', ...change, at, by }] }
  })
  let release: KubeObject = noted(undefined, note)
  for (const next of [later('t1'), later('t1'), later('t2'), later('t3', 'kubectl-edit')]) release = noted(release, next)
  expect(Object(release['status']).changes).toMatchObject([
    { at: 't2', by: 'argocd-controller', whose: 'git', object: 'virtualservice api.test', count: 3 },
    { at: 't3', by: 'kubectl-edit' }
  ])
})

test('what the gate keeps stays until the revision is begun again', () => {
  const [note] = noteFor({ ...before, weight: 40 } as RolloutState)
  if (note === undefined) throw new Error('no note was made')
  const kept = { gate: '{}', evidence: 'Holding.', asked: { alpha: '1%' }, exposure: { requests: 1, failed: 0, excess: 0 } }
  const first = noted(undefined, note)
  const live: KubeObject = { ...first, status: { ...Object(first['status']), ...kept } }
  expect(noted(live, note)['status']).toMatchObject(kept)
  const again = Object(noted(live, { ...note, begins: true })['status'])
  expect(Object.keys(kept).filter((field) => again[field] !== undefined)).toEqual([])
})
