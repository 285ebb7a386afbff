import fc from 'fast-check'
import { expect, test } from 'vitest'
import { shareOfCluster } from './cluster-share.ts'
import { PLAIN_SETTINGS, UNLIMITED } from './plain.ts'
import type { Cluster } from './route-table.ts'

const named = { id: 'c', host: 'c', namespace: '', serviceName: 'c', port: 80, subset: undefined, endpoints: [] }
const limited = (limit: number): Cluster => ({
  ...named,
  ...PLAIN_SETTINGS,
  maxConnections: limit,
  maxPendingRequests: limit,
  maxRequests: limit,
  maxRetries: limit
})

test('shares add up to the limit, none is zero, and what is unlimited stays so', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: 16 }), (limit, count) => {
      const shares = Array.from({ length: count }, (_, index) => shareOfCluster(limited(limit), { index, count }))
      for (const field of ['maxConnections', 'maxPendingRequests', 'maxRequests', 'maxRetries'] as const) {
        const parts = shares.map((share) => share[field])
        expect(parts.reduce((sum, part) => sum + part, 0)).toBe(Math.max(limit, count))
        expect(Math.max(...parts) - Math.min(...parts)).toBeLessThanOrEqual(1)
      }
    })
  )
  expect(shareOfCluster(limited(UNLIMITED), { index: 1, count: 3 })).toEqual(limited(UNLIMITED))
})
