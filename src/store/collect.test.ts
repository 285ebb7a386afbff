import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CONFIG_MAPS, configMap, DEMO, NAMESPACES, SMALL_KINDS, SMALL_RULES } from '../../test/conformance/small-world.ts'
import type { KubeObject } from '../api/object.ts'
import { seeded } from '../std/draw.ts'
import { errands, settle, settleAll } from './collect.ts'
import { Store } from './store.ts'
import type { StoreRequest } from './store-request.ts'

const moment = { now: 0, draw: seeded(5) }
const target = { resource: CONFIG_MAPS, namespace: 'demo' }

interface World {
  readonly store: Store
  readonly run: (request: StoreRequest) => void
  readonly make: (
    name: string,
    owners?: readonly KubeObject[],
    more?: { readonly block?: boolean; readonly finalizers?: readonly string[] }
  ) => KubeObject
  readonly names: () => readonly string[]
}

function world(): World {
  const store = new Store({ kinds: SMALL_KINDS, rules: SMALL_RULES })
  const run = (request: StoreRequest): void => {
    settle(store, store.apply(request, moment).changes, moment)
  }
  run({ verb: 'create', target: { resource: NAMESPACES }, body: DEMO, options: {} })
  return {
    store,
    run,
    make: (name, owners = [], more = {}) => {
      const ownerReferences = owners.map((owner) => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        name: owner.metadata.name,
        uid: owner.metadata.uid,
        ...(more.block === true && { blockOwnerDeletion: true })
      }))
      const body = configMap(name, { metadata: { ownerReferences, ...(more.finalizers && { finalizers: more.finalizers }) } })
      const { answer } = store.apply({ verb: 'create', target, body, options: {} }, moment)
      if (answer.kind !== 'object') throw new Error(JSON.stringify(answer))
      return answer.object
    },
    names: () => [...store.inNamespace('demo')].map(({ object }) => object.metadata.name ?? '')
  }
}
const remove = (name: string, propagationPolicy = 'Background'): StoreRequest => ({
  verb: 'delete',
  target,
  name,
  body: { propagationPolicy },
  options: {}
})

test('dependents go when their last owner is gone, and lose the references to owners gone before', () => {
  const { run, make, names, store } = world()
  const [a, b] = [make('a'), make('b')]
  const both = make('both', [a, b])
  make('of-both', [both])
  run(remove('a'))
  expect(names()).toEqual(['b', 'both', 'of-both'])
  expect(store.byUid(both.metadata.uid ?? '')?.object.metadata.ownerReferences).toHaveLength(1)
  run(remove('b'))
  expect(names()).toEqual([])
})

test('in the foreground the owner goes last, after the dependents that block it', () => {
  const { run, make, names } = world()
  const owner = make('owner')
  make('held', [owner], { block: true, finalizers: ['example.com/hold'] })
  run(remove('owner', 'Foreground'))
  expect(names()).toEqual(['held', 'owner'])
  run({ verb: 'patch', target, name: 'held', patchType: 'merge', body: { metadata: { finalizers: null } }, options: {} })
  expect(names()).toEqual([])
})

test('orphaned dependents stay, without references', () => {
  const { run, make, names, store } = world()
  const owner = make('owner')
  const child = make('child', [owner])
  run(remove('owner', 'Orphan'))
  expect(names()).toEqual(['child'])
  expect(store.byUid(child.metadata.uid ?? '')?.object.metadata.ownerReferences).toBeUndefined()
})

test('after any deletions, exactly what is reachable from a living root remains', () => {
  const edges = fc.array(fc.array(fc.nat(7), { maxLength: 2 }), { minLength: 8, maxLength: 8 })
  let collected = 0
  fc.assert(
    fc.property(edges, fc.uniqueArray(fc.nat(7), { maxLength: 4 }), (owners, deleted) => {
      const { run, make, names } = world()
      const made: KubeObject[] = []
      // owners are earlier objects, so that the graph has no cycles
      for (const [index, list] of owners.entries()) {
        const of = [...new Set(list)].filter((owner) => owner < index).flatMap((owner) => made[owner] ?? [])
        made.push(make(`o${index}`, of))
      }
      for (const index of deleted) run(remove(`o${index}`))
      const alive = new Set<number>()
      for (const [index, list] of owners.entries()) {
        const of = list.filter((owner) => owner < index)
        if (!deleted.includes(index) && (of.length === 0 || of.some((owner) => alive.has(owner)))) alive.add(index)
      }
      collected += 8 - alive.size - deleted.length
      expect(names()).toEqual([...alive].map((index) => `o${index}`))
    })
  )
  expect(collected).toBeGreaterThan(20)
})

test('what a crash left undone is taken up from the objects alone', () => {
  const { store, make, names } = world()
  const owner = make('owner')
  make('child', [owner])
  store.apply(remove('owner'), moment)
  expect(names()).toEqual(['child'])
  settleAll(store, moment)
  expect(names()).toEqual([])
  expect(errands(store, [])).toEqual([])
})
