// What the primary was before a promotion overwrote it, so that an abort that comes late has something to go back to: its spec, and what the
// copies said that its pods read. It is kept in a Secret, as some of these are secret, written before anything else of the promotion.

import type { KubeObject } from '../api/object.ts'
import { dig, isObject } from '../std/json.ts'
import type { ClusterView } from '../objects/cluster-view.ts'
import { copyName, trackedConfigs } from '../objects/configs.ts'
import type { Plan } from '../canary/plan.ts'
import { isBegun } from './promotion.ts'
import { resourceOf } from '../objects/render-configs.ts'
import { PROMOTION_ANNOTATION, promotionMark } from '../objects/revision.ts'
import { type RolloutState, standingOf } from './state.ts'
import { targetKindOf } from '../objects/targets.ts'
import { addEntries, ownerOf, patchOf, type PatchOperation, RESOURCES, setAt, type Write } from '../objects/write.ts'

type Content = Readonly<Record<string, unknown>>

/** A copy that the primary's pods read, and what was in it. */
interface KeptCopy {
  readonly kind: 'configmap' | 'secret'
  readonly name: string
  readonly data?: Content
  readonly binaryData?: Content
}

/** A primary as it was. */
export interface Snapshot {
  /** Its spec, but for what a promotion leaves alone. */
  readonly spec: Content
  readonly copies: readonly KeptCopy[]
}

/** What a promotion leaves alone. */
const LEFT_ALONE: readonly string[] = ['replicas', 'selector']
const KEY = 'primary.json'
// A Secret has a megabyte at most.
const LARGEST = 512 * 1024

/** The name of the Secret. */
export function snapshotName({ target }: Pick<Plan, 'target'>): string {
  return `${target}-primary-previous`
}

/** The primary before the promotion of `revision`; undefined where that was not kept. */
export function snapshotOf(secret: KubeObject | undefined, plan: Plan, revision: string): Snapshot | undefined {
  const text = dig(secret, 'data', KEY)
  if (secret?.metadata.annotations?.[PROMOTION_ANNOTATION] !== promotionMark(plan.uid, revision) || typeof text !== 'string')
    return undefined
  const kept = parsed(text)
  const [spec, copies] = [dig(kept, 'spec'), dig(kept, 'copies')]
  // Both were written here.
  return isObject(spec) && Array.isArray(copies) ? { spec, copies: copies as readonly KeptCopy[] } : undefined
}

/** True when the primary is again what it was before the promotion of `revision`. */
export function isRestored({ previous, primary }: ClusterView, plan: Plan, revision: string): boolean {
  const snapshot = snapshotOf(previous, plan, revision)
  const mark = targetKindOf(plan).markOf(primary)
  return snapshot !== undefined && mark !== promotionMark(plan.uid, revision) && mark === flaggerId(snapshot.spec)
}

/** Whether the promotion of what `state` has taken up has overwritten anything of the primary. */
export function isOverwritten(state: RolloutState, plan: Plan, cluster: ClusterView): boolean {
  switch (state.phase) {
    case 'progressing':
    case 'waiting-promotion':
      return isBegun(cluster, plan, state.applied, state.since)
    case 'promoting':
    case 'finalising':
      return true
    case 'failed':
      return state.weight === 100
    default:
      return false
  }
}

/** What is kept, and for which promotion. */
export interface Keeping {
  readonly canary: KubeObject
  readonly plan: Plan
  readonly revision: string
  /** The primary is whole: all of its pods are what it says. */
  readonly whole: boolean
  readonly before: RolloutState
}

/**
 * The writes that keep the primary before a promotion. One in the middle of a promotion that failed is not worth it: what was kept before
 * that one stays.
 */
