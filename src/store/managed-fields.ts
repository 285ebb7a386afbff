// Who last wrote which fields of an object (metadata.managedFields, as a real API server keeps it of updates): by them a rollout tells whose
// a change of its routes is. Lists are one field. Kept of the kinds that ask for it; server-side apply is not served.

import type { KubeObject, ManagedFields } from '../api/object.ts'
import { isObject, sameJson } from '../std/json.ts'
import { keyOfPart, pointerPart } from '../std/json-pointer.ts'
import { printable } from '../std/printable.ts'

/** As many writers are told apart; the oldest become one (Kubernetes' own bound). */
const MANAGERS_MOST = 10
const ANCIENT = 'ancient-changes'
const UNNAMED = 'unknown'
const NAME_MOST = 128

/** Who writes, and when (RFC 3339). */
export interface Writing {
  readonly manager: string | undefined
  readonly time: string
}

/** `object` with managedFields after `writing` made it of `old`, whose entries are carried on. */
export function withManagers(object: KubeObject, old: KubeObject | undefined, { manager, time }: Writing): KubeObject {
  const before = leavesOf(old ?? {})
  const after = leavesOf(object)
  const set = new Set([...after].flatMap(([path, value]) => (before.has(path) && sameJson(before.get(path), value) ? [] : [path])))
  const touched = new Set([...set, ...[...before.keys()].filter((path) => !after.has(path))])
  const known = (old?.metadata.managedFields ?? []).map((entry) => ({ ...entry, paths: pathsOf(entry.fieldsV1) }))
  if (touched.size === 0) return object
  const name = printable(manager ?? UNNAMED, NAME_MOST)
  const own = known.find((entry) => entry.manager === name)
  const others = known.flatMap((entry) => (entry === own ? [] : keptOf(entry, touched)))
  const mine = new Set([...(own?.paths ?? [])].filter((path) => !touched.has(path)).concat([...set]))
  const { apiVersion } = object
  const latest = { manager: name, operation: 'Update', apiVersion, time, fieldsType: 'FieldsV1', fieldsV1: fieldsOf(mine) } as const
  const managedFields = bounded([...others, ...(mine.size === 0 ? [] : [latest])])
  return { ...object, metadata: { ...object.metadata, managedFields } }
}

function keptOf({ paths, ...entry }: ManagedFields & { readonly paths: readonly string[] }, touched: ReadonlySet<string>): ManagedFields[] {
  const kept = paths.filter((path) => !touched.has(path))
  return kept.length === 0 ? [] : [{ ...entry, fieldsV1: fieldsOf(new Set(kept)) }]
}

function bounded(entries: readonly ManagedFields[]): readonly ManagedFields[] {
  if (entries.length <= MANAGERS_MOST) return entries
  const old = entries.slice(0, entries.length - MANAGERS_MOST + 1)
  const [first] = old
  if (first === undefined) return entries
  const paths = new Set(old.flatMap(({ fieldsV1 }) => pathsOf(fieldsV1)))
  return [{ ...first, manager: ANCIENT, fieldsV1: fieldsOf(paths) }, ...entries.slice(old.length)]
}

const SERVERS = new Set(['apiVersion', 'kind', 'status'])
const OWN_META = new Set(['labels', 'annotations', 'finalizers', 'ownerReferences'])

// The fields that clients write, as JSON pointers; what is no map, or an empty one, is one value.
function leavesOf(object: Readonly<Record<string, unknown>>): Map<string, unknown> {
  const leaves = new Map<string, unknown>()
  const walk = (value: unknown, path: string): void => {
    if (!isObject(value) || Object.keys(value).length === 0) leaves.set(path, value)
    else for (const [key, inner] of Object.entries(value)) walk(inner, `${path}/${pointerPart(key)}`)
  }
  for (const [key, value] of Object.entries(object)) {
    if (SERVERS.has(key)) continue
    if (key !== 'metadata') walk(value, `/${pointerPart(key)}`)
    else if (isObject(value)) for (const name of Object.keys(value)) if (OWN_META.has(name)) walk(value[name], `/metadata/${name}`)
  }
  return leaves
}

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(paths: ReadonlySet<string>): Fields {
  const fields: Record<string, unknown> = {}
  for (const path of paths) {
    let at = fields
    for (const key of path.slice(1).split('/')) {
      const name = `f:${keyOfPart(key)}`
      const inner = Object.hasOwn(at, name) ? at[name] : {}
      const next: Record<string, unknown> = isObject(inner) ? inner : {}
      Object.defineProperty(at, name, { value: next, enumerable: true, configurable: true, writable: true })
      at = next
    }
  }
  return fields
}

function pathsOf(fields: unknown): readonly string[] {
  const paths: string[] = []
  const walk = (value: unknown, path: string): void => {
    const inner = isObject(value) ? Object.entries(value) : []
    if (inner.length === 0) paths.push(path)
    for (const [name, below] of inner) walk(below, `${path}/${pointerPart(name.slice(2))}`)
  }
  if (isObject(fields)) for (const [name, below] of Object.entries(fields)) walk(below, `/${pointerPart(name.slice(2))}`)
  return paths
}
