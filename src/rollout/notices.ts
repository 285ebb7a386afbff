// What a user is told once about a Canary that asks for more than is done: why it is not acted on at all, which of its fields are
// not, and which values are read otherwise than written.

import { unactedFields } from '../api/acted-on.ts'
import type { KubeObject } from '../api/object.ts'
import { dig, isObject } from '../std/json.ts'
import { ACTED_ON } from './acted-on.ts'
import { DEFAULT_HOOK_TIMEOUT, DEFAULT_INTERVAL, durationOf, SHORTEST_INTERVAL } from './durations.ts'
import { isWithoutSource, ON_FAILURE, responsesOf } from './metric-checks.ts'
import { planOf, TARGET_KINDS } from './plan.ts'
import { type Scalers, UPKEEP_ANNOTATION } from './scaler.ts'
import { isOwned } from './write.ts'

/** Something to tell: where in the Canary, and what. */
export interface Notice {
  readonly path: string
  readonly kind: 'refused' | 'not-acted-on' | 'read-otherwise'
  readonly text: string
}

/** What is known beside the Canary. */
export interface Surroundings {
  /** Why its objects are left to another Canary. */
  readonly rival?: Notice | undefined
  readonly scalers?: Scalers | undefined
}

/** What to tell about a Canary. A refused one is only told why. */
export function noticesOf(canary: KubeObject, { rival, scalers }: Surroundings = {}): readonly Notice[] {
  const { spec } = canary
  const refused = [...refusalsOf(spec), ...(rival === undefined ? [] : [rival])]
  if (refused.length > 0) return refused
  const ignored = unactedFields(ACTED_ON.Canary, spec, 'spec').map(({ path }): Notice => ({
    path,
    kind: 'not-acted-on',
    text: 'is accepted but not acted on yet'
  }))
  return [...ignored, ...withoutEffect(spec), ...otherwise(spec), ...misread(canary), ...unscaled(canary, scalers)]
}

// Flagger drops these in silence (flagger.md 3.4); here it is said.
function withoutEffect(spec: unknown): readonly Notice[] {
  const analysis = dig(spec, 'analysis')
  const [iterates, matches] = [Number(dig(analysis, 'iterations')) > 0, listAt(analysis, 'match').length > 0]
  const notices: Notice[] = []
  const tell = (field: string, text: string): number => notices.push({ path: `spec.analysis.${field}`, kind: 'not-acted-on', text })
  if (dig(analysis, 'sessionAffinity') !== undefined && (iterates || matches)) {
    tell('sessionAffinity', `has no effect beside ${matches ? 'match' : 'iterations'}: callers are not split by weight alone`)
  }
  if (dig(analysis, 'mirror') === true && iterates && matches) tell('mirror', 'has no effect in A/B testing')
  return notices
}

/** A notice as a sentence about its Canary: the text of an Event and of a log line. */
export function noticeText({ metadata }: KubeObject, { kind, path, text }: Notice): string {
  const name = `canary ${metadata.name ?? ''}.${metadata.namespace ?? ''}`
  return kind === 'refused' ? `${name} is not acted on: ${path} ${text}` : `${name}: ${path} ${text}`
}

/** Why a Canary with this `spec` cannot be acted on at all; empty when it can. */
export function refusalsOf(spec: unknown): readonly Notice[] {
  const refused: Notice[] = []
  const refuse = (path: string, text: string): number => refused.push({ path: `spec.${path}`, kind: 'refused', text })
  const kind = dig(spec, 'targetRef', 'kind')
  if (!TARGET_KINDS.some((known) => known === kind)) refuse('targetRef.kind', `${shown(kind)}: must be ${TARGET_KINDS.join(', ')}`)
  const provider = dig(spec, 'provider')
  if (provider !== undefined && provider !== 'istio') refuse('provider', `${shown(provider)}: only istio is supported`)
  if (typeof dig(spec, 'service', 'port') !== 'number') refuse('service.port', 'is missing')
  if (String(dig(spec, 'service', 'appProtocol')).toLowerCase() === 'tcp') refuse('service.appProtocol', 'tcp: not supported yet')
  const analysis = dig(spec, 'analysis')
  for (const [index, metric] of listAt(analysis, 'metrics').entries()) {
    if (!isWithoutSource(metric)) continue
    const name = shown(dig(metric, 'name'))
    refuse(
      `analysis.metrics[${index}]`,
      `${name} has no query and no templateRef, and is neither request-success-rate nor request-duration`
    )
  }
  return [...refused, ...affinityRefusals(dig(analysis, 'sessionAffinity')), ...fractions(spec)]
}

