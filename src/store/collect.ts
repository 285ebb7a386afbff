// What deleting one object means for others (kubernetes.md 3.12): dependents go with their owners (background, foreground, orphan), and the
// content of a Namespace goes with it. A pure question, "what follows from these changes?", asked until nothing follows.

import type { KindSpec } from '../api/kind.ts'
import type { KubeObject, OwnerReference } from '../api/object.ts'
import type { Moment } from './plan.ts'
import type { Applied, Store, StoredObject } from './store.ts'
import type { Change, StoreRequest } from './store-request.ts'

/** One thing to do. */
export type Errand =
  | { readonly kind: 'request'; readonly request: StoreRequest }
  | { readonly kind: 'finalize-namespace'; readonly name: string }
  | { readonly kind: 'settle-definition'; readonly name: string }

/** What collecting reads of a store. */
export type StoreView = Pick<Store, 'byUid' | 'dependents' | 'inNamespace' | 'kinds' | 'definedObjects' | 'isEnding'>

/** What follows from changes, in order; nothing when all is done. */
export type Consequences = (
  view: StoreView,
  changes: readonly Pick<Change, 'kind' | 'group' | 'resource' | 'object'>[]
) => readonly Errand[]

const FOREGROUND = 'foregroundDeletion'
const ORPHAN = 'orphan'

/** What follows from `changes`, in order; nothing when all is done. Finds what is still to do after a restart when given every object as `modified`. */
export function errands(view: StoreView, changes: readonly Pick<Change, 'kind' | 'group' | 'resource' | 'object'>[]): readonly Errand[] {
  const found = new Map<string, Errand>()
  const add = (list: readonly Errand[]): void => {
    for (const errand of list) found.set(JSON.stringify(errand), errand)
  }
  for (const change of changes) {
    const { object } = change
    if (change.kind === 'deleted') {
      for (const dependent of view.dependents(object.metadata.uid ?? '')) add(afterOwner(view, dependent))
      for (const owner of ownersWaiting(view, object)) add(afterDependents(view, owner))
    } else {
      const stored = { group: change.group, resource: change.resource, object }
      add(afterOwner(view, stored))
      add(afterDependents(view, stored))
      for (const owner of ownersWaiting(view, object)) add(afterDependents(view, owner))
    }
    add(namespaceErrands(view, change))
  }
  return [...found.values()]
}

/** Runs errands until none follow; the changes they made, in order. Bounded by the objects there are, as each errand removes or strips one. */
export function settle(store: Store, changes: readonly Change[], moment: Moment, find: Consequences = errands): readonly Change[] {
  const made: Change[] = []
  let fresh = changes
  while (fresh.length > 0) {
    const next: Change[] = []
    for (const errand of find(store, fresh)) next.push(...run(store, errand, moment))
    made.push(...next)
    fresh = next
  }
  return made
}

/** `settle` for a store just read from disk: takes up what was left undone. */
export function settleAll(store: Store, moment: Moment, find: Consequences = errands): readonly Change[] {
  const all = [...store.all()].map(({ group, resource, object }) => ({ kind: 'modified' as const, group, resource, object }))
  const first = find(store, all).flatMap((errand) => run(store, errand, moment))
  return [...first, ...settle(store, first, moment, find)]
}

function run(store: Store, errand: Errand, moment: Moment): readonly Change[] {
  if (errand.kind === 'finalize-namespace') return store.finalizeNamespace(errand.name)
  if (errand.kind === 'settle-definition') return store.settleDefinition(errand.name, moment)
  const applied: Applied = store.apply(errand.request, moment)
  return applied.changes
}

/** Owners of an object that wait for it: being deleted in the foreground. */
function ownersWaiting(view: StoreView, object: KubeObject): readonly StoredObject[] {
  return (object.metadata.ownerReferences ?? []).flatMap((reference) => {
    const owner = view.byUid(reference.uid)
    return owner !== undefined && isWaitingFor(owner.object, FOREGROUND) ? [owner] : []
  })
}

/** An object whose owners are all gone goes; one with some left loses the references to those gone. */
function afterOwner(view: StoreView, stored: StoredObject): readonly Errand[] {
  const { object } = stored
  const references = object.metadata.ownerReferences ?? []
  if (references.length === 0 || object.metadata.deletionTimestamp !== undefined) return []
  const live = references.filter((reference) => view.byUid(reference.uid) !== undefined)
  const staying = live.filter((reference) => !isGoing(view, reference))
  if (live.length === references.length && (staying.length > 0 || !live.some((reference) => isForeground(view, reference)))) return []
  if (live.length === 0) return [remove(view, stored, 'Background')]
  if (staying.length === 0 && live.some((reference) => isForeground(view, reference))) return [remove(view, stored, 'Foreground')]
  return [patch(view, stored, { ownerReferences: live })]
}

