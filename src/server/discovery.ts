// Discovery documents from the kinds served now: aggregated (v2, v2beta1) and the older ones, one per group and version.

import { compareVersions } from '../api/crd-kind.ts'
import type { KindSpec, VersionSpec } from '../api/kind.ts'

/** A group and its versions, preferred first. */
export interface GroupVersions {
  readonly group: string
  readonly versions: readonly string[]
}

interface Subresource {
  readonly name: string
  readonly verbs: readonly string[]
  readonly group?: string
  readonly version?: string
  readonly kind: string
}

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
const STATUS_VERBS = ['get', 'patch', 'update']
const POD_SUBRESOURCES: readonly Subresource[] = [
  { name: 'attach', verbs: ['create', 'get'], kind: 'PodAttachOptions' },
  { name: 'exec', verbs: ['create', 'get'], kind: 'PodExecOptions' },
  { name: 'log', verbs: ['get'], kind: 'Pod' }
]

/** Every group served, in the order of the kinds, each with its versions by Kubernetes' priority. */
export function groupVersions(kinds: readonly KindSpec[]): GroupVersions[] {
  const groups = new Map<string, Set<string>>()
  for (const spec of kinds) {
    const versions = groups.get(spec.group) ?? new Set()
    for (const version of spec.versions) if (version.served) versions.add(version.name)
    groups.set(spec.group, versions)
  }
  return [...groups].map(([group, versions]) => ({ group, versions: [...versions].sort(compareVersions) }))
}

/** APIGroupDiscoveryList of the core group (`/api`) or of all others (`/apis`). */
export function aggregated(kinds: readonly KindSpec[], which: 'core' | 'groups', version: 'v2' | 'v2beta1'): Record<string, unknown> {
  const groups = groupVersions(kinds).filter(({ group }) => (group === '') === (which === 'core'))
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map(({ group, versions }) => ({
      metadata: { ...(group === '' ? {} : { name: group }), creationTimestamp: null },
      versions: versions.map((name) => ({
        version: name,
        resources: servedIn(kinds, group, name).map(([spec, served]) => aggregatedResource(spec, served)),
        freshness: 'Current'
      }))
    }))
  }
}

/** `/api`: the versions of the core group. */
export function coreVersions(serverAddress: string): Record<string, unknown> {
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }] }
}

/** `/apis` for clients without aggregated discovery. */
export function groupList(kinds: readonly KindSpec[]): Record<string, unknown> {
  const groups = groupVersions(kinds).filter(({ group }) => group !== '')
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(groupBody) }
}

/** `/apis/GROUP`; undefined when it is not served. */
export function groupDocument(kinds: readonly KindSpec[], group: string): Record<string, unknown> | undefined {
  const found = groupVersions(kinds).find((one) => one.group === group)
  return found === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...groupBody(found) }
}

/** `/api/v1` and `/apis/GROUP/VERSION`; undefined when nothing is served there. */
export function resourceList(kinds: readonly KindSpec[], group: string, version: string): Record<string, unknown> | undefined {
  const served = servedIn(kinds, group, version)
  if (served.length === 0) return undefined
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: groupVersion(group, version),
    resources: served.flatMap(([spec]) => legacyResources(spec))
  }
}

/** `v1` or `apps/v1`. */
export function groupVersion(group: string, version: string): string {
  return group === '' ? version : `${group}/${version}`
}

/** The kinds of one group served in `version`. */
export function servedIn(kinds: readonly KindSpec[], group: string, version: string): (readonly [KindSpec, VersionSpec])[] {
  return kinds.flatMap((spec): (readonly [KindSpec, VersionSpec])[] => {
    const found = spec.group === group ? spec.versions.find((one) => one.served && one.name === version) : undefined
    return found === undefined ? [] : [[spec, found]]
  })
}

/** The subresources of a kind that this server answers. */
export function subresourcesOf(spec: KindSpec): Subresource[] {
  return [
    ...(spec.group === '' && spec.plural === 'pods' ? POD_SUBRESOURCES : []),
    ...(spec.scale === undefined ? [] : [{ name: 'scale', verbs: STATUS_VERBS, group: 'autoscaling', version: 'v1', kind: 'Scale' }]),
    ...(spec.status === 'none' ? [] : [{ name: 'status', verbs: STATUS_VERBS, kind: spec.kind }])
  ]
}

function verbsOf(spec: KindSpec): readonly string[] {
  return spec.verbs ?? VERBS
}

function groupBody({ group, versions }: GroupVersions): Record<string, unknown> {
  const list = versions.map((version) => ({ groupVersion: groupVersion(group, version), version }))
  return { name: group, versions: list, preferredVersion: list[0] }
}

function aggregatedResource(spec: KindSpec, version: VersionSpec): Record<string, unknown> {
  const subresources = subresourcesOf(spec).map((one) => ({
    subresource: one.name,
    responseKind: { group: one.group ?? spec.group, version: one.version ?? version.name, kind: one.kind },
    verbs: one.verbs
  }))
  return {
    resource: spec.plural,
    responseKind: { group: spec.group, version: version.name, kind: spec.kind },
    scope: spec.scope,
    singularResource: spec.singular,
    verbs: verbsOf(spec),
    ...(spec.shortNames.length === 0 ? {} : { shortNames: spec.shortNames }),
    ...(spec.categories.length === 0 ? {} : { categories: spec.categories }),
    ...(subresources.length === 0 ? {} : { subresources })
  }
}

function legacyResources(spec: KindSpec): Record<string, unknown>[] {
  const namespaced = spec.scope === 'Namespaced'
  const main = {
    name: spec.plural,
    singularName: spec.singular,
    namespaced,
    kind: spec.kind,
    verbs: verbsOf(spec),
    ...(spec.shortNames.length === 0 ? {} : { shortNames: spec.shortNames }),
    ...(spec.categories.length === 0 ? {} : { categories: spec.categories })
  }
  const subresources = subresourcesOf(spec).map((one) => ({
    name: `${spec.plural}/${one.name}`,
    singularName: '',
    namespaced,
    ...(one.group === undefined ? {} : { group: one.group, version: one.version }),
    kind: one.kind,
    verbs: one.verbs
  }))
  return [main, ...subresources]
}
