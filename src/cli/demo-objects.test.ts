import { expect, test } from 'vitest'
import type { KubeObject } from '../api/object.ts'
import { rolloutOf, shareOf, tagOf } from './demo-objects.ts'

const object = (fields: Record<string, unknown>): KubeObject => ({ apiVersion: 'v1', kind: 'Any', metadata: { name: 'a' }, ...fields })
const routes = (...route: readonly unknown[]): KubeObject => object({ spec: { http: [{ route }] } })

test('a rollout is read from the status of its Canary, and is empty before there is one', () => {
  const canary = object({
    spec: { analysis: { threshold: 2 } },
    status: {
      phase: 'Progressing',
      lastAppliedSpec: 'abc',
      failedChecks: 1,
      conditions: [{ type: 'Other' }, { type: 'Promoted', message: 'so far so good' }]
    }
  })
  expect(rolloutOf(canary)).toEqual({ phase: 'Progressing', revision: 'abc', failedChecks: 1, threshold: 2, message: 'so far so good' })
  expect(rolloutOf(undefined)).toEqual({ phase: '', revision: '', failedChecks: 0, threshold: 0, message: '' })
})

test('shares are read as Istio weighs them', () => {
  const split = routes(
    { destination: { host: 'reviews', subset: 'v1' }, weight: 90 },
    { destination: { host: 'reviews', subset: 'v2' }, weight: 10 }
  )
  expect([shareOf(split, 'reviews', 'v1'), shareOf(split, 'reviews', 'v2'), shareOf(split, 'reviews')]).toEqual([90, 10, 0])
  expect(shareOf(routes({ destination: { host: 'a' }, weight: 1 }, { destination: { host: 'b' }, weight: 3 }), 'b')).toBe(75)
  expect(shareOf(routes({ destination: { host: 'a' } }), 'a')).toBe(100)
  expect([shareOf(undefined, 'a'), shareOf(object({}), 'a')]).toEqual([undefined, undefined])
})

test.each([
  ['serin/demo:1.1', '1.1'],
  ['localhost:5000/serin/demo', ''],
  ['localhost:5000/serin/demo:v2', 'v2']
])('the version of image %s is "%s"', (image, tag) => {
  expect(tagOf(object({ spec: { template: { spec: { containers: [{ image }] } } } }))).toBe(tag)
})
