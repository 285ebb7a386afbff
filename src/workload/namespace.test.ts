import { expect, test } from 'vitest'
import type { KubeObject } from '../api/object.ts'
import { type NamespaceView, reconcileNamespace } from './namespace.ts'

function view(has: Partial<NamespaceView> = {}): NamespaceView {
  const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', uid: 'u' } }
  return { namespace, account: undefined, certificate: undefined, authority: 'PEM', ...has }
}

const account: KubeObject = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'shop', uid: 'a' } }
const certificate = (text: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'kube-root-ca.crt', namespace: 'shop', uid: 'c' },
  data: { 'ca.crt': text }
})

test('a new Namespace gets the ServiceAccount default and the certificate of the API', () => {
  const { writes } = reconcileNamespace(view())
  expect(writes).toMatchObject([
    { kind: 'create', resource: { resource: 'serviceaccounts' }, object: { metadata: { name: 'default', namespace: 'shop' } } },
    { kind: 'create', resource: { resource: 'configmaps' }, object: { metadata: { name: 'kube-root-ca.crt' }, data: { 'ca.crt': 'PEM' } } }
  ])
})

test('what is there is left alone, but for a certificate of another authority', () => {
  expect(reconcileNamespace(view({ account, certificate: certificate('PEM') })).writes).toEqual([])
  expect(reconcileNamespace(view({ account, certificate: certificate('old') })).writes).toMatchObject([
    { kind: 'patch', target: { name: 'kube-root-ca.crt', uid: 'c' }, body: { data: { 'ca.crt': 'PEM' } } }
  ])
})

test('a Namespace that ends gets nothing new', () => {
  const { namespace } = view()
  const ending = { ...namespace, metadata: { ...namespace.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }
  expect(reconcileNamespace(view({ namespace: ending })).writes).toEqual([])
})
