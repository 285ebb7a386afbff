import { describe, expect, test } from 'vitest'
import { objectsOf } from '../../test/route-mesh.ts'
import { meshConfigOf } from './mesh-objects.ts'
import { Workloads, isName, resolvedEndpoints, workloadOf } from './workload-entries.ts'
import type { Resolved, Spread } from './workload-entries.ts'

const ANNOTATION = 'proxy.istio.io/health-checks-enabled'

function workloads(metadata: string, more = ''): Workloads {
  const text = `apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: vm, namespace: shop${metadata}}
spec: {address: 10.0.0.1, labels: {app: web, version: v1}, locality: eu/west, weight: 3}
${more}
`
  return new Workloads(meshConfigOf(objectsOf(text)))
}

describe('which workloads a selector picks', () => {
  test('those of its namespace with all its labels, the labels of the object among them; no labels pick nobody', () => {
    const all = workloads(', labels: {version: v2, tier: a}')
    expect(all.entries('shop', { app: 'web', tier: 'a' })).toHaveLength(1)
    expect(all.entries('shop', { app: 'web', version: 'v1' })).toEqual([])
    expect(all.entries('other', { app: 'web' })).toEqual([])
    expect([all.entries('shop', {}), all.entries('shop', undefined), all.all('shop', {})]).toEqual([[], [], []])
    expect(all.entries('shop', { app: 'web' })[0]?.peer).toMatchObject({
      workload: 'vm',
      namespace: 'shop',
      app: 'web',
      version: 'v2',
      locality: 'eu/west',
      weight: 3
    })
  })

  test.each<[string, string, boolean]>([
    ['without health checks', '', true],
    ['checked and not yet seen', `, annotations: {${ANNOTATION}: 'true'}`, false],
    ['with health checks turned off', `, annotations: {${ANNOTATION}: 'false'}`, true]
  ])('an entry %s', (_, metadata, ready) => {
    expect(workloads(metadata).entries('shop', { app: 'web' })[0]?.ready).toBe(ready)
  })

  test.each([
    ['True', true],
    ['False', false],
    ['Unknown', false]
  ])('checked, and its condition Healthy is %s', (status, ready) => {
    const all = workloads(`, annotations: {${ANNOTATION}: 'true'}`, `status: {conditions: [{type: Healthy, status: '${status}'}]}`)
    expect(all.entries('shop', { app: 'web' })[0]?.ready).toBe(ready)
  })

  test('pods count beside entries when they are ready', () => {
    const pod = (name: string, status: string): string => `---
apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: shop, labels: {app: web}}
status: {podIP: 10.0.1.1, conditions: [{type: Ready, status: '${status}'}]}
`
    const all = workloads('', pod('up', 'True') + pod('down', 'False')).all('shop', { app: 'web' })
    expect(all.map(({ peer, ready }) => [peer.pod, ready])).toEqual([
      ['', true],
      ['up', true],
      ['down', false]
    ])
  })
})

describe('names', () => {
  const NAMED = workloadOf({ address: 'Db.Example' }, { labels: { a: 'b' }, ready: true, namespace: 'shop', name: 'db' })

  function reached(resolved: Resolved, spread: Spread): unknown[] {
    return resolvedEndpoints(NAMED, 5432, { resolved, spread }).map(({ endpoint, ready, labels }) => [
      endpoint.address,
      endpoint.port,
      ready,
      labels['a']
    ])
  }

  test('a name that was not looked up is its own address', () => {
    expect(reached({}, 'all')).toEqual([['Db.Example', 5432, true, 'b']])
  })

  test('all addresses of a name are endpoints, each once and in order, or the first of the answer is', () => {
    const resolved = { 'db.example': ['10.0.0.3', '10.0.0.1', '10.0.0.3'] }
    expect(reached(resolved, 'all')).toEqual([
      ['10.0.0.1', 5432, true, 'b'],
      ['10.0.0.3', 5432, true, 'b']
    ])
    expect(reached(resolved, 'first')).toEqual([['10.0.0.3', 5432, true, 'b']])
  })

  test('a name without addresses is an endpoint that is not ready', () => {
    expect(reached({ 'db.example': [] }, 'all')).toEqual([['Db.Example', 5432, false, 'b']])
  })

  test.each([
    ['db.example', true],
    ['localhost', true],
    ['10.0.0.1', false],
    ['::1', false],
    ['unix:///x', false],
    ['*.example', false]
  ])('%s has to be looked up: %s', (address, expected) => {
    expect(isName(address)).toBe(expected)
  })

  test('no address, or a socket, is nowhere', () => {
    const more = { labels: {}, ready: true, namespace: 'shop', name: 'x' }
    expect(
      [workloadOf({}, more), workloadOf({ address: '' }, more), workloadOf({ address: 'unix:///x' }, more)].map(({ address }) => address)
    ).toEqual([undefined, undefined, undefined])
  })
})
