// CustomResourceDefinition (apiextensions.k8s.io/v1): its own kind, and the KindSpec that one describes (kubernetes.md 3.13).
// Conversion is `None` only: all versions hold the same object. Its rules in CEL must be CEL.

import { dig, isObject } from '../std/json.ts'
import type { Checked, Problem } from '../std/problem.ts'
import { schemaProblems } from './crd-schema.ts'
import type { KindSpec, PrinterColumn, ScaleSpec, VersionSpec } from './kind.ts'
import { wholeObject } from './object-schema.ts'
import { array, boolean, choice, freeform, int32, object, required, string } from './schema-builder.ts'
import type { Infer } from './schema-builder.ts'
import type { Schema } from './schema.ts'
import { validate } from './validate.ts'

const names = object('Names of the kind.', {
  categories: array('Groups of kinds it is listed with.', string('Category.')),
  kind: required(string('Kind of its objects.')),
  listKind: string('Kind of its lists.'),
  plural: required(string('Name in URLs.')),
  shortNames: array('Short names.', string('Short name.')),
  singular: string('Name of one.')
})

const column = object('A column of kubectl get.', {
  description: string('What it shows.'),
  format: string('Format.'),
  jsonPath: required(string('Where its value is.')),
  name: required(string('Heading.')),
  priority: int32('0: always shown.'),
  type: required(choice('Type.', 'integer', 'number', 'string', 'boolean', 'date'))
})

const version = object('One version.', {
  additionalPrinterColumns: array('Columns of kubectl get.', column),
  deprecated: boolean('Whether clients are warned.'),
  deprecationWarning: string('The warning.'),
  name: required(string('Name such as v1.')),
  schema: object('Its schema.', { openAPIV3Schema: freeform('An OpenAPI v3 structural schema.') }),
  selectableFields: array('Fields that selectors may use.', object('A field.', { jsonPath: required(string('Its path.')) })),
  served: required(boolean('Whether it is served.')),
  storage: required(boolean('Whether it is the stored one.')),
  subresources: object('Its subresources.', {
    scale: object('The scale subresource.', {
      labelSelectorPath: string('Path of the selector in status.'),
      specReplicasPath: required(string('Path of the replicas wanted.')),
      statusReplicasPath: required(string('Path of the replicas there are.'))
    }),
    status: freeform('The status subresource.')
  })
})

const crdSpec = object('The kind.', {
  conversion: object('How versions are converted.', {
    strategy: required(string('None or Webhook.')),
    webhook: freeform('The webhook.')
  }),
  group: required(string('API group.')),
  names: required(names),
  preserveUnknownFields: boolean('Must be false.'),
  scope: required(choice('Whether objects are in namespaces.', 'Cluster', 'Namespaced')),
  versions: required(array('Its versions.', version))
})
type CrdSpec = Infer<typeof crdSpec>
type CrdVersion = Infer<typeof version>

const crdSchema = wholeObject({ properties: { spec: crdSpec, status: freeform('What the server made of it.') }, required: ['spec'] })

/** The kind CustomResourceDefinition itself. */
export const crdKind: KindSpec = {
  group: 'apiextensions.k8s.io',
  kind: 'CustomResourceDefinition',
  listKind: 'CustomResourceDefinitionList',
  plural: 'customresourcedefinitions',
  singular: 'customresourcedefinition',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  scope: 'Cluster',
  versions: [
    {
      name: 'v1',
      served: true,
      storage: true,
      schema: crdSchema,
      // shown as an instant, not as an age
      columns: [{ name: 'Created At', type: 'string', jsonPath: '.metadata.creationTimestamp', description: 'When it was made.' }]
    }
  ],
  origin: 'built-in',
  status: 'subresource',
  selectableFields: []
}

/** The kind that a CustomResourceDefinition object describes; `value` is undefined when any problem is an error. */
export function kindFromCrd(crd: unknown): Checked<KindSpec> {
  const spec = dig(crd, 'spec')
  const causes = validate(crdSchema, crd, 'built-in')
  const problems: Problem[] = causes.map((cause) => error(cause.field, cause.message, cause.reason))
  if (!isObject(spec) || problems.length > 0) return { value: undefined, problems }
  // validate just showed that spec has this type
  const checked = spec as unknown as CrdSpec
  problems.push(...specProblems(checked, dig(crd, 'metadata', 'name')))
  return { value: problems.some((problem) => problem.severity === 'error') ? undefined : kindOf(checked), problems }
}

