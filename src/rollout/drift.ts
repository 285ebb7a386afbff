// Whose a change of a rollout's routes is: what the VirtualService says otherwise than the state has it, and who wrote that last, by
// metadata.managedFields. Only differences that the rollout would put right count: entries and fields of others are theirs.

import { type KubeObject, type ManagedFields, isOwned } from '../api/object.ts'
import { dig, isObject } from '../std/json.ts'
import { keyOfPart } from '../std/json-pointer.ts'
import type { Plan } from '../canary/plan.ts'
import { virtualServiceWrites } from '../objects/render-virtual-service.ts'
import { ROUTING_ANNOTATION } from '../objects/routing-mark.ts'
import { routingOf } from './stages.ts'
import { cookiesOf, type RolloutState } from './state.ts'
import type { PatchOperation } from '../objects/write.ts'

/** The name under which the rollout writes. */
export const OWN_MANAGER = 'serin'

/** ours: a write of the rollout that was interrupted before its status; controller: another rollout controller. */
export type Whose = 'ours' | 'git' | 'human' | 'controller'

/** A field that is not as the rollout left it; undefined: not there. */
export interface DriftedField {
  /** As in `spec.http[0].route[1].weight`. */
  readonly path: string
  readonly from: unknown
  readonly to: unknown
}

/** What one writer changed. */
export interface Drift {
  /** As in `virtualservice <name>.<namespace>`. */
  readonly object: string
  readonly whose: Whose
  /** As managedFields has it. */
  readonly manager: string
  /** RFC 3339; undefined where it was not kept. */
  readonly at: string | undefined
  readonly fields: readonly DriftedField[]
}

/** What is looked at: the state is the one the routes should follow. */
export interface Drifting {
  readonly canary: KubeObject
  readonly plan: Plan
  readonly state: RolloutState
  readonly live: KubeObject | undefined
  /** The share of a baseline that is no difference. */
  readonly baseline?: number
}

/**
 * What somebody changed in the routes of a rollout; undefined where nothing differs, where the rollout has not written them yet, or where
 * it is not kept who did. Of several writers the latest is named.
 */
export function driftOf({ canary, plan, state, live, baseline = 0 }: Drifting): Drift | undefined {
  if (live === undefined || !isRouted(state)) return undefined
  const written = isOwned(live, canary) || (live.metadata.managedFields ?? []).some(isOwn)
  if (!written) return undefined
  const fields = differences({ canary, plan, state, live, baseline })
  const drift = writtenBy(live, `virtualservice ${plan.apex}.${plan.namespace}`, fields)
  if (drift === undefined || (drift.whose === 'ours' && !fields.some(({ pointer }) => ROUTING.test(pointer)))) return undefined
  return drift
}

/** True once a rollout has made what it needs, and until it gives it back. */
export function isRouted({ phase }: RolloutState): boolean {
  return !UNROUTED.has(phase)
}

/** Who wrote last what differs, and what of it; undefined where that is not kept. */
export function writtenBy(live: KubeObject, object: string, differences: readonly Difference[]): Drift | undefined {
  const writers = differences.flatMap(({ pointer, from, to }) => {
    const writer = writerOf(live, pointer)
    return writer === undefined ? [] : [{ field: { path: dotted(pointer), from, to }, writer }]
  })
  const foreign = writers.filter(({ writer }) => !isOwn(writer))
  const latest = (foreign.length > 0 ? foreign : writers)
    .map(({ writer }) => writer)
    .toSorted(byTime)
    .at(-1)
  if (latest === undefined) return undefined
  return {
    object,
    whose: whoseIs(latest.manager ?? ''),
    manager: latest.manager ?? '',
    at: latest.time,
    fields: writers.filter(({ writer }) => writer === latest).map(({ field }) => field)
  }
}

/** What changed by whom, without what becomes of it: `was changed by kubectl-edit (a person) at ...: ...`. */
export function driftText({ object, whose, manager, at, fields }: Drift): string {
  const when = at === undefined ? '' : ` at ${at}`
  const list = fieldsText({ fields })
  if (whose === 'ours') return `${object} has what was written before an interruption${when} (ours): ${list}`
  return `${object} was changed by ${manager.slice(0, NAME_TOLD)} (${WORDS[whose]})${when}: ${list}`
}

/** The fields with what they were and what they are: `spec.hosts ["a"] -> ["b"], ...`; the first few of many. */
export function fieldsText({ fields }: Pick<Drift, 'fields'>): string {
  const what = fields.slice(0, FIELDS_TOLD).map(({ path, from, to }) => `${path} ${shown(from)} -> ${shown(to)}`)
  const more = fields.length > FIELDS_TOLD ? [`and ${fields.length - FIELDS_TOLD} more`] : []
  return [...what, ...more].join(', ')
}

