import { expect, test } from 'vitest'
import { SMALL_KINDS } from '../../test/conformance/small-world.ts'
import { seeded } from '../std/draw.ts'
import { countsGenerations, drawSuffix, drawUid } from './plan.ts'

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
