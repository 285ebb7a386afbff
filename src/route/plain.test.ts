import { expect, test } from 'vitest'
import { deployed, routerOf } from '../../test/route-mesh.ts'
import { PLAIN_SETTINGS, UNLIMITED, onlyChoice } from './plain.ts'

test('a destination without a rule has no limits but 10 s to connect, and keeps connections for an hour (istio.md 2.6)', () => {
  const router = routerOf(deployed({ name: 'reviews', versions: { v1: 1 } }))
  const [state] = router.clusters.values()
  expect(state?.cluster).toMatchObject(PLAIN_SETTINGS)
  expect(PLAIN_SETTINGS).toMatchObject({ balance: 'least-request', connectTimeout: 10_000, idleTimeout: 3_600_000, maxRetries: UNLIMITED })
})

test('the only choice of a route has all the weight there is', () => {
  expect(onlyChoice('c')).toEqual({ cluster: 'c', weight: 1, authority: undefined, request: undefined, response: undefined })
})
