// Canaries that would write the same objects. Flagger only logs them, and both go on (flagger.md 2.1); here the older one has the objects,
// since two that bring them to different states would never rest.

import type { KubeObject } from '../api/object.ts'
import { type Notice, refusalsOf } from './notices.ts'
import { type Plan, planOf } from './plan.ts'

/** True when the two would write the same objects: one namespace, and one target or one name of Services. */
export function contend(one: KubeObject, other: KubeObject): boolean {
  const [a, b] = [planOf(one), planOf(other)]
  return a.namespace === b.namespace && a.name !== b.name && (sameTarget(a, b) || a.apex === b.apex)
}

/** Why `canary` has to leave its objects to one of the `others`; undefined when it has not. Canaries that are refused have none. */
export function rivalOf(canary: KubeObject, others: readonly KubeObject[]): Notice | undefined {
  const rival = others.find((other) => contend(canary, other) && isBefore(other, canary) && refusalsOf(other['spec']).length === 0)
  if (rival === undefined) return undefined
  const [plan, { name = '' }] = [planOf(canary), rival.metadata]
  const { targetKind, target, apex } = plan
  return sameTarget(planOf(rival), plan)
    ? { path: 'spec.targetRef', kind: 'refused', text: `${targetKind} ${target} is already rolled out by Canary ${name}` }
    : { path: 'spec.service.name', kind: 'refused', text: `Service ${apex} already belongs to Canary ${name}` }
}

function sameTarget(a: Plan, b: Plan): boolean {
  return a.target === b.target && a.targetKind === b.targetKind
}

function isBefore(one: KubeObject, other: KubeObject): boolean {
  const at = ({ metadata }: KubeObject): string => `${metadata.creationTimestamp ?? ''} ${metadata.name ?? ''}`
  return at(one) < at(other)
}
