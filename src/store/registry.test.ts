import { expect, test } from 'vitest'
import { SMALL_KINDS, SMALL_RULES, WIDGETS_BETA, widget } from '../../test/conformance/small-world.ts'
import { Registry } from './registry.ts'

test('kinds given at the start win over definitions of the same name; unserved versions are not found', () => {
  const registry = new Registry(SMALL_KINDS)
  const before = registry.kinds
  registry.define(widget('widgets.example.com'), { kindOf: () => ({ ...SMALL_KINDS[5]!, listKind: 'Other' }) })
  expect(registry.kinds).toBe(before)
  expect(registry.find(WIDGETS_BETA)?.version.name).toBe('v1beta1')
  expect(registry.find({ ...WIDGETS_BETA, version: 'v9' })).toBeUndefined()
  registry.define(widget('x'), { kindOf: () => ({ ...SMALL_KINDS[5]!, plural: 'others' }) })
  expect(registry.find({ ...WIDGETS_BETA, resource: 'others' })).toBeDefined()
  expect(registry.undefine('x')?.plural).toBe('others')
  expect(registry.find({ ...WIDGETS_BETA, resource: 'others' })).toBeUndefined()
  expect(SMALL_RULES.kindOf(widget('x'))).toBeUndefined()
})
