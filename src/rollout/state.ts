// Where a rollout stands. The only module that knows how phases and the Promoted condition are spelt on the wire: it reads them from a
// Canary's status and writes them back. Fields of the status that are not ours (conditions of others) stay.

import { dig, isObject, listAt, sameJson, textAt } from '../std/json.ts'
import { printable } from '../std/printable.ts'
import type { Millis } from '../std/clock.ts'
import type { Checksums } from '../objects/configs.ts'
import type { TargetKindName } from '../canary/plan.ts'
import { configsIn, templateIn, withConfigs } from '../objects/revision.ts'
import { formatInstant, parseInstant } from '../std/instant.ts'
import type { Cookies } from '../canary/affinity.ts'

/** What every state but `new` carries. */
export interface Standing {
  /** When the status was last written; 0 when unknown. */
  readonly since: Millis
  /** The revision last taken up (lastAppliedSpec and trackedConfigs), '' for none. */
  readonly applied: string
  /** The revision the primary runs, '' for none. The status has its template only (lastPromotedSpec); adopt.ts finds out the rest. */
  readonly promoted: string
  /** Failed checks of this run, or of the last one. */
  readonly failedChecks: number
  readonly cookies?: Cookies
}

/** How far the analysis of a revision has come (stages.ts says what follows). */
export interface Progress {
  /** The canary's share in percent, of a rollout by weights; of others only while the primary gets traffic back step by step. */
  readonly weight: number
  /** Iterations begun, of blue/green and A/B; one more than there are once blue/green has all traffic at the canary. */
  readonly iterations: number
  /** The canary gets copies of requests, as the routes say: there is no word for it in a status. */
  readonly mirrored?: true
}

/** Where a rollout stands. */
export type RolloutState =
  | { readonly phase: 'new' }
  | (Standing & { readonly phase: 'initializing' | 'initialized' | 'waiting' | 'finalising' | 'succeeded' | 'terminating' })
  | (Standing &
      Progress & {
        readonly phase: 'progressing' | 'waiting-promotion' | 'promoting'
        /** The last failed check of this run. */ readonly because?: string
        /** What the gate asks people, as it cannot prove more at this weight. */ readonly asks?: string
      })
  /** weight 100: the promotion failed and the canary keeps all traffic (flagger.md 2.10). */
  | (Standing & { readonly phase: 'failed'; readonly weight: 0 | 100; readonly because: string })

export type Phase = RolloutState['phase']

// Flagger's words, in the order of flagger.md 2.2, with the status and the sentence of the condition.
const WIRE: Readonly<Record<Exclude<Phase, 'new'>, readonly [name: string, status: 'True' | 'False' | 'Unknown', message: string]>> = {
  initializing: ['Initializing', 'Unknown', 'New Deployment detected, starting initialization.'],
  initialized: ['Initialized', 'True', 'Deployment initialization completed.'],
  waiting: ['Waiting', 'Unknown', 'Waiting for approval.'],
  progressing: ['Progressing', 'Unknown', 'New revision detected, progressing canary analysis.'],
  'waiting-promotion': ['WaitingPromotion', 'Unknown', 'Waiting for approval.'],
  promoting: ['Promoting', 'Unknown', 'Canary analysis completed, starting primary rolling update.'],
  finalising: ['Finalising', 'Unknown', 'Canary analysis completed, routing all traffic to primary.'],
  succeeded: ['Succeeded', 'True', 'Canary analysis completed successfully, promotion finished.'],
  failed: ['Failed', 'False', 'Canary analysis failed, Deployment scaled to zero.'],
  terminating: ['Terminating', 'Unknown', 'Canary is deleted, giving the Deployment its replicas back.']
}

/** The phase as Flagger spells it in status, conditions and webhook payloads; '' for `new`. */
export function phaseName(phase: Phase): string {
  return phase === 'new' ? '' : WIRE[phase][0]
}

/** No revision's analysis has begun. */
export const NO_PROGRESS: Progress = { weight: 0, iterations: 0 }

