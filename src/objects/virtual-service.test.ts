import { expect, test } from 'vitest'
import { destinationsOf, foreignHosts, liveRouting, ownEntries } from './virtual-service.ts'

const route = (...to: readonly (readonly [string, number?])[]) => ({
  route: to.map(([host, weight]) => ({ destination: { host }, ...(weight === undefined ? {} : { weight }) }))
})
const virtualService = (...http: readonly unknown[]) => ({ apiVersion: 'v', kind: 'VirtualService', metadata: {}, spec: { http } })

const own = route(['api-primary', 80], ['api-canary', 20])
const mirrored = { ...own, mirror: { host: 'api-canary' } }

test.each([
  ['absent', undefined, [], undefined],
  ['foreign', virtualService(route(['reviews', 90], ['reviews', 10])), [], undefined],
  ['ours', virtualService(own), [0], { canary: 20, mirrored: false, mark: undefined }],
  ['ours after a foreign one', virtualService(route(['other']), own), [1], { canary: 20, mirrored: false }],
  [
    'the last of ours that knows the canary',
    virtualService(route(['api-canary', 100]), own, route(['api-primary'])),
    [0, 1, 2],
    { canary: 20, mirrored: false }
  ],
  ['with copies', virtualService(mirrored), [0], { canary: 20, mirrored: true }],
  ['with copies for others', virtualService({ ...own, mirror: { host: 'audit' } }), [0], { canary: 20, mirrored: false }]
])('%s', (_, object, entries, routing) => {
  expect(ownEntries(object, 'api')).toEqual(entries)
  expect(liveRouting(object, 'api')).toEqual(routing)
})

test("hosts beside the rollout's own are seen in its own entries only", () => {
  expect(foreignHosts(virtualService(route(['other']), route(['api-primary', 50], ['mine', 50])), 'api')).toEqual(['mine'])
})

test('an absent weight is 0', () => {
  expect(destinationsOf(route(['api']))).toEqual([{ host: 'api', weight: 0 }])
  expect(destinationsOf({})).toEqual([])
})

test('rules for connections are read where they are asked for, and not beside those for requests', () => {
  const both = {
    apiVersion: 'v',
    kind: 'VirtualService',
    metadata: {},
    spec: { http: [own], tcp: [route(['other']), route(['api-primary', 60], ['api-canary', 40])] }
  }
  expect([ownEntries(both, 'api', 'tcp'), ownEntries(both, 'api')]).toEqual([[1], [0]])
  expect(liveRouting(both, 'api', 'tcp')).toEqual({ canary: 40, mirrored: false, mark: undefined })
  expect(foreignHosts(both, 'api', 'tcp')).toEqual([])
})
