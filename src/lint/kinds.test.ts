import { expect, test } from 'vitest'
import { ISTIO_KINDS } from '../api/istio-kinds.ts'
import { ACTED_ON, READ_BY_PART } from '../route/acted-on.ts'
import { lintKinds } from './kinds.ts'

/** What Istio warns of in every object of a kind, or refuses in an empty one, is not the matter here. */
const isTold = ({ code }: { readonly code: string }): boolean => code === 'not-applied-yet'
const GATEWAY_API = ['gateway.networking.k8s.io/v1', 'Gateway'] as const

test("every kind of Istio's that routing does not read is named, and so is the Gateway API", () => {
  const objects = [
    ...ISTIO_KINDS.map(({ group, kind }) => [`${group}/v1`, kind] as const),
    ['gateway.networking.k8s.io/v1', 'HTTPRoute'] as const
  ]
  const named = lintKinds(objects.map(([apiVersion, kind]) => ({ apiVersion, kind, metadata: { name: 'x' }, spec: { template: {} } })))
  const kinds = named.filter(isTold).map(({ object, code, path }) => `${object.kind} ${code} ${path}`)
  const isRead = (kind: string): boolean => kind in ACTED_ON || READ_BY_PART.includes(kind)
  const wanted = objects.filter((each) => each === GATEWAY_API || !isRead(each[1])).map(([, kind]) => kind)
  expect(kinds).toEqual(wanted.map((kind) => `${kind} not-applied-yet spec`))
  expect(wanted).toContain('ProxyConfig')
  expect(wanted).toContain('WorkloadGroup')
})

test('built-in kinds and kinds of others are not', () => {
  expect(
    lintKinds([
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: {} },
      { apiVersion: 'flagger.app/v1beta1', kind: 'Canary', metadata: {} }
    ])
  ).toEqual([])
})

test('what Istio says of such an object is told beside', () => {
  const group = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'WorkloadGroup',
    metadata: { name: 'x' },
    spec: { template: { labels: { 'no key!': 'x' } } }
  }
  expect(lintKinds([group]).map(({ code, istio }) => [code, istio])).toEqual([
    ['istio-refuses', 'IST0106'],
    ['not-applied-yet', undefined]
  ])
})

test('an object in a version that is not known is not judged', () => {
  const group = { apiVersion: 'networking.istio.io/v9', kind: 'WorkloadGroup', metadata: {}, spec: {} }
  expect(lintKinds([group]).map(({ code }) => code)).toEqual(['not-applied-yet'])
})
