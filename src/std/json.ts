// JSON values as plain data: their type, equality and a few safe readers. Nothing here mutates.

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: Json
}

/** True for objects that are neither null nor arrays. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Deep equality of JSON values; key order does not count, and a key whose value is undefined counts as absent. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => sameJson(item, b[index]))
  }
  if (!isObject(a) || !isObject(b)) return false
  for (const key of Object.keys(a)) if (!sameJson(a[key], b[key])) return false
  for (const key of Object.keys(b)) if (b[key] !== undefined && a[key] === undefined) return false
  return true
}

/** What a text says as JSON; undefined where it says nothing. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The value under `keys`, undefined where any step is missing. */
export function dig(value: unknown, ...keys: readonly string[]): unknown {
  let at: unknown = value
  for (const key of keys) {
    if (!isObject(at) || !Object.hasOwn(at, key)) return undefined
    at = at[key]
  }
  return at
}

/** The list under `keys`, or the value itself without any; empty where there is none. */
export function listAt(value: unknown, ...keys: readonly string[]): readonly unknown[] {
  const found = dig(value, ...keys)
  return Array.isArray(found) ? found : []
}

/** The text under `keys`; '' where there is none. */
export function textAt(value: unknown, ...keys: readonly string[]): string {
  const found = dig(value, ...keys)
  return typeof found === 'string' ? found : ''
}

/** A text that says something: what is no text, or empty, counts as absent. */
export function someText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
