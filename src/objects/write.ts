// The writes a rollout makes, as data, and the small helpers that build them. A write that would change nothing is not made.

import type { KubeObject, OwnerReference, ResourceRef } from '../api/object.ts'
import { dig, isObject, sameJson } from '../std/json.ts'
import { pointerPart } from '../std/json-pointer.ts'

/** One operation of a JSON patch (RFC 6902). */
export interface PatchOperation {
  readonly op: 'add' | 'replace' | 'remove' | 'test'
  readonly path: string
  readonly value?: unknown
}

/**
 * One write: a new object, a patch of one that exists, or the end of one that was made for a while. `optional`: the API may refuse it without
 * holding up what comes after. `passing`: the object is there for a while, and nobody took it away when it is not.
 */
export type Write = { readonly optional?: true; readonly passing?: true } & (
  | { readonly verb: 'create'; readonly resource: ResourceRef; readonly object: KubeObject }
  | {
      readonly verb: 'patch'
      readonly resource: ResourceRef
      readonly namespace: string
      readonly name: string
      readonly patch:
        | { readonly kind: 'json'; readonly operations: readonly PatchOperation[] }
        | { readonly kind: 'merge'; readonly body: Readonly<Record<string, unknown>> }
    }
  | { readonly verb: 'delete'; readonly resource: ResourceRef; readonly namespace: string; readonly name: string; readonly uid: string }
)

/** The resources a rollout reads and writes. */
export const RESOURCES = {
  canaries: { group: 'flagger.app', version: 'v1beta1', resource: 'canaries' },
  deployments: { group: 'apps', version: 'v1', resource: 'deployments' },
  configMaps: { group: '', version: 'v1', resource: 'configmaps' },
  secrets: { group: '', version: 'v1', resource: 'secrets' },
  daemonSets: { group: 'apps', version: 'v1', resource: 'daemonsets' },
  services: { group: '', version: 'v1', resource: 'services' },
  destinationRules: { group: 'networking.istio.io', version: 'v1beta1', resource: 'destinationrules' },
  virtualServices: { group: 'networking.istio.io', version: 'v1beta1', resource: 'virtualservices' },
  releases: { group: 'serin.dev', version: 'v1alpha1', resource: 'releases' }
} as const satisfies Readonly<Record<string, ResourceRef>>

/** Where scalers are, by kind; ScaledObjects are there only where KEDA's definitions are. */
export const SCALER_RESOURCES = {
  HorizontalPodAutoscaler: { group: 'autoscaling', version: 'v2', resource: 'horizontalpodautoscalers' },
  ScaledObject: { group: 'keda.sh', version: 'v1alpha1', resource: 'scaledobjects' }
} as const satisfies Readonly<Record<string, ResourceRef>>

/** Annotations that keep Flux from undoing what the rollout writes (flagger.md 3.1). */
export const FLUX_OPT_OUTS: Readonly<Record<string, string>> = {
  'kustomize.toolkit.fluxcd.io/reconcile': 'disabled',
  'helm.toolkit.fluxcd.io/driftDetection': 'disabled'
}

/** The reference that makes `canary` the owner of what it created. */
export function ownerOf(canary: KubeObject): OwnerReference {
  return {
    apiVersion: 'flagger.app/v1beta1',
    kind: 'Canary',
    name: canary.metadata.name ?? '',
    uid: canary.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true
  }
}

/** A JSON patch of `object`, or nothing when there are no operations but tests. */
export function patchOf(resource: ResourceRef, object: KubeObject, operations: readonly PatchOperation[]): readonly Write[] {
  if (operations.every(({ op }) => op === 'test')) return []
  const { namespace = '', name = '' } = object.metadata
  return [{ verb: 'patch', resource, namespace, name, patch: { kind: 'json', operations } }]
}

/** Operations that make the value under `keys` equal `wanted` (undefined: absent), testing first what it replaces. */
export function setAt(object: unknown, keys: readonly string[], wanted: unknown): readonly PatchOperation[] {
  const live = at(object, keys)
  if (sameJson(live, wanted)) return []
  const path = keys.map((key) => `/${pointerPart(key)}`).join('')
  if (live === undefined) return [{ op: 'add', path, value: wanted }]
  const test: PatchOperation = { op: 'test', path, value: live }
  return wanted === undefined ? [test, { op: 'remove', path }] : [test, { op: 'replace', path, value: wanted }]
}

/** Operations that add the entries of `wanted` to a map under `keys`; entries of others stay. */
export function addEntries(object: unknown, keys: readonly string[], wanted: Readonly<Record<string, string>>): readonly PatchOperation[] {
  if (Object.keys(wanted).length === 0) return []
  if (!isObject(at(object, keys))) return setAt(object, keys, wanted)
  return Object.entries(wanted).flatMap(([key, value]) => setAt(object, [...keys, key], value))
}

// As `dig`, and through lists by index.
function at(value: unknown, keys: readonly string[]): unknown {
  const [key, ...rest] = keys
  if (key === undefined) return value
  const list: readonly unknown[] | undefined = Array.isArray(value) ? value : undefined
  return at(list === undefined ? dig(value, key) : list[Number(key)], rest)
}
