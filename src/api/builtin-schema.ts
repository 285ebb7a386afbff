// Schemas and OpenAPI definitions of the built-in kinds, printed from their field tables. Built-in objects are decoded by
// builtin-decode.ts and checked by builtin-validate.ts; the schemas serve strategic merge, server-side lists and `kubectl explain`.

import { BUILTIN_MESSAGES, MESSAGES } from './builtin-messages.ts'
import { fieldsOf } from './builtin-notation.ts'
import { describeField, describeMessage } from './builtin-text.ts'
import type { Field, FieldType, Scalar } from './builtin-notation.ts'
import type { Schema } from './schema.ts'

/** A node of an OpenAPI v3 document: a Schema that may refer to another. */
export type Definition = Readonly<Record<string, unknown>>

/**
 * The schema of a message, nested messages written out; of a kind (`Deployment`, `Pod`, `EventsEvent`) with apiVersion and kind.
 * Fields carry `proto`, list types and `x-kubernetes-patch-*`. A name that is not described is a Bug.
 */
export function messageSchema(name: string): Schema {
  const properties: Record<string, Schema> = isKind(name) ? { ...TYPE_META } : {}
  const required: string[] = []
  for (const field of fieldsOf(MESSAGES, name)) {
    properties[field.name] = { ...typeSchema(field.type), ...factsOf(name, field), proto: field.number }
    if (field.required) required.push(field.name)
  }
  return { type: 'object', ...described(describeMessage(name)), properties, ...(required.length > 0 && { required }) }
}

/** `components.schemas` of the OpenAPI documents: every built-in message under its published name, `$ref`s between them. */
export function builtinDefinitions(): Readonly<Record<string, Definition>> {
  const definitions: Record<string, Definition> = { ...SCALAR_DEFINITIONS }
  for (const name of MESSAGES.keys()) definitions[definitionName(name)] = definitionOf(name)
  return definitions
}

/** The published name of a message, e.g. `io.k8s.api.apps.v1.Deployment`. */
export function definitionName(message: string): string {
  if (META.has(message)) return `${META_PREFIX}.${message}`
  for (const [prefix, names] of Object.entries(PREFIXES)) {
    if (Object.hasOwn(names, message)) return `${prefix}.${names[message]}`
  }
  return `io.k8s.api.core.v1.${message}`
}

const META_PREFIX = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const META = new Set([
  'OwnerReference',
  'ManagedFieldsEntry',
  'ObjectMeta',
  'LabelSelectorRequirement',
  'LabelSelector',
  'Condition',
  'Preconditions',
  'DeleteOptions'
])
const same = (...names: readonly string[]): Readonly<Record<string, string>> => Object.fromEntries(names.map((name) => [name, name]))
const PREFIXES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'io.k8s.api.apps.v1': same(
    'RollingUpdateDeployment',
    'DeploymentStrategy',
    'DeploymentSpec',
    'DeploymentCondition',
    'DeploymentStatus',
    'Deployment',
    'ReplicaSetSpec',
    'ReplicaSetCondition',
    'ReplicaSetStatus',
    'ReplicaSet',
    'RollingUpdateDaemonSet',
    'DaemonSetUpdateStrategy',
    'DaemonSetSpec',
    'DaemonSetCondition',
    'DaemonSetStatus',
    'DaemonSet'
  ),
  'io.k8s.api.discovery.v1': {
    ...same('EndpointConditions', 'ForZone', 'ForNode', 'EndpointHints', 'Endpoint', 'EndpointSlice'),
    SliceEndpointPort: 'EndpointPort'
  },
  'io.k8s.api.coordination.v1': same('LeaseSpec', 'Lease'),
  'io.k8s.api.authentication.v1': same('UserInfo', 'SelfSubjectReviewStatus', 'SelfSubjectReview'),
  'io.k8s.api.authorization.v1': same(
    'ResourceAttributes',
    'NonResourceAttributes',
    'SelfSubjectAccessReviewSpec',
    'SubjectAccessReviewStatus',
    'SelfSubjectAccessReview',
    'ResourceRule',
    'NonResourceRule',
    'SelfSubjectRulesReviewSpec',
    'SubjectRulesReviewStatus',
    'SelfSubjectRulesReview'
  ),
  'io.k8s.api.autoscaling.v1': {
    ...same('ScaleSpec', 'ScaleStatus', 'Scale'),
    V1HorizontalPodAutoscalerSpec: 'HorizontalPodAutoscalerSpec',
    V1HorizontalPodAutoscalerStatus: 'HorizontalPodAutoscalerStatus',
    V1HorizontalPodAutoscaler: 'HorizontalPodAutoscaler'
  },
  'io.k8s.api.autoscaling.v2': same(
    'CrossVersionObjectReference',
    'MetricIdentifier',
    'MetricTarget',
    'ObjectMetricSource',
    'PodsMetricSource',
    'ResourceMetricSource',
    'ContainerResourceMetricSource',
    'ExternalMetricSource',
    'MetricSpec',
    'HPAScalingPolicy',
    'HPAScalingRules',
    'HorizontalPodAutoscalerBehavior',
    'HorizontalPodAutoscalerSpec',
    'MetricValueStatus',
    'ObjectMetricStatus',
    'PodsMetricStatus',
    'ResourceMetricStatus',
    'ContainerResourceMetricStatus',
    'ExternalMetricStatus',
    'MetricStatus',
    'HorizontalPodAutoscalerCondition',
    'HorizontalPodAutoscalerStatus',
    'HorizontalPodAutoscaler'
  ),
  'io.k8s.api.events.v1': { EventsEventSeries: 'EventSeries', EventsEvent: 'Event' }
}

const TYPE_META: Readonly<Record<string, Schema>> = {
  apiVersion: { type: 'string', description: 'Group and version of this form of the object.' },
  kind: { type: 'string', description: 'Which kind of object this is.' }
}

const SCALAR_SCHEMAS: Readonly<Record<Scalar, Schema>> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
  Time: { type: 'string', format: 'date-time', nullable: true },
  MicroTime: { type: 'string', format: 'date-time', nullable: true },
  Quantity: { anyOf: [{ type: 'string' }, { type: 'number' }] },
  IntOrString: { 'x-kubernetes-int-or-string': true },
  FieldsV1: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
}

// Scalars that explain shows by name.
const SCALAR_NAMES: Readonly<Partial<Record<Scalar, string>>> = {
  Time: `${META_PREFIX}.Time`,
  MicroTime: `${META_PREFIX}.MicroTime`,
  Quantity: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
  IntOrString: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
  FieldsV1: `${META_PREFIX}.FieldsV1`
}
const SCALAR_DEFINITIONS: Readonly<Record<string, Definition>> = {
  [`${META_PREFIX}.Time`]: { type: 'string', format: 'date-time', description: 'An instant, RFC 3339.' },
  [`${META_PREFIX}.MicroTime`]: { type: 'string', format: 'date-time', description: 'An instant, RFC 3339 with microseconds.' },
  [`${META_PREFIX}.FieldsV1`]: { type: 'object', description: 'A set of fields.' },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': {
    oneOf: [{ type: 'string' }, { type: 'number' }],
    description: 'An amount with an optional unit, such as 100m or 64Mi.'
  },
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': {
    oneOf: [{ type: 'integer' }, { type: 'string' }],
    format: 'int-or-string',
    description: 'A number, or text such as a port name or a percentage.'
  }
}

function isKind(name: string): boolean {
  return BUILTIN_MESSAGES.some((each) => each.message === name)
}

function described(description: string | undefined): { readonly description?: string } {
  return description === undefined ? {} : { description }
}

function typeSchema(type: FieldType): Schema {
  switch (type.kind) {
    case 'list':
      return { type: 'array', items: typeSchema(type.of) }
    case 'map':
      return { type: 'object', additionalProperties: typeSchema(type.of) }
    case 'message':
      return messageSchema(type.message)
    case 'scalar':
      return type.words.length === 0 ? SCALAR_SCHEMAS[type.scalar] : { type: 'string', enum: type.words }
  }
}

function factsOf(message: string, field: Field): Schema {
  return {
    ...described(describeField(message, field.name)),
    ...(field.default !== undefined && { default: field.default }),
    ...(field.nullable === true && { nullable: true }),
    ...(field.atomic && { 'x-kubernetes-map-type': 'atomic' as const }),
    ...(field.listType !== undefined && { 'x-kubernetes-list-type': field.listType }),
    ...(field.listMapKeys !== undefined && { 'x-kubernetes-list-map-keys': field.listMapKeys }),
    ...(field.patchStrategy !== undefined && { 'x-kubernetes-patch-strategy': field.patchStrategy }),
    ...(field.patchMergeKey !== undefined && { 'x-kubernetes-patch-merge-key': field.patchMergeKey })
  }
}

function definitionOf(name: string): Definition {
  const properties: Record<string, Definition> = isKind(name) ? { ...asDefinitions(TYPE_META) } : {}
  const fields = fieldsOf(MESSAGES, name)
  for (const field of fields) properties[field.name] = propertyOf(name, field)
  const required = fields.filter((field) => field.required).map((field) => field.name)
  const kinds = BUILTIN_MESSAGES.filter((each) => each.message === name).map(({ group, version, kind }) => ({ group, version, kind }))
  return {
    type: 'object',
    ...described(describeMessage(name)),
    properties,
    ...(required.length > 0 && { required }),
    ...(kinds.length > 0 && { 'x-kubernetes-group-version-kind': kinds })
  }
}

// A reference takes no siblings in OpenAPI v3: it is wrapped (kubernetes.md 3.3).
function propertyOf(message: string, field: Field): Definition {
  const inner = typeDefinition(field.type)
  const facts = asDefinition(factsOf(message, field))
  return '$ref' in inner && Object.keys(facts).length > 0 ? { ...facts, allOf: [inner] } : { ...inner, ...facts }
}

function typeDefinition(type: FieldType): Definition {
  switch (type.kind) {
    case 'list':
      return { type: 'array', items: typeDefinition(type.of) }
    case 'map':
      return { type: 'object', additionalProperties: typeDefinition(type.of) }
    case 'message':
      return { $ref: `#/components/schemas/${definitionName(type.message)}` }
    case 'scalar': {
      const name = SCALAR_NAMES[type.scalar]
      return name === undefined ? asDefinition(typeSchema(type)) : { $ref: `#/components/schemas/${name}` }
    }
  }
}

function asDefinition(schema: Schema): Definition {
  return { ...schema }
}

function asDefinitions(schemas: Readonly<Record<string, Schema>>): Readonly<Record<string, Definition>> {
  return Object.fromEntries(Object.entries(schemas).map(([key, schema]) => [key, asDefinition(schema)]))
}
