import { expect, test } from 'vitest'
import type { KubeObject } from './object.ts'
import { metaFaults, metaWarnings, preparedMeta } from './validate-meta.ts'

const config = (metadata: object): KubeObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata })
const pod = (name: string, more: object = {}) => ({ apiVersion: 'v1', kind: 'Pod', name, uid: `uid-${name}`, ...more })
const L = 'l'.repeat(64)

// Each text is what kube-apiserver 1.36 answered to the same metadata.
test.each<[object, string[]]>([
  [{ name: 'x', labels: { 'a.b/c': 'd' }, annotations: { 'A.b/C': 'd' }, finalizers: ['a/b', 'orphan'] }, []],
  [{ name: 'A' }, ['metadata.name: Invalid value: "A": a lowercase RFC 1123 subdomain']],
  [{ generateName: '.a' }, ['metadata.generateName: Invalid value: ".a": a lowercase RFC 1123 subdomain']],
  [{ generateName: 'a-' }, []],
  [{ labels: { [L]: 'a' } }, [`metadata.labels: Invalid value: "${L}": name part must be no more than 63 bytes`]],
  [{ labels: { a: L } }, [`metadata.labels: Invalid value: "${L}": must be no more than 63 bytes`]],
  [{ labels: { '/b': '1' } }, ['metadata.labels: Invalid value: "/b": prefix part must be non-empty']],
  [{ labels: { 'a/b/c': '1' } }, ['metadata.labels: Invalid value: "a/b/c": a valid label key must consist']],
  [{ labels: { 'a/': '1' } }, ['name part must be non-empty', 'name part must consist']],
  [{ annotations: { 'a b': '1' } }, ['metadata.annotations: Invalid value: "a b": name part must consist']],
  [{ annotations: { big: 'x'.repeat(262_145) } }, ['metadata.annotations: Too long: may not be more than 262144 bytes']],
  [{ finalizers: ['foo'] }, ['metadata.finalizers[0]: Invalid value: "foo": name is neither a standard finalizer name']],
  [{ finalizers: ['orphan', 'foregroundDeletion'] }, ['finalizer orphan and foregroundDeletion cannot be both set']],
  [{ ownerReferences: [pod('a', { uid: '' })] }, ['metadata.ownerReferences.uid: Invalid value: "": must not be empty']],
  [{ ownerReferences: [pod('a', { apiVersion: 'a/b/c' })] }, ['apiVersion: Invalid value: "a/b/c": version must not be empty']],
  [{ ownerReferences: [pod('a', { kind: 'Event' })] }, ['/v1, Kind=Event is disallowed from being an owner']],
  [
    { ownerReferences: [pod('a', { controller: true }), pod('b', { controller: true })] },
    ['Only one reference can have Controller set to true. Found "true" in references for Pod/a and Pod/b']
  ]
])('of %j is refused %j', (metadata, wanted) => {
  const found = metaFaults(config(metadata), undefined, 'built-in').map(({ field, message }) => `${field}: ${message}`)
  expect(found).toHaveLength(wanted.length)
  for (const [index, text] of wanted.entries()) expect(found[index]).toContain(text)
})

test('Namespaces and Services have labels for names, and names are judged once', () => {
  const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a.b' } }
  expect(metaFaults(namespace, undefined, 'built-in')).toMatchObject([{ message: 'Invalid value: "a.b": must not contain dots' }])
  expect(metaFaults(namespace, namespace, 'built-in')).toEqual([])
})

test('a custom kind may have a finalizer without a domain, with a warning', () => {
  const object = config({ finalizers: ['foo'] })
  expect(metaFaults(object, undefined, 'custom')).toEqual([])
  expect(metaWarnings(object, 'custom')[0]).toContain('prefer a domain-qualified finalizer name')
  expect(metaWarnings(object, 'built-in')).toEqual([])
})

test('an owner that is named twice is kept once, with a warning', () => {
  const object = config({ ownerReferences: [pod('a'), pod('a')] })
  expect(metaWarnings(object, 'built-in')[0]).toContain('duplicate UID(s) observed: uid-a')
  expect(preparedMeta(object).metadata.ownerReferences).toEqual([pod('a')])
  const other = config({})
  expect(preparedMeta(other)).toBe(other)
})

test('metadata of any shape is looked at without failing', () => {
  // what a client may send for a custom kind, whose schema has not judged it yet
  const odd = { apiVersion: 'example.com/v1', kind: 'X', metadata: { name: 1, annotations: 'a', ownerReferences: 'b', finalizers: [1] } }
  const object = odd as unknown as KubeObject
  expect([metaFaults(object, undefined, 'custom'), metaWarnings(object, 'custom'), preparedMeta(object)]).toEqual([[], [], object])
})
