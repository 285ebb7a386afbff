import fc from 'fast-check'
import { expect, it } from 'vitest'
import { hostRules, hostSlice, meshObjects } from '../../test/large-mesh.ts'
import { meshChanges } from '../../test/mesh-changes.ts'
import type { KubeObject } from '../api/object.ts'
import { lint } from './lint.ts'
import { LiveLint, keyOfProblem, objectKey } from './live-lint.ts'

it('after every change the findings are those of all objects looked at anew', { timeout: 60_000 }, () => {
  const codes = new Set<string>()
  fc.assert(
    fc.property(meshChanges, (batches) => {
      const live = new LiveLint()
      const objects = new Map<string, KubeObject>()
      for (const batch of batches) {
        for (const { key, object } of batch) {
          const before = objects.get(key)
          if (object !== undefined) live.put(object)
          else if (before !== undefined)
            live.remove({ kind: before.kind, namespace: before.metadata.namespace ?? '', name: before.metadata.name ?? '' })
          if (object !== undefined) objects.set(key, object)
          else objects.delete(key)
        }
        live.update()
        const fresh = lint([...objects.values()], 'all')
        for (const { code } of fresh) codes.add(code)
        expect(live.all()).toEqual(fresh)
        expect(live.isBehind).toBe(false)
      }
    }),
    { numRuns: 40 }
  )
  expect(codes.size).toBeGreaterThan(15)
})

it('a change is judged with what it touches, not with all', () => {
  const live = new LiveLint()
  for (const object of meshObjects(300)) live.put(object)
  live.update()
  expect(live.hasCaughtUp).toBe(true)
  const judged = (object: KubeObject): number => {
    const before = live.judged
    live.put(object)
    live.update()
    return live.judged - before
  }
  expect(judged(hostRules(7, 50))).toBe(1)
  // The slice itself, and the two objects that look at the endpoints of the host.
  expect(judged(hostSlice(7, false))).toBe(3)
})

it('thousands of VirtualServices for one host are each judged once, and one of them costs one', () => {
  const live = new LiveLint()
  const rules = (at: number, weight = 90): KubeObject => {
    const object = hostRules(0, weight)
    const created = new Date(Date.UTC(2026, 0, 1) + at * 1000).toISOString()
    return { ...object, metadata: { ...object.metadata, name: `rules-${at}`, creationTimestamp: created } }
  }
  const COUNT = 1000
  for (let at = 0; at < COUNT; at += 1) live.put(rules(at))
  live.update()
  expect(live.judged).toBe(COUNT)
  expect(live.all().filter(({ code }) => code === 'host-conflict')).toHaveLength(COUNT - 1)
  live.put(rules(COUNT / 2, 50))
  live.update()
  expect(live.judged).toBe(COUNT + 1)
})

it('what takes too long goes on later, with what was asked for first', () => {
  const live = new LiveLint()
  const objects = meshObjects(20)
  for (const object of objects) live.put(object)
  const last = objects.at(-1)
  expect(last?.kind).toBe('VirtualService')
  live.update(() => true, last === undefined ? '' : objectKey(last))
  expect([live.judged, live.isBehind, live.hasCaughtUp]).toEqual([1, true, false])
  live.update()
  expect([live.judged, live.isBehind, live.hasCaughtUp]).toEqual([objects.length, false, true])
  expect(keyOfProblem({ kind: 'Pod', namespace: '', name: 'p' })).toBe('Pod default/p')
})
