// What every Namespace holds from its beginning: the ServiceAccount `default` and the ConfigMap with the API's certificate authority, as the
// controllers of a cluster make them. Both come back when they are deleted.

import type { KubeObject, ResourceRef } from '../api/object.ts'
import { dig } from '../std/json.ts'
import { targetOf } from './meta.ts'
import type { Reconciled, Write } from './write.ts'

export const NAMESPACES: ResourceRef = { group: '', version: 'v1', resource: 'namespaces' }
export const SERVICE_ACCOUNTS: ResourceRef = { group: '', version: 'v1', resource: 'serviceaccounts' }
export const CONFIG_MAPS: ResourceRef = { group: '', version: 'v1', resource: 'configmaps' }
export const DEFAULT_ACCOUNT = 'default'
export const ROOT_CERTIFICATE = 'kube-root-ca.crt'

/** A Namespace and what it holds now. `authority`: PEM of the authority that the API's certificate is from. */
export interface NamespaceView {
  readonly namespace: KubeObject
  readonly account: KubeObject | undefined
  readonly certificate: KubeObject | undefined
  readonly authority: string
}

/** The writes that make both be there and the certificate be the right one; none while the Namespace ends. */
export function reconcileNamespace(view: NamespaceView): Reconciled {
  const { name = '', deletionTimestamp } = view.namespace.metadata
  if (deletionTimestamp !== undefined) return { writes: [], events: [] }
  return { writes: [...accountWrites(view, name), ...certificateWrites(view, name)], events: [] }
}

function accountWrites({ account }: NamespaceView, namespace: string): Write[] {
  if (account !== undefined) return []
  const object = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: DEFAULT_ACCOUNT, namespace } }
  return [{ kind: 'create', resource: SERVICE_ACCOUNTS, object }]
}

const DESCRIPTION =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or ' +
  'kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.'

function certificateWrites({ certificate, authority }: NamespaceView, namespace: string): Write[] {
  const data = { 'ca.crt': authority }
  if (certificate === undefined) {
    const metadata = { name: ROOT_CERTIFICATE, namespace, annotations: { 'kubernetes.io/description': DESCRIPTION } }
    return [{ kind: 'create', resource: CONFIG_MAPS, object: { apiVersion: 'v1', kind: 'ConfigMap', metadata, data } }]
  }
  if (dig(certificate, 'data', 'ca.crt') === authority) return []
  return [{ kind: 'patch', target: targetOf(CONFIG_MAPS, certificate, { fresh: false }), body: { data } }]
}
