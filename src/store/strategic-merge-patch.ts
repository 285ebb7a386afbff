// Strategic merge patches as Kubernetes applies them to built-in kinds: lists with a merge key are merged by it, and `$patch`,
// `$retainKeys`, `$setElementOrder/…` and `$deleteFromPrimitiveList/…` direct the merge (kubernetes.md 3.10). How a list merges is read
// from the schema's x-kubernetes-patch-*. Making patches is kubectl's part, not ours.

import type { Schema } from '../api/schema.ts'
import { isObject, sameJson } from '../std/json.ts'
import { goText, notDecoded } from './go-text.ts'
import { enforceOrder, indexOf } from './merge-order.ts'
import type { PatchOutcome } from './patch-outcome.ts'

const ORDER = '$setElementOrder/'
const DELETE = '$deleteFromPrimitiveList/'
const RETAIN = '$retainKeys'
const PATCH = '$patch'

type Fields = Record<string, unknown>
type Fault = Extract<PatchOutcome, { readonly kind: 'failed' }>['fault']

/** Thrown and caught within this module: a patch that cannot be applied stops the whole descent. */
class Unfit extends Error {
  readonly fault: Fault
  constructor(fault: Fault, message: string) {
    super(message)
    this.fault = fault
  }
}

/** `patch` applied to `original` by the rules of `schema`. Neither is changed. Messages are those of Kubernetes where clients read them. */
export function applyStrategicMergePatch(original: unknown, patch: unknown, schema: Schema | undefined): PatchOutcome {
  if (!isObject(patch)) return { kind: 'failed', fault: 'malformed', message: notDecoded(patch, 'map[string]interface {}') }
  try {
    return { kind: 'patched', value: mergeMap(isObject(original) ? original : {}, patch, schema) }
  } catch (error) {
    if (!(error instanceof Unfit)) throw error
    return { kind: 'failed', fault: error.fault, message: error.message }
  }
}

function mergeMap(original: Fields, patch: Fields, schema: Schema | undefined): Fields {
  if (Object.hasOwn(patch, PATCH)) return mergeDirected(patch)
  const kept = retainKeys(original, patch)
  const merged = new Map(Object.entries(kept))
  const ordered = mergeOrderedLists(merged, patch, schema)
  for (const [name, value] of Object.entries(patch)) {
    if (name === RETAIN || name.startsWith(ORDER) || ordered.has(name)) continue
    mergeField(merged, { name, value }, schema)
  }
  return Object.fromEntries(merged)
}

function mergeDirected(patch: Fields): Fields {
  const { [PATCH]: directive, ...rest } = patch
  if (directive === 'replace') return rest
  if (directive === 'delete') return {}
  throw new Unfit('unfit', `unknown patch type: ${goText(directive)} in map: ${goText(patch)}`)
}

function retainKeys(original: Fields, patch: Fields): Fields {
  if (!Object.hasOwn(patch, RETAIN)) return original
  const list = patch[RETAIN]
  if (!Array.isArray(list)) throw new Unfit('malformed', 'invalid patch format of retainKeys')
  const named = new Set<unknown>(list)
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || key === RETAIN || key.startsWith(DELETE) || key.startsWith(ORDER)) continue
    if (!named.has(key)) throw new Unfit('rejected', 'patch content does not match the retainKeys list')
  }
  return Object.fromEntries(Object.entries(original).filter(([key]) => named.has(key)))
}

function mergeField(
  merged: Map<string, unknown>,
  field: { readonly name: string; readonly value: unknown },
  schema: Schema | undefined
): void {
  const { value } = field
  const deleting = field.name.startsWith(DELETE)
  const name = deleting ? field.name.slice(DELETE.length) : field.name
  if (value === null) {
    merged.delete(name)
    return
  }
  const before = merged.get(name)
  if (deleting) {
    if (!Array.isArray(value)) throw new Unfit('malformed', 'invalid patch format of primitive list')
    if (Array.isArray(before))
      merged.set(
        name,
        before.filter((item) => !value.some((gone) => sameJson(gone, item)))
      )
    return
  }
  const inner = fieldSchema(schema, name)
  if (isObject(before) && isObject(value)) merged.set(name, strategies(inner).has('replace') ? value : mergeMap(before, value, inner))
  else if (Array.isArray(before) && Array.isArray(value)) merged.set(name, mergeListField(before, value, inner))
  else setWithoutDirectives(merged, name, value)
}

