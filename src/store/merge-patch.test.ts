import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { applyMergePatch } from './merge-patch.ts'
import { dataUrl } from '../../test/data.ts'

const path = dataUrl('json-patch/merge-patch.json')
// the file is a list of such rows
const rows = existsSync(path)
  ? (JSON.parse(readFileSync(path, 'utf8')) as readonly { target: unknown; patch: unknown; result: unknown }[])
  : []

test('the conformance data ../shared/data/json-patch is present', () => expect(rows.length).toBeGreaterThan(10))

test.each(rows)('RFC 7396: $patch on $target gives $result', (row) => {
  expect(applyMergePatch(row.target, row.patch)).toEqual(row.result)
})

test('a patch without nulls applied twice is the patch applied once, and leaves its inputs alone', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (target, patch) => {
      const kept = JSON.stringify([target, patch])
      const once = applyMergePatch(target, patch)
      expect(applyMergePatch(once, patch)).toEqual(once)
      expect(JSON.stringify([target, patch])).toBe(kept)
    })
  )
})
