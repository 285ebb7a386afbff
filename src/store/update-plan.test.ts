import { expect, test } from 'vitest'
import { SMALL_KINDS, SMALL_RULES, widget } from '../../test/conformance/small-world.ts'
import { seeded } from '../std/draw.ts'
import type { Planning } from './plan.ts'
import { isGone, planUpdate } from './update-plan.ts'

const spec = SMALL_KINDS.find((each) => each.kind === 'Widget')!
const planning: Planning = { now: 0, draw: seeded(1), all: [], rules: SMALL_RULES, served: { spec, version: spec.versions[0]! } }
const old = widget('w', { spec: { size: 1, tone: 'soft' }, metadata: { uid: 'u', resourceVersion: '5', generation: 1 } })

test.each([
  ['none', old],
  ['modified', { ...old, spec: { size: 2 } }],
  ['none', { ...old, metadata: { ...old.metadata, creationTimestamp: 'x', generation: 9 }, status: { a: 1 } }]
])('an update is %s', (effect, body) => {
  const planned = planUpdate({ old, body, subresource: undefined, fieldValidation: undefined, verb: 'update' }, planning)
  expect(planned).toMatchObject({ effect, object: { metadata: { uid: 'u', generation: effect === 'modified' ? 2 : 1 } } })
})

test('an object being deleted is gone when neither finalizers nor grace nor content hold it', () => {
  const deleted = { ...old, metadata: { ...old.metadata, deletionTimestamp: 'now' } }
  expect([isGone(old), isGone(deleted)]).toEqual([false, true])
  expect(isGone({ ...deleted, metadata: { ...deleted.metadata, finalizers: ['a/b'] } })).toBe(false)
  expect(isGone({ ...deleted, metadata: { ...deleted.metadata, deletionGracePeriodSeconds: 3 } })).toBe(false)
  expect(isGone({ ...deleted, kind: 'Namespace', spec: { finalizers: ['kubernetes'] } })).toBe(false)
})
