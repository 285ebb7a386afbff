// What identifies a revision: a hash of the target's pod template and the checksums of what its pods read; the checksum told to webhooks,
// and the mark a promotion leaves on the primary. Our hashes carry a version, so that a later way of hashing never takes an unchanged
// workload for a new revision.

import { isObject } from '../std/json.ts'
import type { Checksums } from './configs.ts'

const VERSION = 's1-'
const CONFIGS = '+'
const UNKNOWN = '?'

/** The annotation of what a promotion wrote that has no pod template: copies of configs, clones of a Service. */
export const PROMOTION_ANNOTATION = 'serin.dev/promotion'

/** The hash of a pod template (labels and annotations included, replicas not), stable under key order: `s1-` and 16 hex digits. */
export function revisionOf(template: unknown): string {
  return VERSION + hash64(canonical(template), 0n)
}

/**
 * A revision in one text, so that two are the same when their texts are: the template's hash, then what its pods read. `undefined` where
 * configs are not tracked, `unknown` for a revision whose configs nobody wrote down, which equals no other.
 */
export function withConfigs(template: string, checksums: Checksums | 'unknown' | undefined): string {
  if (checksums === undefined) return template
  return `${template}${CONFIGS}${checksums === 'unknown' ? UNKNOWN : canonical(checksums)}`
}

/** The hash of a revision's template alone: lastAppliedSpec and lastPromotedSpec. */
export function templateIn(revision: string): string {
  const end = revision.indexOf(CONFIGS)
  return end < 0 ? revision : revision.slice(0, end)
}

/** What the pods of a revision read: trackedConfigs; undefined where that is not tracked or not known. */
export function configsIn(revision: string): Checksums | undefined {
  const configs = revision.slice(templateIn(revision).length + CONFIGS.length)
  if (configs === '' || configs === UNKNOWN) return undefined
  return JSON.parse(configs) as Checksums // written by withConfigs
}

/** True for a hash this module made; others were written by Flagger and are adopted as they are (flagger.md 2.4). */
export function isOwnRevision(hash: string): boolean {
  return hash.startsWith(VERSION)
}

/** The `checksum` of webhook payloads: identifies the revision under rollout by lastAppliedSpec and the tracked configs. */
export function checksumOf(lastAppliedSpec: string, trackedConfigs: unknown): string {
  return hash64(canonical({ lastAppliedSpec, trackedConfigs }), 0n).slice(0, 10)
}

/**
 * The `flagger-id` a promotion of `revision` leaves on the primary's pod template, in the form of a UUID. Flagger draws a new one each
 * time; ours follows from the revision, so a promotion that was interrupted is recognised and repeated without a second rollout.
 */
export function promotionMark(canaryUid: string, revision: string): string {
  const text = `${canaryUid}/${revision}`
  const hex = hash64(text, 0n) + hash64(text, 1n)
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** Ten letters that follow from `text`. */
export function lettersOf(text: string): string {
  let left = BigInt(`0x${hash64(text, 0n)}`)
  let letters = ''
  while (letters.length < 10) {
    letters += LETTERS[Number(left % 52n)] ?? ''
    left /= 52n
  }
  return letters
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const PRIME = 0x100000001b3n
const MASK = 0xffffffffffffffffn

// FNV-1a, 64 bits.
function hash64(text: string, seed: bigint): string {
  let hash = 0xcbf29ce484222325n ^ seed
  for (const byte of new TextEncoder().encode(text)) hash = ((hash ^ BigInt(byte)) * PRIME) & MASK
  return hash.toString(16).padStart(16, '0')
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value) ?? 'null'
  const keys = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`
}
