// What the API server refuses in the metadata of an object of any kind, in its own words (kubernetes.md 3.5): names, labels, annotations, owners
// and finalizers.

import { isObject, sameJson } from '../std/json.ts'
import { DNS_LABEL, DNS_SUBDOMAIN, fault, labelFaults, qualifiedFaults, textFaults, type TextRule } from './builtin-words.ts'
import type { Cause } from './cause.ts'
import type { KubeObject, ObjectMeta } from './object.ts'

type Fields = Readonly<Record<string, unknown>>

const ANNOTATIONS_MAX = 256 * 1024
const STANDARD_FINALIZERS = ['kubernetes', 'orphan', 'foregroundDeletion']

/** The faults of an object's metadata; names are checked on creation only. `origin`: custom kinds may have finalizers without a domain. */
export function metaFaults(object: KubeObject, old: KubeObject | undefined, origin: 'built-in' | 'custom'): readonly Cause[] {
  const { metadata } = object
  return [
    ...(old === undefined ? nameFaults(metadata, nameRule(object)) : []),
    ...labelFaults(metadata.labels, 'metadata.labels'),
    ...annotationFaults(metadata.annotations),
    ...ownerFaults(ownersOf(metadata)),
    ...finalizerFaults(finalizersOf(metadata), origin)
  ]
}

/** What a client is told about metadata that is taken. */
export function metaWarnings({ metadata }: KubeObject, origin: 'built-in' | 'custom'): readonly string[] {
  const uids = ownersOf(metadata).map((owner) => textOf(owner['uid']))
  const twice = [...new Set(uids.filter((uid, index) => uids.indexOf(uid) < index))]
  const bare = origin === 'custom' ? finalizersOf(metadata).filter((finalizer) => !isQualified(finalizer)) : []
  return [
    ...(twice.length === 0
      ? []
      : [
          '.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests ' +
            `as early as 1.24; please fix your requests; duplicate UID(s) observed: ${twice.join(', ')}`
        ]),
    ...bare.map(
      (finalizer) =>
        `metadata.finalizers: ${JSON.stringify(finalizer)}: prefer a domain-qualified finalizer name including a path (/) to avoid ` +
        'accidental conflicts with other finalizer writers'
    )
  ]
}

/** The object with each owner named once. */
export function preparedMeta(object: KubeObject): KubeObject {
  const { ownerReferences = [] } = object.metadata
  if (!Array.isArray(ownerReferences)) return object
  const distinct = ownerReferences.filter((owner, index) => ownerReferences.findIndex((other) => sameJson(owner, other)) === index)
  return distinct.length === ownerReferences.length ? object : { ...object, metadata: { ...object.metadata, ownerReferences: distinct } }
}

function nameRule({ apiVersion, kind }: KubeObject): TextRule {
  return apiVersion === 'v1' && (kind === 'Namespace' || kind === 'Service') ? DNS_LABEL : DNS_SUBDOMAIN
}

function nameFaults(metadata: ObjectMeta, rule: TextRule): readonly Cause[] {
  const [name, generateName] = [textOf(metadata.name), textOf(metadata.generateName)]
  // a generated name goes on after its last hyphen
  const base = generateName.replace(/.-$/, 'a')
  const generated = base === '' ? [] : textFaults(base, 'metadata.generateName', rule)
  const shown = generated.map((cause) => ({ ...cause, message: cause.message.replace(JSON.stringify(base), JSON.stringify(generateName)) }))
  return [...shown, ...(name === '' ? [] : textFaults(name, 'metadata.name', rule))]
}

function annotationFaults(annotations: unknown): readonly Cause[] {
  if (!isObject(annotations)) return []
  const field = 'metadata.annotations'
  const size = Object.entries(annotations).reduce((sum, [key, value]) => sum + key.length + textOf(value).length, 0)
  const message = `Too long: may not be more than ${ANNOTATIONS_MAX} bytes`
  return [
    ...Object.keys(annotations).flatMap((key) => qualifiedFaults(key.toLowerCase(), field, key)),
    ...(size > ANNOTATIONS_MAX ? [{ reason: 'FieldValueTooLong' as const, message, field }] : [])
  ]
}

function ownerFaults(owners: readonly Fields[]): readonly Cause[] {
  const path = 'metadata.ownerReferences'
  const empty = owners.flatMap((owner) => {
    const [apiVersion, kind] = [textOf(owner['apiVersion']), textOf(owner['kind'])]
    const unversioned = apiVersion === '' || apiVersion.split('/').length > 2
    return [
      ...(unversioned ? [fault(`${path}.apiVersion`, apiVersion, 'version must not be empty')] : []),
      ...['kind', 'name', 'uid']
        .filter((field) => textOf(owner[field]) === '')
        .map((field) => fault(`${path}.${field}`, '', 'must not be empty')),
      ...(apiVersion === 'v1' && kind === 'Event' ? [fault(path, owner, '/v1, Kind=Event is disallowed from being an owner')] : [])
    ]
  })
  const [first, second] = owners.filter((owner) => owner['controller'] === true)
  if (first === undefined || second === undefined) return empty
  const both = [first, second].map((owner) => `${textOf(owner['kind'])}/${textOf(owner['name'])}`).join(' and ')
  return [...empty, fault(path, owners, `Only one reference can have Controller set to true. Found "true" in references for ${both}`)]
}

function finalizerFaults(finalizers: readonly string[], origin: 'built-in' | 'custom'): readonly Cause[] {
  const field = 'metadata.finalizers'
  const words = 'name is neither a standard finalizer name nor is it fully qualified'
  const opposed = finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')
  return [
    ...finalizers.flatMap((finalizer) => qualifiedFaults(finalizer, field)),
    ...(opposed ? [fault(field, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set')] : []),
    ...(origin === 'custom'
      ? []
      : finalizers.flatMap((finalizer, index) => (isQualified(finalizer) ? [] : [fault(`${field}[${index}]`, finalizer, words)])))
  ]
}

function isQualified(finalizer: string): boolean {
  return finalizer.includes('/') || STANDARD_FINALIZERS.includes(finalizer)
}

// Objects of custom kinds come here before their schema judged them, so nothing is known of their types.
function ownersOf({ ownerReferences }: ObjectMeta): readonly Fields[] {
  return Array.isArray(ownerReferences) ? ownerReferences.filter(isObject) : []
}

function finalizersOf({ finalizers }: ObjectMeta): readonly string[] {
  return Array.isArray(finalizers) ? finalizers.filter((finalizer) => typeof finalizer === 'string') : []
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