function specProblems(spec: CrdSpec, name: unknown): readonly Problem[] {
  const problems: Problem[] = []
  const wanted = `${spec.names.plural}.${spec.group}`
  if (name !== wanted) problems.push(error('metadata.name', `must be spec.names.plural+"."+spec.group, here ${wanted}`))
  if (spec.preserveUnknownFields === true) problems.push(error('spec.preserveUnknownFields', 'must be false'))
  const strategy = spec.conversion?.strategy ?? 'None'
  if (strategy !== 'None') problems.push(error('spec.conversion.strategy', 'only None is supported: versions hold the same object'))
  const stored = spec.versions.filter((one) => one.storage).length
  if (stored !== 1) problems.push(error('spec.versions', 'must have exactly one version marked as storage version'))
  if (new Set(spec.versions.map((one) => one.name)).size < spec.versions.length)
    problems.push(error('spec.versions', 'must have distinct names'))
  for (const [index, one] of spec.versions.entries())
    problems.push(...versionProblems(one, `spec.versions[${index}].schema.openAPIV3Schema`))
  return problems
}

function versionProblems(one: CrdVersion, path: string): readonly Problem[] {
  const schema = one.schema?.openAPIV3Schema
  if (schema === undefined) return [error(path, 'schemas are required', 'FieldValueRequired')]
  if (schema['type'] !== 'object') return [error(`${path}.type`, 'must be object at the root')]
  return schemaProblems(schema, path)
}

function kindOf(spec: CrdSpec): KindSpec {
  const { group, scope, versions } = spec
  const stored = versions.find((one) => one.storage)
  const scale: ScaleSpec | undefined = stored?.subresources?.scale
  return {
    group,
    ...namesOf(spec),
    scope,
    versions: versions.map((one) => versionOf(spec, one)).toSorted((x, y) => compareVersions(x.name, y.name)),
    origin: 'custom',
    status: stored?.subresources?.status === undefined ? 'none' : 'subresource',
    ...(scale && { scale }),
    selectableFields: (stored?.selectableFields ?? []).map((field) => field.jsonPath.replace(/^\./, ''))
  }
}

function namesOf({ names: given }: CrdSpec): Pick<KindSpec, 'kind' | 'listKind' | 'plural' | 'singular' | 'shortNames' | 'categories'> {
  const { kind, plural, listKind = `${kind}List`, singular = kind.toLowerCase(), shortNames = [], categories = [] } = given
  return { kind, listKind, plural, singular, shortNames, categories }
}

const AGE: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'When it was made.' }

function versionOf(spec: CrdSpec, one: CrdVersion): VersionSpec {
  // schemaProblems showed that every keyword that is read has the type that Schema gives it
  const schema = (one.schema?.openAPIV3Schema ?? {}) as Schema
  return {
    name: one.name,
    served: one.served,
    storage: one.storage,
    ...(one.deprecated === true && {
      deprecationWarning: one.deprecationWarning ?? `${spec.group}/${one.name} ${spec.names.kind} is deprecated`
    }),
    schema: wholeObject(schema),
    columns: one.additionalPrinterColumns ?? [AGE]
  }
}

/** The order in which versions are preferred: v2, v1, v1beta2, v1beta1, v1alpha1, then other names by letter. */
export function compareVersions(a: string, b: string): number {
  const [one, other] = [rankOf(a), rankOf(b)]
  for (const [index, part] of one.entries()) if (part !== other[index]) return (other[index] ?? 0) - part
  return a < b ? -1 : Number(a > b)
}

function rankOf(name: string): readonly number[] {
  const found = /^v(\d{1,9})(?:(alpha|beta)(\d{1,9}))?$/.exec(name)
  if (found === null) return [0, 0, 0]
  const level = found[2] === undefined ? 3 : found[2] === 'beta' ? 2 : 1
  return [level, Number(found[1]), Number(found[3] ?? 0)]
}

function error(path: string, message: string, code = 'FieldValueInvalid'): Problem {
  return { code, severity: 'error', path, message }
}
