import { expect, test } from 'vitest'
import { SMALL_KINDS, SMALL_RULES, widget } from '../../test/conformance/small-world.ts'
import { seeded } from '../std/draw.ts'
import type { Planning } from './plan.ts'
import { notFound } from './failure.ts'
import { planCreate } from './create-plan.ts'

const spec = SMALL_KINDS.find((each) => each.kind === 'Widget')!
const planning: Planning = { now: 0, draw: seeded(1), all: [], rules: SMALL_RULES, served: { spec, version: spec.versions[0]! } }
const old = widget('w', { spec: { size: 1, tone: 'soft' }, metadata: { uid: 'u', resourceVersion: '5', generation: 1 } })

test('a generated name is completed, and drawn again when it is taken', () => {
  const taken = new Set<string>()
  const create = (): string => {
    const planned = planCreate(
      {
        namespace: 'demo',
        body: { ...old, metadata: { generateName: 'gen-' } },
        fieldValidation: undefined,
        home: old,
        missingHome: notFound(spec, 'demo'),
        exists: (name) => taken.has(name)
      },
      { ...planning, draw: seeded(9) }
    )
    return planned.kind === 'plan' ? (planned.object.metadata.name ?? '') : planned.status.message
  }
  const first = create()
  expect(first).toMatch(/^gen-[a-z0-9]{5}$/)
  taken.add(first)
  expect(create()).not.toBe(first)
})
