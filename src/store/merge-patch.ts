// JSON merge patches (RFC 7396): objects are merged, null deletes, everything else replaces.

import { isObject } from '../std/json.ts'

/** `patch` applied to `target` (RFC 7396, section 2). Neither is changed; cannot fail. */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const merged = new Map(isObject(target) ? Object.entries(target) : [])
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key)
    else merged.set(key, applyMergePatch(merged.get(key), value))
  }
  return Object.fromEntries(merged)
}
