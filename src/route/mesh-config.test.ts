import fc from 'fast-check'
import { expect, test } from 'vitest'
import { byAge, coversHost, intersectHosts, isVisible, resolveGateway, resolveHost } from './mesh-config.ts'

test.each([
  ['reviews', 'shop', 'reviews.shop.svc.cluster.local'],
  ['Reviews', 'shop', 'reviews.shop.svc.cluster.local'],
  ['reviews.prod', 'shop', 'reviews.prod'],
  ['*', 'shop', '*'],
  ['*.example.com', 'shop', '*.example.com']
])('host %s in %s is %s', (host, namespace, wanted) => {
  expect(resolveHost(host, namespace)).toBe(wanted)
})

test.each([
  ['mesh', 'mesh'],
  ['web', 'shop/web'],
  ['./web', 'shop/web'],
  ['edge/web', 'edge/web'],
  ['web.edge.svc.cluster.local', 'edge/web']
])('gateway %s in shop is %s', (name, wanted) => {
  expect(resolveGateway(name, 'shop')).toBe(wanted)
})

test.each([
  [undefined, true],
  [[], true],
  [['*'], true],
  [['.'], false],
  [['viewer'], true],
  [['other'], false],
  [['~'], false]
])('exportTo %o of owner seen from viewer: %s', (exportTo, seen) => {
  expect(isVisible(exportTo, 'owner', 'viewer')).toBe(seen)
})

const LABELS = fc.array(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'))
const PATTERN = fc.oneof(
  LABELS,
  LABELS.map((labels) => `*.${labels}`),
  fc.constant('*')
)

test('a host is in the intersection of two patterns exactly when both cover it', () => {
  fc.assert(
    fc.property(PATTERN, PATTERN, LABELS, (a, b, host) => {
      const both = intersectHosts(a, b)
      expect(both !== undefined && coversHost(both, host)).toBe(coversHost(a, host) && coversHost(b, host))
      expect(both).toBe(intersectHosts(b, a))
    }),
    { numRuns: 1000, seed: 42 }
  )
})

test('a wildcard needs a label in front', () => {
  expect([coversHost('*.a.com', 'a.com'), coversHost('*.a.com', '.a.com'), coversHost('*.a.com', 'x.y.a.com')]).toEqual([
    false,
    false,
    true
  ])
})

test('age, then name, orders', () => {
  const named = (name: string, creationTimestamp: string) => ({ metadata: { name, creationTimestamp } })
  const list = [named('b', '2026-01-01T00:00:00Z'), named('a', '2026-01-02T00:00:00Z'), named('a', '2026-01-01T00:00:00Z')]
  expect(list.toSorted(byAge).map(({ metadata }) => `${metadata.name}${metadata.creationTimestamp.at(9)}`)).toEqual(['a1', 'b1', 'a2'])
})
