import { expect, test } from 'vitest'
import { builtinQuery, onlyErrorsQuery } from './istio-queries.ts'

// flagger-observed.md 2, with its spaces.
test('the built-in queries are those that Flagger was seen to put', () => {
  expect(builtinQuery('request-success-rate', { namespace: 'success', workload: 'podinfo', window: '1m' })).toBe(
    'sum( rate( istio_requests_total{ reporter="destination", destination_workload_namespace="success", destination_workload=~"podinfo", response_code!~"5.*" }[1m] ) ) / sum( rate( istio_requests_total{ reporter="destination", destination_workload_namespace="success", destination_workload=~"podinfo" }[1m] ) ) * 100'
  )
  expect(builtinQuery('request-duration', { namespace: 'success', workload: 'podinfo', window: '30s' })).toBe(
    'histogram_quantile( 0.99, sum( rate( istio_request_duration_milliseconds_bucket{ reporter="destination", destination_workload_namespace="success", destination_workload=~"podinfo" }[30s] ) ) by (le) )'
  )
})

test('nothing but errors is asked for apart', () => {
  expect(onlyErrorsQuery({ namespace: 'test', workload: 'api', window: '1m' })).toBe(
    'sum( rate( istio_requests_total{ reporter="destination", destination_workload_namespace="test", destination_workload=~"api" }[1m] ) ) unless sum( istio_requests_total{ reporter="destination", destination_workload_namespace="test", destination_workload=~"api", response_code!~"5.*" } )'
  )
})
