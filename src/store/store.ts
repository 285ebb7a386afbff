// The Kubernetes API as a synchronous, deterministic state machine: a request and a moment in, an answer and the changes it made out.
// It knows neither HTTP nor disks nor watchers; `kube/api.ts` makes changes durable and shows them. Garbage collection is in collect.ts.

import { nextDefinition } from '../api/crd-status.ts'
import type { KindSpec } from '../api/kind.ts'
import type { KubeObject, ResourceRef } from '../api/object.ts'
import { assert } from '../std/bug.ts'
import { dig, isObject } from '../std/json.ts'
import { planCreate } from './create-plan.ts'
import { type Deleting, planDelete, readDeleteOptions } from './delete-plan.ts'
import { endingDefinition, noSuchResource, notFound, type Failure } from './failure.ts'
import type { KindRules, Served } from './kind-rules.ts'
import { listObjects } from './list-objects.ts'
import { withManagers } from './managed-fields.ts'
import { keyOf, ObjectTable } from './object-table.ts'
import { planPatch } from './patch-plan.ts'
import type { Moment, Plan, Planned, Planning } from './plan.ts'
import { inVersion } from './read-body.ts'
import { DEFINITIONS, Registry, tableName } from './registry.ts'
import { refuseReplicas, scaleOf, withReplicas } from './scale.ts'
import { compileSelection } from './selection.ts'
import type { Change, Status, StoreAnswer, StoreRequest } from './store-request.ts'
import { isGone, planUpdate } from './update-plan.ts'

/** What a request led to. */
export interface Applied {
  readonly answer: StoreAnswer
  readonly changes: readonly Change[]
}

/** How a store begins. */
export interface StoreOptions {
  readonly kinds: readonly KindSpec[]
  readonly rules: KindRules
  /** The first change gets the next one. */
  readonly resourceVersion?: number
  readonly objects?: readonly StoredObject[]
}

/** An object with its resource, as snapshots keep it. */
export interface StoredObject {
  readonly group: string
  readonly resource: string
  readonly object: KubeObject
}

type Get = Extract<StoreRequest, { readonly verb: 'get' }>
type Update = Extract<StoreRequest, { readonly verb: 'update' }>
type Patch = Extract<StoreRequest, { readonly verb: 'patch' }>
type Write = Exclude<StoreRequest, { readonly verb: 'get' | 'list' }>

const FIRST_VERSION = 1000

/** All objects of one API. Owns the tables, the kinds served, the resource version and the index of owners. */
export class Store {
  readonly #rules: KindRules
  readonly #registry: Registry
  readonly #tables = new Map<string, ObjectTable>()
  readonly #byUid = new Map<string, StoredObject>()
  readonly #dependents = new Map<string, Set<string>>()
  #version: number

  constructor(options: StoreOptions) {
    this.#rules = options.rules
    this.#registry = new Registry(options.kinds)
    this.#version = options.resourceVersion ?? FIRST_VERSION
    for (const stored of options.objects ?? []) this.#keep(stored)
  }

  get resourceVersion(): number {
    return this.#version
  }

  /** Every kind served now. */
  get kinds(): readonly KindSpec[] {
    return this.#registry.kinds
  }

  /** A resource in a served version. */
  find(resource: ResourceRef): Served | undefined {
    return this.#registry.find(resource)
  }

