// Whether the schema of a CustomResourceDefinition is a structural one that can be served (kubernetes.md 3.13). What passes is used
// as it is; nothing here evaluates it.

import { isObject } from '../std/json.ts'
import type { Problem } from '../std/problem.ts'
import { compileCel } from './cel.ts'
import { fieldPath } from './schema-fields.ts'
import type { Schema } from './schema.ts'
import { patternFound } from './string-format.ts'

/** Schemas nested deeper are refused: checking, pruning and defaulting recurse along the schema. */
export const SCHEMA_DEPTH_MAX = 64

const TYPES: readonly unknown[] = ['object', 'array', 'string', 'integer', 'number', 'boolean']
const isText = (value: unknown): boolean => typeof value === 'string'
const isNumber = (value: unknown): boolean => typeof value === 'number'
const isFlag = (value: unknown): boolean => typeof value === 'boolean'
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText)

function isRule(value: unknown): boolean {
  return isObject(value) && typeof value['rule'] === 'string' && typeof compileCel(value['rule']) !== 'string'
}

// keywords that are read, with what their values must be; other keywords are ignored
const KEYWORDS: readonly (readonly [string, (value: unknown) => boolean])[] = [
  ['type', (value) => TYPES.includes(value)],
  ['required', isTexts],
  ['enum', Array.isArray],
  ['format', isText],
  ['pattern', (value) => typeof value === 'string' && patternFound(value, '') !== undefined],
  ['minimum', isNumber],
  ['maximum', isNumber],
  ['multipleOf', (value) => typeof value === 'number' && value > 0],
  ['exclusiveMinimum', isFlag],
  ['exclusiveMaximum', isFlag],
  ['minLength', isNumber],
  ['maxLength', isNumber],
  ['minItems', isNumber],
  ['maxItems', isNumber],
  ['minProperties', isNumber],
  ['maxProperties', isNumber],
  ['nullable', isFlag],
  ['properties', isObject],
  ['x-kubernetes-preserve-unknown-fields', isFlag],
  ['x-kubernetes-int-or-string', isFlag],
  ['x-kubernetes-embedded-resource', isFlag],
  ['x-kubernetes-list-type', (value) => value === 'atomic' || value === 'set' || value === 'map'],
  ['x-kubernetes-list-map-keys', isTexts],
  ['x-kubernetes-map-type', (value) => value === 'atomic' || value === 'granular'],
  ['x-kubernetes-validations', (value) => Array.isArray(value) && value.every(isRule)]
]
const LISTS = ['oneOf', 'anyOf', 'allOf']

/** What keeps `value` from being a structural schema, with paths under `path`; [] when it is one. */
export function schemaProblems(value: unknown, path: string, depth = 0): readonly Problem[] {
  if (!isObject(value)) return [wrong(path, 'must be a schema, an object')]
  if (depth > SCHEMA_DEPTH_MAX) return [wrong(path, `is nested deeper than ${SCHEMA_DEPTH_MAX} levels`)]
  const problems = KEYWORDS.filter(([word, fits]) => value[word] !== undefined && !fits(value[word])).map(([word]) =>
    wrong(fieldPath(path, word), 'has a value that this keyword does not take')
  )
  if (value['$ref'] !== undefined) problems.push(wrong(`${path}.$ref`, 'is not supported in a structural schema'))
  if (value['uniqueItems'] === true) problems.push(wrong(`${path}.uniqueItems`, 'cannot be set to true'))
  const inner = childrenOf(value, path, problems)
  return [...problems, ...inner.flatMap((child) => schemaProblems(child.value, child.path, depth + 1))]
}

/** The CEL rules of a schema: where each stands and what it says. */
export function celRules(schema: Schema, path = ''): readonly { readonly path: string; readonly rule: string; readonly message: string }[] {
  const own = (schema['x-kubernetes-validations'] ?? []).map(({ rule, message = '' }) => ({ path, rule, message }))
  const properties = Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => celRules(inner, fieldPath(path, name)))
  const items = schema.items === undefined ? [] : celRules(schema.items, `${path}[]`)
  const values = typeof schema.additionalProperties === 'object' ? celRules(schema.additionalProperties, `${path}.*`) : []
  return [...own, ...properties, ...items, ...values]
}

interface Child {
  readonly value: unknown
  readonly path: string
}

function childrenOf(value: Readonly<Record<string, unknown>>, path: string, problems: Problem[]): readonly Child[] {
  const children: Child[] = []
  for (const [name, inner] of Object.entries(isObject(value['properties']) ? value['properties'] : {})) {
    children.push({ value: inner, path: `${path}.properties[${name}]` })
  }
  const { items, not, additionalProperties } = value
  if (items !== undefined) children.push({ value: items, path: `${path}.items` })
  if (not !== undefined) children.push({ value: not, path: `${path}.not` })
  if (additionalProperties === false) problems.push(wrong(`${path}.additionalProperties`, 'must not be false'))
  else if (additionalProperties !== undefined && additionalProperties !== true) {
    children.push({ value: additionalProperties, path: `${path}.additionalProperties` })
  }
  for (const word of LISTS) {
    const list = value[word]
    if (Array.isArray(list)) children.push(...list.map((inner, index) => ({ value: inner, path: `${path}.${word}[${index}]` })))
    else if (list !== undefined) problems.push(wrong(`${path}.${word}`, 'must be a list of schemas'))
  }
  return children
}

function wrong(path: string, message: string): Problem {
  return { code: 'FieldValueInvalid', severity: 'error', path, message }
}
