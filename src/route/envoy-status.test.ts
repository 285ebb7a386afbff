import { expect, test } from 'vitest'
import { STATUS_CODES } from './envoy-status.ts'

test('statuses go by name and by number', () => {
  expect(STATUS_CODES.find(([word]) => word === 'TooManyRequests')).toEqual(['TooManyRequests', 429, 429])
  expect(new Set(STATUS_CODES.map(([, number]) => number)).size).toBe(STATUS_CODES.length)
})