function setWithoutDirectives(merged: Map<string, unknown>, name: string, value: unknown): void {
  const plain = withoutDirectives(value)
  if (plain === undefined) merged.delete(name)
  else merged.set(name, plain)
}

function mergeListField(original: readonly unknown[], patch: readonly unknown[], schema: Schema | undefined): unknown {
  if (!strategies(schema).has('merge')) return patch
  return mergeList(original, patch, schema)
}

function mergeList(original: readonly unknown[], patch: readonly unknown[], schema: Schema | undefined): readonly unknown[] {
  if (original.length === 0 && patch.length === 0) return original
  const key = schema?.['x-kubernetes-patch-merge-key'] ?? ''
  if (!elementsAreMaps([...original, ...patch])) {
    return enforceOrder([...new Set([...original, ...patch])], patch, original, '')
  }
  return mergeKeyedList(original, patch, { key, schema: schema?.items })
}

function mergeKeyedList(
  original: readonly unknown[],
  patch: readonly unknown[],
  by: { readonly key: string; readonly schema: Schema | undefined }
): readonly unknown[] {
  const { key, schema } = by
  if (key === '') throw new Unfit('unfit', 'cannot merge lists without merge key')
  const directed = obeyElements(original, patch, key)
  const merged = [...directed.original]
  for (const item of directed.patch) {
    if (!Object.hasOwn(item, key)) throw new Unfit('unfit', `map: ${goText(item)} does not contain declared merge key: ${key}`)
    const at = indexOf(merged, item, key)
    const before = merged[at]
    if (isObject(before)) merged[at] = mergeMap(before, item, schema)
    else merged.push(withoutDirectives(item) ?? {})
  }
  return enforceOrder(merged, directed.patch, directed.original, key)
}

/** Carries out the `$patch` marks on elements of a merged list; the rest of the patch is what is merged. */
function obeyElements(
  original: readonly unknown[],
  patch: readonly unknown[],
  key: string
): { readonly original: readonly unknown[]; readonly patch: readonly Fields[] } {
  let kept = original
  let replace = false
  const rest: Fields[] = []
  for (const item of patch) {
    if (!isObject(item)) throw new Unfit('unfit', 'a list mixes objects with other values')
    if (!Object.hasOwn(item, PATCH)) rest.push(item)
    else if (item[PATCH] === 'replace') replace = true
    else if (item[PATCH] !== 'delete') throw new Unfit('unfit', `unknown patch type: ${goText(item[PATCH])} in map: ${goText(item)}`)
    else if (!Object.hasOwn(item, key)) throw new Unfit('unfit', `map: ${goText(item)} does not contain declared merge key: ${key}`)
    else kept = kept.filter((other) => !(isObject(other) && sameJson(other[key], item[key])))
  }
  return replace ? { original: rest, patch: [] } : { original: kept, patch: rest }
}

/** Merges the lists that `$setElementOrder/…` names and puts them in that order. Returns their names. */
function mergeOrderedLists(merged: Map<string, unknown>, patch: Fields, schema: Schema | undefined): Set<string> {
  const done = new Set<string>()
  for (const [directive, order] of Object.entries(patch)) {
    if (!directive.startsWith(ORDER)) continue
    const name = directive.slice(ORDER.length)
    const before = merged.get(name)
    const given = patch[name]
    if (!Array.isArray(order) || !isListOrAbsent(before) || !isListOrAbsent(given)) {
      throw new Unfit('malformed', 'invalid patch format of setElementOrder list')
    }
    const inner = fieldSchema(schema, name)
    checkOrder(given ?? [], order, inner?.['x-kubernetes-patch-merge-key'] ?? '')
    if (before === undefined && given === undefined) continue
    done.add(name)
    merged.set(name, mergeOrdered(withoutDeleted(before, patch[DELETE + name]), given, { order, schema: inner }))
  }
  return done
}

