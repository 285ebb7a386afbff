import { describe, expect, test } from 'vitest'
import { age, humanDuration } from './human-duration.ts'
import { parseApiPath } from './api-path.ts'
import { chooseDiscovery, chooseRepresentation } from './negotiate.ts'
import { flag, integer, writeOptions } from './query.ts'
import { kubeconfigText } from './kubeconfig.ts'
import { parse } from 'yaml'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

test.each([
  [-3 * SECOND, '<invalid>'],
  [-500, '0s'],
  [5 * SECOND, '5s'],
  [119 * SECOND, '119s'],
  [130 * SECOND, '2m10s'],
  [180 * SECOND, '3m'],
  [11 * MINUTE + SECOND, '11m'],
  [3 * HOUR, '3h'],
  [5 * HOUR + 7 * MINUTE, '5h7m'],
  [47 * HOUR, '47h'],
  [5 * DAY + 3 * HOUR, '5d3h'],
  [5 * DAY, '5d'],
  [57 * DAY, '57d'],
  [3 * 365 * DAY + 41 * DAY, '3y41d'],
  [9 * 365 * DAY, '9y']
])('%d ms is shown as %s', (elapsed, shown) => expect(humanDuration(elapsed)).toBe(shown))

test('an absent instant has an unknown age, an unreadable one an invalid age', () => {
  expect([age(undefined, 0), age('soon', 0), age('1970-01-01T00:00:00Z', 7000)]).toEqual(['<unknown>', '<invalid>', '7s'])
})

const apps = { kind: 'resource', group: 'apps', version: 'v1' }
test.each([
  ['/version', { kind: 'version' }],
  ['/readyz', { kind: 'health' }],
  ['/api', { kind: 'core-versions' }],
  ['/api/v1', { kind: 'resources', group: '', version: 'v1' }],
  ['/apis/', { kind: 'groups' }],
  ['/apis/apps', { kind: 'group', group: 'apps' }],
  ['/apis/apps/v1', { kind: 'resources', group: 'apps', version: 'v1' }],
  ['/openapi/v3', { kind: 'openapi-index' }],
  ['/openapi/v3/apis/apps/v1', { kind: 'openapi', group: 'apps', version: 'v1' }],
  ['/openapi/v2', { kind: 'openapi-v2' }],
  ['/openapi/v2/more', { kind: 'unknown' }],
  ['/apis/apps/v1/deployments', { ...apps, resource: 'deployments' }],
  ['/apis/apps/v1/namespaces/d/deployments/w/scale', { ...apps, namespace: 'd', resource: 'deployments', name: 'w', subresource: 'scale' }],
  ['/api/v1/namespaces/d', { kind: 'resource', group: '', version: 'v1', resource: 'namespaces', name: 'd' }],
  ['/api/v1/namespaces/d/status', { kind: 'resource', group: '', version: 'v1', resource: 'namespaces', name: 'd', subresource: 'status' }],
  ['/api/v1/namespaces/d/pods', { kind: 'resource', group: '', version: 'v1', namespace: 'd', resource: 'pods' }],
  ['/api/v1/namespaces/d/pods/a%2Fb', { kind: 'resource', group: '', version: 'v1', namespace: 'd', resource: 'pods', name: 'a/b' }],
  ['/api/v1/pods/%zz', { kind: 'unknown' }],
  ['//api/v1', { kind: 'unknown' }],
  ['/apis/apps/v1/namespaces/d/deployments/w/scale/x', { kind: 'unknown' }],
  ['/', { kind: 'unknown' }]
])('the path %s is read', (path, expected) => expect(parseApiPath(path)).toEqual(expected))

const TABLES = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json'
const V2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
const V2BETA1 = 'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList'

describe('Accept', () => {
  test.each([
    [undefined, { kind: 'object' }],
    [TABLES, { kind: 'table', version: 'v1' }],
    ['application/json;as=Table;v=v9;g=meta.k8s.io, application/json', { kind: 'object' }],
    ['application/vnd.kubernetes.protobuf,application/json', { kind: 'object' }],
    ['application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io', { kind: 'metadata', version: 'v1' }],
    ['application/vnd.kubernetes.protobuf', undefined]
  ])('%s chooses a representation', (accept, expected) => expect(chooseRepresentation(accept)).toEqual(expected))

  test.each([
    [`${V2},${V2BETA1},application/json`, 'v2'],
    [`${V2BETA1},application/json`, 'v2beta1'],
    ['application/json, */*', 'legacy'],
    [undefined, 'legacy']
  ])('%s chooses a discovery form', (accept, expected) => expect(chooseDiscovery(accept)).toBe(expected))
})

test('booleans follow the Go server: anything but 0 and false is true, the first of repeated ones counts', () => {
  const read = (text: string): boolean => flag(new URLSearchParams(text), 'watch')
  expect(['watch=True', 'watch=1', 'watch=', 'watch=no'].map(read)).toEqual([true, true, true, true])
  expect(['', 'watch=0', 'watch=False', 'watch=false&watch=true'].map(read)).toEqual([false, false, false, false])
})

test('bad numbers and bad options are refused in the words of a real API server', () => {
  expect(integer(new URLSearchParams('limit=x'), 'limit')).toMatchObject({ ok: false, status: { code: 400 } })
  expect(writeOptions(new URLSearchParams('dryRun=Some'), 'CreateOptions', undefined)).toMatchObject({
    status: { code: 422, message: 'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"' }
  })
  expect(writeOptions(new URLSearchParams('dryRun=All'), 'CreateOptions', 'kubectl/v1.33 (linux)')).toEqual({
    ok: true,
    value: { dryRun: true, fieldValidation: 'Warn', fieldManager: 'kubectl' }
  })
})

test('the kubeconfig is YAML with the context serin and the namespace default', () => {
  const config = parse(kubeconfigText({ server: 'https://127.0.0.1:7443', authority: 'PEM', token: 'a"b' })) as {
    'current-context': string
    contexts: unknown[]
    users: unknown[]
  }
  expect(config['current-context']).toBe('serin')
  expect(config.contexts).toEqual([{ name: 'serin', context: { cluster: 'serin', user: 'serin', namespace: 'default' } }])
  expect(config.users).toEqual([{ name: 'serin', user: { token: 'a"b' } }])
})
