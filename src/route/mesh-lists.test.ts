import { expect, it } from 'vitest'
import { Reads } from '../std/reads.ts'
import { LiveHosts } from './live-hosts.ts'
import { LiveRules } from './live-rules.ts'
import type { Listed, MeshList } from './mesh-inputs.ts'
import { MeshLists, changeDestinations } from './mesh-lists.ts'

const named = (name: string): Listed<'services'> => ({ metadata: { name, namespace: 'a' }, spec: {} })

it('says what came, changed and went, and nothing of an object that is the same', () => {
  const lists = new MeshLists()
  const [one, again] = [named('one'), named('one')]
  expect(lists.set('services', 'a/one', one)).toEqual({ list: 'services', key: 'a/one', before: undefined, after: one })
  expect(lists.set('services', 'a/one', one)).toBeUndefined()
  expect(lists.set('gateways', 'a/two', undefined)).toBeUndefined()
  const changed = lists.set('services', 'a/one', again)
  expect([changed?.before === one, changed?.after === again]).toEqual([true, true])
  expect([lists.get('services', 'a/one') === again, lists.get('pods', 'a/one'), lists.all('services').length]).toEqual([true, undefined, 1])
  expect(lists.set('services', 'a/one', undefined)).toEqual({ list: 'services', key: 'a/one', before: again, after: undefined })
  expect([lists.get('services', 'a/one'), lists.all('services'), lists.all('nodes')]).toEqual([undefined, [], []])
})

// What becomes stale: a unit that reads the cell, or one of the hosts' own.
it.each<{ readonly list: MeshList; readonly object?: object; readonly stale: string | undefined }>([
  { list: 'services', stale: 'service' },
  { list: 'serviceEntries', stale: 'entry' },
  { list: 'endpointSlices', object: { metadata: { labels: { 'kubernetes.io/service-name': 'b' }, namespace: 'a' } }, stale: 'slices a/b' },
  { list: 'workloadEntries', object: { spec: { address: '10.0.0.1' } }, stale: 'workloads a' },
  { list: 'pods', object: { status: { podIP: '10.0.0.1' } }, stale: 'pod a/one' },
  { list: 'destinationRules', object: { spec: { host: 'b.a.svc.cluster.local' } }, stale: 'rules b.a.svc.cluster.local' },
  { list: 'virtualServices', stale: undefined },
  { list: 'gateways', stale: undefined },
  { list: 'sidecars', stale: undefined },
  { list: 'envoyFilters', stale: undefined },
  { list: 'requestAuthentications', stale: undefined },
  { list: 'nodes', stale: undefined }
])('a change among $list makes stale: $stale', ({ list, object = {}, stale }) => {
  const reads = new Reads()
  const [hosts, rules] = [new LiveHosts(reads), new LiveRules(reads)]
  for (const cell of CELLS) reads.run({ kind: cell, key: 'reader' }, () => reads.note(cell))
  const change = new MeshLists().set(list, 'a/one', { ...named('one'), ...object })
  if (change === undefined) throw new Error('an object that came is a change')
  changeDestinations({ hosts, rules }, change)
  const found = ['service', 'entry', ...CELLS].filter((kind) => reads.stale(kind).length > 0)
  expect(found).toEqual(stale === undefined ? [] : [stale])
})

const CELLS = ['slices a/b', 'workloads a', 'pod a/one', 'rules b.a.svc.cluster.local']
