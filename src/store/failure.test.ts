import { expect, test } from 'vitest'
import { SMALL_KINDS } from '../../test/conformance/small-world.ts'
import { expired, invalid, namespaceTerminating, notFound } from './failure.ts'

const widgets = SMALL_KINDS.find((spec) => spec.kind === 'Widget')!

test('one fault stands alone, several stand in brackets', () => {
  const a = { reason: 'FieldValueRequired', message: 'Required value', field: 'spec.a' } as const
  const b = { reason: 'FieldValueInvalid', message: 'Invalid value: 1', field: 'spec.b' } as const
  expect(invalid(widgets, 'x', [a]).status.message).toBe('Widget.example.com "x" is invalid: spec.a: Required value')
  expect(invalid(widgets, 'x', [a, b]).status).toMatchObject({
    message: 'Widget.example.com "x" is invalid: [spec.a: Required value, spec.b: Invalid value: 1]',
    details: { name: 'x', group: 'example.com', kind: 'Widget', causes: [a, b] }
  })
})

test('details name the plural resource, and the group only where there is one', () => {
  expect(notFound(widgets, 'x').status.details).toEqual({ name: 'x', group: 'example.com', kind: 'widgets' })
  expect(notFound(SMALL_KINDS[0]!, 'x').status.details).toEqual({ name: 'x', kind: 'namespaces' })
  expect(namespaceTerminating(widgets, 'x', 'demo').status.details?.causes?.[0]).toMatchObject({ reason: 'NamespaceTerminating' })
  expect(expired(5, 120).status.message).toBe('too old resource version: 5 (120)')
})
