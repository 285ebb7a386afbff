// ConfigMaps and Secrets that the target's pods read: which of them count, and the checksum by which a change is seen (flagger.md 2.4).
// Checksums are Flagger's own, so that its status can be taken over as it is.

import type { KubeObject } from '../api/object.ts'
import { isObject } from '../std/json.ts'
import { sha256 } from '../std/sha256.ts'
import { type ConfigRef, keyOfConfig } from '../canary/config-refs.ts'

/** An object that the target's pods read, and the primary's copy of it; undefined where there is none. */
export interface ConfigView extends ConfigRef {
  readonly object: KubeObject | undefined
  readonly copy: KubeObject | undefined
}

/** An object whose change starts a run. */
export interface TrackedConfig extends ConfigView {
  readonly object: KubeObject
}

/** Checksums by `configmap/NAME` and `secret/NAME`, as in status.trackedConfigs. */
export type Checksums = Readonly<Record<string, string>>

const OPT_OUT = 'flagger.app/config-tracking'
const SECRET_TYPES = ['Opaque', 'kubernetes.io/basic-auth', 'kubernetes.io/ssh-auth', 'kubernetes.io/tls']

/** The name of the primary's copy. */
export function copyName(name: string): string {
  return `${name}-primary`
}

/** Those of `views` that exist and are tracked: Secrets of other types than the usual, and objects that opt out, are left alone. */
export function trackedConfigs(views: readonly ConfigView[]): readonly TrackedConfig[] {
  return views.filter(isTracked)
}

/** References that are neither optional nor there. */
export function missingConfigs(views: readonly ConfigView[]): readonly ConfigView[] {
  return views.filter(({ optional, object }) => !optional && object === undefined)
}

/** Checksums of what is tracked. A missing object counts as `known` has it: that it is missing is told, and is no new revision. */
export function checksumsOf(views: readonly ConfigView[], known: Checksums = {}): Checksums {
  const kept = missingConfigs(views).flatMap((view) => {
    const checksum = known[keyOfConfig(view)]
    return checksum === undefined ? [] : [[keyOfConfig(view), checksum] as const]
  })
  return Object.fromEntries([...kept, ...trackedConfigs(views).map((view) => [keyOfConfig(view), checksumOfConfig(view.object)] as const)])
}

/**
 * Flagger's checksum: the first eight bytes of the SHA-256 of `data` as Go writes it in JSON. Where there is binaryData, which Flagger does
 * not look at, its own checksum follows after a dot.
 */
export function checksumOfConfig(object: KubeObject): string {
  const data = short(goJson(object['data'], object.kind === 'Secret' ? canonicalBase64 : (text) => text))
  const binary = object['binaryData']
  return isObject(binary) && Object.keys(binary).length > 0 ? `${data}.${short(goJson(binary, canonicalBase64))}` : data
}

/** A checksum that Flagger wrote, as one made here, where the two say the same. */
export function adoptedChecksum(theirs: string, ours: string): string {
  return ours.split('.')[0] === theirs ? ours : theirs
}

/** True when the primary's copy has what the object has. */
export function isCopied({ object, copy }: TrackedConfig): boolean {
  return copy !== undefined && checksumOfConfig(copy) === checksumOfConfig(object)
}

function isTracked(view: ConfigView): view is TrackedConfig {
  const { kind, object } = view
  if (object === undefined || object.metadata.annotations?.[OPT_OUT]?.startsWith('disable') === true) return false
  return kind === 'configmap' || SECRET_TYPES.some((type) => type === (object['type'] ?? 'Opaque'))
}

function short(text: string): string {
  return sha256(new TextEncoder().encode(text)).slice(0, 16)
}

// A map of texts as Go's encoding/json writes it: keys sorted, what HTML would read escaped, null for none.
function goJson(data: unknown, valueOf: (text: string) => string): string {
  const entries = isObject(data) ? Object.entries(data) : []
  if (entries.length === 0) return 'null'
  const sorted = entries.toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${sorted.map(([key, value]) => `${goText(key)}:${goText(valueOf(typeof value === 'string' ? value : ''))}`).join(',')}}`
}

function goText(text: string): string {
  return JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

// A real API server answers bytes in the one form of base64; a store that keeps them as they were written may have line breaks in them.
function canonicalBase64(text: string): string {
  try {
    return btoa(atob(text))
  } catch {
    return text
  }
}
