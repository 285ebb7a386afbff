// The rules for content as `api` knows them: schemas prune, default and validate; definitions become kinds; built-in kinds are read
// as Go reads them. Addresses of Services and other choices are handed in.

import { decodeBuiltin } from '../api/builtin-decode.ts'
import { defaultBuiltin } from '../api/builtin-defaults.ts'
import { builtinMessage } from '../api/builtin-messages.ts'
import type { Cause } from '../api/cause.ts'
import { kindFromCrd } from '../api/crd-kind.ts'
import { applyDefaults } from '../api/defaults.ts'
import { parseSelector, selects } from '../api/label-selector.ts'
import type { KubeObject } from '../api/object.ts'
import { prune, unknownFields } from '../api/prune.ts'
import { validate } from '../api/validate.ts'
import { formatInstant } from '../std/instant.ts'
import { dig, isObject, sameJson } from '../std/json.ts'
import type { Admitted, KindRules, Served } from './kind-rules.ts'
import { DEFINITIONS } from './registry.ts'

/** What an owner may add or replace; each is optional. */
export interface RuleHooks {
  readonly labelSelector?: KindRules['labelSelector']
  readonly time?: KindRules['time']
  /** What is filled in beyond defaults: addresses of Services and the like. */
  readonly prepare?: KindRules['prepare']
  /** Faults beyond schemas, found first. */
  readonly validate?: KindRules['validate']
}

/** The rules of `api` over `hooks`. What a real API server fills in by itself (Namespaces, definitions, Pods, Services) is filled in here. */
export function apiRules(hooks: RuleHooks = {}): KindRules {
  const time = hooks.time ?? formatInstant
  return {
    labelSelector: hooks.labelSelector ?? labelSelector,
    time,
    kindOf: (definition) => kindFromCrd(definition).value,
    admit,
    validate: (object, old, served) => {
      const faults = validate(served.version.schema, object, served.spec.origin)
      const own = hooks.validate?.(object, old, served) ?? []
      const more = [...nameFaults(object, old), ...own, ...definitionFaults(object, served), ...selectorFaults(object, old)]
      const seen = new Set<string>()
      return [...more, ...faults].filter((cause) => !seen.has(cause.field) && seen.add(cause.field))
    },
    prepare: (object, old, at) => {
      const filled = fillIn(object, old, at.served)
      const own = hooks.prepare?.(filled, old, at) ?? filled
      return isDefinition(at.served) ? establish(own, time(at.now)) : own
    }
  }
}

function labelSelector(text: string): ((labels: Readonly<Record<string, string>>) => boolean) | string {
  const { value, problems } = parseSelector(text)
  if (value === undefined) return problems[0]?.message ?? `unable to parse ${JSON.stringify(text)}`
  return (labels) => selects(value, labels)
}

function admit(object: KubeObject, served: Served): Admitted | string {
  const { schema } = served.version
  const message = served.spec.origin === 'built-in' ? builtinMessage(object.apiVersion, object.kind) : undefined
  if (message !== undefined) {
    const decoded = decodeBuiltin(message, object)
    if (decoded.kind === 'refused') return decoded.message
    // decoding keeps apiVersion and kind, and metadata is a struct that is always there
    return { object: defaultBuiltin(message, decoded.value) as KubeObject, unknownFields: decoded.unknownFields }
  }
  const unknown = unknownFields(schema, object)
  const pruned = unknown.length === 0 ? object : prune(schema, object)
  // a schema of whole objects keeps what makes the value an object
  return { object: applyDefaults(schema, pruned) as KubeObject, unknownFields: unknown }
}

function fillIn(object: KubeObject, old: KubeObject | undefined, served: Served): KubeObject {
  if (served.spec.group !== '') return object
  if (served.spec.plural === 'namespaces') return namespaceDefaults(object, old)
  if (served.spec.plural === 'services' && old !== undefined) return keepAddress(object, old)
  if (served.spec.plural !== 'pods' || old !== undefined) return object
  return { ...object, status: { phase: 'Pending', qosClass: qualityOf(object) } }
}

/** An update that does not name the address of a Service keeps it. */
function keepAddress(service: KubeObject, old: KubeObject): KubeObject {
  const [spec, before] = [service['spec'], old['spec']]
  if (!isObject(spec) || !isObject(before) || spec['type'] === 'ExternalName' || spec['clusterIP'] !== undefined) return service
  const kept = ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'].filter(
    (field) => before[field] !== undefined && spec[field] === undefined
  )
  return { ...service, spec: { ...spec, ...Object.fromEntries(kept.map((field) => [field, before[field]])) } }
}

/** Kubernetes' quality of service class: Guaranteed when every container's requests equal its cpu and memory limits, BestEffort without any. */
function qualityOf(pod: KubeObject): 'BestEffort' | 'Burstable' | 'Guaranteed' {
  const containers = dig(pod, 'spec', 'containers')
  const resources = Array.isArray(containers) ? containers.map((container) => dig(container, 'resources')) : []
  const value = (of: unknown, side: string, what: string): unknown => dig(of, side, what)
  const none = resources.every((one) => ['requests', 'limits'].every((side) => !value(one, side, 'cpu') && !value(one, side, 'memory')))
  if (none) return 'BestEffort'
  const full = resources.every((one) =>
    ['cpu', 'memory'].every((what) => {
      const [limit, request] = [value(one, 'limits', what), value(one, 'requests', what)]
      return limit !== undefined && (request === undefined || request === limit)
    })
  )
  return full ? 'Guaranteed' : 'Burstable'
}

function selectorFaults(object: KubeObject, old: KubeObject | undefined): readonly Cause[] {
  const immutable = object.apiVersion === 'apps/v1' && (object.kind === 'Deployment' || object.kind === 'ReplicaSet')
  const selector = dig(object, 'spec', 'selector')
  if (!immutable || old === undefined || sameJson(selector, dig(old, 'spec', 'selector'))) return []
  return [
    { reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(selector)}: field is immutable`, field: 'spec.selector' }
  ]
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
