// A few kinds and rules for tests of the store and of clients: namespaces, configmaps, pods, deployments, definitions and two custom kinds.

import { crdKind } from '../../src/api/crd-kind.ts'
import type { KindSpec } from '../../src/api/kind.ts'
import type { KubeObject, ResourceRef } from '../../src/api/object.ts'
import { wholeObject } from '../../src/api/object-schema.ts'
import type { Schema } from '../../src/api/schema.ts'
import { apiRules } from '../../src/store/api-rules.ts'
import type { KindRules } from '../../src/store/kind-rules.ts'

const FREE: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }

function kind(group: string, name: string, versions: readonly string[], more: Partial<KindSpec> & { readonly fields: Schema }): KindSpec {
  const { fields, ...rest } = more
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
    versions: versions.map((version, index) => ({
      name: version,
      served: true,
      storage: index === 0,
      schema: wholeObject(fields),
      columns: []
    })),
    origin: 'built-in',
    status: 'none',
    selectableFields: [],
    ...rest
  }
}

/** Namespaces, ConfigMaps, Pods, Deployments, definitions, and Widgets (custom, v1 and v1beta1, with a schema). */
export const SMALL_KINDS: readonly KindSpec[] = [
  kind('', 'Namespace', ['v1'], { scope: 'Cluster', status: 'subresource', fields: { properties: { spec: FREE, status: FREE } } }),
  kind('', 'ConfigMap', ['v1'], { fields: { properties: { data: { type: 'object', additionalProperties: { type: 'string' } } } } }),
  kind('', 'Pod', ['v1'], {
    status: 'subresource',
    selectableFields: ['status.phase'],
    fields: { properties: { spec: FREE, status: FREE } }
  }),
  kind('', 'Event', ['v1'], { fields: FREE }),
  kind('apps', 'Deployment', ['v1'], {
    status: 'subresource',
    scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
    fields: { properties: { spec: FREE, status: FREE } }
  }),
  kind('example.com', 'Widget', ['v1', 'v1beta1'], {
    origin: 'custom',
    status: 'subresource',
    fields: {
      properties: {
        spec: { type: 'object', properties: { size: { type: 'integer' }, tone: { type: 'string', default: 'soft' } } },
        status: FREE
      }
    }
  }),
  crdKind
]

/** The rules of `api`. */
export const SMALL_RULES: KindRules = apiRules()

export const CONFIG_MAPS: ResourceRef = { group: '', version: 'v1', resource: 'configmaps' }
export const NAMESPACES: ResourceRef = { group: '', version: 'v1', resource: 'namespaces' }
export const PODS: ResourceRef = { group: '', version: 'v1', resource: 'pods' }
export const DEPLOYMENTS: ResourceRef = { group: 'apps', version: 'v1', resource: 'deployments' }
export const WIDGETS: ResourceRef = { group: 'example.com', version: 'v1', resource: 'widgets' }
export const WIDGETS_BETA: ResourceRef = { group: 'example.com', version: 'v1beta1', resource: 'widgets' }

/** A ConfigMap in namespace `demo`. */
export function configMap(name: string, more: { readonly data?: Record<string, string>; readonly metadata?: object } = {}): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'demo', ...more.metadata },
    ...(more.data !== undefined && { data: more.data })
  }
}

/** A Widget in namespace `demo`. */
export function widget(
  name: string,
  more: { readonly spec?: object; readonly status?: object; readonly metadata?: object } = {}
): KubeObject {
  return {
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name, namespace: 'demo', ...more.metadata },
    spec: more.spec ?? { size: 1 },
    ...(more.status !== undefined && { status: more.status })
  }
}

/** The Namespace `demo`. */
export const DEMO: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } }
