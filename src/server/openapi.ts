// OpenAPI v3 documents, one per group and version, printed from the schemas that requests are decoded by. kubectl reads them for
// `explain` and to learn that the server validates fields itself; it caches them by the hash in their address.

import { createHash } from 'node:crypto'
import { isObject } from '../std/json.ts'
import { builtinDefinitions, definitionName } from '../api/builtin-schema.ts'
import type { KindSpec, VersionSpec } from '../api/kind.ts'
import { groupVersion, groupVersions, servedIn } from './discovery.ts'

/** A document and the hash of its text. */
export interface OpenApiDocument {
  readonly text: string
  readonly hash: string
}

const QUERY_PARAMETERS = ['dryRun', 'fieldManager', 'fieldValidation']
const SCHEMAS = new Set(['items', 'additionalProperties', 'not'])
const SCHEMA_LISTS = new Set(['allOf', 'anyOf', 'oneOf'])
const SCALE = { group: 'autoscaling', version: 'v1', kind: 'Scale' }
const SCALE_NAME = definitionName(SCALE.kind)
const METADATA_NAME = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'

/** `api/v1` or `apis/GROUP/VERSION`: where a document lives under `/openapi/v3/`. */
export function documentKey(group: string, version: string): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`
}

/** Every document by key. */
export function openApiDocuments(kinds: readonly KindSpec[]): Map<string, OpenApiDocument> {
  const documents = openApiObjects(kinds).map(([key, document]): [string, OpenApiDocument] => {
    const text = JSON.stringify(document)
    return [key, { text, hash: createHash('sha256').update(text).digest('hex').toUpperCase() }]
  })
  return new Map(documents)
}

/** The contents of every document, with its key. */
export function openApiObjects(kinds: readonly KindSpec[]): readonly (readonly [string, Record<string, unknown>])[] {
  return groupVersions(kinds).flatMap(({ group, versions }) =>
    versions.map((version) => [documentKey(group, version), documentOf(servedIn(kinds, group, version), group, version)] as const)
  )
}

/** `/openapi/v3`: where each document is. */
export function openApiIndex(documents: ReadonlyMap<string, OpenApiDocument>): Record<string, unknown> {
  const paths = [...documents].map(([key, { hash }]) => [key, { serverRelativeURL: `/openapi/v3/${key}?hash=${hash}` }])
  return { paths: Object.fromEntries(paths) }
}

function documentOf(kinds: readonly (readonly [KindSpec, VersionSpec])[], group: string, version: string): Record<string, unknown> {
  const definitions = builtinDefinitions()
  const schemas: Record<string, unknown> = {}
  for (const [spec, served] of kinds) {
    const name = spec.origin === 'built-in' ? definitionName(spec.group === 'events.k8s.io' ? 'EventsEvent' : spec.kind) : ''
    const definition = definitions[name]
    const gvk = { group: spec.group, version: served.name, kind: spec.kind }
    if (definition === undefined) schemas[schemaName(spec, version)] = kindSchema(spec, served)
    else schemas[name] = { ...definition, 'x-kubernetes-group-version-kind': [gvk] }
  }
  if (kinds.some(([spec]) => spec.scale !== undefined)) schemas[SCALE_NAME] = definitions[SCALE_NAME]
  addReferenced(schemas, definitions)
  return {
    openapi: '3.0.0',
    info: { title: 'Serin', version: 'v1' },
    paths: Object.fromEntries(kinds.flatMap(([spec]) => pathsOf(spec, group, version))),
    components: { schemas }
  }
}

// Every definition that `schemas` refers to, and those that these refer to.
function addReferenced(schemas: Record<string, unknown>, definitions: Readonly<Record<string, unknown>>): void {
  const waiting = Object.values(schemas)
  for (let schema = waiting.pop(); schema !== undefined; schema = waiting.pop()) {
    for (const [, name = ''] of JSON.stringify(schema).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      const definition = definitions[name]
      if (definition === undefined || Object.hasOwn(schemas, name)) continue
      schemas[name] = definition
      waiting.push(definition)
    }
  }
}

// `app.flagger.v1beta1.Canary`: the group reversed, as Kubernetes names custom kinds.
function schemaName(spec: KindSpec, version: string): string {
  const group = spec.group === '' ? ['core'] : spec.group.split('.').toReversed()
  return [...group, version, spec.kind].join('.')
}

function kindSchema(spec: KindSpec, version: VersionSpec): unknown {
  const published = publish(version.schema)
  const properties = isObject(published) && isObject(published['properties']) ? published['properties'] : {}
  const description = "Standard object's metadata: name, namespace, labels, annotations and what the server keeps."
  return {
    ...(isObject(published) ? published : {}),
    properties: {
      apiVersion: { type: 'string', description: 'The group and version of this representation of the object.' },
      kind: { type: 'string', description: 'The kind of the object.' },
      ...properties,
      // A $ref with siblings is read by nobody, hence the allOf.
      metadata: { description, allOf: [{ $ref: `#/components/schemas/${METADATA_NAME}` }] }
    },
    'x-kubernetes-group-version-kind': [{ group: spec.group, version: version.name, kind: spec.kind }]
  }
}

// Schemas carry protobuf field numbers, which are ours alone. Only keys in the place of a keyword are dropped, not fields of that name.
function publish(schema: unknown): unknown {
  if (!isObject(schema)) return schema
  const out: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'properties' && isObject(value)) {
      out[key] = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, publish(inner)]))
    } else if (SCHEMA_LISTS.has(key) && Array.isArray(value)) out[key] = value.map(publish)
    else if (SCHEMAS.has(key)) out[key] = publish(value)
    else if (key !== 'proto') out[key] = value
  }
  return out
}

function pathsOf(spec: KindSpec, group: string, version: string): [string, unknown][] {
  const base = `${group === '' ? '/api' : '/apis'}/${groupVersion(group, version)}`
  const collection = `${base}${spec.scope === 'Namespaced' ? '/namespaces/{namespace}' : ''}/${spec.plural}`
  const object = `${collection}/{name}`
  const own = (action: string): unknown => operation(action, spec.kind, { group: spec.group, version, kind: spec.kind })
  const scale = (action: string): unknown => operation(action, `${spec.kind}Scale`, SCALE)
  return [
    [collection, { get: own('list'), post: own('post'), delete: own('deletecollection') }],
    [object, { get: own('get'), put: own('put'), patch: own('patch'), delete: own('delete') }],
    ...(spec.scale === undefined
      ? []
      : [[`${object}/scale`, { get: scale('get'), put: scale('put'), patch: scale('patch') }] satisfies [string, unknown]])
  ]
}

function operation(action: string, subject: string, kind: Readonly<Record<string, string>>): unknown {
  return {
    operationId: `${action}_${subject}`,
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': kind,
    ...(action === 'get' || action === 'list' ? {} : { parameters: QUERY_PARAMETERS.map(parameter) }),
    responses: { '200': { description: 'OK' } }
  }
}

function parameter(name: string): unknown {
  return { name, in: 'query', schema: { type: 'string', uniqueItems: true } }
}
