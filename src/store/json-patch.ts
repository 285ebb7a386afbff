// JSON patches (RFC 6902) on JSON values. Nothing given is changed: what a patch touches is copied along its path.

import { isObject, sameJson } from '../std/json.ts'
import { keyOfPart } from '../std/json-pointer.ts'
import { notDecoded } from './go-text.ts'
import type { PatchOutcome } from './patch-outcome.ts'

/** Operations one patch may have, as in a Kubernetes API server. */
export const JSON_PATCH_OPERATIONS_MAX = 10_000
/** Characters of JSON that all `copy` operations of one patch may add together: doubling copies would fill memory. */
export const JSON_PATCH_COPY_MAX = 8_000_000

type Step = { readonly kind: 'ok'; readonly value: unknown } | { readonly kind: 'no'; readonly message: string }

interface Operation {
  readonly op: string
  readonly path: readonly string[]
  readonly from: readonly string[]
  readonly value: unknown
}

/**
 * The document after all operations of `patch`, in order, or the first reason why it cannot be applied; a failed `test`, a missing path and an
 * unknown operation are `unfit`, a patch that is not a list of objects is `malformed` (RFC 6902, kubernetes.md 3.7).
 */
export function applyJsonPatch(document: unknown, patch: unknown): PatchOutcome {
  if (!Array.isArray(patch)) return { kind: 'failed', fault: 'malformed', message: notDecoded(patch, '[]handlers.jsonPatchOp') }
  if (patch.length > JSON_PATCH_OPERATIONS_MAX) {
    return { kind: 'failed', fault: 'unfit', message: `a JSON patch has at most ${JSON_PATCH_OPERATIONS_MAX} operations` }
  }
  let value = document
  let copied = 0
  for (const [index, raw] of patch.entries()) {
    if (!isObject(raw)) return { kind: 'failed', fault: 'malformed', message: `operation ${index} is not an object` }
    const operation = readOperation(raw)
    const step = typeof operation === 'string' ? no(operation) : applyOperation(value, operation)
    if (step.kind === 'no') return { kind: 'failed', fault: 'unfit', message: `operation ${index}: ${step.message}` }
    if (typeof operation !== 'string' && operation.op === 'copy') copied += JSON.stringify(read(value, operation.from) ?? null).length
    value = step.value
    if (copied > JSON_PATCH_COPY_MAX) return { kind: 'failed', fault: 'unfit', message: `operation ${index}: copies too much` }
  }
  return { kind: 'patched', value }
}

function readOperation(raw: Record<string, unknown>): Operation | string {
  const op = own(raw, 'op')
  const path = readPointer(own(raw, 'path'))
  if (typeof op !== 'string' || !OPERATIONS.has(op)) return `unknown operation ${JSON.stringify(op)}`
  if (path === undefined) return 'path is not a JSON pointer'
  const from = readPointer(own(raw, 'from'))
  if ((op === 'move' || op === 'copy') && from === undefined) return 'from is not a JSON pointer'
  if (NEEDS_VALUE.has(op) && !Object.hasOwn(raw, 'value')) return 'value is missing'
  return { op, path, from: from ?? [], value: raw['value'] }
}

const OPERATIONS = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test'])
const NEEDS_VALUE = new Set(['add', 'replace', 'test'])

function applyOperation(document: unknown, operation: Operation): Step {
  const { op, path, from, value } = operation
  if (op === 'add') return add(document, path, value)
  if (op === 'remove') return remove(document, path)
  if (op === 'replace') return replace(document, path, value)
  if (op === 'test') {
    const found = read(document, path)
    return found !== undefined && sameJson(found, value) ? ok(document) : no('the test failed')
  }
  const moved = read(document, from)
  if (moved === undefined) return no('from does not exist')
  if (op === 'copy') return add(document, path, moved)
  if (from.length < path.length && from.every((key, index) => key === path[index])) return no('a value cannot move into itself')
  const without = remove(document, from)
  return without.kind === 'no' ? without : add(without.value, path, moved)
}

function add(at: unknown, path: readonly string[], value: unknown): Step {
  if (path.length === 0) return ok(value)
  return change(at, path, (parent, key) => {
    if (isObject(parent)) return ok({ ...parent, [key]: value })
    const index = key === '-' ? parent.length : readIndex(key)
    if (index === undefined || index > parent.length) return no(`no place ${key} in a list of ${parent.length}`)
    return ok([...parent.slice(0, index), value, ...parent.slice(index)])
  })
}

function remove(at: unknown, path: readonly string[]): Step {
  if (path.length === 0) return ok(null)
  return change(at, path, (parent, key) => {
    if (!holds(parent, key)) return no(`${key} does not exist`)
    if (isObject(parent)) return ok(Object.fromEntries(Object.entries(parent).filter(([name]) => name !== key)))
    return ok(parent.filter((_, index) => index !== Number(key)))
  })
}

function replace(at: unknown, path: readonly string[], value: unknown): Step {
  if (path.length === 0) return ok(value)
  return change(at, path, (parent, key) => (holds(parent, key) ? ok(put(parent, key, value)) : no(`${key} does not exist`)))
}

type Parent = Record<string, unknown> | readonly unknown[]

/** Copies along `path`, letting `edit` make the new parent of its last key. */
function change(at: unknown, path: readonly string[], edit: (parent: Parent, key: string) => Step): Step {
  const [key = '', ...rest] = path
  if (!isObject(at) && !Array.isArray(at)) return no(`${key} is looked for in a plain value`)
  const parent: Parent = at
  if (rest.length === 0) return edit(parent, key)
  if (!holds(parent, key)) return no(`${key} does not exist`)
  const inner = change(child(parent, key), rest, edit)
  return inner.kind === 'no' ? inner : ok(put(parent, key, inner.value))
}

function put(parent: Parent, key: string, value: unknown): unknown {
  return isObject(parent) ? { ...parent, [key]: value } : parent.with(Number(key), value)
}

function read(document: unknown, path: readonly string[]): unknown {
  let at = document
  for (const key of path) {
    if (!isObject(at) && !Array.isArray(at)) return undefined
    const parent: Parent = at
    if (!holds(parent, key)) return undefined
    at = child(parent, key)
  }
  return at
}

function holds(parent: Parent, key: string): boolean {
  if (isObject(parent)) return Object.hasOwn(parent, key)
  const index = readIndex(key)
  return index !== undefined && index < parent.length
}

function child(parent: Parent, key: string): unknown {
  return isObject(parent) ? parent[key] : parent[Number(key)]
}

function readIndex(key: string): number | undefined {
  return /^(0|[1-9]\d{0,8})$/.test(key) ? Number(key) : undefined
}

/** The keys of a JSON pointer (RFC 6901), undefined when it is none. */
function readPointer(pointer: unknown): readonly string[] | undefined {
  if (typeof pointer !== 'string') return undefined
  if (pointer === '') return []
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer)) return undefined
  return pointer.slice(1).split('/').map(keyOfPart)
}

function own(raw: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(raw, key) ? raw[key] : undefined
}

function ok(value: unknown): Step {
  return { kind: 'ok', value }
}

function no(message: string): Step {
  return { kind: 'no', message }
}