export function snapshotWrites({ canary, plan, revision, whole, before }: Keeping, cluster: ClusterView): readonly Write[] {
  const { primary, previous } = cluster
  const podSpec = targetKindOf(plan).podSpecOf(primary)
  if (primary === undefined || podSpec === undefined || isBegun(cluster, plan, revision, standingOf(before).since)) return []
  const mark = promotionMark(plan.uid, revision)
  if (!whole) return previous === undefined || !follows(previous, primary, plan) ? [] : patch(previous, marked(previous, mark))
  const text = JSON.stringify(contentOf(primary, cluster)).replace(/[\u0080-\uffff]/g, escaped)
  if (text.length > LARGEST) return []
  const data = { [KEY]: btoa(text) }
  if (previous !== undefined) return patch(previous, [...setAt(previous, ['data'], data), ...marked(previous, mark)])
  const metadata = {
    name: snapshotName(plan),
    namespace: plan.namespace,
    annotations: { [PROMOTION_ANNOTATION]: mark },
    ownerReferences: [ownerOf(canary)]
  }
  return [
    {
      optional: true,
      verb: 'create',
      resource: RESOURCES.secrets,
      object: { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data }
    }
  ]
}

/** The writes that make the primary what it was: what its pods read first, then the primary. */
export function restoreWrites(plan: Plan, revision: string, cluster: ClusterView): readonly Write[] {
  const { primary, previous } = cluster
  const snapshot = snapshotOf(previous, plan, revision)
  if (primary === undefined || snapshot === undefined) return []
  const live = isObject(primary['spec']) ? Object.keys(primary['spec']) : []
  const keys = [...new Set([...live, ...Object.keys(snapshot.spec)])].filter((key) => !LEFT_ALONE.includes(key))
  const { resource } = targetKindOf(plan)
  return [
    ...snapshot.copies.flatMap((copy) => restoreCopy(copy, plan, cluster)),
    ...patchOf(
      resource,
      primary,
      keys.flatMap((key) => setAt(primary, ['spec', key], snapshot.spec[key]))
    )
  ]
}

// Without a live copy, of something that the target reads no longer, nothing was overwritten.
function restoreCopy({ kind, name, data, binaryData }: KeptCopy, { namespace }: Plan, { configs = [] }: ClusterView): readonly Write[] {
  const live = configs.find((view) => view.kind === kind && copyName(view.name) === name)?.copy
  if (live === undefined) return []
  const operations = [...setAt(live, ['data'], data), ...setAt(live, ['binaryData'], binaryData)].filter(({ op }) => op !== 'test')
  return operations.length === 0
    ? []
    : [{ verb: 'patch', resource: resourceOf(kind), namespace, name, patch: { kind: 'json', operations } }]
}

function contentOf(primary: KubeObject, { configs = [] }: ClusterView): Snapshot {
  const entries = Object.entries(Object(primary['spec'])).filter(([key]) => !LEFT_ALONE.includes(key))
  const copies = trackedConfigs(configs).flatMap(({ kind, name, copy }): readonly KeptCopy[] => {
    if (copy === undefined) return []
    const [data, binaryData] = [copy['data'], copy['binaryData']]
    return [{ kind, name: copyName(name), ...(isObject(data) ? { data } : {}), ...(isObject(binaryData) ? { binaryData } : {}) }]
  })
  return { spec: Object.fromEntries(entries), copies }
}

// True when what is kept was kept before the promotion that left the primary as it is.
function follows(previous: KubeObject, primary: KubeObject, plan: Plan): boolean {
  const mark = targetKindOf(plan).markOf(primary)
  return mark !== undefined && mark === previous.metadata.annotations?.[PROMOTION_ANNOTATION]
}

function flaggerId(spec: Content): unknown {
  return dig(spec, 'template', 'metadata', 'annotations', 'flagger-id')
}

function marked(secret: KubeObject, mark: string): readonly PatchOperation[] {
  return addEntries(secret, ['metadata', 'annotations'], { [PROMOTION_ANNOTATION]: mark })
}

// Nothing is tested: a test would carry the old data, and an error might quote it.
function patch(secret: KubeObject, operations: readonly PatchOperation[]): readonly Write[] {
  const untested = operations.filter(({ op }) => op !== 'test')
  return patchOf(RESOURCES.secrets, secret, untested).map((write) => ({ ...write, optional: true }))
}

function escaped(sign: string): string {
  return `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(atob(text))
  } catch {
    return undefined
  }
}
