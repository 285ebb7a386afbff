// A Deployment's ReplicaSets as revisions: which one has its template, which are old, what the annotations say, what may be forgotten.

import type { ObjectMeta } from '../api/object.ts'
import { sameJson } from '../std/json.ts'
import { referenceTo } from './meta.ts'
import type { Deployment, ReplicaSet } from '../api/builtin-types-apps.ts'
import type { PodTemplateSpec } from '../api/builtin-types-pod.ts'
import { templateHash } from './template-hash.ts'

export const REVISION = 'deployment.kubernetes.io/revision'
export const DESIRED = 'deployment.kubernetes.io/desired-replicas'
export const LIMIT = 'deployment.kubernetes.io/max-replicas'
const HISTORY = 'deployment.kubernetes.io/revision-history'
const HASH_LABEL = 'pod-template-hash'
// Of a Deployment's annotations these describe the Deployment itself and are not copied to its ReplicaSets.
const NOT_COPIED = new Set([
  REVISION,
  DESIRED,
  LIMIT,
  HISTORY,
  'kubectl.kubernetes.io/last-applied-configuration',
  'deprecated.deployment.rollback.to'
])

/** The Deployment's ReplicaSets: the one of its template (oldest when there are several), and the others, oldest first. */
export interface Revisions {
  readonly current: ReplicaSet | undefined
  readonly old: readonly ReplicaSet[]
}

/** Sorts `owned` into current and old. */
export function revisionsOf(deployment: Deployment, owned: readonly ReplicaSet[]): Revisions {
  const byAge = [...owned].sort(
    (a, b) =>
      (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '') ||
      (a.metadata.name ?? '').localeCompare(b.metadata.name ?? '')
  )
  const current = byAge.find((replicaSet) => sameTemplate(replicaSet.spec.template, deployment.spec.template))
  return { current, old: byAge.filter((replicaSet) => replicaSet !== current) }
}

function sameTemplate(a: PodTemplateSpec, b: PodTemplateSpec): boolean {
  return sameJson(withoutHash(a), withoutHash(b))
}

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { [HASH_LABEL]: _, ...labels } = template.metadata?.labels ?? {}
  const { creationTimestamp: __, ...metadata } = template.metadata ?? {}
  return { ...template, metadata: { ...metadata, labels } }
}

/** The number in the revision annotation, 0 without one. */
export function revisionNumber(object: { readonly metadata: ObjectMeta }): number {
  const number = Number(object.metadata.annotations?.[REVISION] ?? 0)
  return Number.isFinite(number) ? number : 0
}

/** The revision the current ReplicaSet carries: its own when it is the newest, else one more than every old one. */
export function currentRevision(revisions: Revisions): number {
  const newest = Math.max(0, ...revisions.old.map(revisionNumber))
  const own = revisions.current === undefined ? 0 : revisionNumber(revisions.current)
  return own > newest ? own : newest + 1
}

/** A number in an annotation, undefined when absent or not a number. */
export function annotatedNumber(replicaSet: ReplicaSet, key: string): number | undefined {
  const text = replicaSet.metadata.annotations?.[key]
  return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text)
}

/** The annotations the current ReplicaSet should have: the Deployment's, its revision (a revision it had before is remembered) and sizes. */
export function wantedAnnotations(
  deployment: Deployment,
  revisions: Revisions,
  sizes: { desired: number; limit: number }
): Record<string, string> {
  const own = revisions.current?.metadata.annotations ?? {}
  const revision = currentRevision(revisions)
  const before = revisions.current === undefined ? 0 : revisionNumber(revisions.current)
  const history = before > 0 && before !== revision ? [...(own[HISTORY]?.split(',') ?? []), String(before)] : own[HISTORY]?.split(',')
  const copied = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !NOT_COPIED.has(key))
  return {
    ...own,
    ...Object.fromEntries(copied),
    ...(history === undefined ? {} : { [HISTORY]: history.join(',') }),
    [REVISION]: String(revision),
    [DESIRED]: String(sizes.desired),
    [LIMIT]: String(sizes.limit)
  }
}

/** The name a ReplicaSet of the Deployment's template gets. */
export function replicaSetName(deployment: Deployment): string {
  return `${deployment.metadata.name}-${templateHash(deployment.spec.template, deployment.status?.collisionCount)}`
}

/** The ReplicaSet for the Deployment's template, to be created with `replicas`. */
export function newReplicaSet(deployment: Deployment, replicas: number, annotations: Readonly<Record<string, string>>): ReplicaSet {
  const name = replicaSetName(deployment)
  const { template, selector, minReadySeconds } = deployment.spec
  const hash = { [HASH_LABEL]: name.slice((deployment.metadata.name ?? '').length + 1) }
  const labels = { ...template.metadata?.labels, ...hash }
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name,
      ...(deployment.metadata.namespace === undefined ? {} : { namespace: deployment.metadata.namespace }),
      labels,
      annotations,
      ownerReferences: [referenceTo(deployment)]
    },
    spec: {
      replicas,
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, ...hash } },
      template: { ...template, metadata: { ...template.metadata, labels } }
    }
  }
}

/** Old ReplicaSets that revisionHistoryLimit (default 10) no longer keeps: empty ones, lowest revision first. */
export function forgettable(deployment: Deployment, old: readonly ReplicaSet[]): ReplicaSet[] {
  const limit = deployment.spec.revisionHistoryLimit ?? 10
  const empty = old.filter(
    (replicaSet) =>
      (replicaSet.status?.replicas ?? 0) === 0 &&
      replicaSet.spec.replicas === 0 &&
      (replicaSet.metadata.generation ?? 0) <= (replicaSet.status?.observedGeneration ?? 0) &&
      replicaSet.metadata.deletionTimestamp === undefined
  )
  const kept = old.filter((replicaSet) => replicaSet.metadata.deletionTimestamp === undefined).length
  return empty.sort((a, b) => revisionNumber(a) - revisionNumber(b)).slice(0, Math.max(0, kept - limit))
}
