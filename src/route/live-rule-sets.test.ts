import { expect, it } from 'vitest'
import type { VirtualService } from '../api/istio-virtual-service.ts'
import { Reads } from '../std/reads.ts'
import { LiveRuleSets, meshHosts, visibleTo } from './live-rule-sets.ts'

function rules(name: string, spec: VirtualService['spec']): VirtualService {
  return { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', metadata: { name, namespace: 'a' }, spec }
}

const TO = [{ route: [{ destination: { host: 'web' } }] }]

it('a delegate makes its root anew, and nobody else', () => {
  const sets = new LiveRuleSets(new Reads(), () => false)
  sets.set('a/root', rules('root', { hosts: ['web'], http: [{ delegate: { name: 'leaf' } }] }))
  sets.set('a/other', rules('other', { hosts: ['api'], http: TO }))
  expect(sets.update()).toEqual(['a/root', 'a/other'])
  expect(sets.get('a/root')?.rules).toEqual([])
  sets.set('a/leaf', rules('leaf', { http: TO }))
  expect(sets.update()).toEqual(['a/root'])
  expect(sets.get('a/root')?.rules).toHaveLength(1)
  expect(sets.made).toBe(3)
})

it('hosts are claimed by name and by wildcard; who asked hears when a claim comes or goes, not when rules change', () => {
  const reads = new Reads()
  const sets = new LiveRuleSets(reads, () => false)
  sets.set('a/wild', rules('wild', { hosts: ['*.a.svc.cluster.local'], http: TO }))
  sets.set('a/web', rules('web', { hosts: ['web'], http: TO }))
  sets.update()
  const host = 'web.a.svc.cluster.local'
  expect(sets.claiming(host).map(({ key }) => key)).toEqual(['a/web', 'a/wild'])
  expect([...sets.takeDomains()]).toEqual(['*.a.svc.cluster.local', host])
  sets.set('a/web', rules('web', { hosts: ['web'], http: [...TO, ...TO] }))
  sets.update()
  expect([...sets.takeDomains()]).toEqual([])
  sets.set('a/web', undefined)
  sets.update()
  expect([...sets.takeDomains()]).toEqual([host])
  expect(sets.claiming(host).map(({ key }) => key)).toEqual(['a/wild'])
  expect(meshHosts(undefined)).toEqual([])
})

it('private rules come before those exported by name, and these before public ones', () => {
  const of = (namespace: string, exportTo: string[] | undefined): { namespace: string; exportTo: string[] | undefined } => ({
    namespace,
    exportTo
  })
  const all = [of('a', undefined), of('b', ['a']), of('a', ['.']), of('b', ['.'])]
  expect(visibleTo(all, 'a')).toEqual([all[2], all[1], all[0]])
})
