// What one watcher sees of the changes (kubernetes.md 3.9): those of its resource, as additions and deletions where its selector begins or
// ceases to match, in the version it asked for.

import type { KubeObject } from '../api/object.ts'
import type { Served } from './kind-rules.ts'
import { inVersion } from './read-body.ts'
import type { Selection } from './selection.ts'
import type { Change } from './store-request.ts'

/** A change as one watcher sees it. */
export interface SeenChange {
  readonly kind: 'added' | 'modified' | 'deleted'
  readonly object: KubeObject
}

/** undefined when the watcher sees nothing. An object that stops matching is deleted in its last matching state, under the new resourceVersion. */
export function seenBy(change: Change, served: Served, selection: Selection): SeenChange | undefined {
  const { spec } = served
  if (change.group !== spec.group || change.resource !== spec.plural) return undefined
  const { object, previous } = change
  const before = previous !== undefined && selection(previous)
  const after = change.kind !== 'deleted' && selection(object)
  if (after) return { kind: before ? 'modified' : 'added', object: inVersion(object, served) }
  // a deletion that also changed what the selector reads is still the deletion of an object that matched
  if (!before && !(change.kind === 'deleted' && selection(object))) return undefined
  if (change.kind === 'deleted' || previous === undefined) return { kind: 'deleted', object: inVersion(object, served) }
  const last = { ...previous, metadata: { ...previous.metadata, resourceVersion: String(change.resourceVersion) } }
  return { kind: 'deleted', object: inVersion(last, served) }
}
