// What identifies a revision: a hash of the target's pod template and the checksums of what its pods read; the checksum told to webhooks,
// and the mark a promotion leaves on the primary. Our hashes carry a version, so that a later way of hashing never takes an unchanged
// workload for a new revision.

import { fnv1a64 } from '../std/fnv1a.ts'
import { isObject } from '../std/json.ts'
import type { Checksums } from './configs.ts'

const VERSION = 's1-'
const CONFIGS = '+'
const UNKNOWN = '?'

/** The annotation of what a promotion wrote that has no pod template: copies of configs, clones of a Service. */
export const PROMOTION_ANNOTATION = 'serin.dev/promotion'

/** The hash of a pod template (labels and annotations included, replicas not), stable under key order: `s1-` and 16 hex digits. */
export function revisionOf(template: unknown): string {
  if (!isObject(template)) return VERSION + fnv1a64(canonical(template))
  const known = revisions.get(template)
  if (known !== undefined) return known
  const revision = VERSION + fnv1a64(canonical(template))
  revisions.set(template, revision)
  return revision
}

// A template is asked for at each tick, and is never changed in place.
const revisions = new WeakMap<object, string>()

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
  return fnv1a64(canonical({ lastAppliedSpec, trackedConfigs })).slice(0, 10)
}

/**
 * The `flagger-id` a promotion of `revision` leaves on the primary's pod template, in the form of a UUID. Flagger draws a new one each
 * time; ours follows from the revision, so a promotion that was interrupted is recognised and repeated without a second rollout.
 */
export function promotionMark(canaryUid: string, revision: string): string {
  const text = `${canaryUid}/${revision}`
  const hex = fnv1a64(text) + fnv1a64(text, 1)
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value) ?? 'null'
  const keys = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`
}
