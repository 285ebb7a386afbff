import { expect, test } from 'vitest'
import { destinationsOf, liveWeight, ownEntry } from './virtual-service.ts'

const route = (...to: readonly (readonly [string, number?])[]) => ({
  route: to.map(([host, weight]) => ({ destination: { host }, ...(weight === undefined ? {} : { weight }) }))
})
const virtualService = (...http: readonly unknown[]) => ({ apiVersion: 'v', kind: 'VirtualService', metadata: {}, spec: { http } })

test.each([
  ['absent', undefined, undefined, undefined],
  ['foreign', virtualService(route(['reviews', 90], ['reviews', 10])), undefined, undefined],
  ['ours', virtualService(route(['api-primary', 80], ['api-canary', 20])), 0, 20],
  ['ours after a foreign one', virtualService(route(['other']), route(['api-primary', 100], ['api-canary', 0])), 1, 0]
])('%s', (_, object, index, weight) => {
  expect(ownEntry(object, 'api')).toBe(index)
  expect(liveWeight(object, 'api')).toBe(weight)
})

test('an absent weight is 0', () => {
  expect(destinationsOf(route(['api']))).toEqual([{ host: 'api', weight: 0 }])
  expect(destinationsOf({})).toEqual([])
})