  /** Carries out one request. Only writes that are not dry runs change the store. */
  apply(request: StoreRequest, moment: Moment): Applied {
    const served = this.#registry.find(request.target.resource)
    if (served === undefined) return { answer: noSuchResource(), changes: [] }
    if (request.verb === 'get') return { answer: this.#get(request, served), changes: [] }
    if (request.verb === 'list') {
      const table = this.#table(served.spec)
      return { answer: listObjects(request, { served, table, rules: this.#rules, version: this.#version }), changes: [] }
    }
    if (request.verb === 'deletecollection') return this.#deleteCollection(request, served, moment)
    const planning = this.#planning(served, moment)
    const planned = this.#written(this.#plan(request, planning), request, planning)
    if (planned.kind === 'failure') return { answer: planned, changes: [] }
    const dryRun = request.options.dryRun === true || (request.verb === 'delete' && dig(request.body, 'dryRun') !== undefined)
    const done = dryRun ? { object: planned.object, changes: [] } : this.#carryOut(planned, served.spec)
    return { answer: answerWrite(request, { ...planned, object: done.object }, served), changes: done.changes }
  }

  /** Takes over a change made elsewhere: the journal's, on start. */
  replay(change: Change): void {
    assert(change.resourceVersion > this.#version, `change ${change.resourceVersion} after version ${this.#version}`)
    this.#version = change.resourceVersion
    const stored = { group: change.group, resource: change.resource, object: change.object }
    if (change.kind === 'deleted') this.#forget(stored)
    else this.#keep(stored)
  }

  /** The object with this uid. */
  byUid(uid: string): StoredObject | undefined {
    return this.#byUid.get(uid)
  }

  /** The objects that name the object of this uid among their owners. */
  dependents(uid: string): readonly StoredObject[] {
    const uids = this.#dependents.get(uid) ?? new Set<string>()
    return [...uids].flatMap((dependent) => this.#byUid.get(dependent) ?? [])
  }

  /** Every object in a namespace, of all kinds. */
  *inNamespace(namespace: string): Generator<StoredObject> {
    for (const spec of this.kinds) {
      if (spec.scope !== 'Namespaced') continue
      for (const { object } of this.#table(spec).scan(`${namespace}/`, '')) yield { group: spec.group, resource: spec.plural, object }
    }
  }

  /** Every object of every kind. */
  *all(): Generator<StoredObject> {
    yield* this.#byUid.values()
  }

  /** Lets go of a Namespace that has no content left (the `finalize` step of the namespace controller). */
  finalizeNamespace(name: string): readonly Change[] {
    const spec = this.#registry.spec('', 'namespaces')
    const old = spec === undefined ? undefined : this.#table(spec).get(keyOf('', name))
    if (spec === undefined || old?.metadata.deletionTimestamp === undefined) return []
    const { finalizers: _, ...rest } = isObject(old['spec']) ? old['spec'] : {}
    const object: KubeObject = { ...old, spec: rest }
    return this.#carryOut({ kind: 'plan', effect: isGone(object) ? 'removed' : 'modified', object, warnings: [] }, spec).changes
  }

  /** The next step in the life of a definition, if one is due. One of a kind that was there from the start has no objects to wait for. */
  settleDefinition(name: string, moment: Moment): readonly Change[] {
    const spec = this.#registry.spec(DEFINITIONS.group, DEFINITIONS.resource)
    const old = spec === undefined ? undefined : this.#table(spec).get(keyOf('', name))
    if (spec === undefined || old === undefined) return []
    const object = nextDefinition(old, this.#rules.time(moment.now), this.definedObjects(name).length)
    if (object === undefined) return []
    return this.#carryOut({ kind: 'plan', effect: isGone(object) ? 'removed' : 'modified', object, warnings: [] }, spec).changes
  }

  /** True while the definition of this name is being deleted. */
  isEnding(name: string): boolean {
    return this.#tableOf(DEFINITIONS.group, DEFINITIONS.resource).get(keyOf('', name))?.metadata.deletionTimestamp !== undefined
  }

  /** The objects of the kind that the definition of this name gave. */
  definedObjects(name: string): readonly StoredObject[] {
    const spec = this.#registry.defined(name)
    if (spec === undefined) return []
    return [...this.#table(spec).objects()].map((object) => ({ group: spec.group, resource: spec.plural, object }))
  }

  #planning(served: Served, moment: Moment): Planning {
    return { ...moment, served, rules: this.#rules, all: this.#table(served.spec).objects() }
  }

  // Of some kinds it is kept who wrote what.
  #written(planned: Planned, request: Exclude<Write, { readonly verb: 'deletecollection' }>, { served, now }: Planning): Planned {
    const writes = planned.kind === 'plan' && (planned.effect === 'added' || planned.effect === 'modified')
    if (!writes || this.#rules.keepsManagers?.(served) !== true || request.verb === 'delete') return planned
    const { namespace = '', name = '' } = planned.object.metadata
    const old = this.#table(served.spec).get(keyOf(namespace, name))
    const writing = { manager: request.options.fieldManager, time: this.#rules.time(now) }
    return { ...planned, object: withManagers(planned.object, old, writing) }
  }

  #plan(request: Exclude<Write, { readonly verb: 'deletecollection' }>, planning: Planning): Planned {
    const { spec } = planning.served
    const namespace = spec.scope === 'Cluster' ? '' : (request.target.namespace ?? '')
    if (request.verb === 'create') return this.#planCreate(request.body, { namespace, options: request.options }, planning)
    const stored = this.#table(spec).get(keyOf(namespace, request.name))
    if (stored === undefined) {
      const upsert = request.verb === 'update' && spec.plural === 'leases' && request.subresource === undefined
      return upsert ? this.#planCreate(request.body, { namespace, options: request.options }, planning) : notFound(spec, request.name)
    }
    const old = inVersion(stored, planning.served)
    if (request.verb === 'delete') {
      const options: Deleting | Failure = readDeleteOptions(request.body)
      return 'kind' in options ? options : planDelete(old, options, planning)
    }
    const missing = missingSubresource(request, planning.served)
    if (missing !== undefined) return missing
    return request.verb === 'patch' ? planPatch(request, old, planning) : planReplace(request, old, planning)
  }

  #planCreate(body: unknown, where: { readonly namespace: string; readonly options: Write['options'] }, planning: Planning): Planned {
    const { namespace, options } = where
    const { spec } = planning.served
    const definition = `${spec.plural}.${spec.group}`
    if (this.#registry.defined(definition) !== undefined && this.isEnding(definition)) return endingDefinition(spec)
    const namespaces = this.#registry.spec('', 'namespaces')
    const home = namespaces === undefined ? undefined : this.#table(namespaces).get(keyOf('', namespace))
    const missingHome = namespaces === undefined ? noSuchResource() : notFound(namespaces, namespace)
    const exists = (name: string): boolean => this.#table(spec).get(keyOf(namespace, name)) !== undefined
    return planCreate({ namespace, body, fieldValidation: options.fieldValidation, home, missingHome, exists }, planning)
  }

  #get(request: Get, served: Served): StoreAnswer {
    const { spec, version } = served
    const missing = missingSubresource(request, served)
    if (missing !== undefined) return missing
    const namespace = spec.scope === 'Cluster' ? '' : (request.target.namespace ?? '')
    const stored = this.#table(spec).get(keyOf(namespace, request.name))
    if (stored === undefined) return notFound(spec, request.name)
    const scaled = request.subresource === 'scale' && spec.scale !== undefined
    const object = scaled ? scaleOf(stored, spec.scale) : inVersion(stored, served)
    return { kind: 'object', code: 200, object, spec, version, warnings: [] }
  }

  #deleteCollection(request: Extract<Write, { readonly verb: 'deletecollection' }>, served: Served, moment: Moment): Applied {
    const { spec, version } = served
    const selection = compileSelection({ ...request, namespace: request.target.namespace ?? '' }, spec, this.#rules)
    if (typeof selection !== 'function') return { answer: selection, changes: [] }
    const options = readDeleteOptions(request.body)
    if ('kind' in options) return { answer: options, changes: [] }
    const dryRun = request.options.dryRun === true || options.dryRun
    const planning = this.#planning(served, moment)
    const chosen = [...this.#table(spec).scan('', '')].map((entry) => entry.object).filter(selection)
    const changes: Change[] = []
    const items: KubeObject[] = []
    for (const object of chosen) {
      const planned = planDelete(inVersion(object, served), options, planning)
      if (planned.kind === 'failure') continue
      items.push(inVersion(object, served))
      if (!dryRun) changes.push(...this.#carryOut(planned, spec).changes)
    }
    return { answer: { kind: 'list', items, resourceVersion: String(this.#version), spec, version }, changes }
  }

  #carryOut(plan: Plan, spec: KindSpec): { readonly object: KubeObject; readonly changes: readonly Change[] } {
    if (plan.effect === 'none') return { object: plan.object, changes: [] }
    const kept = this.#change(plan, spec)
    const changes = [kept]
    if (spec.group === DEFINITIONS.group && spec.plural === DEFINITIONS.resource && kept.kind === 'deleted') {
      changes.push(...this.#dropKind(kept.object.metadata.name ?? ''))
    }
    const { resourceVersion } = kept.object.metadata
    const object = { ...plan.object, metadata: { ...plan.object.metadata, ...(resourceVersion !== undefined && { resourceVersion }) } }
    return { object, changes }
  }

  #change(plan: Pick<Plan, 'effect' | 'object'>, spec: KindSpec): Change {
    const { group, plural: resource } = spec
    const resourceVersion = ++this.#version
    const storage = spec.versions.find((version) => version.storage) ?? spec.versions[0]
    const { namespace = '', name = '' } = plan.object.metadata
    const previous = this.#table(spec).get(keyOf(namespace, name))
    const last = plan.effect === 'removed' ? lastState(plan.object, previous) : plan.object
    const stamped = { ...last, metadata: { ...last.metadata, resourceVersion: String(resourceVersion) } }
    const object = storage === undefined ? stamped : inVersion(stamped, { spec, version: storage })
    const stored = { group, resource, object }
    if (plan.effect === 'removed') this.#forget(stored)
    else this.#keep(stored)
    const kind = plan.effect === 'removed' ? 'deleted' : previous === undefined ? 'added' : 'modified'
    return { resourceVersion, group, resource, kind, object, previous }
  }

  /** The objects of a kind go with its definition. */
  #dropKind(definition: string): readonly Change[] {
    const spec = this.#registry.undefine(definition)
    if (spec === undefined) return []
    const objects = [...this.#table(spec).scan('', '')].map((entry) => entry.object)
    return objects.map((object) => this.#change({ effect: 'removed', object }, spec))
  }

  #keep(stored: StoredObject): void {
    const { group, resource, object } = stored
    const { namespace = '', name = '', uid = '' } = object.metadata
    const table = this.#tableOf(group, resource)
    const key = keyOf(namespace, name)
    this.#unlink(table.get(key))
    table.set(key, object)
    this.#byUid.set(uid, stored)
    for (const owner of object.metadata.ownerReferences ?? []) {
      const known = this.#dependents.get(owner.uid)
      if (known === undefined) this.#dependents.set(owner.uid, new Set([uid]))
      else known.add(uid)
    }
    if (group === DEFINITIONS.group && resource === DEFINITIONS.resource) this.#registry.define(object, this.#rules)
  }

  #forget(stored: StoredObject): void {
    const { namespace = '', name = '' } = stored.object.metadata
    const table = this.#tableOf(stored.group, stored.resource)
    this.#unlink(table.get(keyOf(namespace, name)))
    table.delete(keyOf(namespace, name))
  }

  #unlink(object: KubeObject | undefined): void {
    const { uid = '', ownerReferences = [] } = object?.metadata ?? {}
    this.#byUid.delete(uid)
    for (const owner of ownerReferences) {
      const known = this.#dependents.get(owner.uid)
      known?.delete(uid)
      if (known?.size === 0) this.#dependents.delete(owner.uid)
    }
  }

  #table(spec: KindSpec): ObjectTable {
    return this.#tableOf(spec.group, spec.plural)
  }

  #tableOf(group: string, resource: string): ObjectTable {
    const name = tableName(group, resource)
    const table = this.#tables.get(name) ?? new ObjectTable()
    this.#tables.set(name, table)
    return table
  }
}

// What is removed because its last finalizer went is shown as it was stored, finalizer and all, as a real server shows it.
function lastState(object: KubeObject, previous: KubeObject | undefined): KubeObject {
  const held = (previous?.metadata.finalizers ?? []).length > 0
  return held && previous !== undefined ? previous : object
}

function missingSubresource(request: Get | Update | Patch, served: Served): Failure | undefined {
  const { spec } = served
  const lacks =
    (request.subresource === 'status' && spec.status === 'none') || (request.subresource === 'scale' && spec.scale === undefined)
  if (!lacks) return undefined
  return spec.origin === 'custom' ? notFound(spec, request.name) : noSuchResource()
}

function planReplace(request: Update, old: KubeObject, planning: Planning): Planned {
  const { scale } = planning.served.spec
  const { options, subresource } = request
  const common = { old, fieldValidation: options.fieldValidation }
  if (subresource === 'scale' && scale !== undefined) {
    const given = isObject(request.body) ? dig(request.body, 'metadata', 'resourceVersion') : undefined
    const replicas = dig(request.body, 'spec', 'replicas') ?? 0
    const refused = refuseReplicas(request.name, replicas)
    if (refused !== undefined) return refused
    const scaled = withReplicas(old, scale, replicas)
    const body = given === undefined ? scaled : { ...scaled, metadata: { ...scaled.metadata, resourceVersion: given } }
    return planUpdate({ ...common, body, subresource: undefined, verb: 'patch' }, planning)
  }
  return planUpdate(
    { ...common, body: request.body, subresource: subresource === 'status' ? 'status' : undefined, verb: 'update' },
    planning
  )
}

function answerWrite(request: Exclude<Write, { readonly verb: 'deletecollection' }>, plan: Plan, served: Served): StoreAnswer {
  const { spec, version } = served
  const { warnings } = plan
  const answersObject = spec.group === '' && (spec.plural === 'pods' || spec.plural === 'namespaces')
  if (request.verb === 'delete' && plan.effect === 'removed' && !answersObject)
    return { kind: 'deleted', status: deletedStatus(plan.object, spec), warnings }
  const scaled = (request.verb === 'update' || request.verb === 'patch') && request.subresource === 'scale'
  const object = scaled && spec.scale !== undefined ? scaleOf(plan.object, spec.scale) : plan.object
  return { kind: 'object', code: plan.effect === 'added' ? 201 : 200, object, spec, version, warnings }
}

function deletedStatus(object: KubeObject, spec: KindSpec): Status {
  const { name = '', uid = '' } = object.metadata
  return { code: 200, reason: '', message: '', details: { name, ...(spec.group !== '' && { group: spec.group }), kind: spec.plural, uid } }
}
