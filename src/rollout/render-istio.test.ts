import { expect, test } from 'vitest'
import { canaryOf } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { planOf } from './plan.ts'
import { releaseVirtualService, ruleWrites, virtualServiceWrites } from './render-istio.ts'

const canary = (service: Record<string, unknown>): KubeObject => canaryOf({}, { service: { port: 80, ...service } })

test.each([
  [{}, { hosts: ['api'], gateways: ['mesh'] }],
  [
    { hosts: ['a.example.com'], gateways: ['g'] },
    { hosts: ['a.example.com', 'api'], gateways: ['g'] }
  ],
  [{ hosts: ['*'] }, { hosts: ['*'], gateways: ['mesh'] }],
  [{ delegation: true }, { hosts: [] }],
  [{ timeout: '5s', rewrite: { uri: '/', type: 'x' } }, { http: [{ timeout: '5s', rewrite: { uri: '/' } }] }]
])('a VirtualService of %j has %j', (service, spec) => {
  const object = canary(service)
  expect(virtualServiceWrites(object, planOf(object), 0, undefined)).toMatchObject([{ verb: 'create', object: { spec } }])
})

test('subsets of a live DestinationRule stay', () => {
  const object = canary({ trafficPolicy: { tls: { mode: 'DISABLE' } } })
  const live = { apiVersion: 'v', kind: 'DestinationRule', metadata: { name: 'api-canary' }, spec: { host: 'api-canary', subsets: [] } }
  expect(ruleWrites(object, planOf(object), 'canary', live)).toMatchObject([
    { patch: { operations: [{ op: 'add', path: '/spec/trafficPolicy', value: { tls: { mode: 'DISABLE' } } }] } }
  ])
})

test("a user's VirtualService gets its spec back, an unreadable one stays", () => {
  const live = (kept: string): KubeObject => ({
    apiVersion: 'v',
    kind: 'VirtualService',
    metadata: { name: 'api', annotations: { 'flagger.kubernetes.io/original-configuration': kept } },
    spec: { hosts: ['x'] }
  })
  expect(releaseVirtualService(canary({}), live('{"hosts":["api"]}'))).toMatchObject([
    { patch: { operations: [{ op: 'test' }, { op: 'replace', path: '/spec', value: { hosts: ['api'] } }] } }
  ])
  expect(releaseVirtualService(canary({}), live('{'))).toEqual([])
})
