// Deleting an object (kubernetes.md 3.12): at once, or marked until finalizers, grace period or content are gone.

import { endedDefinition } from '../api/crd-status.ts'
import type { KubeObject } from '../api/object.ts'
import { dig, isObject } from '../std/json.ts'
import { badRequest, conflict, forbidden, type Failure } from './failure.ts'
import type { Planned, Planning } from './plan.ts'
import { isDefinition } from './registry.ts'
import { isGone, nextGeneration } from './update-plan.ts'

/** DeleteOptions as read from a body. */
export interface Deleting {
  readonly propagation: 'Background' | 'Foreground' | 'Orphan'
  readonly gracePeriodSeconds: number | undefined
  readonly uid: string | undefined
  readonly resourceVersion: string | undefined
  readonly dryRun: boolean
}

const GRACE_DEFAULT = 30

/** The options in a DeleteOptions body; absent is the default (Background). The legacy `orphanDependents` counts. */
export function readDeleteOptions(body: unknown): Deleting | Failure {
  if (body !== undefined && body !== null && !isObject(body)) return badRequest('the body of a delete is DeleteOptions')
  const propagation = dig(body, 'propagationPolicy') ?? (dig(body, 'orphanDependents') === true ? 'Orphan' : 'Background')
  if (propagation !== 'Background' && propagation !== 'Foreground' && propagation !== 'Orphan') {
    return badRequest(`invalid propagationPolicy: ${JSON.stringify(propagation)}`)
  }
  const grace = dig(body, 'gracePeriodSeconds')
  const dryRun = dig(body, 'dryRun')
  return {
    propagation,
    gracePeriodSeconds: typeof grace === 'number' && grace >= 0 ? grace : undefined,
    uid: textOf(dig(body, 'preconditions', 'uid')),
    resourceVersion: textOf(dig(body, 'preconditions', 'resourceVersion')),
    dryRun: Array.isArray(dryRun) && dryRun.includes('All')
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** What deleting `old` does now. Deleting again while it waits changes nothing, but for a shorter grace period or a new finalizer. */
export function planDelete(old: KubeObject, options: Deleting, planning: Planning): Planned {
  const refused = lasting(old, planning) ?? unmetPrecondition(old, options, planning)
  if (refused !== undefined) return refused
  return isDefinition(old) ? planEnd(old, planning) : planMarked(old, options, planning)
}

function planMarked(old: KubeObject, options: Deleting, planning: Planning): Planned {
  const { finalizers: before = [], deletionTimestamp, deletionGracePeriodSeconds = 0 } = old.metadata
  const finalizers = withPropagation(before, options)
  const grace = graceOf(old, options)
  const nothingNew = finalizers.length === before.length && grace >= deletionGracePeriodSeconds
  if (deletionTimestamp !== undefined && nothingNew && !isGone(old)) return { kind: 'plan', effect: 'none', object: old, warnings: [] }
  const marked = mark(old, { finalizers, grace }, planning)
  if (!isGone(marked)) return { kind: 'plan', effect: 'modified', object: marked, warnings: [] }
  // what goes at once goes as it was; a pod is marked even then
  return { kind: 'plan', effect: 'removed', object: deletionTimestamp === undefined && !isPod(old) ? old : marked, warnings: [] }
}

const LASTING = new Set(['default', 'kube-system', 'kube-public'])

function lasting(old: KubeObject, { served: { spec } }: Planning): Failure | undefined {
  const { name = '' } = old.metadata
  const lasts = spec.group === '' && spec.plural === 'namespaces' && LASTING.has(name)
  return lasts ? forbidden(spec, name, 'this namespace may not be deleted') : undefined
}

// A definition is held until its objects are gone, whatever the propagation.
function planEnd(old: KubeObject, planning: Planning): Planned {
  if (old.metadata.deletionTimestamp !== undefined) return { kind: 'plan', effect: 'none', object: old, warnings: [] }
  const object = endedDefinition(old, planning.rules.time(planning.now))
  return { kind: 'plan', effect: 'modified', object, warnings: [] }
}

function unmetPrecondition(old: KubeObject, options: Deleting, planning: Planning): Failure | undefined {
  const { name = '', uid = '', resourceVersion = '' } = old.metadata
  const { spec } = planning.served
  if (options.uid !== undefined && options.uid !== uid) {
    return conflict(spec, name, `Precondition failed: UID in precondition: ${options.uid}, UID in object meta: ${uid}`)
  }
  if (options.resourceVersion === undefined || options.resourceVersion === resourceVersion) return undefined
  const versions = `ResourceVersion in precondition: ${options.resourceVersion}, ResourceVersion in object meta: ${resourceVersion}`
  return conflict(spec, name, `Precondition failed: ${versions}`)
}

function mark(old: KubeObject, how: { readonly finalizers: readonly string[]; readonly grace: number }, planning: Planning): KubeObject {
  const { finalizers: _, ...rest } = old.metadata
  const first = rest.deletionTimestamp === undefined
  const isNamespace = old.kind === 'Namespace' && old.apiVersion === 'v1'
  const newTime = first || how.grace < (rest.deletionGracePeriodSeconds ?? Infinity)
  const marked: KubeObject = {
    ...old,
    ...(isNamespace && { status: { ...(isObject(old['status']) && old['status']), phase: 'Terminating' } }),
    metadata: {
      ...rest,
      ...(how.finalizers.length > 0 && { finalizers: how.finalizers }),
      ...(newTime && { deletionTimestamp: planning.rules.time(planning.now + how.grace * 1000) }),
      ...(newTime && !isNamespace && { deletionGracePeriodSeconds: how.grace })
    }
  }
  return first && rest.generation !== undefined ? nextGeneration(marked) : marked
}

function withPropagation(finalizers: readonly string[], options: Deleting): readonly string[] {
  const wanted = { Background: undefined, Foreground: 'foregroundDeletion', Orphan: 'orphan' }[options.propagation]
  return wanted === undefined || finalizers.includes(wanted) ? finalizers : [...finalizers, wanted]
}

/** Seconds a pod has to stop: none when it was never placed or has ended. Other kinds have no grace. */
function graceOf(object: KubeObject, options: Deleting): number {
  if (!isPod(object)) return 0
  const phase = dig(object, 'status', 'phase')
  if (dig(object, 'spec', 'nodeName') === undefined || phase === 'Succeeded' || phase === 'Failed') return 0
  const own = dig(object, 'spec', 'terminationGracePeriodSeconds')
  return options.gracePeriodSeconds ?? (typeof own === 'number' ? own : GRACE_DEFAULT)
}

function isPod(object: KubeObject): boolean {
  return object.kind === 'Pod' && object.apiVersion === 'v1'
}
