// DaemonSets as targets: a pod on every node, or on none.

import {
  copyToDaemonSet,
  daemonSetReadiness,
  isDeserted,
  isNowhere,
  primaryDaemonSet,
  scaleDaemonSet,
  strategyFault,
  templateOf
} from './daemon-set.ts'
import type { TargetKind } from './target-kind.ts'
import { WITH_PODS } from './target-pods.ts'
import { RESOURCES } from './write.ts'

export const DAEMON_SET: TargetKind = {
  ...WITH_PODS,
  resource: RESOURCES.daemonSets,
  identityOf: templateOf,
  faultOf: (target, labels) => WITH_PODS.faultOf(target, labels) ?? strategyFault(target),
  readinessOf: (object, terms) => (object === undefined ? undefined : daemonSetReadiness(object, terms)),
  isAtZero: isNowhere,
  isEmpty: isDeserted,
  scale: scaleDaemonSet,
  primaryOf: primaryDaemonSet,
  copyTo: copyToDaemonSet
}
