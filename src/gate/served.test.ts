import { describe, expect, it } from 'vitest'
import { NO_BASELINE } from './increments.ts'
import { lookAt, type RequestCounter, servedSince } from './served.ts'

const EDGES = [100, 500]

function counter(changed: Partial<RequestCounter>): RequestCounter {
  const { code = 200, flags = '-', grpc = '' } = changed
  return { process: 'gateway', id: `${code} ${flags} ${grpc}`, code, flags, grpc, count: 0, buckets: [0, 0, 0], ...changed }
}

function between(canary: readonly RequestCounter[], stable: readonly RequestCounter[] = [counter({ count: 1_000 })]) {
  const { baseline } = servedSince(NO_BASELINE, { at: 0, canary: [], stable: [counter({ count: 900 })] })
  return servedSince(baseline, { at: 5_000, canary, stable }).served
}

describe('servedSince', () => {
  it.each<[string, Partial<RequestCounter>, number, number]>([
    ['an answer', { code: 200 }, 3, 0],
    ['a client error', { code: 404 }, 3, 0],
    ['a server error', { code: 503 }, 3, 3],
    ['no answer', { code: 0, flags: 'UC' }, 3, 3],
    ['a caller that went away', { code: 0, flags: 'DC' }, 0, 0],
    ['a caller that went away after a failed try', { code: 503, flags: 'DC,UF' }, 0, 0],
    // The statuses that a server answers for: unknown, deadline exceeded, unimplemented, internal, unavailable, data loss.
    ...Array.from({ length: 17 }, (_, status): [string, Partial<RequestCounter>, number, number] => {
      return [`gRPC of status ${status}`, { grpc: String(status) }, 3, [2, 4, 12, 13, 14, 15].includes(status) ? 3 : 0]
    })
  ])('counts %s', (_, changed, requests, failures) => {
    expect(between([counter({ ...changed, count: 3 })]).canary).toMatchObject({ requests, failures })
  })

  it('counts each version by itself, and since the look before', () => {
    const { canary, stable } = between([counter({ count: 5 }), counter({ count: 2, code: 500 })])
    expect([canary.requests, canary.failures, stable.requests, stable.failures]).toEqual([7, 2, 100, 0])
  })
})

describe('lookAt', () => {
  it('has failures of both versions', () => {
    const served = between([counter({ count: 5, code: 500 })])
    expect(lookAt(served, 'failed', EDGES)).toEqual({ canaryRequests: 5, canaryBad: 5, stableRequests: 100, stableBad: 0 })
  })

  it('has requests above an edge', () => {
    const served = between([counter({ count: 10, buckets: [5, 3, 2] })])
    expect(lookAt(served, { slowerThan: 100 }, EDGES)).toMatchObject({ canaryRequests: 10, canaryBad: 5 })
    expect(lookAt(served, { slowerThan: 500 }, EDGES)).toMatchObject({ canaryRequests: 10, canaryBad: 2 })
  })
})
