import { expect, test } from 'vitest'
import { connectionPool, trafficPolicy } from './istio-traffic-policy.ts'
import { validate } from './validate.ts'

test.each([
  ['limits are whole numbers', connectionPool, { http: { maxRetries: 1.5 }, tcp: { maxConnections: 1 } }, ['http.maxRetries']],
  [
    'balancing is simple or by hash',
    trafficPolicy,
    { loadBalancer: { simple: 'RANDOM', consistentHash: { useSourceIp: true } } },
    ['<nil>']
  ],
  [
    'a hash has one source',
    trafficPolicy,
    { loadBalancer: { consistentHash: { useSourceIp: true, httpHeaderName: 'x' } } },
    ['<nil>', '<nil>']
  ],
  ['outlier detection takes null', trafficPolicy, { outlierDetection: { consecutive5xxErrors: null, interval: '1s' } }, []],
  [
    'warm-up needs a duration',
    trafficPolicy,
    { loadBalancer: { warmup: { minimumPercent: 101 } } },
    ['loadBalancer.warmup.duration', 'loadBalancer.warmup.minimumPercent']
  ]
])('%s', (_, schema, value, fields) => {
  expect(validate(schema, value, 'built-in').map((cause) => cause.field)).toEqual(fields)
})
