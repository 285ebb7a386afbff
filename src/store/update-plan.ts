// Replacing an object or its status (kubernetes.md 3.6): what stays the server's, when nothing changes, when the generation counts up.

import type { Cause } from '../api/cause.ts'
import type { KubeObject, ObjectMeta } from '../api/object.ts'
import { isObject, sameJson } from '../std/json.ts'
import { badRequest, conflict, invalid, unfitPatch, type Failure } from './failure.ts'
import { countsGenerations, decided, isFailure, type Planned, type Planning, warningsOf } from './plan.ts'
import { decodeBody, readBody, type ReadBody } from './read-body.ts'
import type { FieldValidation } from './store-request.ts'

/** What updating looks at. `old` is in the version asked for. */
export interface UpdateInput {
  readonly old: KubeObject
  readonly body: unknown
  readonly subresource: 'status' | undefined
  readonly fieldValidation: FieldValidation | undefined
  /** PUT must name a custom resource's version; a patch carries the version it was applied to. */
  readonly verb: 'update' | 'patch'
  /** The text of a patch, for messages about what it made. */
  readonly patch?: string
}

/** The object as it will be: `none` when equal to the old one, `removed` when its last finalizer went while it was being deleted. */
export function planUpdate(input: UpdateInput, planning: Planning): Planned {
  const { served, rules } = planning
  const { old } = input
  const read = readInput(input, planning)
  if (read.kind === 'failure') return read
  const refused = refuse(read.object, input, planning)
  if (refused !== undefined) return refused
  const merged = input.subresource === 'status' ? withStatus(old, read.object, planning) : withContent(old, read.object, planning)
  const prepared = rules.prepare(merged, old, { served, now: planning.now })
  const causes = [...newFinalizers(old, prepared), ...rules.validate(prepared, old, served)]
  if (causes.length > 0) return invalid(served.spec, old.metadata.name ?? '', causes)
  const complete = decided(prepared, { old, subresource: input.subresource }, planning)
  if (isFailure(complete)) return complete
  const warnings = [...read.warnings, ...warningsOf(complete, planning)]
  if (isGone(complete)) return { kind: 'plan', effect: 'removed', object: complete, warnings }
  if (sameJson(complete, old)) return { kind: 'plan', effect: 'none', object: old, warnings }
  const object = countsGenerations(served) && contentChanged(old, complete) ? nextGeneration(complete) : complete
  return { kind: 'plan', effect: 'modified', object, warnings }
}

function readInput({ body, fieldValidation, patch }: UpdateInput, { served, rules }: Planning): ReadBody {
  if (patch === undefined) return readBody(body, served, fieldValidation, rules)
  const decoded = decodeBody(body, served, fieldValidation, rules)
  return decoded.kind === 'unfit' ? unfitPatch(patch, decoded.message) : decoded
}

/** True when nothing holds an object that is being deleted: no finalizers, and no grace period still to run (kubernetes.md 3.12). */
export function isGone(object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata
  if (deletionTimestamp === undefined || finalizers.length > 0 || deletionGracePeriodSeconds > 0) return false
  const spec = object['spec']
  const held = object.kind === 'Namespace' && isObject(spec) ? spec['finalizers'] : undefined
  return !Array.isArray(held) || held.length === 0
}

/** The object with its generation counted up. */
export function nextGeneration(object: KubeObject): KubeObject {
  return { ...object, metadata: { ...object.metadata, generation: (object.metadata.generation ?? 0) + 1 } }
}

function refuse(given: KubeObject, input: UpdateInput, planning: Planning): Failure | undefined {
  return misaddressed(given.metadata, input.old.metadata) ?? outdated(given.metadata, input, planning)
}

