import { expect, test } from 'vitest'
import { objectsOf } from '../../test/route-mesh.ts'
import { indexRules, moreSpecific, policyFor, ruleFor } from './destination-rules.ts'
import { meshConfigOf } from './mesh-objects.ts'

function index(text: string): ReturnType<typeof indexRules> {
  return indexRules(meshConfigOf(objectsOf(text)).destinationRules)
}

function rule(name: string, namespace: string, spec: string): string {
  return `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: ${spec}\n---\n`
}

const HOST = 'r.prod.svc.cluster.local'

test("the caller's namespace wins over the service's, and that over the root's, even without the subset", () => {
  const rules = index(
    rule('client', 'web', `{host: ${HOST}}`) +
      rule('owner', 'prod', '{host: r, subsets: [{name: v1}]}') +
      rule('root', 'istio-system', "{host: '*.local'}")
  )
  expect(ruleFor(rules, HOST, 'prod', 'web')?.from).toEqual(['web/client'])
  expect(ruleFor(rules, HOST, 'prod', 'other')?.from).toEqual(['prod/owner'])
  expect(ruleFor(rules, 'x.y.svc.cluster.local', 'y', 'other')?.from).toEqual(['istio-system/root'])
})

test('a rule kept to its namespace does not serve others; the most specific host wins inside a namespace', () => {
  const rules = index(rule('wide', 'prod', "{host: '*.prod.svc.cluster.local'}") + rule('own', 'prod', "{host: r, exportTo: ['.']}"))
  expect(ruleFor(rules, HOST, 'prod', 'web')?.from).toEqual(['prod/wide'])
  expect(ruleFor(rules, HOST, 'prod', 'prod')?.from).toEqual(['prod/own'])
})

test('rules of one host are put together: subsets added, the first policy and the first definition kept', () => {
  const rules = index(
    rule('a', 'prod', '{host: r, subsets: [{name: v1, labels: {version: one}}]}') +
      rule('b', 'prod', '{host: r, trafficPolicy: {loadBalancer: {simple: RANDOM}}, subsets: [{name: v1}, {name: v2}]}')
  )
  const applied = ruleFor(rules, HOST, 'prod', 'prod')
  expect(applied?.from).toEqual(['prod/a', 'prod/b'])
  expect(applied?.subsets.map(({ name, labels }) => [name, labels])).toEqual([
    ['v1', { version: 'one' }],
    ['v2', undefined]
  ])
  expect(applied?.trafficPolicy?.loadBalancer?.simple).toBe('RANDOM')
})

test('policies replace whole blocks: port entries their level, subsets block by block', () => {
  const applied = ruleFor(
    index(
      rule(
        'a',
        'prod',
        `{host: r, trafficPolicy: {loadBalancer: {simple: RANDOM}, connectionPool: {http: {maxRetries: 1}}, portLevelSettings: [{port: {number: 81}, connectionPool: {http: {maxRetries: 9}}}]},
          subsets: [{name: v1, trafficPolicy: {connectionPool: {tcp: {maxConnections: 5}}}}]}`
      )
    ),
    HOST,
    'prod',
    'prod'
  )
  const v1 = applied?.subsets[0]
  expect(policyFor(applied, 80, undefined)).toMatchObject({
    loadBalancer: { simple: 'RANDOM' },
    connectionPool: { http: { maxRetries: 1 } }
  })
  expect(policyFor(applied, 81, undefined).loadBalancer).toBeUndefined()
  expect(policyFor(applied, 80, v1)).toEqual({ loadBalancer: { simple: 'RANDOM' }, connectionPool: { tcp: { maxConnections: 5 } } })
  expect(policyFor(undefined, 80, undefined)).toEqual({})
})

test('exact hosts are more specific than wildcards, longer suffixes than shorter', () => {
  expect([moreSpecific('a', '*.b'), moreSpecific('*.a.b', '*.b'), moreSpecific('*.b', 'a')]).toEqual([true, true, false])
})
