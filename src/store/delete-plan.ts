// Deleting an object (kubernetes.md 3.12): at once, or marked until finalizers, grace period or content are gone.

import { endedDefinition } from '../api/crd-status.ts'
import type { KubeObject } from '../api/object.ts'
import { dig, isObject } from '../std/json.ts'
import { badRequest, conflict, failure, forbidden, type Failure } from './failure.ts'
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
  const propagation = readPropagation(dig(body, 'propagationPolicy'), dig(body, 'orphanDependents'))
  if (typeof propagation !== 'string') return propagation
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

function readPropagation(policy: unknown, orphan: unknown): Deleting['propagation'] | Failure {
  if (policy !== undefined && orphan !== undefined) {
    const words = 'orphanDependents and deletionPropagation cannot be both set'
    return invalidOptions('FieldValueInvalid', `Invalid value: ${JSON.stringify(policy)}: ${words}`)
  }
  if (policy === undefined) return orphan === true ? 'Orphan' : 'Background'
  if (policy === 'Background' || policy === 'Foreground' || policy === 'Orphan') return policy
  const words = `Unsupported value: ${JSON.stringify(policy)}: supported values: "Foreground", "Background", "Orphan", "nil"`
  return invalidOptions('FieldValueNotSupported', words)
}

function invalidOptions(reason: string, message: string): Failure {
  const field = 'propagationPolicy'
  return failure({
    code: 422,
    reason: 'Invalid',
    message: `DeleteOptions.meta.k8s.io "" is invalid: ${field}: ${message}`,
    details: { group: 'meta.k8s.io', kind: 'DeleteOptions', causes: [{ reason, message, field }] }
  })
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
  // named by its kind, as the part of a real server that looks at it does
  const about = { ...planning.served.spec, plural: planning.served.spec.kind }
  if (options.uid !== undefined && options.uid !== uid) {
    const words = `the UID in the precondition (${options.uid}) does not match the UID in record (${uid})`
    return conflict(about, name, `${words}. The object might have been deleted and then recreated`)
  }
  if (options.resourceVersion === undefined || options.resourceVersion === resourceVersion) return undefined
  const words = `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion})`
  return conflict(about, name, `${words}. The object might have been modified`)
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
