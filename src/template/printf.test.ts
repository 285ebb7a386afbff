import { expect, test } from 'vitest'
import { formatted } from './printf.ts'
import type { Value } from './value.ts'

const refuse = (because: string): never => {
  throw new Error(because)
}

test.each<readonly [string, readonly Value[], string]>([
  ['%s and %d%%', ['a', 5n], 'a and 5%'],
  ['%05d|%-4s|%4s', [-42n, 'a', 'b'], '-0042|a   |   b'],
  ['%.0f %.0f %.2f', [0.5, 1.5, 1.005], '0 2 1.00'],
  ['%v %v %e', [1e6, 0.5, 12345.678], '1e+06 0.5 1.234568e+04'],
  ['%.3g %g', [1234.5, 99.5], '1.23e+03 99.5'],
  ['%q %x %X', ['a"\n', 'hi', 255n], '"a\\"\\n" 6869 FF'],
  ['%+d %t %T', [1n, true, 'x'], '+1 true string']
])('%s of %o is %o', (format, args, text) => {
  expect(formatted(format, args, refuse)).toBe(text)
})

test.each<readonly [string, readonly Value[]]>([
  ['%d', ['a']],
  ['%s', [1n]],
  ['%t', ['true']],
  ['%d', []],
  ['x', [1n]],
  ['%#x', [1n]],
  ['%z', [1n]],
  ['%', [1n]]
])('%s refuses %o, where Go would write its complaint into the query', (format, args) => {
  expect(() => formatted(format, args, refuse)).toThrow(/./)
})
