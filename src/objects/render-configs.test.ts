import { expect, test } from 'vitest'
import { canaryOf, configMapOf, configViewOf, readingSpec, secretOf } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { trackedConfigs } from './configs.ts'
import { DEFAULT_LABELS } from '../canary/label-rules.ts'
import { copyWrites, readingCopies } from './render-configs.ts'

const canary = canaryOf()
const owner = { apiVersion: 'flagger.app/v1beta1', kind: 'Canary', name: 'api', uid: 'u', controller: true, blockOwnerDeletion: true }
const foreign = { ...owner, name: 'other', uid: 'v' }

function writesFor(object: KubeObject, copy?: KubeObject, mark?: string) {
  return copyWrites(trackedConfigs([configViewOf(object, copy)]), {
    canary,
    labels: { ...DEFAULT_LABELS, prefixes: ['app.kubernetes.io/'] },
    mark
  })
}

const labelled = (object: KubeObject): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, labels: { 'app.kubernetes.io/part-of': 'shop', team: 'x' }, annotations: { note: 'n' } }
})
const owned = (object: KubeObject, ...ownerReferences: readonly (typeof owner)[]): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, ownerReferences }
})

test('a copy has the data, the chosen labels and the Canary as its owner, and no annotations of the original', () => {
  const object = { ...labelled(configMapOf('x', { a: '1' })), binaryData: { b: 'AAE=' }, immutable: true }
  expect(writesFor(object)).toEqual([
    {
      verb: 'create',
      resource: { group: '', version: 'v1', resource: 'configmaps' },
      object: {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'x-primary', namespace: 'test', labels: { 'app.kubernetes.io/part-of': 'shop' }, ownerReferences: [owner] },
        data: { a: '1' },
        binaryData: { b: 'AAE=' }
      }
    }
  ])
})

test("a Secret's copy has its type", () => {
  expect(writesFor(secretOf('x', { k: 'AA==' }, 'kubernetes.io/basic-auth'))).toMatchObject([
    { verb: 'create', resource: { resource: 'secrets' }, object: { kind: 'Secret', type: 'kubernetes.io/basic-auth', data: { k: 'AA==' } } }
  ])
})

test('a copy that has all is no write, whatever mark it has', () => {
  const copy = owned(configMapOf('x-primary', { a: '1' }, { 'serin.dev/promotion': 'old' }), owner)
  expect(writesFor(configMapOf('x', { a: '1' }), copy, 'new')).toEqual([])
})

test('a change replaces the data with the mark of the promotion, and no old value is written anywhere', () => {
  const copy = owned(secretOf('x-primary', { k: 'b2xk' }), owner)
  const writes = writesFor(secretOf('x', { k: 'bmV3' }), copy, 'm')
  expect(writes).toMatchObject([
    {
      verb: 'patch',
      name: 'x-primary',
      patch: {
        operations: [
          { op: 'replace', path: '/data', value: { k: 'bmV3' } },
          { op: 'add', path: '/metadata/annotations', value: { 'serin.dev/promotion': 'm' } }
        ]
      }
    }
  ])
  expect(JSON.stringify(writes)).not.toContain('b2xk')
})

test('data that went goes from the copy', () => {
  const copy = { ...owned(configMapOf('x-primary', { a: '1' }), owner), binaryData: { b: 'AAE=' } }
  expect(writesFor(configMapOf('x', undefined), copy)).toMatchObject([
    {
      patch: {
        operations: [
          { op: 'remove', path: '/data' },
          { op: 'remove', path: '/binaryData' }
        ]
      }
    }
  ])
})

test('a copy that another Canary owns gets a second owner, and stays its own once it has both', () => {
  const original = configMapOf('x', { a: '1' })
  const both = [{ ...foreign, controller: false }, owner]
  expect(writesFor(original, owned(configMapOf('x-primary', { a: '1' }), foreign))).toMatchObject([
    { patch: { operations: [{ op: 'replace', path: '/metadata/ownerReferences', value: both }] } }
  ])
  expect(writesFor(original, owned(configMapOf('x-primary', { a: '1' }), foreign, { ...owner, controller: false }))).toEqual([])
})

test('pods read the copies of what is tracked, and the rest as it is', () => {
  const tracked = trackedConfigs([configViewOf(configMapOf('x', {})), configViewOf(secretOf('y', {}))])
  expect(readingCopies(readingSpec('a:1', { configMaps: ['x', 'y'], secrets: ['y'] }), tracked)).toMatchObject({
    volumes: [{ configMap: { name: 'x-primary' } }, { configMap: { name: 'y' } }, { secret: { secretName: 'y-primary' } }]
  })
})
