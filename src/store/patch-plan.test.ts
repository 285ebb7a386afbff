import { expect, test } from 'vitest'
import { SMALL_KINDS, SMALL_RULES, widget } from '../../test/conformance/small-world.ts'
import { seeded } from '../std/draw.ts'
import type { Planning } from './plan.ts'
import { planPatch } from './patch-plan.ts'

const spec = SMALL_KINDS.find((each) => each.kind === 'Widget')!
const planning: Planning = { now: 0, draw: seeded(1), all: [], rules: SMALL_RULES, served: { spec, version: spec.versions[0]! } }
const old = widget('w', { spec: { size: 1, tone: 'soft' }, metadata: { uid: 'u', resourceVersion: '5', generation: 1 } })

test.each([
  ['merge', { spec: { size: 2 } }, { effect: 'modified', object: { spec: { size: 2, tone: 'soft' } } }],
  ['merge', { spec: { size: 1 } }, { effect: 'none' }],
  ['merge', [], { status: { code: 400 } }],
  ['json', [{ op: 'replace', path: '/spec/size', value: 3 }], { effect: 'modified', object: { spec: { size: 3 } } }],
  ['json', {}, { status: { code: 400, message: expect.stringContaining('error decoding patch') } }],
  ['json', [{ op: 'frob', path: '/a' }], { status: { code: 422, details: {} } }],
  ['strategic', {}, { status: { code: 415 } }]
] as const)('a %s patch %j gives %j', (patchType, body, want) => {
  const request = {
    verb: 'patch',
    target: { resource: { group: '', version: '', resource: '' } },
    name: 'w',
    patchType,
    body,
    options: {}
  } as const
  expect(planPatch(request, old, planning)).toMatchObject(want)
})
