// User text (YAML or JSON, many documents) to plain objects with positions. Nesting and size are measured on the token tree before
// anything is composed: composing deep text can kill the process on Node 22 (a V8 abort that nothing can catch).

import { Composer, LineCounter, Parser } from 'yaml'
import type { CST, Document } from 'yaml'
import { isObject } from '../std/json.ts'
import type { Problem } from '../std/problem.ts'
import { measure, scan } from './yaml-limits.ts'
import { findNode, startOf } from './yaml-position.ts'
import { notesOn } from './yaml-notes.ts'
import { indentQuotes } from './yaml-quotes.ts'

/** A place in the text; both count from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** A problem with its place in the text. `path` is that of the field within its object, '' for the whole. */
export interface YamlProblem extends Problem, Position {}

/** One object of the text; members of lists stand for themselves. */
export interface YamlObject extends Position {
  readonly value: Readonly<Record<string, unknown>>
  /** Where the field at a path such as `spec.http[0].route` begins: its value, or else the nearest field around it. */
  readonly locate: (path: string) => Position
}

/** What a text holds; an object whose document has an error is left out. */
export interface YamlText {
  readonly objects: readonly YamlObject[]
  readonly problems: readonly YamlProblem[]
}

/** Longest text taken at once, in UTF-16 units; each document has its own, lower limits (yaml-limits.ts). */
export const TEXT_MAX = 16 * 1024 * 1024

/**
 * All objects and all problems of a text, in its order; never throws. Values are read as YAML 1.2 (core schema, with merge keys);
 * what kubectl's YAML 1.1 reader takes for something else is a warning.
 */
export function parseYaml(given: string): YamlText {
  if (given.length > TEXT_MAX) {
    return { objects: [], problems: [{ ...error('too-long', `is longer than ${TEXT_MAX} characters`), line: 1, column: 1 }] }
  }
  const hostile = scan(given)
  if (hostile !== undefined) {
    const before = given.slice(0, hostile.offset).split('\n')
    const at = { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
    return { objects: [], problems: [{ ...error(hostile.code, hostile.message), ...at }] }
  }
  const { text, indented } = indentQuotes(given)
  const objects: YamlObject[] = []
  const problems: YamlProblem[] = indented.map((at) => ({
    ...warning('yaml-indent', 'quoted text goes on further left than YAML allows; kubectl takes it'),
    ...at
  }))
  const lines = new LineCounter()
  const place = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  for (const tokens of documentsOf([...new Parser(lines.addNewLine).parse(text)])) {
    const fault = measure(tokens, text.length)
    if (fault !== undefined) problems.push({ ...error(fault.code, fault.message), ...place(fault.offset) })
    else readDocument(tokens, text, place, { objects, problems })
  }
  return { objects, problems }
}

type Place = (offset: number) => Position

interface Found {
  readonly objects: YamlObject[]
  readonly problems: YamlProblem[]
}

// Directives, comments and byte order marks belong to the document that follows them.
function documentsOf(tokens: readonly CST.Token[]): readonly (readonly CST.Token[])[] {
  const documents: CST.Token[][] = []
  let current: CST.Token[] = []
  for (const token of tokens) {
    if (token.type === 'document' && current.some((one) => one.type === 'document')) {
      documents.push(current)
      current = []
    }
    current.push(token)
  }
  return current.length > 0 ? [...documents, current] : documents
}

function readDocument(tokens: readonly CST.Token[], text: string, place: Place, found: Found): void {
  const composer = new Composer({ version: '1.2', schema: 'core', merge: true, prettyErrors: false, logLevel: 'silent', uniqueKeys: true })
  for (const document of composer.compose(tokens, false, text.length)) {
    const faults = [...document.errors, ...document.warnings].map((one) => ({
      code: `yaml-${one.code.toLowerCase().replaceAll('_', '-')}`,
      severity: one.name === 'YAMLWarning' || isIndentOnly(one, text) ? ('warning' as const) : ('error' as const),
      path: '',
      message: one.message,
      ...place(one.pos[0])
    }))
    found.problems.push(...faults)
    if (!faults.some((fault) => fault.severity === 'error')) readValue(document, place, found)
  }
}

// kubectl's reader takes a closing bracket that is too far left, so it is a matter of style (settled: indentation). The library gives the
// same fault when there is no bracket at all, which no reader takes.
function isIndentOnly(
  fault: { readonly code: string; readonly message: string; readonly pos: readonly [number, number] },
  text: string
): boolean {
  return fault.code === 'BAD_INDENT' && fault.message.includes('sufficiently indented') && /[\]}]/.test(text[fault.pos[0]] ?? '')
}

function readValue(document: Document, place: Place, found: Found): void {
  const start = place(startOf(document.contents))
  const tell = (problem: Problem): number => found.problems.push({ ...problem, ...start })
  const value = valueOf(document)
  if (value === undefined) {
    tell(error('yaml-aliases', 'has aliases that name nothing, contain themselves, or grow beyond 100000 values'))
    return
  }
  found.problems.push(...notesOn(document).map(({ offset, ...note }) => ({ ...note, ...place(offset) })))
  if (value === null) return
  if (!isObject(value)) {
    tell(error('not-an-object', 'must be an object with apiVersion and kind'))
    return
  }
  const locateFrom = (prefix: string) => (path: string) => place(startOf(findNode(document.contents, join(prefix, path))))
  const items = value['items']
  const kind = value['kind']
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) {
    found.objects.push({ value, locate: locateFrom(''), ...start })
    return
  }
  for (const [index, item] of items.entries()) {
    const locate = locateFrom(`items[${index}]`)
    if (isObject(item)) found.objects.push({ value: item, locate, ...locate('') })
    else
      found.problems.push({
        ...error('not-an-object', 'must be an object with apiVersion and kind'),
        path: `items[${index}]`,
        ...locate('')
      })
  }
}

const ALIASES_MAX = 100
const VALUES_MAX = 100_000
const DEPTH_MAX = 200

// undefined: an alias that contains itself, or aliases that multiply
function valueOf(document: Document): unknown {
  try {
    const value: unknown = document.toJS({ maxAliasCount: ALIASES_MAX })
    return isBounded(value) ? (value ?? null) : undefined
  } catch {
    return undefined
  }
}

function isBounded(value: unknown): boolean {
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value, depth: 0 }]
  let seen = 0
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    seen += 1
    if (seen > VALUES_MAX || one.depth > DEPTH_MAX) return false
    if (typeof one.value !== 'object' || one.value === null) continue
    for (const inner of Object.values(one.value)) open.push({ value: inner, depth: one.depth + 1 })
  }
  return true
}

function join(prefix: string, path: string): string {
  if (prefix === '' || path === '') return prefix + path
  return path.startsWith('[') ? prefix + path : `${prefix}.${path}`
}

function error(code: string, message: string): Problem {
  return { code, severity: 'error', path: '', message }
}

function warning(code: string, message: string): Problem {
  return { code, severity: 'warning', path: '', message }
}
