import { expect, test } from 'vitest'
import { clusterSettings, hashPolicyOf } from './cluster-settings.ts'
import { PLAIN_SETTINGS, UNLIMITED } from './plain.ts'

test('a policy that says nothing gives what a destination without a rule has', () => {
  const { localities, ...plain } = PLAIN_SETTINGS
  expect(clusterSettings({})).toEqual(plain)
  expect(localities).toBeUndefined()
  expect(clusterSettings({ connectionPool: { tcp: { maxConnections: 0 }, http: { maxRetries: 0 } } })).toEqual(plain)
})

test.each([
  [{ simple: 'ROUND_ROBIN' }, 'round-robin'],
  [{ simple: 'RANDOM' }, 'random'],
  [{ simple: 'PASSTHROUGH' }, 'passthrough'],
  [{ simple: 'LEAST_REQUEST' }, 'least-request'],
  [{ simple: 'LEAST_CONN' }, 'least-request'],
  [{ simple: 'UNSPECIFIED' }, 'least-request'],
  [{ consistentHash: {} }, 'ring-hash'],
  [{ consistentHash: { maglev: {} } }, 'maglev']
] as const)('%j is %s', (loadBalancer, balance) => {
  expect(clusterSettings({ loadBalancer }).balance).toBe(balance)
})

test.each([
  [{}, 1024],
  [{ minimumRingSize: 8 }, 8],
  [{ ringHash: { minimumRingSize: 16 } }, 16],
  [{ ringHash: {} }, 1024],
  [{ maglev: {} }, 65_537],
  [{ maglev: { tableSize: 11 } }, 11],
  [{ maglev: { tableSize: 12 } }, 65_537]
])('%j: a ring or table of %d', (consistentHash, size) => {
  expect(clusterSettings({ loadBalancer: { consistentHash } }).hashSize).toBe(size)
})

test('slow start is for round robin and least request; the old field is its duration', () => {
  const warmup = { duration: '20s', minimumPercent: 50, aggression: 2 }
  const warm = { window: 20_000, minimum: 0.5, aggression: 2 }
  expect(clusterSettings({ loadBalancer: { simple: 'ROUND_ROBIN', warmup } }).warmup).toEqual(warm)
  expect(clusterSettings({ loadBalancer: { simple: 'RANDOM', warmup } }).warmup).toBeUndefined()
  expect(clusterSettings({ loadBalancer: { warmupDurationSecs: '5s' } }).warmup).toEqual({ window: 5000, minimum: 0.1, aggression: 1 })
})

test('outlier detection: an empty block is the defaults of Istio; absent gateway errors are noticed, not enforced', () => {
  expect(clusterSettings({ outlierDetection: {} }).outlier).toEqual({
    interval: 10_000,
    baseEjection: 30_000,
    maxEjection: 300_000,
    maxPercent: 10,
    errors: { errors: 5, enforced: true },
    gateway: { errors: 5, enforced: false },
    localOrigin: undefined
  })
  expect(clusterSettings({ outlierDetection: { consecutiveErrors: 2 } }).outlier).toEqual(clusterSettings({ outlierDetection: {} }).outlier)
  expect(clusterSettings({}).outlier).toBeUndefined()
})

test('outlier detection: what is set; 0 turns a rule off, local failures have their own rule only when they are split', () => {
  const outlierDetection = {
    interval: '500ms',
    baseEjectionTime: '400s',
    maxEjectionPercent: 150,
    minHealthPercent: 40,
    consecutive5xxErrors: 0,
    consecutiveGatewayErrors: 2,
    consecutiveLocalOriginFailures: 3
  }
  const settings = clusterSettings({ outlierDetection })
  expect(settings.panicPercent).toBe(40)
  expect(settings.outlier).toEqual({
    interval: 500,
    baseEjection: 400_000,
    maxEjection: 400_000,
    maxPercent: 100,
    errors: { errors: 0, enforced: false },
    gateway: { errors: 2, enforced: true },
    localOrigin: undefined
  })
  const split = clusterSettings({ outlierDetection: { ...outlierDetection, splitExternalLocalOriginErrors: true } })
  expect(split.outlier?.localOrigin).toEqual({ errors: 3, enforced: true })
  expect(clusterSettings({ outlierDetection: { splitExternalLocalOriginErrors: true } }).outlier?.localOrigin?.errors).toBe(5)
})

test('probes, longest life and the budget of retries', () => {
  const tcp = { tcpKeepalive: { time: '5s' }, maxConnectionDuration: '1h' }
  const settings = clusterSettings({ connectionPool: { tcp }, retryBudget: { percent: 25 } })
  expect(settings).toMatchObject({ keepAlive: 5000, maxConnectionDuration: 3_600_000, retryBudget: { percent: 25, minimum: 3 } })
  expect(clusterSettings({ retryBudget: {} }).retryBudget).toEqual({ percent: 20, minimum: 3 })
  expect(clusterSettings({ connectionPool: { tcp: { tcpKeepalive: {} } } }).keepAlive).toBe(0)
})

test('limits and times', () => {
  const tcp = { maxConnections: 5, connectTimeout: '30ms', idleTimeout: '9s' }
  expect(clusterSettings({ connectionPool: { tcp, http: { http1MaxPendingRequests: 1 } } })).toMatchObject({
    maxConnections: 5,
    connectTimeout: 30,
    idleTimeout: 9000,
    maxPendingRequests: 1,
    maxRequests: UNLIMITED
  })
})

test.each([
  [{ httpHeaderName: 'X-User' }, { kind: 'header', name: 'x-user' }],
  [{ httpQueryParameterName: 'User' }, { kind: 'query', name: 'User' }],
  [{ useSourceIp: true }, { kind: 'source-ip' }],
  [{ httpCookie: { name: 'u' } }, { kind: 'cookie', name: 'u', path: '', ttl: undefined, attributes: [] }],
  [
    { httpCookie: { name: 'u', path: '/a', ttl: '0s', attributes: [{ name: 'Secure' }] } },
    { kind: 'cookie', name: 'u', path: '/a', ttl: 0, attributes: [['Secure', '']] }
  ],
  [{ useSourceIp: false }, undefined],
  [{}, undefined]
])('the key of %j', (rule, policy) => {
  expect(hashPolicyOf(rule)).toEqual(policy)
})