function mergeOrdered(
  before: readonly unknown[] | undefined,
  given: readonly unknown[] | undefined,
  by: { readonly order: readonly unknown[]; readonly schema: Schema | undefined }
): readonly unknown[] {
  const key = by.schema?.['x-kubernetes-patch-merge-key'] ?? ''
  return enforceOrder(mergeForOrder(before, given, by.schema), by.order, liveOrder(before ?? [], given ?? [], key), key)
}

function withoutDeleted(before: readonly unknown[] | undefined, deleted: unknown): readonly unknown[] | undefined {
  return Array.isArray(deleted) ? before?.filter((item) => !deleted.some((gone) => sameJson(gone, item))) : before
}

/**
 * The live order a list is put in. As in Kubernetes, whose merge works in place, new items take the room that deleted ones leave, which
 * counts as being last in the live list (the cases `add map and delete map from merging list` pin it).
 */
function liveOrder(before: readonly unknown[], given: readonly unknown[], key: string): readonly unknown[] {
  if (key === '') return before
  const deleted = given.filter((item) => isObject(item) && item[PATCH] === 'delete')
  const kept = before.filter((item) => indexOf(deleted, item, key) < 0)
  const added = given.filter((item) => isObject(item) && !Object.hasOwn(item, PATCH) && indexOf(kept, item, key) < 0)
  return [...kept, ...added].slice(0, before.length)
}

function mergeForOrder(
  before: readonly unknown[] | undefined,
  given: readonly unknown[] | undefined,
  schema: Schema | undefined
): readonly unknown[] {
  if (given === undefined) return before ?? []
  if (before === undefined) return given.map(withoutDirectives).filter((item) => item !== undefined)
  return strategies(schema).has('merge') ? mergeList(before, given, schema) : given
}

/** Every item of the patch that is not a directive must be in the order list, in the same relative order. */
function checkOrder(patch: readonly unknown[], order: readonly unknown[], key: string): void {
  let from = 0
  for (const item of patch) {
    if (isObject(item) && Object.hasOwn(item, PATCH)) continue
    const at = indexOf(order.slice(from), item, key)
    if (at < 0) {
      const message = `The order in patch list:\n${JSON.stringify(patch)}\n doesn't match $setElementOrder list:\n${JSON.stringify(order)}\n`
      throw new Unfit('malformed', message)
    }
    from += at + 1
  }
}

/** `value` as it is stored where nothing was before: directives are dropped; undefined when it is wholly a deletion. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item) => item !== undefined)
  if (!isObject(value)) return value
  if (value[PATCH] === 'delete') return undefined
  const entries = Object.entries(value)
    .filter(([key, inner]) => inner !== null && key !== PATCH && key !== RETAIN && !key.startsWith(ORDER) && !key.startsWith(DELETE))
    .map(([key, inner]): [string, unknown] => [key, withoutDirectives(inner)])
    .filter(([, inner]) => inner !== undefined)
  return Object.fromEntries(entries)
}

function elementsAreMaps(items: readonly unknown[]): boolean {
  const maps = items.filter(isObject).length
  if (items.some(Array.isArray)) throw new Unfit('rejected', 'lists of lists are not supported')
  if (maps !== 0 && maps !== items.length) throw new Unfit('unfit', 'a list mixes objects with other values')
  return maps !== 0
}

function isListOrAbsent(value: unknown): value is readonly unknown[] | undefined {
  return value === undefined || Array.isArray(value)
}

function fieldSchema(schema: Schema | undefined, name: string): Schema | undefined {
  if (schema?.properties !== undefined && Object.hasOwn(schema.properties, name)) return schema.properties[name]
  return isObject(schema?.additionalProperties) ? schema.additionalProperties : undefined
}

function strategies(schema: Schema | undefined): Set<string> {
  return new Set((schema?.['x-kubernetes-patch-strategy'] ?? '').split(','))
}
