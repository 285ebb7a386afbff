import { expect, test } from 'vitest'
import { reachOf, type Reach } from './query-reach.ts'

const PLAN = { target: 'api', apex: 'web', namespace: 'shop' }

test.each<readonly [string, string, Reach]>([
  ['all requests of the service', 'sum(rate(istio_requests_total{destination_service="web.shop.svc.cluster.local"}[1m]))', 'unknown'],
  ['all requests of a namespace', 'sum(rate(istio_requests_total{destination_workload_namespace="shop"}[1m]))', 'both'],
  ['all there are', 'sum(rate(istio_requests_total[1m]))', 'both'],
  [
    'the canary of everybody: the fault of the guide',
    '100 * sum(rate(istio_requests_total{destination_workload="api", response_code=~"5.."}[1m])) / sum(rate(istio_requests_total{destination_service_namespace="shop"}[1m]))',
    'both'
  ],
  ['the canary alone', 'sum(rate(istio_requests_total{destination_workload="api"}[1m]))', 'one'],
  ['the canary by an expression that ends', 'sum(rate(istio_requests_total{destination_workload=~"api"}[1m]))', 'one'],
  ['both by an expression', 'sum(rate(istio_requests_total{destination_workload=~"api.*"}[1m]))', 'both'],
  ['both by alternatives', 'sum(rate(istio_requests_total{destination_workload=~"api|api-primary"}[1m]))', 'both'],
  ['both by a denial of others', 'sum(rate(istio_requests_total{destination_workload!="reviews"}[1m]))', 'both'],
  ['without the primary', 'sum(rate(istio_requests_total{destination_workload=~"api.*",destination_workload!~".*-primary"}[1m]))', 'one'],
  ['by the Service of the canary', 'sum(rate(istio_requests_total{destination_service_name="web-canary"}[1m]))', 'one'],
  ['by the Services of both', "sum(rate(istio_requests_total{destination_service_name=~'web-(canary|primary)'}[1m]))", 'both'],
  ['by the address of the canary', 'istio_requests_total{destination_service="web-canary.shop.svc.cluster.local"}', 'one'],
  ['braces and brackets in a value', 'sum(rate(istio_requests_total{request_path=~"/a{2}[}]",destination_app="api"}[1m]))', 'one'],
  [
    'each version against the other',
    'istio_requests_total{destination_workload="api"} / istio_requests_total{destination_workload="api-primary"}',
    'one'
  ],
  ['by a version that is not known here', 'sum(rate(istio_requests_total{destination_version="v2"}[1m]))', 'unknown'],
  ['told apart by the query itself', 'sum by (destination_workload) (rate(istio_requests_total[1m]))', 'unknown'],
  ['no expression', 'sum(rate(istio_requests_total{destination_workload=~"(api"}[1m]))', 'unknown'],
  ['another metric', 'sum(rate(http_requests_total[1m]))', 'unknown'],
  ['a metric whose name has it inside', 'sum(rate(my_istio_requests_total[1m]))', 'unknown'],
  ['a duration', 'histogram_quantile(0.99, sum(rate(istio_request_duration_milliseconds_bucket{reporter="source"}[1m])) by (le))', 'both'],
  ['raw strings', 'sum(rate(istio_requests_total{destination_workload=~`api-\\w+`}[1m]))', 'one']
])('%s', (_, query, reach) => {
  expect(reachOf(query, PLAN)).toBe(reach)
})
