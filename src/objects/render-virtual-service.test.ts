import { expect, test } from 'vitest'
import { canaryOf } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { planOf } from '../canary/plan.ts'
import type { Traffic } from './routes.ts'
import { FLUX_OPT_OUTS, type Write } from './write.ts'
import { ledFromBaseline, releaseVirtualService, virtualServiceWrites } from './render-virtual-service.ts'

const canary = (service: Record<string, unknown>): KubeObject => canaryOf({}, { service: { port: 80, ...service } })

const trafficOf = (object: KubeObject, share = 0): Traffic => ({
  canary: object,
  plan: planOf(object),
  routing: { kind: 'weights', canary: share },
  cookies: {}
})

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
  expect(virtualServiceWrites(trafficOf(object), undefined)).toMatchObject([{ verb: 'create', object: { spec } }])
})

const route = (...shares: readonly (readonly [string, number])[]) => ({
  route: shares.map(([host, weight]) => ({ destination: { host }, weight, mine: host }))
})
const liveOf = (...http: readonly unknown[]): KubeObject => ({
  apiVersion: 'v',
  kind: 'VirtualService',
  metadata: { name: 'api', annotations: { ...FLUX_OPT_OUTS } },
  spec: { gateways: ['mesh'], hosts: ['api'], http, exportTo: ['.'] }
})
const operations = (writes: readonly Write[]): readonly (readonly [string, string, unknown])[] =>
  writes.flatMap((write) =>
    write.verb === 'patch' && write.patch.kind === 'json'
      ? write.patch.operations.map(({ op, path, value }) => [op, path, value] as const)
      : []
  )

test('only weights of a live VirtualService are written, each tested first', () => {
  const live = liveOf({ name: 'other', ...route(['reviews', 100]) }, { name: 'ours', ...route(['api-primary', 100], ['api-canary', 0]) })
  expect(operations(virtualServiceWrites(trafficOf(canary({}), 20), live))).toEqual([
    ['test', '/spec/http/1/route/0/weight', 100],
    ['replace', '/spec/http/1/route/0/weight', 80],
    ['test', '/spec/http/1/route/1/weight', 0],
    ['replace', '/spec/http/1/route/1/weight', 20]
  ])
})

test('of a live VirtualService for connections only weights are written, and what is for requests stays', () => {
  const live = {
    ...liveOf(),
    spec: { gateways: ['mesh'], hosts: ['api'], http: [route(['reviews', 100])], tcp: [route(['api-primary', 100], ['api-canary', 0])] }
  }
  expect(operations(virtualServiceWrites(trafficOf(canary({ appProtocol: 'tcp' }), 20), live))).toEqual([
    ['test', '/spec/tcp/0/route/0/weight', 100],
    ['replace', '/spec/tcp/0/route/0/weight', 80],
    ['test', '/spec/tcp/0/route/1/weight', 0],
    ['replace', '/spec/tcp/0/route/1/weight', 20]
  ])
})

test('a Service that changed its protocol leaves nothing of its own among the other rules', () => {
  const own = route(['api-primary', 100], ['api-canary', 0])
  const writes = (...http: readonly unknown[]) =>
    operations(virtualServiceWrites(trafficOf(canary({ appProtocol: 'tcp' })), liveOf(...http))).filter(([, path]) =>
      path.startsWith('/spec/http')
    )
  expect(writes(own).at(-1)).toEqual(['remove', '/spec/http', undefined])
  expect(writes({ name: 'other' }, own).at(-1)).toEqual(['replace', '/spec/http', [{ name: 'other' }]])
})

test("a destination of others' is left alone: the canary gets nothing more, and may lose what it has to the primary", () => {
  const live = liveOf(route(['api-primary', 50], ['mine', 30], ['api-canary', 20]))
  expect(virtualServiceWrites(trafficOf(canary({}), 40), live)).toEqual([])
  expect(operations(virtualServiceWrites(trafficOf(canary({}), 0), live)).filter(([op]) => op !== 'test')).toEqual([
    ['replace', '/spec/http/0/route/0/weight', 70],
    ['replace', '/spec/http/0/route/2/weight', 0]
  ])
})

test('copies for others stay, those for the canary go', () => {
  const own = route(['api-primary', 100], ['api-canary', 0])
  const writes = (host: string) => operations(virtualServiceWrites(trafficOf(canary({})), liveOf({ ...own, mirror: { host } })))
  expect(writes('audit')).toEqual([])
  expect(writes('api-canary')).toEqual([
    ['test', '/spec/http/0/mirror', { host: 'api-canary' }],
    ['remove', '/spec/http/0/mirror', undefined]
  ])
})

test("entries for cookies come and go where ours are, among others' that keep their order", () => {
  const object = canaryOf({ sessionAffinity: { cookieName: 'v' } }, { service: { port: 80 } })
  const live = liveOf({ name: 'first' }, route(['api-primary', 100], ['api-canary', 0]), { name: 'last' })
  const [, replaced] = operations(virtualServiceWrites({ ...trafficOf(object, 20), cookies: { canary: 'v=A' } }, live))
  expect(replaced?.slice(0, 2)).toEqual(['replace', '/spec/http'])
  expect(replaced?.[2]).toMatchObject([{ name: 'first' }, { match: [{}] }, { route: [{ weight: 80 }, { weight: 20 }] }, { name: 'last' }])
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

test('what routes of before lead to a baseline goes to the primary, in each entry that does', () => {
  const to = (role: string, weight: number) => ({ destination: { host: `api-${role}` }, weight, headers: { request: { set: { role } } } })
  const sticky = { match: [{ headers: { cookie: { exact: 'a' } } }], route: [to('canary', 100)] }
  const entry = { timeout: '1s', route: [to('primary', 20), to('canary', 40), to('baseline', 40)] }
  const live = { ...liveOf(), spec: { hosts: ['api'], http: [sticky, entry] } }
  const plan = planOf(canary({}))
  expect(ledFromBaseline(plan, live)).toMatchObject([
    {
      verb: 'patch',
      patch: { operations: [{ op: 'test' }, { op: 'replace', path: '/spec/http/1/route', value: [to('primary', 60), to('canary', 40)] }] }
    }
  ])
  expect(ledFromBaseline(plan, { ...live, spec: { hosts: ['api'], http: [sticky] } })).toEqual([])
  expect(ledFromBaseline(plan, undefined)).toEqual([])
})
