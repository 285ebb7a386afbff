import fc from 'fast-check'
import { expect, test } from 'vitest'
import { applyJsonPatch } from '../store/json-patch.ts'
import { addEntries, patchOf, RESOURCES, setAt } from './write.ts'

const canary = { apiVersion: 'flagger.app/v1beta1', kind: 'Canary', metadata: { name: 'api', namespace: 'test', uid: 'u' } }

test('setAt makes the value what is wanted, and nothing when it is already', () => {
  const value = fc.oneof(fc.integer(), fc.string(), fc.dictionary(fc.constantFrom('a', 'b/c', 'd~e'), fc.integer()), fc.constant(undefined))
  fc.assert(
    fc.property(value, value, (live, wanted) => {
      const document = live === undefined ? { spec: {} } : { spec: { 'x/y': live } }
      const operations = setAt(document, ['spec', 'x/y'], wanted)
      const outcome = applyJsonPatch(document, JSON.parse(JSON.stringify(operations)))
      expect(outcome).toMatchObject({ value: JSON.parse(JSON.stringify({ spec: { 'x/y': wanted } })) })
      expect(setAt({ spec: { 'x/y': wanted } }, ['spec', 'x/y'], wanted)).toEqual([])
    }),
    { seed: 2 }
  )
})

test('a replaced value is tested first', () => {
  expect(setAt({ a: [{ w: 1 }] }, ['a', '0', 'w'], 2)).toEqual([
    { op: 'test', path: '/a/0/w', value: 1 },
    { op: 'replace', path: '/a/0/w', value: 2 }
  ])
})

test('entries of others stay', () => {
  expect(addEntries({ labels: { mine: '1' } }, ['labels'], { ours: '2' })).toEqual([{ op: 'add', path: '/labels/ours', value: '2' }])
  expect(addEntries({}, ['labels'], { ours: '2' })).toEqual([{ op: 'add', path: '/labels', value: { ours: '2' } }])
  expect(addEntries({}, ['labels'], {})).toEqual([])
})

test('a patch of nothing but tests is no write', () => {
  expect(patchOf(RESOURCES.services, canary, [{ op: 'test', path: '/a', value: 1 }])).toEqual([])
})
