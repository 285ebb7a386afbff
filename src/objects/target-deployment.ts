// Deployments as targets: the usual case.

import { dig } from '../std/json.ts'
import { hasNoPods, readinessOf } from './readiness.ts'
import { copyToPrimary, primaryDeployment, scaleTarget } from './render-deployment.ts'
import type { TargetKind } from './target-kind.ts'
import { WITH_PODS } from './target-pods.ts'
import { RESOURCES } from './write.ts'

export const DEPLOYMENT: TargetKind = {
  ...WITH_PODS,
  resource: RESOURCES.deployments,
  readinessOf: (object, terms) => (object === undefined ? undefined : readinessOf(object, terms)),
  isAtZero: (target) => dig(target, 'spec', 'replicas') === 0,
  isEmpty: (target) => dig(target, 'spec', 'replicas') === 0 && target !== undefined && hasNoPods(target),
  scale: scaleTarget,
  primaryOf: primaryDeployment,
  copyTo: copyToPrimary
}
