// What the API server itself does about CustomResourceDefinitions (kubernetes.md 3.13), whether or not controllers run: names are accepted,
// and the objects of a definition that goes are deleted before it.

import { isEnding } from '../api/crd-status.ts'
import { type Errand, removal, type StoreView } from './collect.ts'
import { isDefinition } from './registry.ts'
import type { Change } from './store-request.ts'

type Seen = Pick<Change, 'kind' | 'group' | 'resource' | 'object'>

/** What follows from `changes` at once. The last step of an end comes later (`endsDue`). */
export function definitionErrands(view: StoreView, changes: readonly Seen[]): readonly Errand[] {
  return changes.flatMap(({ kind, object }): readonly Errand[] => {
    if (kind === 'deleted' || !isDefinition(object)) return []
    const name = object.metadata.name ?? ''
    if (!isEnding(object)) return [{ kind: 'settle-definition', name }]
    return view
      .definedObjects(name)
      .filter((stored) => stored.object.metadata.deletionTimestamp === undefined)
      .map((stored) => removal(view, stored))
  })
}

/** Names of the ending definitions that may have nothing left to wait for after `changes`. */
export function endsDue(view: Pick<StoreView, 'definedObjects' | 'isEnding'>, changes: Iterable<Seen>): readonly string[] {
  const names = new Set<string>()
  for (const { kind, group, resource, object } of changes) {
    if (isDefinition(object)) names.add(object.metadata.name ?? '')
    else if (kind === 'deleted' && group !== '') names.add(`${resource}.${group}`)
  }
  return [...names].filter((name) => view.isEnding(name) && view.definedObjects(name).length === 0)
}
