// The life of a CustomResourceDefinition as the API server itself writes it (kubernetes.md 3.13): what it is born with, the conditions once
// its names are accepted, and the steps of its end. All pure; the store decides when a step is due.

import { dig, isObject, sameJson } from '../std/json.ts'
import type { KubeObject } from './object.ts'

/** Holds a definition that is being deleted until its objects are gone. */
export const CLEANUP = 'customresourcecleanup.apiextensions.k8s.io'

type Fields = Readonly<Record<string, unknown>>

/** A definition as it is stored when it is created or replaced: names and versions filled in, the status of `old` kept. */
export function preparedDefinition(definition: KubeObject, old: KubeObject | undefined): KubeObject {
  const spec = fieldsIn(definition['spec'])
  const names = fullNames(spec['names'])
  if (names === undefined) return definition
  const before = fieldsIn(old?.['status'])
  const stored = versionsOf(spec).flatMap((version) => (version['storage'] === true ? [version['name']] : []))
  const known: readonly unknown[] = Array.isArray(before['storedVersions']) ? before['storedVersions'] : []
  return {
    ...definition,
    spec: { ...spec, conversion: spec['conversion'] ?? { strategy: 'None' }, names },
    status: {
      conditions: null,
      acceptedNames: { plural: '', kind: '' },
      ...before,
      ...(old === undefined ? {} : fieldsIn(definition['status'])),
      storedVersions: [...known, ...stored.filter((name) => !known.includes(name))]
    }
  }
}

/** What comes next in its life, by the clock text `time`: names accepted, deletion under way, gone. undefined while there is nothing to do. */
export function nextDefinition(definition: KubeObject, time: string, remaining: number): KubeObject | undefined {
  if (definition.metadata.deletionTimestamp === undefined) return accepted(definition, time)
  if (!isHeld(definition)) return undefined
  const progress = 'InstanceDeletionInProgress'
  if (!isEnding(definition)) {
    return withConditions(definition, [condition('Terminating', progress, 'CustomResource deletion is in progress', time)])
  }
  if (remaining > 0) return undefined
  const { finalizers = [], ...metadata } = definition.metadata
  const others = finalizers.filter((finalizer) => finalizer !== CLEANUP)
  return { ...definition, metadata: { ...metadata, ...(others.length > 0 && { finalizers: others }) } }
}

/** A definition that is to go: held until its objects are gone. */
export function endedDefinition(definition: KubeObject, time: string): KubeObject {
  const { finalizers = [] } = definition.metadata
  const marked = { ...definition.metadata, deletionTimestamp: time, finalizers: [...new Set([...finalizers, CLEANUP])] }
  const words = 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon'
  return withConditions({ ...definition, metadata: marked }, [condition('Terminating', 'InstanceDeletionPending', words, time)])
}

/** True while a definition waits for its objects to go. */
export function isHeld(definition: KubeObject): boolean {
  return definition.metadata.deletionTimestamp !== undefined && (definition.metadata.finalizers ?? []).includes(CLEANUP)
}

/** True once the deletion of its objects has begun. */
export function isEnding(definition: KubeObject): boolean {
  return conditionsOf(definition).some((one) => one['reason'] === 'InstanceDeletionInProgress')
}

function accepted(definition: KubeObject, time: string): KubeObject | undefined {
  const names = fullNames(dig(definition, 'spec', 'names'))
  const established = conditionsOf(definition).some((one) => one['type'] === 'Established' && one['status'] === 'True')
  if (names === undefined || (established && sameJson(dig(definition, 'status', 'acceptedNames'), names))) return undefined
  const agreed = withConditions(definition, [
    condition('NamesAccepted', 'NoConflicts', 'no conflicts found', time),
    condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted', time)
  ])
  return { ...agreed, status: { ...fieldsIn(agreed['status']), acceptedNames: names } }
}

function fullNames(names: unknown): Fields | undefined {
  if (!isObject(names) || typeof names['kind'] !== 'string') return undefined
  return { singular: names['kind'].toLowerCase(), listKind: `${names['kind']}List`, ...names }
}

function condition(type: string, reason: string, message: string, time: string): Fields {
  return { type, status: 'True', lastTransitionTime: time, reason, message }
}

// A condition that only changes its reason keeps the time at which it became true.
function withConditions(definition: KubeObject, news: readonly Fields[]): KubeObject {
  const old = conditionsOf(definition)
  const kept = old.map((one) => {
    const fresh = news.find((other) => other['type'] === one['type'])
    if (fresh === undefined) return one
    return one['status'] === fresh['status'] ? { ...fresh, lastTransitionTime: one['lastTransitionTime'] } : fresh
  })
  const added = news.filter((one) => !old.some((other) => other['type'] === one['type']))
  return { ...definition, status: { ...fieldsIn(definition['status']), conditions: [...kept, ...added] } }
}

function conditionsOf(definition: KubeObject): readonly Fields[] {
  const conditions = dig(definition, 'status', 'conditions')
  return Array.isArray(conditions) ? conditions.map(fieldsIn) : []
}

function versionsOf(spec: Fields): readonly Fields[] {
  return Array.isArray(spec['versions']) ? spec['versions'].map(fieldsIn) : []
}

function fieldsIn(value: unknown): Fields {
  return isObject(value) ? value : {}
}