/** How far the analysis has come in this state. */
export function progressOf(state: RolloutState): Progress {
  if (!('iterations' in state)) return NO_PROGRESS
  const { weight, iterations, mirrored } = state
  return { weight, iterations, ...(mirrored === true ? { mirrored } : {}) }
}

/** Where a rollout stands that is not `new`. */
export function standingOf(state: RolloutState): Standing {
  if (state.phase === 'new') return { since: 0, applied: '', promoted: '', failedChecks: 0 }
  const { since, applied, promoted, failedChecks, cookies } = state
  return { since, applied, promoted, failedChecks, ...(cookies === undefined ? {} : { cookies }) }
}

/** The cookies of this state; none for none. */
export function cookiesOf(state: RolloutState): Cookies {
  return standingOf(state).cookies ?? {}
}

/** True while a revision is on its way: from its detection to success or failure. */
export function isRunning(state: RolloutState): boolean {
  return ['waiting', 'progressing', 'waiting-promotion', 'promoting', 'finalising'].includes(state.phase)
}

/** Reads the state from a Canary's `status` (flagger.md 1.9); an absent or unknown phase is `new`, a broken field its zero. */
export function readState(status: unknown): RolloutState {
  const name = dig(status, 'phase')
  const phase = (Object.keys(WIRE) as (keyof typeof WIRE)[]).find((key) => WIRE[key][0] === name)
  if (phase === undefined) return { phase: 'new' }
  const standing: Standing = {
    since: parseInstant(textAt(status, 'lastTransitionTime')) ?? 0,
    applied: withConfigs(textAt(status, 'lastAppliedSpec'), trackedIn(status)),
    promoted: textAt(status, 'lastPromotedSpec'),
    failedChecks: countAt(status, 'failedChecks'),
    ...cookiesIn(status)
  }
  const weight = Math.min(100, countAt(status, 'canaryWeight'))
  const { cause, asks } = causeIn(status)
  switch (phase) {
    case 'progressing':
    case 'waiting-promotion':
    case 'promoting':
      return {
        ...standing,
        phase,
        weight,
        iterations: countAt(status, 'iterations'),
        ...(cause === '' ? {} : { because: cause }),
        ...(asks === '' ? {} : { asks })
      }
    case 'failed':
      return { ...standing, phase, weight: weight === 100 ? 100 : 0, because: cause }
    case 'initializing':
    case 'initialized':
    case 'waiting':
    case 'finalising':
    case 'succeeded':
    case 'terminating':
      return { ...standing, phase }
  }
}

/**
 * The `status` to write for `state` at `now`, on top of the `previous` one: undefined when nothing would change. lastTransitionTime is
 * the time of the write, as in Flagger; the condition's own times move only when it changes. Its sentences name the target's `kind`.
 */
export function writeState(
  state: RolloutState,
  previous: unknown,
  now: Millis,
  kind: TargetKindName = 'Deployment'
): Readonly<Record<string, unknown>> | undefined {
  if (state.phase === 'new') return undefined
  const before = isObject(previous) ? previous : {}
  const [name] = WIRE[state.phase]
  const { trackedConfigs, ...others } = before
  const tracked = state.applied === '' ? trackedConfigs : configsIn(state.applied)
  const next = {
    ...withoutCookies(others),
    ...cookieFields(cookiesOf(state)),
    phase: name,
    canaryWeight: 'weight' in state ? state.weight : 0,
    failedChecks: state.failedChecks,
    iterations: 'iterations' in state ? state.iterations : 0,
    ...(state.applied === '' ? {} : { lastAppliedSpec: templateIn(state.applied) }),
    ...(state.promoted === '' ? {} : { lastPromotedSpec: templateIn(state.promoted) }),
    ...(tracked === undefined ? {} : { trackedConfigs: tracked }),
    conditions: withPromoted(state, before['conditions'], { now, kind })
  }
  return sameJson(next, before) ? undefined : { ...next, lastTransitionTime: formatInstant(now) }
}

