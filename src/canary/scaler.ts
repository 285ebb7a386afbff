// The autoscaler of a target and the one of its primary, as plain data: what autoscalerRef asks for, and the primary's spec made from the
// target's (flagger.md 1.2, 3.1). HorizontalPodAutoscaler and KEDA's ScaledObject differ in the names of three fields.

import type { KubeObject } from '../api/object.ts'
import { dig, isObject } from '../std/json.ts'

/** What autoscalerRef asks for. */
export interface Autoscaler {
  readonly kind: 'HorizontalPodAutoscaler' | 'ScaledObject'
  /** Of the target's scaler; the primary's is `<name>-primary`. */
  readonly name: string
  /** Bounds of the primary where they are not the target's. */
  readonly minReplicas: number | undefined
  readonly maxReplicas: number | undefined
  /** Queries of the primary's triggers by name; undefined: the target's, rewritten. */
  readonly queries: Readonly<Record<string, string>> | undefined
  /** When the primary's scaler is made equal again; `manual` only makes it when it is missing. */
  readonly upkeep: 'continuous' | 'promotion' | 'manual'
}

/** The scalers of target and primary; `served` is false where the API does not know the kind. */
export interface Scalers {
  readonly served: boolean
  readonly target: KubeObject | undefined
  readonly primary: KubeObject | undefined
}

/** Annotation of a Canary: how its primary's scaler is kept, `continuous` (default), `promotion` (as Flagger) or `manual`. */
export const UPKEEP_ANNOTATION = 'serin.dev/primary-scaler'

/** Annotation of a ScaledObject that holds KEDA at a number of pods. */
export const PAUSED_ANNOTATION = 'autoscaling.keda.sh/paused-replicas'

/** The scaler a Canary refers to; undefined without one, and for targets that have no number of pods. */
export function autoscalerOf(canary: KubeObject): Autoscaler | undefined {
  const { spec, metadata } = canary
  const given = dig(spec, 'autoscalerRef')
  const target = dig(spec, 'targetRef', 'kind')
  if (!isObject(given) || target === 'DaemonSet' || target === 'Service') return undefined
  const queries = given['primaryScalerQueries']
  const upkeep = metadata.annotations?.[UPKEEP_ANNOTATION]
  return {
    kind: given['kind'] === 'ScaledObject' ? 'ScaledObject' : 'HorizontalPodAutoscaler',
    name: textOf(given['name']),
    minReplicas: countOf(dig(given, 'primaryScalerReplicas', 'minReplicas')),
    maxReplicas: countOf(dig(given, 'primaryScalerReplicas', 'maxReplicas')),
    queries: isObject(queries) ? Object.fromEntries(Object.entries(queries).map(([name, query]) => [name, textOf(query)])) : undefined,
    upkeep: upkeep === 'manual' || upkeep === 'promotion' ? upkeep : 'continuous'
  }
}

/** The fewest pods a scaler allows, at least 1; 1 without a scaler. */
export function leastOf(scaler: KubeObject | undefined): number {
  const least = countOf(dig(scaler, 'spec', 'minReplicas')) ?? countOf(dig(scaler, 'spec', 'minReplicaCount'))
  return Math.max(1, least ?? 1)
}

/** True while KEDA is told to keep the target without pods. */
export function isHeld(scaler: KubeObject | undefined): boolean {
  return scaler?.metadata.annotations?.[PAUSED_ANNOTATION] === '0'
}

/** The spec of the primary's scaler: the target's, aimed at `<target>-primary`, with the Canary's overrides. */
export function primaryScalerSpec(autoscaler: Autoscaler, target: string, scaler: KubeObject): Readonly<Record<string, unknown>> {
  const spec = isObject(scaler['spec']) ? scaler['spec'] : {}
  const reference = dig(spec, 'scaleTargetRef')
  const scaleTargetRef = { ...(isObject(reference) ? reference : {}), name: `${target}-primary` }
  return autoscaler.kind === 'ScaledObject'
    ? scaledObjectSpec({ ...spec, scaleTargetRef }, autoscaler, target)
    : { ...spec, scaleTargetRef, ...bounds(autoscaler, 'minReplicas', 'maxReplicas') }
}

function scaledObjectSpec(spec: Record<string, unknown>, autoscaler: Autoscaler, target: string): Readonly<Record<string, unknown>> {
  const { triggers, advanced } = spec
  return {
    ...spec,
    ...bounds(autoscaler, 'minReplicaCount', 'maxReplicaCount'),
    ...(Array.isArray(triggers) ? { triggers: triggers.map((trigger: unknown) => primaryTrigger(trigger, autoscaler, target)) } : {}),
    ...(isObject(advanced) ? { advanced: renamedInside(advanced) } : {})
  }
}

function bounds({ minReplicas, maxReplicas }: Autoscaler, least: string, most: string): Readonly<Record<string, number>> {
  return { ...(minReplicas === undefined ? {} : { [least]: minReplicas }), ...(maxReplicas === undefined ? {} : { [most]: maxReplicas }) }
}

// KEDA's examples name a trigger in its metadata, its API beside them.
function primaryTrigger(trigger: unknown, { queries }: Autoscaler, target: string): unknown {
  const query = dig(trigger, 'metadata', 'query')
  if (!isObject(trigger) || typeof query !== 'string') return trigger
  const name = textOf(trigger['name'] ?? dig(trigger, 'metadata', 'name'))
  const wanted = queries === undefined ? primaryQuery(query, target) : (queries[name] ?? query)
  return { ...trigger, metadata: { ...Object(trigger['metadata']), query: wanted } }
}

// Two ScaledObjects with one HorizontalPodAutoscaler between them would take it from each other.
function renamedInside(advanced: Record<string, unknown>): Record<string, unknown> {
  const config = advanced['horizontalPodAutoscalerConfig']
  const name = dig(config, 'name')
  if (!isObject(config) || typeof name !== 'string' || name === '') return advanced
  return { ...advanced, horizontalPodAutoscalerConfig: { ...config, name: `${name}-primary` } }
}

/**
 * `query` with the target's name, alone or with `-canary`, replaced by `<target>-primary`. In quotes every occurrence is, as in Flagger;
 * outside only whole words are, since `api_requests_total` is no name of the target `api`.
 */
export function primaryQuery(query: string, target: string): string {
  if (target === '') return query
  const name = `${target.replace(/[.]/g, '\\.')}(?:-canary|-primary)?`
  const quoted = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/g
  const anywhere = new RegExp(name, 'g')
  const words = new RegExp(`(?<![A-Za-z0-9_])${name}(?![A-Za-z0-9_])`, 'g')
  let done = ''
  let from = 0
  for (const { 0: literal, index } of query.matchAll(quoted)) {
    done += query.slice(from, index).replace(words, `${target}-primary`) + literal.replace(anywhere, `${target}-primary`)
    from = index + literal.length
  }
  return done + query.slice(from).replace(words, `${target}-primary`)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function countOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}
