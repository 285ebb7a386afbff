import fc from 'fast-check'
import { test } from 'vitest'
import { base64Of } from './builtin-base64.ts'

test('bytes become the base64 that Node writes', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => base64Of(bytes) === Buffer.from(bytes).toString('base64')))
})