interface Written {
  readonly now: Millis
  readonly kind: TargetKindName
}

function withPromoted(state: Exclude<RolloutState, { phase: 'new' }>, conditions: unknown, { now, kind }: Written): readonly unknown[] {
  const all = listAt(conditions)
  const old = all.find((condition) => dig(condition, 'type') === 'Promoted')
  const [reason, status] = WIRE[state.phase]
  const message = messageOf(state, kind)
  const same = dig(old, 'reason') === reason && dig(old, 'status') === status && dig(old, 'message') === message
  if (old !== undefined && same) return all
  const at = formatInstant(now)
  const promoted = {
    type: 'Promoted',
    status,
    reason,
    message,
    lastUpdateTime: at,
    lastTransitionTime: dig(old, 'status') === status ? (dig(old, 'lastTransitionTime') ?? at) : at
  }
  return [...all.filter((condition) => condition !== old), promoted]
}

const COOKIES = [
  ['canary', 'sessionAffinityCookie'],
  ['primary', 'primarySessionAffinityCookie'],
  ['previous', 'previousSessionAffinityCookie']
] as const

function cookiesIn(status: unknown): { readonly cookies?: Cookies } {
  const found = COOKIES.flatMap(([key, field]) => (textAt(status, field) === '' ? [] : [[key, textAt(status, field)] as const]))
  return found.length === 0 ? {} : { cookies: Object.fromEntries(found) }
}

function cookieFields(cookies: Cookies): Readonly<Record<string, string>> {
  return Object.fromEntries(COOKIES.flatMap(([key, field]) => (cookies[key] === undefined ? [] : [[field, cookies[key]] as const])))
}

function withoutCookies(status: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(status).filter(([key]) => COOKIES.every(([, field]) => field !== key)))
}

/** What the condition says of a state, with a target of `kind`; '' for `new`. */
export function conditionMessage(state: RolloutState, kind: TargetKindName): string {
  return state.phase === 'new' ? '' : messageOf(state, kind)
}

const CAUSE = ' Cause: '
const LAST_FAILED = ' Last failed check: '
const ASKS = ' Needs a decision: '

// A condition names its cause, where Flagger's is the same sentence for every failure (flagger.md 2.15).
function messageOf(state: Exclude<RolloutState, { phase: 'new' }>, kind: TargetKindName): string {
  const sentence = state.phase === 'failed' && state.weight === 100 ? PROMOTION_FAILED : WIRE[state.phase][2].replace('Deployment', kind)
  const asks = 'asks' in state && state.asks !== undefined ? `${ASKS}${printable(state.asks)}` : ''
  if (!('because' in state) || state.because === undefined || state.because === '') return `${sentence}${asks}`
  return `${sentence}${state.phase === 'failed' ? CAUSE : LAST_FAILED}${printable(state.because)}${asks}`
}

const PROMOTION_FAILED = 'Promotion failed, all traffic stays on the canary.'

function causeIn(status: unknown): { readonly cause: string; readonly asks: string } {
  const conditions = dig(status, 'conditions')
  const promoted = Array.isArray(conditions) ? conditions.find((condition) => dig(condition, 'type') === 'Promoted') : undefined
  const [message = '', ...asks] = textAt(promoted, 'message').split(ASKS)
  const mark = [CAUSE, LAST_FAILED].find((each) => message.includes(each))
  return { cause: mark === undefined ? '' : message.slice(message.indexOf(mark) + mark.length), asks: asks.join(ASKS) }
}

function trackedIn(status: unknown): Checksums | undefined {
  const tracked = dig(status, 'trackedConfigs')
  if (!isObject(tracked) || textAt(status, 'lastAppliedSpec') === '') return undefined
  return Object.fromEntries(Object.entries(tracked).map(([key, checksum]) => [key, String(checksum)]))
}

function countAt(value: unknown, key: string): number {
  const found = dig(value, key)
  return typeof found === 'number' && found > 0 ? Math.floor(found) : 0
}
