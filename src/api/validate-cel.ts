// x-kubernetes-validations: the rules in CEL of a schema, asked of the values under them, with the words of the Kubernetes API server
// (kubernetes.md 3.13). Rules about change are asked where the old value is known.

import { isObject } from '../std/json.ts'
import { invalid, type Cause } from './cause.ts'
import { type CelProgram, type CelResult, compileCel } from './cel.ts'
import type { Schema } from './schema.ts'
import { fieldPath, schemaOfField } from './schema-fields.ts'

type Rule = NonNullable<Schema['x-kubernetes-validations']>[number]

interface Node {
  readonly schema: Schema
  readonly value: unknown
  /** What the value was; undefined when it was not there, or cannot be told from others. */
  readonly old: unknown
  readonly path: string
}

/** What breaks a rule, at most `max` causes; the value must be valid in all that types and required fields say. Rules are compiled once a call. */
export function brokenRules(schema: Schema, value: unknown, old: unknown, max: number): readonly Cause[] {
  const out: Cause[] = []
  const programs = new Map<string, CelProgram | string>()
  const programOf = (text: string): CelProgram | string => {
    const program = programs.get(text) ?? compileCel(text)
    programs.set(text, program)
    return program
  }
  const walk = (node: Node): void => {
    for (const rule of node.schema['x-kubernetes-validations'] ?? []) out.push(...broken(rule, node, programOf))
    for (const child of childrenOf(node)) {
      if (out.length >= max) return
      walk(child)
    }
  }
  walk({ schema, value, old, path: '' })
  return out.slice(0, max)
}

function broken(rule: Rule, node: Node, programOf: (text: string) => CelProgram | string): readonly Cause[] {
  const transition = /\boldSelf\b/.test(rule.rule)
  if (transition && node.old === undefined) return []
  const ask = (text: string): CelResult => {
    const program = programOf(text)
    if (typeof program === 'string') return { kind: 'failed', because: program }
    return program(celValue(node.schema, node.value), transition ? celValue(node.schema, node.old) : undefined)
  }
  const result = ask(rule.rule)
  if (result.kind === 'value' && result.value === true) return []
  const message = messageOf(rule, ask)
  const path = typeof rule['fieldPath'] === 'string' ? `${node.path}${rule['fieldPath']}` : node.path
  if (result.kind === 'failed') return [invalid(path, node.schema.type ?? '', `${result.because} evaluating rule: ${message}`)]
  return [refusal(rule, path, node.value, message)]
}

function messageOf(rule: Rule, ask: (text: string) => CelResult): string {
  const expression = rule['messageExpression']
  const said = typeof expression === 'string' ? ask(expression) : undefined
  if (said?.kind === 'value' && typeof said.value === 'string' && said.value.trim() !== '') return said.value
  return rule.message ?? `failed rule: ${rule.rule}`
}

/** A scalar is shown, an object or a list is not. */
function refusal(rule: Rule, path: string, value: unknown, message: string): Cause {
  switch (rule['reason']) {
    case 'FieldValueForbidden':
      return { reason: 'FieldValueForbidden', message: `Forbidden: ${message}`, field: path }
    case 'FieldValueRequired':
      return { reason: 'FieldValueRequired', message: `Required value: ${message}`, field: path }
    case 'FieldValueDuplicate':
      return { reason: 'FieldValueDuplicate', message: `Duplicate value: ${JSON.stringify(value)}`, field: path }
    default:
      if (typeof value === 'object') return { reason: 'FieldValueInvalid', message: `Invalid value: ${message}`, field: path }
      return invalid(path, value, message)
  }
}

function childrenOf({ schema, value, old, path }: Node): Node[] {
  if (Array.isArray(value)) {
    const { items } = schema
    return items === undefined
      ? []
      : value.map((item, index) => ({ schema: items, value: item, old: oldItem(schema, item, old), path: `${path}[${index}]` }))
  }
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([name, field]) => {
    const inner = schemaOfField(schema, name)
    const before = isObject(old) ? old[name] : undefined
    return inner === undefined || field === undefined ? [] : [{ schema: inner, value: field, old: before, path: fieldPath(path, name) }]
  })
}

/** The item with the same keys: items of other lists cannot be told apart. */
function oldItem(schema: Schema, item: unknown, old: unknown): unknown {
  const keys = schema['x-kubernetes-list-map-keys']
  if (schema['x-kubernetes-list-type'] !== 'map' || keys === undefined || !Array.isArray(old) || !isObject(item)) return undefined
  return old.find((each) => isObject(each) && keys.every((key) => each[key] === item[key]))
}

/** The value as CEL has it: whole numbers of integer schemas as BigInt, fields of objects under names that CEL can spell. */
export function celValue(schema: Schema, value: unknown): unknown {
  if (typeof value === 'number') {
    const whole = schema.type === 'integer' || schema['x-kubernetes-int-or-string'] === true
    return whole && Number.isInteger(value) ? BigInt(value) : value
  }
  if (Array.isArray(value)) return value.map((item) => celValue(schema.items ?? {}, item))
  if (!isObject(value)) return value
  const { properties } = schema
  const fields = Object.entries(value).flatMap(([name, field]) => {
    const inner = schemaOfField(schema, name)
    if (inner === undefined || field === undefined) return []
    const declared = properties !== undefined && Object.hasOwn(properties, name)
    return [[declared ? celName(name) : name, celValue(inner, field)] as const]
  })
  return Object.fromEntries(fields)
}

const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' ')
)
const SPELT: Readonly<Record<string, string>> = { __: '__underscores__', '.': '__dot__', '-': '__dash__', '/': '__slash__' }

function celName(name: string): string {
  return RESERVED.has(name) ? `__${name}__` : name.replaceAll(/__|[./-]/g, (sign) => SPELT[sign] ?? sign)
}
