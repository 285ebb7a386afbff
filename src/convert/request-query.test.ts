import { describe, expect, it } from 'vitest'
import { requestQueryOf } from './request-query.ts'

const NAMES = {
  canary: ['latest', 'api-canary', 'api-canary.shop.svc.cluster.local'],
  stable: ['stable', 'api', 'api.shop.svc.cluster.local']
}
const count = (of: string, window: number, each = 'second') => ({ kind: 'count', of, window, each })
const ratio = (left: unknown, right: unknown) => ({ kind: 'arithmetic', operator: '/', left, right })
const read = (text: string) => requestQueryOf(text, NAMES)

const CANARY = 'destination_service_name="api-canary"'

describe('a query of requests', () => {
  it('is a share of requests whose code is none of a failure, over its window', () => {
    const text = `
      sum(rate(istio_requests_total{reporter="source", ${CANARY}, response_code!~"5.*"}[5m])) /
      sum(rate(istio_requests_total{reporter="source", ${CANARY}}[5m]))`
    expect(read(text)).toEqual({ query: ratio(count('succeeded', 300), count('all', 300)), told: true })
  })

  it.each([
    ['sum(increase(http_requests_total{status=~"5.."}[90s]))', count('failed', 90, 'window')],
    // The last two scrapes, however long the window.
    ['sum(irate(nginx_ingress_controller_requests{status=~"[45].*"}[5m]))', count('failed', 15)],
    ['sum by () (rate(envoy_cluster_upstream_rq{envoy_response_code="200"}[1m]))', count('succeeded', 60)],
    [
      'sum(rate(http_requests_total{code=~"5.."}[1m])) or on() vector(0)',
      { kind: 'or', left: count('failed', 60), right: { kind: 'number', value: 0 } }
    ],
    [
      '100 * (1 - scalar(sum(rate(http_requests_total[1m]))))',
      {
        kind: 'arithmetic',
        operator: '*',
        left: { kind: 'number', value: 100 },
        right: { kind: 'arithmetic', operator: '-', left: { kind: 'number', value: 1 }, right: count('all', 60) }
      }
    ],
    [
      'histogram_quantile(0.95, sum by (le) (rate(istio_request_duration_milliseconds_bucket[1m])))',
      { kind: 'quantile', q: 0.95, window: 60, scale: 1 }
    ],
    [
      'histogram_quantile(0.99, sum(rate(http_request_duration_seconds_bucket[2m])) by (le))',
      { kind: 'quantile', q: 0.99, window: 120, scale: 0.001 }
    ]
  ])('%s', (text, query) => {
    expect(read(text)).toEqual({ query, told: false })
  })

  it.each([
    ['destination_service_name="api-canary"', true],
    ['destination_service=~"api-canary.*"', true],
    ['rollouts_pod_template_hash="latest"', true],
    ['namespace="shop"', false],
    ['destination_service=~".*"', false]
  ])('with {%s} says that it counts the canary: %s', (matcher, told) => {
    expect(read(`sum(rate(istio_requests_total{${matcher}}[1m]))`)).toEqual({ query: count('all', 60), told })
  })

  it.each([
    ['sum(rate(istio_requests_total{destination_service_name="api"}[1m]))', 'counts the stable version'],
    ['sum(rate(istio_requests_total{destination_service=~"api.*"}[1m]))', 'counts both versions together'],
    ['queue_length', 'asks for "queue_length": only sums of rates of requests, histogram_quantile and arithmetic are played'],
    ['sum(queue_length)', 'adds "queue_length" up: only rate, irate and increase are played'],
    ['sum(rate(queue_total[1m]))', 'counts queue_total, which are not known to be requests'],
    ['sum(rate(request_errors_total[1m]))', 'counts request_errors_total, which are not known to be requests'],
    ['sum(rate(http_requests_total{code="404"}[1m]))', 'counts neither 200 nor 500, which is all that is simulated'],
    ['sum(rate(http_requests_total[1m])) by (pod)', 'groups by (pod)'],
    ['sum(rate(http_requests_total[])', 'has a window of "]"'],
    ['sum(rate(http_requests_total{code=~"("}[1m]))', 'has the matcher code=~"("'],
    ['sum(rate(http_requests_total[1m])) > 5', 'has ">", which is not played'],
    ['sum(rate(http_requests_total[1m]', 'has "its end" where ")" is expected'],
    [
      'histogram_quantile(0.5, sum(rate(http_request_size_bucket[1m])) by (le))',
      'has a quantile of http_request_size_bucket, which is no histogram of seconds or milliseconds'
    ],
    ['histogram_quantile(0.5, sum(rate(r_milliseconds_bucket{code="500"}[1m])) by (le))', 'has a quantile of some of the requests'],
    ['('.repeat(20_000), 'is too long to be played'],
    ['', 'ends too soon']
  ])('refuses %s: %s', (text, because) => {
    expect(read(text)).toBe(because)
  })
})
