import { expect, test } from 'vitest'
import { hasFormat, patternFound } from './string-format.ts'

test.each([
  ['date-time', '2024-02-29T10:00:00Z', true],
  ['date-time', '2023-02-29T10:00:00Z', false],
  ['date-time', '2024-02-29T10:00:00.123456+02:00', true],
  ['date-time', '2024-02-29T24:00:00Z', false],
  ['date-time', 'yesterday', false],
  ['date', '2024-02-29', true],
  ['date', '2024-02-30', false],
  ['duration', '1m30s', true],
  ['duration', 'soon', false],
  ['byte', 'aGVsbG8=', true],
  ['byte', 'hello!', false],
  ['uuid', '123e4567-e89b-12d3-a456-426614174000', true],
  ['uuid', '123', false],
  ['hostname', 'a.example.com', true],
  ['hostname', 'a_b', false],
  ['ipv4', '10.0.0.1', true],
  ['ipv4', '10.0.0.256', false],
  ['ipv6', '::1', true],
  ['ipv6', '::ffff:10.0.0.1', true],
  ['ipv6', '1:2:3:4:5:6:7:8', true],
  ['ipv6', '1:2:3', false],
  ['cidr', '10.0.0.0/8', true],
  ['cidr', '10.0.0.0/33', false],
  ['mac', '00:11:22:33:44:55', true],
  ['uri', 'https://example.com/a', true],
  ['uri', 'no uri', false],
  ['url', 'anything: not checked', true],
  ['constructor', 'not a format', true]
])('%s: %j is %s', (format, text, ok) => {
  expect(hasFormat(format, text)).toBe(ok)
})

test('patterns are RE2, found anywhere, and never backtrack', () => {
  expect(patternFound('^[0-9]+(m|s)', '1m30s')).toBe(true)
  expect(patternFound('b', 'abc')).toBe(true)
  expect(patternFound('^(a+)+$', `${'a'.repeat(5000)}!`)).toBe(false)
  expect(patternFound('(?<=a)b', 'ab')).toBeUndefined()
})
