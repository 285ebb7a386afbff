import { expect, test } from 'vitest'
import { SMALL_KINDS, SMALL_RULES, widget } from '../../test/conformance/small-world.ts'
import { seeded } from '../std/draw.ts'
import { countsGenerations, decided, drawSuffix, drawUid } from './plan.ts'

test('uids are version 4, differ, and repeat with the draw', () => {
  const draw = seeded(1)
  const uids = Array.from({ length: 200 }, () => drawUid(draw))
  for (const uid of uids) expect(uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(new Set(uids).size).toBe(200)
  expect(drawUid(seeded(1))).toBe(uids[0])
  expect(drawSuffix(draw)).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{5}$/)
})

test('custom kinds and workloads count generations, plain data does not', () => {
  const counting = SMALL_KINDS.filter((spec) => countsGenerations({ spec, version: spec.versions[0]! })).map((spec) => spec.kind)
  expect(counting).toEqual(['Pod', 'Deployment', 'Widget', 'CustomResourceDefinition'])
})

test('what admission denies is a 400 without a reason; subresources and objects being deleted are not asked about', () => {
  const spec = SMALL_KINDS.find((each) => each.kind === 'Widget')!
  const rules = { ...SMALL_RULES, deny: () => 'no' }
  const planning = { now: 0, draw: seeded(1), all: [], rules, served: { spec, version: spec.versions[0]! } }
  const object = widget('w')
  const going = { ...object, metadata: { ...object.metadata, deletionTimestamp: 'now' } }
  expect(decided(object, {}, planning)).toEqual({ kind: 'failure', status: { code: 400, reason: '', message: 'no' } })
  expect(decided(object, { old: object, subresource: 'status' }, planning)).toBe(object)
  expect(decided(going, { old: object }, planning)).toBe(going)
  expect(decided(object, {}, { ...planning, rules: SMALL_RULES })).toBe(object)
})
