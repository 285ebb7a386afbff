import { expect, it } from 'vitest'
import { deployed, objectsOf } from '../../test/route-mesh.ts'
import { Reads } from '../std/reads.ts'
import { Around } from './around.ts'

function rules(name: string, more: string): string {
  return `---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: "${name}", creationTimestamp: "2026-01-0${name}T00:00:00Z"}\nspec: {hosts: [web], ${more}http: []}\n`
}

it('hosts are known by name, by what covers them and by what they cover', () => {
  const around = new Around(new Reads())
  for (const object of deployed({ name: 'web', versions: { v1: 1 } })) around.put(undefined, object)
  around.update()
  const known = ['web.default.svc.cluster.local', '*.svc.cluster.local', 'x.default.svc.cluster.local', 'b.default.svc.cluster.local']
  expect(known.map((host) => around.isKnown(host))).toEqual([true, true, false, false])
  expect(around.called('web')?.namespace).toBe('default')
  expect(around.called('api')).toBeUndefined()
  expect(around.workloads()).toHaveLength(1)
})

it('of the claims of a host those of the same viewers count once, and who comes after them touches nobody', () => {
  const reads = new Reads()
  const around = new Around(reads)
  const objects = objectsOf([rules('1', ''), rules('2', ''), rules('3', "exportTo: ['.'], ")].join(''))
  const [first, second, third] = objects
  for (const object of [first, second]) around.put(undefined, object)
  const host = 'web.default.svc.cluster.local'
  expect(reads.run({ kind: 'unit', key: 'a' }, () => around.claiming(host).map(({ metadata }) => metadata.name))).toEqual(['1'])
  around.put(second, undefined)
  expect(reads.stale('unit')).toEqual([])
  around.put(undefined, third)
  expect(reads.stale('unit')).toEqual(['a'])
})

it('delegations and subsets are found by name', () => {
  const around = new Around(new Reads())
  const [root, rule] = objectsOf(`apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: root, namespace: a}
spec: {hosts: [web], http: [{delegate: {name: leaf}}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web, namespace: a}
spec: {host: web, subsets: [{name: v1}]}
`)
  for (const object of [root, rule]) around.put(undefined, object)
  expect([around.isDelegatedTo('a/leaf'), around.isDelegatedTo('b/leaf')]).toEqual([true, false])
  expect([around.defining('v1', 'web.a.svc.cluster.local')?.metadata.name, around.defining('v2', 'web.a.svc.cluster.local')]).toEqual([
    'web',
    undefined
  ])
  expect([around.get('virtualServices', 'a/root')?.metadata.name, around.all('gateways')]).toEqual(['root', []])
})
