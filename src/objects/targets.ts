// The kinds of targets, by name.

import type { KubeObject } from '../api/object.ts'
import type { Plan } from '../canary/plan.ts'
import { revisionOf } from './revision.ts'
import { DAEMON_SET } from './target-daemon-set.ts'
import { DEPLOYMENT } from './target-deployment.ts'
import type { TargetKind } from './target-kind.ts'
import { SERVICE } from './target-service.ts'

const TARGETS: Readonly<Record<Plan['targetKind'], TargetKind>> = { Deployment: DEPLOYMENT, DaemonSet: DAEMON_SET, Service: SERVICE }

/** The kind of a plan's target. */
export function targetKindOf({ targetKind }: Pick<Plan, 'targetKind'>): TargetKind {
  return TARGETS[targetKind]
}

/** The hash of what makes the revision of a target or primary; undefined when there is no such object. */
export function hashOf(plan: Plan, object: KubeObject | undefined): string | undefined {
  const identity = object === undefined ? undefined : targetKindOf(plan).identityOf(object)
  return identity === undefined ? undefined : revisionOf(identity)
}