function misaddressed(given: ObjectMeta, old: ObjectMeta): Failure | undefined {
  const { name = '', namespace = '' } = old
  if (given.name === undefined) return badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`)
  if (given.name !== name) return badRequest(`the name of the object (${given.name}) does not match the name on the URL (${name})`)
  if (given.namespace === undefined || given.namespace === namespace) return undefined
  return badRequest('the namespace of the provided object does not match the namespace sent on the request')
}

function outdated(given: ObjectMeta, input: UpdateInput, planning: Planning): Failure | undefined {
  const { spec } = planning.served
  const { name = '', uid = '', resourceVersion } = input.old.metadata
  if (given.resourceVersion === undefined && spec.origin === 'custom' && input.verb === 'update') {
    const message = 'Invalid value: 0: must be specified for an update'
    return invalid(spec, name, [{ reason: 'FieldValueInvalid', message, field: 'metadata.resourceVersion' }], 'plural')
  }
  if (given.uid !== undefined && given.uid !== uid) return otherObject(given.uid, input, planning)
  return given.resourceVersion !== undefined && given.resourceVersion !== resourceVersion ? conflict(spec, name) : undefined
}

function otherObject(asked: string, { old, verb }: UpdateInput, { served: { spec } }: Planning): Failure {
  const { name = '', namespace, uid = '' } = old.metadata
  if (verb === 'patch') {
    const message = `Invalid value: ${JSON.stringify(asked)}: field is immutable`
    return invalid(spec, name, [{ reason: 'FieldValueInvalid', message, field: 'metadata.uid' }])
  }
  const key = `/registry/${spec.plural}/${namespace === undefined ? '' : `${namespace}/`}${name}`
  const met = `Precondition failed: UID in precondition: ${asked}, UID in object meta: ${uid}`
  return conflict(spec, name, `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${met}`)
}

function withContent(old: KubeObject, given: KubeObject, planning: Planning): KubeObject {
  const { status, ...content } = given
  const kept = planning.served.spec.status === 'none' ? status : old['status']
  const { apiVersion, kind } = given
  return {
    ...content,
    apiVersion,
    kind,
    ...(kept !== undefined && { status: kept }),
    metadata: ownedByServer(old.metadata, given.metadata)
  }
}

function withStatus(old: KubeObject, given: KubeObject, planning: Planning): KubeObject {
  const { status: _, ...content } = old
  // the status of a Deployment is written without its labels, that of other built-in kinds with them
  const { labels } = old.kind === 'Deployment' && planning.served.spec.group === 'apps' ? old.metadata : given.metadata
  const { annotations } = given.metadata
  const { labels: _1, annotations: _2, ...rest } = old.metadata
  const metadata: ObjectMeta =
    planning.served.spec.origin === 'custom'
      ? old.metadata
      : { ...rest, ...(labels !== undefined && { labels }), ...(annotations !== undefined && { annotations }) }
  const status = given['status']
  return { ...content, apiVersion: old.apiVersion, kind: old.kind, metadata, ...(status !== undefined && { status }) }
}

const SERVERS = [
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
  'managedFields'
]

function ownedByServer(old: ObjectMeta, given: ObjectMeta): ObjectMeta {
  const mine = new Set(SERVERS)
  const theirs = Object.entries(given).filter(([key]) => !mine.has(key))
  return Object.fromEntries([...theirs, ...Object.entries(old).filter(([key]) => mine.has(key))])
}

function newFinalizers(old: KubeObject, next: KubeObject): readonly Cause[] {
  if (old.metadata.deletionTimestamp === undefined) return []
  const before = new Set(old.metadata.finalizers)
  const added = (next.metadata.finalizers ?? []).filter((finalizer) => !before.has(finalizer))
  if (added.length === 0) return []
  const list = added.map((finalizer) => JSON.stringify(finalizer)).join(', ')
  const message = `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`
  return [{ reason: 'FieldValueForbidden', message, field: 'metadata.finalizers' }]
}

function contentChanged(old: KubeObject, next: KubeObject): boolean {
  const content = ({ status: _1, metadata: _2, ...rest }: KubeObject): unknown => rest
  return !sameJson(content(old), content(next))
}
