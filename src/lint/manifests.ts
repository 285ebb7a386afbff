// Manifests as users write them -> decoded objects that remember where they stand. What a real API server or kubectl would refuse is an
// error here, with file and line; what is not ours to judge (other kinds, files that are no objects) is mentioned and left alone.

import { validateKind } from '../api/builtin-rules.ts'
import { metaFaults } from '../api/validate-meta.ts'
import { decode } from '../api/decode.ts'
import type { KindSpec } from '../api/kind.ts'
import type { KubeObject } from '../api/object.ts'
import { suggestField } from '../api/suggest-field.ts'
import { parseYaml } from '../api/yaml.ts'
import type { YamlObject } from '../api/yaml.ts'
import type { ProblemObject } from '../route/catalogue.ts'
import { formatInstant } from '../std/instant.ts'
import { isObject } from '../std/json.ts'
import type { Problem } from '../std/problem.ts'
import { unservedText } from './unserved.ts'

/** A text with the name it is shown under. */
export interface Manifest {
  readonly file: string
  readonly text: string
}

/** A problem at a line of a file; `object` is undefined where there is none to name. */
export interface FileFinding extends Problem {
  readonly file: string
  readonly line: number
  readonly object: ProblemObject | undefined
  readonly istio: string | undefined
}

/** An object and where it is written. */
export interface PlacedObject {
  readonly file: string
  readonly line: number
  readonly object: KubeObject
  /** As it is written: without defaults, with fields that no schema has. */
  readonly written: Readonly<Record<string, unknown>>
  /** Line of the field at a path, or of the nearest around it. */
  readonly lineOf: (path: string) => number
  /** `known`: decoded by its schema. */
  readonly kind: 'known' | 'unknown'
}

/** What some manifests hold. */
export interface ReadManifests {
  readonly objects: readonly PlacedObject[]
  readonly findings: readonly FileFinding[]
}

/** Reads manifests in their order. Objects that cannot be decoded are left out, with an error; none is given twice: the last one counts. */
export function readManifests(manifests: readonly Manifest[], kinds: readonly KindSpec[]): ReadManifests {
  const found = new Map<string, PlacedObject>()
  const findings: FileFinding[] = []
  for (const { file, text } of manifests) {
    const { objects, problems } = parseYaml(text)
    findings.push(...problems.map((each) => ({ ...each, file, object: undefined, istio: undefined })))
    for (const source of objects) {
      const read = readObject({ file, source, at: found.size }, kinds)
      findings.push(...read.findings)
      if (read.placed === undefined) continue
      const key = keyOf(read.placed.object, found.size)
      const before = found.get(key)
      if (before !== undefined) findings.push(twice(read.placed, before))
      found.delete(key)
      found.set(key, read.placed)
    }
  }
  return { objects: [...found.values()], findings }
}

interface Source {
  readonly file: string
  readonly source: YamlObject
  /** How many objects came before: files have no dates, so their order is their age. */
  readonly at: number
}

interface Read {
  readonly placed: PlacedObject | undefined
  readonly findings: readonly FileFinding[]
}

function readObject({ file, source, at }: Source, kinds: readonly KindSpec[]): Read {
  const { value } = source
  const object = namesOf(value)
  const tell = (problems: readonly Problem[]): FileFinding[] =>
    problems.map((each) => ({ ...each, file, line: source.locate(each.path).line, object, istio: istioCodeOf(each, value) }))
  if (value['apiVersion'] === undefined && value['kind'] === undefined) {
    return { placed: undefined, findings: tell([{ ...NOT_AN_OBJECT, path: '' }]) }
  }
  const faults = faultsOfNames(value)
  if (faults.length > 0) return { placed: undefined, findings: tell(faults) }
  const place = { file, line: source.line, written: value, lineOf: (path: string) => source.locate(path).line }
  const spec = kindOf(value, kinds)
  if (spec === undefined) {
    return { placed: { ...place, object: unjudged(value), kind: 'unknown' }, findings: tell([unknownKind(value, kinds)]) }
  }
  const decoded = decodeWhole(spec, value)
  if (decoded.object === undefined) return { placed: undefined, findings: tell(decoded.problems) }
  return { placed: { ...place, object: aged(decoded.object, spec, at), kind: 'known' }, findings: tell(decoded.problems) }
}

/** istioctl's code for what the schema of one of Istio's kinds refuses. */
function istioCodeOf({ severity }: Problem, { apiVersion }: Readonly<Record<string, unknown>>): string | undefined {
  return severity === 'error' && String(apiVersion).startsWith('networking.istio.io/') ? 'IST0106' : undefined
}

const NOT_AN_OBJECT: Omit<Problem, 'path'> = {
  code: 'not-an-object',
  severity: 'warning',
  message: 'has neither apiVersion nor kind: not looked at'
}