function isGoing(view: StoreView, reference: OwnerReference): boolean {
  return view.byUid(reference.uid)?.object.metadata.deletionTimestamp !== undefined
}

function isForeground(view: StoreView, reference: OwnerReference): boolean {
  const owner = view.byUid(reference.uid)
  return owner !== undefined && isWaitingFor(owner.object, FOREGROUND)
}

/** An owner deleted in the foreground waits for its blocking dependents; one deleted as orphan first lets go of all of them. */
function afterDependents(view: StoreView, stored: StoredObject): readonly Errand[] {
  const { object } = stored
  const uid = object.metadata.uid ?? ''
  if (isWaitingFor(object, ORPHAN)) {
    const strip = view.dependents(uid).map((dependent) => patch(view, dependent, { ownerReferences: ownersBut(dependent, uid) }))
    return [...strip, withoutFinalizer(view, stored, ORPHAN)]
  }
  if (!isWaitingFor(object, FOREGROUND)) return []
  const dependents = view.dependents(uid)
  const going = dependents.flatMap((dependent) => afterOwner(view, dependent))
  const blocking = dependents.filter((dependent) =>
    ownersOf(dependent).some((owner) => owner.uid === uid && owner.blockOwnerDeletion === true)
  )
  return blocking.length === 0 ? [...going, withoutFinalizer(view, stored, FOREGROUND)] : going
}

function isWaitingFor(object: KubeObject, finalizer: string): boolean {
  return object.metadata.deletionTimestamp !== undefined && (object.metadata.finalizers ?? []).includes(finalizer)
}

function ownersOf(stored: StoredObject): readonly OwnerReference[] {
  return stored.object.metadata.ownerReferences ?? []
}

function ownersBut(stored: StoredObject, uid: string): readonly OwnerReference[] {
  return ownersOf(stored).filter((owner) => owner.uid !== uid)
}

function withoutFinalizer(view: StoreView, stored: StoredObject, finalizer: string): Errand {
  return patch(view, stored, { finalizers: (stored.object.metadata.finalizers ?? []).filter((other) => other !== finalizer) })
}

/** A Terminating namespace: its content goes (pods without grace), then the namespace itself. */
function namespaceErrands(view: StoreView, change: Pick<Change, 'kind' | 'group' | 'resource' | 'object'>): readonly Errand[] {
  const isNamespace = change.group === '' && change.resource === 'namespaces'
  const { metadata } = change.object
  if (isNamespace && change.kind !== 'deleted') {
    return metadata.deletionTimestamp === undefined ? [] : emptyNamespace(view, metadata.name ?? '')
  }
  if (change.kind !== 'deleted' || metadata.namespace === undefined) return []
  for (const _ of view.inNamespace(metadata.namespace)) return []
  return [{ kind: 'finalize-namespace', name: metadata.namespace }]
}

function emptyNamespace(view: StoreView, name: string): readonly Errand[] {
  const content = [...view.inNamespace(name)]
  if (content.length === 0) return [{ kind: 'finalize-namespace', name }]
  return content
    .filter(({ object }) => object.metadata.deletionTimestamp === undefined || isPod(object))
    .map((stored) => remove(view, stored, 'Background', 0))
}

function isPod(object: KubeObject): boolean {
  return object.kind === 'Pod' && object.apiVersion === 'v1'
}

/** The errand that deletes one object in the background. */
export function removal(view: StoreView, stored: StoredObject): Errand {
  return remove(view, stored, 'Background')
}

function remove(view: StoreView, stored: StoredObject, propagationPolicy: 'Background' | 'Foreground', gracePeriodSeconds?: 0): Errand {
  const { uid } = stored.object.metadata
  const body = { propagationPolicy, preconditions: { uid }, ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }) }
  return { kind: 'request', request: { verb: 'delete', ...address(view, stored), body, options: {} } }
}

function patch(view: StoreView, stored: StoredObject, metadata: Record<string, readonly unknown[]>): Errand {
  const body = { metadata: { uid: stored.object.metadata.uid, ...metadata } }
  const options = { fieldValidation: 'Ignore' } as const
  return { kind: 'request', request: { verb: 'patch', patchType: 'merge', ...address(view, stored), body, options } }
}

function address(view: StoreView, stored: StoredObject): Pick<Extract<StoreRequest, { verb: 'delete' }>, 'target' | 'name'> {
  const { group, resource, object } = stored
  const spec: KindSpec | undefined = view.kinds.find((kind) => kind.group === group && kind.plural === resource)
  const version = (spec?.versions.find((other) => other.storage) ?? spec?.versions[0])?.name ?? ''
  const { namespace, name = '' } = object.metadata
  return { target: { resource: { group, version, resource }, ...(namespace !== undefined && { namespace }) }, name }
}
