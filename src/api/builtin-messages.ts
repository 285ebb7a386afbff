// Every message of the built-in kinds, read once from the field tables.

import { readTables } from './builtin-notation.ts'
import { KIND_TABLES } from './builtin-tables-kinds.ts'
import { POD_TABLES } from './builtin-tables-pod.ts'
import { REVIEW_TABLES } from './builtin-tables-review.ts'
import { SCALE_TABLES } from './builtin-tables-scale.ts'
import { VOLUME_TABLES } from './builtin-tables-volume.ts'
import type { Messages } from './builtin-notation.ts'

/** All messages by name: `EventsEvent` of events.k8s.io, `SliceEndpointPort` of discovery.k8s.io, `V1HorizontalPodAutoscaler` of autoscaling/v1. */
export const MESSAGES: Messages = readTables(KIND_TABLES, POD_TABLES, VOLUME_TABLES, REVIEW_TABLES, SCALE_TABLES)

/** A built-in kind and the message that describes it. */
export interface BuiltinKind {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly message: string
}

/** The built-in kinds that are described, DeleteOptions and Scale included. */
export const BUILTIN_MESSAGES: readonly BuiltinKind[] = [
  ...['Namespace', 'Pod', 'Service', 'ConfigMap', 'Secret', 'ServiceAccount', 'Endpoints', 'Event'].map((kind) => of('', 'v1', kind)),
  of('apps', 'v1', 'Deployment'),
  of('apps', 'v1', 'ReplicaSet'),
  of('apps', 'v1', 'DaemonSet'),
  of('autoscaling', 'v2', 'HorizontalPodAutoscaler'),
  of('autoscaling', 'v1', 'HorizontalPodAutoscaler', 'V1HorizontalPodAutoscaler'),
  of('discovery.k8s.io', 'v1', 'EndpointSlice'),
  of('coordination.k8s.io', 'v1', 'Lease'),
  of('autoscaling', 'v1', 'Scale'),
  of('', 'v1', 'DeleteOptions'),
  of('meta.k8s.io', 'v1', 'DeleteOptions'),
  of('events.k8s.io', 'v1', 'Event', 'EventsEvent'),
  of('authentication.k8s.io', 'v1', 'SelfSubjectReview'),
  of('authorization.k8s.io', 'v1', 'SelfSubjectAccessReview'),
  of('authorization.k8s.io', 'v1', 'SelfSubjectRulesReview')
]

/** The message of a kind, undefined when it is not built in (or not described). DeleteOptions is known in every group. */
export function builtinMessage(apiVersion: string, kind: string): string | undefined {
  if (kind === 'DeleteOptions') return kind
  const slash = apiVersion.indexOf('/')
  const [group, version] = slash < 0 ? ['', apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)]
  return BUILTIN_MESSAGES.find((each) => each.group === group && each.version === version && each.kind === kind)?.message
}

function of(group: string, version: string, kind: string, message: string = kind): BuiltinKind {
  return { group, version, kind, message }
}
