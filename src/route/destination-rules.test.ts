import { expect, test } from 'vitest'
import { objectsOf } from '../../test/route-mesh.ts'
import { callerLabelsOf, hashRuleFor, indexRules, moreSpecific, policyFor, ruleFor } from './destination-rules.ts'
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

test('a rule for some callers wins for those of its own namespace that have the labels; the rule for all adds to it', () => {
  const rules = index(
    rule('all', 'prod', '{host: r, trafficPolicy: {loadBalancer: {simple: RANDOM}}, subsets: [{name: v1}]}') +
      rule('some', 'prod', '{host: r, workloadSelector: {matchLabels: {app: web}}, subsets: [{name: v2}]}')
  )
  const asWeb = ruleFor(rules, HOST, 'prod', { namespace: 'prod', labels: { app: 'web', version: 'v1' } })
  expect(asWeb?.from).toEqual(['prod/some', 'prod/all'])
  expect(asWeb?.subsets.map(({ name }) => name)).toEqual(['v2', 'v1'])
  expect(asWeb?.trafficPolicy?.loadBalancer?.simple).toBe('RANDOM')
  expect(ruleFor(rules, HOST, 'prod', { namespace: 'prod', labels: { app: 'api' } })?.from).toEqual(['prod/all'])
  expect(ruleFor(rules, HOST, 'prod', { namespace: 'other', labels: { app: 'web' } })?.from).toEqual(['prod/all'])
})

test('rules that select different callers stay apart; a caller that none selects has no rule, whatever other namespaces say', () => {
  const rules = index(
    rule('a', 'web', `{host: ${HOST}, workloadSelector: {matchLabels: {app: a}}, subsets: [{name: v1}]}`) +
      rule('b', 'web', `{host: ${HOST}, workloadSelector: {matchLabels: {app: b}}, subsets: [{name: v2}]}`) +
      rule('owner', 'prod', '{host: r}')
  )
  expect(ruleFor(rules, HOST, 'prod', { namespace: 'web', labels: { app: 'b' } })?.subsets.map(({ name }) => name)).toEqual(['v2'])
  expect(ruleFor(rules, HOST, 'prod', { namespace: 'web', labels: {} })).toBeUndefined()
  expect(ruleFor(rules, HOST, 'prod', 'other')?.from).toEqual(['prod/owner'])
})

test('rules are put together when they are exported alike, by default to all; one exported further adds to a narrower one too', () => {
  const rules = index(
    rule('a', 'prod', "{host: r, exportTo: ['*'], subsets: [{name: v1}]}") + rule('b', 'prod', '{host: r, subsets: [{name: v2}]}')
  )
  expect(ruleFor(rules, HOST, 'prod', 'web')?.from).toEqual(['prod/a', 'prod/b'])
  const narrow = index(
    rule('a', 'prod', '{host: r, exportTo: [web], subsets: [{name: v1}]}') +
      rule('b', 'prod', '{host: r, exportTo: [web, shop], subsets: [{name: v2}]}')
  )
  expect(ruleFor(narrow, HOST, 'prod', 'web')?.from).toEqual(['prod/a', 'prod/b'])
  expect(ruleFor(narrow, HOST, 'prod', 'shop')?.from).toEqual(['prod/b'])
})

test('the keys that rules ask of their callers: selectors, priorities, and where places matter what tells a place', () => {
  const keys = (spec: string): string[] => callerLabelsOf(meshConfigOf(objectsOf(rule('a', 'prod', spec))).destinationRules)
  expect(keys('{host: r}')).toEqual([])
  expect(keys('{host: r, workloadSelector: {matchLabels: {app: web}}}')).toEqual(['app'])
  const priorities = '{localityLbSetting: {failoverPriority: [rack, "zone=z1"]}}'
  expect(keys(`{host: r, subsets: [{name: v1, trafficPolicy: {loadBalancer: ${priorities}}}]}`)).toEqual([
    'istio-locality',
    'rack',
    'topology.istio.io/subzone',
    'topology.kubernetes.io/region',
    'topology.kubernetes.io/zone',
    'zone'
  ])
})

test('a hash is looked up strongest first: the subset at the port, the subset, the port that is named, the rule', () => {
  const hash = (name: string): string => `{consistentHash: {httpHeaderName: ${name}}}`
  const at = (name: string): string => `portLevelSettings: [{port: {number: 80}, loadBalancer: ${hash(name)}}]`
  const applied = ruleFor(
    index(
      rule(
        'a',
        'prod',
        `{host: r, trafficPolicy: {loadBalancer: ${hash('rule')}, ${at('port')}}, subsets: [{name: both, trafficPolicy: {loadBalancer: ${hash('subset')}, ${at('subset-port')}}},
          {name: own, trafficPolicy: {loadBalancer: ${hash('subset')}}}, {name: plain, trafficPolicy: {loadBalancer: {simple: RANDOM}}}]}`
      )
    ),
    HOST,
    'prod',
    'prod'
  )
  const found = (port: number | undefined, subset?: string): string | undefined =>
    hashRuleFor(
      applied,
      port,
      applied?.subsets.find(({ name }) => name === subset)
    )?.httpHeaderName
  expect([found(80, 'both'), found(undefined, 'both'), found(80, 'own')]).toEqual(['subset-port', 'subset', 'subset'])
  expect([found(80), found(undefined), found(81), found(80, 'plain')]).toEqual(['port', 'rule', 'rule', 'port'])
})