/** What who changed it can do, so that it does not go on. */
export function driftAdvice({ object, whose, manager }: Drift): string {
  const [kind = ''] = object.split(' ')
  const isRoutes = kind === 'virtualservice'
  if (whose === 'controller') return 'two controllers act on this Canary: stop one of them'
  if (whose !== 'git') {
    return isRoutes ? 'a Canary is steered by its spec, and by serin promote, pause and abort' : (STEERED[kind] ?? BY_SPEC)
  }
  const [it, field] = [isRoutes ? 'this VirtualService' : `this ${kind}`, isRoutes ? '/spec/http' : '/spec']
  if (manager.startsWith('argocd')) {
    return `leave ${it} out of git, or have the Application ignore its ${field} (ignoreDifferences with managedFieldsManagers: [serin], and RespectIgnoreDifferences=true)`
  }
  if (manager === 'helm-controller')
    return `leave ${it} out of the chart, or have the HelmRelease ignore its ${field} (driftDetection.ignore)`
  return `leave ${it} out of git, or annotate it there with kustomize.toolkit.fluxcd.io/reconcile: disabled, or what the agent has for that`
}

const BY_SPEC = 'what a Canary wants of it is in its spec.service'
const STEERED: Readonly<Record<string, string>> = {
  horizontalpodautoscaler: "it is kept like the target's: change that one",
  scaledobject: "it is kept like the target's: change that one"
}
const UNROUTED: ReadonlySet<string> = new Set(['new', 'initializing', 'terminating'])
const ROUTING = /^\/spec\/(http|tcp)(\/\d+\/(route|mirror)|$)/
const FIELDS_TOLD = 4
const NAME_TOLD = 60
const VALUE_TOLD = 60
const WORDS = { git: 'git', human: 'a person or a program', controller: 'another controller', ours: 'ours' } as const

// Agents that bring a cluster to what a repository says, by the name under which they write.
const GIT = /^(argocd|kustomize-controller$|helm-controller$|flux|fleet|configsync|kapp-controller|werf)/
const CONTROLLERS: ReadonlySet<string> = new Set(['flagger', 'rollouts-controller'])

function whoseIs(manager: string): Whose {
  if (manager === OWN_MANAGER) return 'ours'
  if (GIT.test(manager)) return 'git'
  return CONTROLLERS.has(manager) ? 'controller' : 'human'
}

function isOwn({ manager }: ManagedFields): boolean {
  return manager === OWN_MANAGER
}

/** A field, as a JSON pointer, that is not as the rollout wants it. */
export interface Difference extends Pick<DriftedField, 'from' | 'to'> {
  readonly pointer: string
}

// What the rollout would write, seen the other way round.
function differences({ canary, plan, state, live, baseline = 0 }: Drifting): readonly Difference[] {
  const mark = live?.metadata.annotations?.[ROUTING_ANNOTATION]
  const traffic = { canary, plan, routing: routingOf(plan, state), cookies: cookiesOf(state), mark, baseline }
  return virtualServiceWrites(traffic, live).flatMap((write) =>
    write.verb === 'patch' && write.patch.kind === 'json' ? differencesOf(write.patch.operations) : []
  )
}

/** What a JSON patch of ours puts right. */
export function differencesOf(operations: readonly PatchOperation[]): readonly Difference[] {
  return operations.flatMap(({ op, path, value }, index) => {
    if (op === 'test') return []
    const before = operations[index - 1]
    const to = before?.op === 'test' && before.path === path ? before.value : undefined
    return [{ pointer: path, from: op === 'remove' ? undefined : value, to }]
  })
}

// Who has the field, or what is around or below it; nobody has what was taken away.
function writerOf({ metadata }: KubeObject, pointer: string): ManagedFields | undefined {
  const keys = pointer.slice(1).split('/').map(keyOfPart)
  const holders = (metadata.managedFields ?? []).filter(({ fieldsV1, subresource }) => subresource === undefined && holds(fieldsV1, keys))
  return holders.toSorted(byTime).at(-1)
}

function holds(fields: unknown, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return true
  const names = isObject(fields) ? Object.keys(fields).filter((name) => name !== '.') : []
  // A leaf is the whole value, and so are, for our purposes, the items of a list that is a map.
  if (names.length === 0 || names.some((name) => !name.startsWith('f:'))) return true
  const inner = dig(fields, `f:${key}`)
  return inner !== undefined && holds(inner, rest)
}

function byTime(one: ManagedFields, other: ManagedFields): number {
  const [a, b] = [one.time ?? '', other.time ?? '']
  // In one second the stranger counts: what was ours before is what it changed.
  return a === b ? Number(isOwn(other)) - Number(isOwn(one)) : a < b ? -1 : 1
}

function dotted(pointer: string): string {
  return pointer
    .slice(1)
    .split('/')
    .map((key, index) => (/^\d+$/.test(key) ? `[${key}]` : `${index === 0 ? '' : '.'}${keyOfPart(key)}`))
    .join('')
}

function shown(value: unknown): string {
  if (value === undefined) return '(absent)'
  const text = JSON.stringify(value)
  return text.length > VALUE_TOLD ? `${text.slice(0, VALUE_TOLD)}...` : text
}
