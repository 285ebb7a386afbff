import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyJsonPatch, JSON_PATCH_OPERATIONS_MAX } from './json-patch.ts'
import { dataUrl } from '../../test/data.ts'

const folder = dataUrl('json-patch/')

interface Row {
  readonly comment?: string
  readonly doc: unknown
  readonly patch?: unknown
  readonly expected?: unknown
  readonly error?: string
  readonly disabled?: boolean
}

describe.each(['tests.json', 'spec_tests.json'])('the public JSON patch cases of %s', (file) => {
  const path = new URL(file, folder)
  if (!existsSync(path)) {
    test('are present', () => expect.fail('the conformance data ../shared/data/json-patch is absent'))
    return
  }
  // the file is a list of such rows
  const rows = JSON.parse(readFileSync(path, 'utf8')) as readonly Row[]
  const named = rows
    .map((row, index) => ({ ...row, id: `${index}: ${row.comment ?? JSON.stringify(row.patch)}` }))
    .filter((row) => row.patch !== undefined && row.disabled !== true)
  test.each(named)('$id', (row) => {
    const outcome = applyJsonPatch(row.doc, row.patch)
    const value = outcome.kind === 'patched' ? outcome.value : undefined
    const expected = Object.hasOwn(row, 'expected') ? row.expected : value
    expect([outcome.kind, value]).toEqual(row.error === undefined ? ['patched', expected] : ['failed', undefined])
  })
})

test('replacing a document by adding each of its fields gives the document', () => {
  const pointer = (key: string): string => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()), (before, after) => {
      const patch = [
        ...Object.keys(before).map((key) => ({ op: 'remove', path: pointer(key) })),
        ...Object.entries(after).map(([key, value]) => ({ op: 'add', path: pointer(key), value }))
      ]
      const kept = JSON.stringify(before)
      const outcome = applyJsonPatch(before, patch)
      expect(outcome.kind === 'patched' && JSON.stringify(sorted(outcome.value))).toBe(JSON.stringify(sorted(after)))
      expect(JSON.stringify(before)).toBe(kept)
    })
  )
})

const sorted = (value: unknown): unknown =>
  typeof value === 'object' && value !== null ? Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)) : value

test('a patch of too many operations, or whose copies double without end, is refused', () => {
  const many = Array.from({ length: JSON_PATCH_OPERATIONS_MAX + 1 }, () => ({ op: 'test', path: '', value: {} }))
  expect(applyJsonPatch({}, many).kind).toBe('failed')
  const doubling = Array.from({ length: 60 }, (_, index) => ({ op: 'copy', from: '', path: `/k${index}` }))
  expect(applyJsonPatch({ a: ['some text'] }, doubling).kind).toBe('failed')
})

test('a key named like an object prototype is a key like any other', () => {
  const outcome = applyJsonPatch({}, [{ op: 'add', path: '/__proto__', value: { a: 1 } }])
  expect(outcome.kind === 'patched' && Object.keys(Object(outcome.value))).toEqual(['__proto__'])
  expect(applyJsonPatch({}, [{ op: 'test', path: '/constructor', value: 1 }]).kind).toBe('failed')
})
