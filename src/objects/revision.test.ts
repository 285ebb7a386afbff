import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sameJson } from '../std/json.ts'
import { checksumOf, configsIn, isOwnRevision, promotionMark, revisionOf, templateIn, withConfigs } from './revision.ts'

test('equal templates have equal hashes whatever the order of their keys, others do not', () => {
  expect(revisionOf({ a: 1, b: [{ c: 'x' }] })).toBe(revisionOf({ b: [{ c: 'x' }], a: 1, d: undefined }))
  fc.assert(
    fc.property(fc.json(), fc.json(), (a, b) => {
      const [left, right]: unknown[] = [JSON.parse(a), JSON.parse(b)]
      expect(revisionOf(left) === revisionOf(right)).toBe(sameJson(left, right))
    }),
    { seed: 3 }
  )
})

test('own hashes are told from those of Flagger', () => {
  expect(isOwnRevision(revisionOf({}))).toBe(true)
  expect(isOwnRevision('5678f5d574')).toBe(false)
})

test('the checksum follows the revision and the tracked configs', () => {
  expect(checksumOf('a', undefined)).not.toBe(checksumOf('b', undefined))
  expect(checksumOf('a', { x: '1' })).not.toBe(checksumOf('a', { x: '2' }))
})

test('the mark of a promotion has the form of a UUID and follows from canary and revision', () => {
  expect(promotionMark('uid', 's1-1')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/)
  expect(promotionMark('uid', 's1-1')).toBe(promotionMark('uid', 's1-1'))
  expect(promotionMark('uid', 's1-1')).not.toBe(promotionMark('uid', 's1-2'))
})

test('a revision is its template and what its pods read, and gives both back', () => {
  const names = fc.dictionary(fc.stringMatching(/^(configmap|secret)\/[a-z.-]+$/), fc.stringMatching(/^[0-9a-f]{16}$/))
  fc.assert(
    fc.property(names, names, (a, b) => {
      const [one, other] = [withConfigs('s1-a', a), withConfigs('s1-a', b)]
      expect(one === other).toBe(sameJson(a, b))
      expect([templateIn(one), configsIn(one)]).toEqual(['s1-a', a])
    }),
    { seed: 4 }
  )
  expect(withConfigs('s1-a', undefined)).toBe('s1-a')
  expect([templateIn('s1-a'), configsIn('s1-a')]).toEqual(['s1-a', undefined])
})

test('a revision whose configs are not known is no other, not even one without any', () => {
  const unknown = withConfigs('s1-a', 'unknown')
  expect([templateIn(unknown), configsIn(unknown)]).toEqual(['s1-a', undefined])
  expect([withConfigs('s1-a', undefined), withConfigs('s1-a', {})]).not.toContain(unknown)
})
