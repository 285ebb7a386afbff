// Our descriptions against the official CRDs, field by field, and the recorded verdicts of those CRDs.

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { isObject } from '../std/json.ts'
import { causeText } from './cause.ts'
import { crdKind, kindFromCrd } from './crd-kind.ts'
import { celRules } from './crd-schema.ts'
import { applyDefaults } from './defaults.ts'
import { FLAGGER_KINDS } from './flagger-kinds.ts'
import { ISTIO_KINDS } from './istio-kinds.ts'
import type { KindSpec } from './kind.ts'
import type { KubeObject } from './object.ts'
import { prune, unknownFields } from './prune.ts'
import type { Schema } from './schema.ts'
import { validate } from './validate.ts'
import { dataPath } from '../../test/data.ts'

const read = (name: string): string => readFileSync(dataPath(name), 'utf8')

function crdsOf(file: string): KubeObject[] {
  // the file holds CRDs only; what is none fails in kindFromCrd
  return parseAllDocuments(read(file)).flatMap((document) => (document.contents === null ? [] : [document.toJS() as KubeObject]))
}

const crds = [...crdsOf('istio-crds.yaml'), ...crdsOf('flagger-crds.yaml')]
const official = crds.map((crd) => kindFromCrd(crd))
const own = [...ISTIO_KINDS, ...FLAGGER_KINDS]
const officialOf = (kind: KindSpec): KindSpec | undefined =>
  official.find(({ value }) => value?.kind === kind.kind && value.group === kind.group)?.value

// Everything but descriptions and CEL rules counts; a property of metadata is the server's, not the CRD's.
function comparable(schema: Schema): unknown {
  const { description: _, 'x-kubernetes-validations': rules, properties, items, additionalProperties, ...rest } = schema
  expect(rules === undefined || rules.length > 0).toBe(true)
  return {
    ...rest,
    ...(rest.required && { required: rest.required.toSorted() }),
    ...(properties && { properties: Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, comparable(inner)])) }),
    ...(items && { items: comparable(items) }),
    ...(additionalProperties !== undefined && {
      additionalProperties: typeof additionalProperties === 'boolean' ? additionalProperties : comparable(additionalProperties)
    })
  }
}

test.each(own.map((kind) => [kind.kind, kind] as const))('%s is described as its official CRD describes it', (_, kind) => {
  expect(summary(kind)).toEqual(summary(officialOf(kind)))
})

// A kind without what may differ: descriptions and CEL rules.
function summary(kind: KindSpec | undefined): unknown {
  return {
    ...kind,
    versions: kind?.versions.map(({ schema, columns, ...facts }) => ({
      ...facts,
      columns: columns.map(({ name, type, jsonPath, format, priority }) => ({ name, type, jsonPath, format, priority })),
      schema: comparable(schema)
    }))
  }
}

test('all kinds of networking.istio.io and flagger.app are described, and RequestAuthentication', () => {
  const groups = ['networking.istio.io', 'flagger.app']
  const wanted = ({ group, kind }: KindSpec): boolean => groups.includes(group) || kind === 'RequestAuthentication'
  const named = official.flatMap(({ value }) => (value && wanted(value) ? [value.kind] : []))
  expect(own.map((kind) => kind.kind).toSorted()).toEqual(named.toSorted())
})

test('the official CRDs are valid CRDs', () => {
  expect(official.flatMap(({ problems }) => problems)).toEqual([])
  for (const crd of crds) expect(validate(crdKind.versions[0]?.schema ?? {}, crd, 'built-in')).toEqual([])
})

const sentences = (kind: KindSpec | undefined): string[] =>
  celRules(kind?.versions[0]?.schema ?? {})
    .map(({ path, message }) => `${path}: ${message}`)
    .toSorted()

test.each(own.map((kind) => [kind.kind, kind] as const))(
  '%s has the rules in CEL of its official CRD, in the same places with the same sentences',
  (_, kind) => {
    expect(sentences(kind)).toEqual(sentences(officialOf(kind)))
  }
)

interface CrdCase {
  readonly id: string
  readonly yaml: string
  readonly valid: boolean
  readonly error?: string
}
// the shape is given in the README of the data
const cases = JSON.parse(read('virtualservices/crd-cases.json')) as { readonly cases?: readonly CrdCase[] } | readonly CrdCase[]
const rows = Array.isArray(cases) ? (cases as readonly CrdCase[]) : ((cases as { readonly cases: readonly CrdCase[] }).cases ?? [])

function kindOf(value: KubeObject): { readonly kind: KindSpec; readonly schema: Schema } | undefined {
  const [group, version] = value.apiVersion.split('/')
  const fits = (kind: KindSpec): boolean => kind.kind === value.kind && kind.group === group
  const kind = own.find(fits) ?? official.find((one) => one.value !== undefined && fits(one.value))?.value
  const schema = kind?.versions.find((one) => one.name === version)?.schema
  return kind && schema && { kind, schema }
}

function verdictOf(value: KubeObject): string {
  const schema = kindOf(value)?.schema
  if (schema === undefined) return 'no such kind'
  const causes = validate(schema, applyDefaults(schema, prune(schema, value)))
  return causes.length === 0 ? '' : causeText(causes)
}

// A null that may not be one is dropped before it is checked, as the API server does; the recording checked without that step.
const SAME_FIELD: Readonly<Record<string, string>> = { 'wasm-invalid: nil': 'spec: Required value' }

// Servers before 1.36 show the type of a value that breaks a rule, later ones the value of a scalar and nothing of an object.
const withoutValues = (text: string): string => text.replaceAll(/Invalid value: (?:"[^"]*"|-?\d+): /g, 'Invalid value: ')

test.each(rows.map((row) => [row.id, row] as const))('crd case %s', (_, row) => {
  const value: unknown = parse(row.yaml)
  const text = isObject(value) ? verdictOf(value as KubeObject) : 'not an object'
  const wanted = row.valid ? '' : (SAME_FIELD[row.id] ?? row.error ?? '')
  expect(text === '').toBe(row.valid)
  expect(withoutValues(text)).toContain(withoutValues(wanted))
})

test('valid cases have no unknown fields', () => {
  const unknown = rows
    .filter((row) => row.valid)
    .flatMap((row) => {
      const value = parse(row.yaml) as KubeObject
      return unknownFields(kindOf(value)?.schema ?? {}, value).map((path) => `${row.id}: ${path}`)
    })
  expect(unknown).toEqual([])
})
