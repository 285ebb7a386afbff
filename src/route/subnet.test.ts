import { expect, test } from 'vitest'
import { isInRange } from './subnet.ts'

test.each<[string, string, boolean]>([
  ['127.41.0.9', '127.41.0.0/16', true],
  ['127.42.0.9', '127.41.0.0/16', false],
  ['127.41.0.9', '127.41.0.9', true],
  ['127.41.0.9', '127.41.0.9/32', true],
  ['127.41.0.9', '127.41.0.8', false],
  ['255.255.255.255', '128.0.0.0/1', true],
  ['127.0.0.1', '0.0.0.0/0', true],
  ['127.0.0.1', '0.0.0.0/33', false],
  ['127.0.0.1', '0.0.0.0/x', false],
  ['127.0.0.1', '2001:db8::/32', false],
  ['::1', '::/0', false],
  ['127.0.0.256', '0.0.0.0/0', false]
])('%s in %s: %s', (...[address, range, inside]) => {
  expect(isInRange(address, range)).toBe(inside)
})
