// The name part that stands for a pod template: equal templates, however their keys are ordered, get equal hashes.

import { isObject } from '../std/json.ts'

/** The letters Kubernetes uses in generated names: no vowels, nothing that reads as a word or as another letter. */
export const NAME_LETTERS = 'bcdfghjklmnpqrstvwxz2456789'

/** A hash of 10 letters. `collisions` (default 0) is status.collisionCount: it gives another hash when a name was taken. */
export function templateHash(template: unknown, collisions = 0): string {
  const text = `${collisions}:${canonical(template)}`
  const high = fnv1a(text, 0x811c9dc5)
  const low = fnv1a(text, 0x01000193)
  let rest = (BigInt(high) << 32n) | BigInt(low)
  let hash = ''
  for (let n = 0; n < 10; n++) {
    hash += NAME_LETTERS[Number(rest % BigInt(NAME_LETTERS.length))] ?? ''
    rest /= BigInt(NAME_LETTERS.length)
  }
  return hash
}

/** JSON text with sorted keys, absent values left out. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join(',')}}`
}

function fnv1a(text: string, start: number): number {
  let hash = start
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash
}
