import { expect, test } from 'vitest'
import { isOwned } from './object.ts'

test('an owner is known by its uid', () => {
  const owner = { apiVersion: 'v1', kind: 'A', metadata: { name: 'a', uid: 'u' } }
  const object = { apiVersion: 'v1', kind: 'B', metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'A', name: 'a', uid: 'u' }] } }
  expect(isOwned(object, owner)).toBe(true)
  expect(isOwned(object, { ...owner, metadata: { name: 'a', uid: 'v' } })).toBe(false)
  expect(isOwned(owner, owner)).toBe(false)
})
