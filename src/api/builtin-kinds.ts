// The built-in kinds as the API serves them. Their columns for `kubectl get` are computed, not read by JSON path, and therefore live with
// the table printer; `columns` is empty here.

import { messageSchema } from './builtin-schema.ts'
import type { KindSpec, VersionSpec } from './kind.ts'

type Shape = Partial<Pick<KindSpec, 'shortNames' | 'categories' | 'scope' | 'status' | 'scale' | 'selectableFields' | 'verbs'>>

/** Asked, never kept. */
const REVIEW: Shape = { scope: 'Cluster', verbs: ['create'] }

const SCALED: Shape = {
  categories: ['all'],
  status: 'subresource',
  scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', labelSelectorPath: '.status.selector' }
}

const OBJECT_FIELDS = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath']

const POD_FIELDS = [
  'spec.nodeName',
  'spec.restartPolicy',
  'spec.schedulerName',
  'spec.serviceAccountName',
  'spec.hostNetwork',
  'status.phase',
  'status.podIP',
  'status.podIPs',
  'status.nominatedNodeName'
]

/** The built-in kinds that Serin serves; both Event kinds hold the same objects. A Deployment's scale selector is its spec.selector as text. */
export const BUILTIN_KINDS: readonly KindSpec[] = [
  kind('', 'Namespace', {
    shortNames: ['ns'],
    scope: 'Cluster',
    status: 'subresource',
    selectableFields: ['status.phase'],
    verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch']
  }),
  kind('', 'Pod', { shortNames: ['po'], categories: ['all'], status: 'subresource', selectableFields: POD_FIELDS }),
  kind('', 'Service', {
    shortNames: ['svc'],
    categories: ['all'],
    status: 'subresource',
    selectableFields: ['spec.clusterIP', 'spec.type']
  }),
  kind('', 'ConfigMap', { shortNames: ['cm'] }),
  kind('', 'Secret', { selectableFields: ['type'] }),
  kind('', 'ServiceAccount', { shortNames: ['sa'] }),
  deprecated(
    { ...kind('', 'Endpoints', { shortNames: ['ep'] }), plural: 'endpoints', singular: 'endpoints' },
    'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice'
  ),
  kind('', 'Event', {
    shortNames: ['ev'],
    selectableFields: [...OBJECT_FIELDS.map((field) => `involvedObject.${field}`), 'reason', 'reportingComponent', 'source', 'type']
  }),
  kind('apps', 'DaemonSet', { shortNames: ['ds'], categories: ['all'], status: 'subresource' }),
  kind('apps', 'Deployment', { ...SCALED, shortNames: ['deploy'] }),
  kind('apps', 'ReplicaSet', { ...SCALED, shortNames: ['rs'], selectableFields: ['status.replicas'] }),
  {
    ...kind('autoscaling', 'HorizontalPodAutoscaler', { shortNames: ['hpa'], categories: ['all'], status: 'subresource' }),
    versions: [version('v2', 'HorizontalPodAutoscaler', true), version('v1', 'V1HorizontalPodAutoscaler', false)]
  },
  kind('discovery.k8s.io', 'EndpointSlice', {}),
  kind('coordination.k8s.io', 'Lease', {}),
  kind('events.k8s.io', 'Event', {
    shortNames: ['ev'],
    selectableFields: [...OBJECT_FIELDS.map((field) => `regarding.${field}`), 'reason', 'reportingController', 'type']
  }),
  kind('authentication.k8s.io', 'SelfSubjectReview', REVIEW),
  kind('authorization.k8s.io', 'SelfSubjectAccessReview', REVIEW),
  kind('authorization.k8s.io', 'SelfSubjectRulesReview', REVIEW)
]

function deprecated(spec: KindSpec, deprecationWarning: string): KindSpec {
  return { ...spec, versions: spec.versions.map((version) => ({ ...version, deprecationWarning })) }
}

function kind(group: string, name: string, shape: Shape): KindSpec {
  const singular = name.toLowerCase()
  return {
    group,
    kind: name,
    listKind: `${name}List`,
    plural: `${singular}s`,
    singular,
    shortNames: [],
    categories: [],
    scope: 'Namespaced',
    versions: [version('v1', group === 'events.k8s.io' ? 'EventsEvent' : name, true)],
    origin: 'built-in',
    status: 'none',
    selectableFields: [],
    ...shape
  }
}

function version(name: string, message: string, storage: boolean): VersionSpec {
  return { name, served: true, storage, schema: messageSchema(message), columns: [] }
}