// A token of RFC 9110, as cookie names are; and what a cookie's attribute may be without ending it (RFC 6265 4.1.1).
const COOKIE_NAME = /^[\w!#$%&'*+.^`|~-]+$/
const ATTRIBUTE = /^[\x20-\x3A\x3C-\x7E]*$/

function affinityRefusals(affinity: unknown): readonly Notice[] {
  const refused: Notice[] = []
  const refuse = (key: string, text: string): number =>
    refused.push({ path: `spec.analysis.sessionAffinity.${key}`, kind: 'refused', text })
  const [canary, primary] = [dig(affinity, 'cookieName'), dig(affinity, 'primaryCookieName')]
  for (const [key, name] of [['cookieName', canary] as const, ['primaryCookieName', primary] as const]) {
    if (name !== undefined && name !== '' && !(typeof name === 'string' && COOKIE_NAME.test(name))) {
      refuse(key, `${shown(name)}: is not the name of a cookie`)
    }
  }
  if (canary !== undefined && canary === primary) refuse('primaryCookieName', `${shown(primary)}: must differ from cookieName`)
  for (const key of ['domain', 'path']) {
    const value = dig(affinity, key)
    if (typeof value === 'string' && !ATTRIBUTE.test(value)) refuse(key, `${shown(value)}: has characters that end a cookie's attribute`)
  }
  return refused
}

// The official schema takes any number; Flagger and Istio want whole ones.
function fractions(spec: unknown): readonly Notice[] {
  const analysis = dig(spec, 'analysis')
  const numbers: readonly (readonly [string, unknown])[] = [
    ['service.port', dig(spec, 'service', 'port')],
    ...['stepWeight', 'maxWeight', 'stepWeightPromotion', 'threshold', 'iterations'].map(
      (key) => [`analysis.${key}`, dig(analysis, key)] as const
    ),
    ...listAt(analysis, 'stepWeights').map((weight, index) => [`analysis.stepWeights[${index}]`, weight] as const)
  ]
  return numbers.flatMap(([path, value]) =>
    typeof value === 'number' && !Number.isInteger(value)
      ? [{ path: `spec.${path}`, kind: 'refused', text: `${value}: must be a whole number` }]
      : []
  )
}

// The schema's pattern for durations is open at the end, and Flagger raises short intervals, both in silence.
function otherwise(spec: unknown): readonly Notice[] {
  const analysis = dig(spec, 'analysis')
  const notices: Notice[] = []
  const check = (path: string, given: unknown, standard: number, least = 0): void => {
    if (given === undefined) return
    const read = durationOf(given)
    const text =
      read === undefined
        ? `${shown(given)} is not a duration such as 30s or 5m: ${standard / 1000}s is used`
        : `${shown(given)} is below the shortest, ${least / 1000}s, which is used`
    if (read === undefined || read < least) notices.push({ path: `spec.analysis.${path}`, kind: 'read-otherwise', text })
  }
  check('interval', dig(analysis, 'interval'), DEFAULT_INTERVAL, SHORTEST_INTERVAL)
  for (const [index, metric] of listAt(analysis, 'metrics').entries()) {
    check(`metrics[${index}].interval`, dig(metric, 'interval'), DEFAULT_INTERVAL)
  }
  for (const [index, hook] of listAt(analysis, 'webhooks').entries()) {
    check(`webhooks[${index}].timeout`, dig(hook, 'timeout'), DEFAULT_HOOK_TIMEOUT)
  }
  return notices
}

function misread({ metadata }: KubeObject): readonly Notice[] {
  const { problems } = responsesOf(metadata.annotations?.[ON_FAILURE])
  const path = `metadata.annotations[${ON_FAILURE}]`
  return problems.map((problem): Notice => ({ path, kind: 'read-otherwise', text: `${problem}: that part is not used` }))
}

// A scaler that is not there is waited for; one that others made for the primary is theirs.
function unscaled(canary: KubeObject, scalers: Scalers | undefined): readonly Notice[] {
  const path = 'spec.autoscalerRef'
  const { autoscaler } = planOf(canary)
  if (autoscaler === undefined) {
    const text = `is not used: a ${shown(dig(canary['spec'], 'targetRef', 'kind'))} has no number of replicas to scale`
    return isObject(dig(canary['spec'], 'autoscalerRef')) ? [{ path, kind: 'read-otherwise', text }] : []
  }
  if (scalers === undefined) return []
  const { kind, name } = autoscaler
  const told = (text: string): readonly Notice[] => [{ path, kind: 'read-otherwise', text }]
  if (!scalers.served)
    return told(`${kind} ${name}: this API server has no ${kind} (are its definitions applied?), so nothing scales the primary`)
  if (scalers.target === undefined) return told(`${kind} ${name} not found: nothing scales the primary until it is there`)
  const foreign = scalers.primary !== undefined && !isOwned(scalers.primary, canary) && autoscaler.upkeep !== 'manual'
  return foreign
    ? told(`${kind} ${name}-primary is not of this Canary: it is left as it is (annotation ${UPKEEP_ANNOTATION}: manual says so)`)
    : []
}

function listAt(value: unknown, key: string): readonly unknown[] {
  const found = isObject(value) ? value[key] : undefined
  return Array.isArray(found) ? found : []
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null)
}
