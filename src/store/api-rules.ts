// The rules for content as `api` knows them: schemas prune, default and validate; definitions become kinds. What built-in kinds need beyond
// their schemas is handed in.

import type { Cause } from '../api/cause.ts'
import { kindFromCrd } from '../api/crd-kind.ts'
import { applyDefaults } from '../api/defaults.ts'
import type { KubeObject } from '../api/object.ts'
import { prune, unknownFields } from '../api/prune.ts'
import { validate } from '../api/validate.ts'
import { dig, isObject } from '../std/json.ts'
import type { Admitted, KindRules, Served } from './kind-rules.ts'
import { DEFINITIONS } from './registry.ts'

/** What is not in schemas. Absent hooks do nothing. */
export interface RuleHooks extends Pick<KindRules, 'labelSelector' | 'time'> {
  /** Defaults of built-in kinds that schemas do not carry; a message when the object cannot be decoded (wrong type). */
  readonly decode?: (object: KubeObject, served: Served) => KubeObject | string
  readonly prepare?: KindRules['prepare']
  readonly validate?: KindRules['validate']
}

/** The rules over `hooks`. Namespaces and definitions are filled in here, as the store itself depends on them. */
export function apiRules(hooks: RuleHooks): KindRules {
  return {
    labelSelector: hooks.labelSelector,
    time: hooks.time,
    kindOf: (definition) => kindFromCrd(definition).value,
    admit: (object, served) => admit(object, served, hooks),
    validate: (object, old, served) => {
      const faults = validate(served.version.schema, object, served.spec.origin)
      const more = [...nameFaults(object, old), ...(hooks.validate?.(object, old, served) ?? []), ...definitionFaults(object, served)]
      return [...more.filter((cause) => !faults.some((fault) => fault.field === cause.field)), ...faults]
    },
    prepare: (object, old, at) => {
      const own = hooks.prepare?.(object, old, at) ?? object
      if (isNamespace(at.served)) return namespaceDefaults(own, old)
      return isDefinition(at.served) ? establish(own, hooks.time(at.now)) : own
    }
  }
}

function admit(object: KubeObject, served: Served, hooks: RuleHooks): Admitted | string {
  const { schema } = served.version
  const unknown = unknownFields(schema, object)
  // a schema of whole objects keeps what makes the value an object
  const pruned = (unknown.length === 0 ? object : prune(schema, object)) as KubeObject
  const decoded = hooks.decode?.(pruned, served) ?? pruned
  if (typeof decoded === 'string') return decoded
  // as above
  return { object: applyDefaults(schema, decoded) as KubeObject, unknownFields: unknown }
}

function isNamespace(served: Served): boolean {
  return served.spec.group === '' && served.spec.plural === 'namespaces'
}

function isDefinition(served: Served): boolean {
  return served.spec.group === DEFINITIONS.group && served.spec.plural === DEFINITIONS.resource
}

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const SUBDOMAIN_WORDS =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an " +
  "alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const NAME_MAX = 253

function nameFaults(object: KubeObject, old: KubeObject | undefined): readonly Cause[] {
  const name: unknown = object.metadata.name
  if (old !== undefined || typeof name !== 'string' || (name.length <= NAME_MAX && SUBDOMAIN.test(name))) return []
  return [{ reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(name)}: ${SUBDOMAIN_WORDS}`, field: 'metadata.name' }]
}

function definitionFaults(object: KubeObject, served: Served): readonly Cause[] {
  if (!isDefinition(served)) return []
  return kindFromCrd(object).problems.flatMap((problem): Cause[] => {
    if (problem.severity !== 'error') return []
    const required = problem.code === 'FieldValueRequired'
    return [{ reason: required ? 'FieldValueRequired' : 'FieldValueInvalid', message: problem.message, field: problem.path }]
  })
}

function namespaceDefaults(object: KubeObject, old: KubeObject | undefined): KubeObject {
  if (old !== undefined) return object
  const { metadata } = object
  const labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name ?? '' }
  const spec = isObject(object['spec']) ? object['spec'] : {}
  return { ...object, metadata: { ...metadata, labels }, spec: { ...spec, finalizers: ['kubernetes'] }, status: { phase: 'Active' } }
}

/** The status of a definition whose names are accepted: at once, since the store serves it at once (kubernetes.md 3.13). */
function establish(definition: KubeObject, time: string): KubeObject {
  const spec = isObject(definition['spec']) ? definition['spec'] : {}
  const kind = dig(spec, 'names', 'kind')
  if (!isObject(spec['names']) || typeof kind !== 'string') return definition
  const names = { singular: kind.toLowerCase(), listKind: `${kind}List`, ...spec['names'] }
  const versions: readonly unknown[] = Array.isArray(spec['versions']) ? spec['versions'] : []
  const stored = versions.flatMap((version) => (dig(version, 'storage') === true ? [dig(version, 'name')] : []))
  const known = dig(definition, 'status', 'conditions')
  const conditions = [
    { type: 'NamesAccepted', status: 'True', lastTransitionTime: time, reason: 'NoConflicts', message: 'no conflicts found' },
    {
      type: 'Established',
      status: 'True',
      lastTransitionTime: time,
      reason: 'InitialNamesAccepted',
      message: 'the initial names have been accepted'
    }
  ]
  return {
    ...definition,
    spec: { ...spec, conversion: spec['conversion'] ?? { strategy: 'None' }, names },
    status: { conditions: Array.isArray(known) && known.length > 0 ? known : conditions, acceptedNames: names, storedVersions: stored }
  }
}