function faultsOfNames(value: Readonly<Record<string, unknown>>): Problem[] {
  return ['apiVersion', 'kind'].flatMap((field) =>
    typeof value[field] === 'string' && value[field] !== ''
      ? []
      : [{ code: 'FieldValueRequired', severity: 'error' as const, path: field, message: 'is missing or no text' }]
  )
}

function kindOf(value: Readonly<Record<string, unknown>>, kinds: readonly KindSpec[]): KindSpec | undefined {
  const [group, version] = splitVersion(String(value['apiVersion']))
  return kinds.find(
    (kind) => kind.group === group && kind.kind === value['kind'] && kind.versions.some(({ name, served }) => served && name === version)
  )
}

function splitVersion(apiVersion: string): [string, string] {
  const slash = apiVersion.indexOf('/')
  return slash < 0 ? ['', apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)]
}

/** An object of a kind without a schema here: its names are made safe, all else stays as written. */
function unjudged(value: Readonly<Record<string, unknown>>): KubeObject {
  const { namespace = 'default', name = '' } = namesOf(value) ?? {}
  const metadata = { namespace, ...(name === '' ? {} : { name }) }
  return { ...value, apiVersion: String(value['apiVersion']), kind: String(value['kind']), metadata }
}

function unknownKind(value: Readonly<Record<string, unknown>>, kinds: readonly KindSpec[]): Problem {
  const message = unservedText(String(value['apiVersion']), String(value['kind']), kinds)
  return { code: 'unknown-kind', severity: 'warning', path: 'kind', message }
}

// What is in a Secret is not shown, not even when it is in the wrong place.
function secretText(path: string): string {
  return path.startsWith('data') ? 'is not base64: plain text goes under stringData' : 'is of the wrong type: quote numbers and booleans'
}

function decodeWhole(spec: KindSpec, value: Readonly<Record<string, unknown>>): { object: KubeObject | undefined; problems: Problem[] } {
  const { value: object, problems } = decode(spec, value)
  const found: Problem[] = problems.map((each) => {
    if (each.code === 'unknown-field') return { ...each, severity: 'error', message: unknownField(spec, value, each.path) }
    return spec.kind === 'Secret' && each.code === 'FieldValueTypeInvalid' ? { ...each, message: secretText(each.path) } : each
  })
  if (object === undefined) return { object, problems: found }
  const { name, generateName } = object.metadata
  if ((name ?? generateName ?? '') === '')
    found.push({ code: 'FieldValueRequired', severity: 'error', path: 'metadata.name', message: 'is missing' })
  const own = [...metaFaults(object, undefined, spec.origin), ...validateKind(object, undefined)].map(({ reason, field, message }) => ({
    code: reason,
    severity: 'error' as const,
    path: field,
    message
  }))
  return { object, problems: [...found, ...own] }
}

function unknownField(spec: KindSpec, value: Readonly<Record<string, unknown>>, path: string): string {
  const [, version] = splitVersion(String(value['apiVersion']))
  const schema = spec.versions.find(({ name }) => name === version)?.schema
  const meant = schema === undefined ? undefined : suggestField(schema, path)
  return `unknown field: kubectl refuses it${meant === undefined ? '' : `; is ${meant} meant?`}`
}

function aged(object: KubeObject, spec: KindSpec, at: number): KubeObject {
  const namespace = spec.scope === 'Namespaced' ? { namespace: object.metadata.namespace ?? 'default' } : {}
  return { ...object, metadata: { ...object.metadata, ...namespace, creationTimestamp: formatInstant(at * 1000) } }
}

function namesOf(value: Readonly<Record<string, unknown>>): ProblemObject | undefined {
  const { kind, metadata } = value
  if (typeof kind !== 'string') return undefined
  const text = (field: string): string | undefined => {
    const found = isObject(metadata) ? metadata[field] : undefined
    return typeof found === 'string' && found !== '' ? found : undefined
  }
  return { kind, namespace: text('namespace') ?? 'default', name: text('name') ?? text('generateName') ?? '' }
}

function keyOf({ apiVersion, kind, metadata: { namespace = 'default', name } }: KubeObject, at: number): string {
  // Objects without a name (generateName, kustomizations) are never the same.
  return JSON.stringify([splitVersion(apiVersion)[0], kind, namespace, name ?? at])
}

function twice(again: PlacedObject, before: PlacedObject): FileFinding {
  const { file, line, object } = again
  const message = `is also at ${before.file}:${before.line}: applied in this order, this one counts`
  return { code: 'object-twice', severity: 'warning', path: '', message, file, line, object: namesOf(object), istio: undefined }
}
