// The rules for content as `api` knows them: schemas prune, default and validate; definitions become kinds; built-in kinds are read
// as Go reads them and judged by Kubernetes' own checks; Istio's kinds are admitted as on a cluster with istiod. Addresses of Services and other choices are handed in.

import { decodeBuiltin } from '../api/builtin-decode.ts'
import { defaultBuiltin } from '../api/builtin-defaults.ts'
import { builtinMessage } from '../api/builtin-messages.ts'
import { prepareKind, validateKind, warningsOf } from '../api/builtin-rules.ts'
import { missing, type Cause } from '../api/cause.ts'
import { kindFromCrd } from '../api/crd-kind.ts'
import { preparedDefinition } from '../api/crd-status.ts'
import { applyDefaults } from '../api/defaults.ts'
import { denialOf, validateIstio } from '../api/istio-validate.ts'
import { parseSelector, selects } from '../api/label-selector.ts'
import type { KubeObject } from '../api/object.ts'
import { prune, unknownFields } from '../api/prune.ts'
import { validate } from '../api/validate.ts'
import { metaFaults, metaWarnings, preparedMeta } from '../api/validate-meta.ts'
import { formatInstant } from '../std/instant.ts'
import { dig, isObject } from '../std/json.ts'
import type { Admitted, KindRules, Served } from './kind-rules.ts'
import { DEFINITIONS } from './registry.ts'

/** What an owner may add. */
export type RuleHooks = Pick<KindRules, 'allocate'>

/** The rules of `api` over `hooks`. What a real API server fills in by itself (Namespaces, definitions, Pods, Services) is filled in here. */
export function apiRules(hooks: RuleHooks = {}): KindRules {
  return {
    labelSelector,
    time: formatInstant,
    kindOf: (definition) => kindFromCrd(definition).value,
    admit,
    validate: (object, old, served) => {
      const own = [...metaFaults(object, old, served.spec.origin), ...validateKind(object, old), ...definitionFaults(object, served)]
      return withSchema(own, validate(served.version.schema, object, served.spec.origin, old), served.spec.origin)
    },
    deny: istioDenial,
    warn: (object, { spec }) => [...metaWarnings(object, spec.origin), ...warningsOf(object)],
    // Rollouts tell by it whose a change of what they keep is.
    keepsManagers: ({ spec }) => WATCHED_OVER.has(`${spec.plural}.${spec.group}`),
    prepare: (object, old, at) => {
      const filled = prepareKind(fillIn(preparedMeta(object), old, at.served), old)
      return isDefinition(at.served) ? preparedDefinition(filled, old) : filled
    },
    ...hooks
  }
}

const WATCHED_OVER: ReadonlySet<string> = new Set([
  'services.',
  'virtualservices.networking.istio.io',
  'destinationrules.networking.istio.io',
  'horizontalpodautoscalers.autoscaling',
  'scaledobjects.keda.sh'
])

/** What istiod's validating webhook answers, under the name that Istio gives it in a default installation. */
function istioDenial(object: KubeObject): string | undefined {
  const denial = denialOf(validateIstio(object))
  return denial === undefined ? undefined : `admission webhook "validation.istio.io" denied the request: ${denial}`
}

/** Checks of our own, with more words, come before those of the schema for the same field; owners and finalizers are checked by us alone. */
function withSchema(own: readonly Cause[], schema: readonly Cause[], origin: 'built-in' | 'custom'): readonly Cause[] {
  const seen = new Set(own.map((cause) => cause.field))
  // keys of lists in built-in kinds guide patches; what may not repeat is said by their own checks
  const counts = (cause: Cause): boolean => origin === 'custom' || cause.reason !== 'FieldValueDuplicate'
  const ours = /^metadata\.(ownerReferences|finalizers)\b/
  const rest = schema.filter((cause) => counts(cause) && !seen.has(cause.field) && !ours.test(cause.field))
  return [...own, ...rest.map((cause) => (cause.message.startsWith(NO_WORD) ? missing(cause.field) : cause))]
}

// A required word that is empty is a missing one.
const NO_WORD = 'Unsupported value: ""'

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
  if (served.spec.plural !== 'pods' || old !== undefined) return object
  return { ...object, status: { phase: 'Pending', qosClass: qualityOf(object) } }
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

function isDefinition(served: Served): boolean {
  return served.spec.group === DEFINITIONS.group && served.spec.plural === DEFINITIONS.resource
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
