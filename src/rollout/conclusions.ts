// The conclusions that are not about an analysis: resting, taking up a revision, waiting for pods, promoting, rolling back.

import { carries } from './promotion.ts'
import type { Scale } from '../objects/target-kind.ts'
import { hashOf } from '../objects/targets.ts'
import { isDue, isSlow, type Situation } from './situation.ts'
import { hear } from './hear.ts'
import type { Readiness } from '../objects/readiness.ts'
import { isRefreshing } from '../objects/refresh-mark.ts'
import { mustRefresh } from './refresh.ts'
import { isStart } from './stages.ts'
import { NO_PROGRESS, type Progress, progressOf, type RolloutState, standingOf } from './state.ts'
import { type Announcement, type Conclusion, event, held, hooksAfter, subject, type Tick, waitingEvent } from './tick.ts'
import type { Millis } from '../std/clock.ts'

// At rest a rollout looks when something changes; this is for what no watch tells.
const RESYNC: Millis = 600_000

/** Nothing on its way: first sight, initialisation, deletion, or a Canary that cannot be acted on. */
export function restOf(tick: Tick): Conclusion {
  const { situation, state, plan, revision } = tick.finding
  const due = isDue(tick.finding, tick.cluster)
  const untouched = (told: readonly Announcement[]): Conclusion => ({
    ...held(tick, due ? told : [], due ? 'taken' : 'none'),
    objects: 'none'
  })
  switch (situation.kind) {
    case 'begin':
      return {
        ...untouched([]),
        state: { phase: 'initializing', since: tick.cluster.now, applied: '', promoted: '', failedChecks: 0 },
        look: 'none',
        wake: 0
      }
    case 'suspended':
      return untouched([event('Normal', 'skipping canary run as object is suspended', state.phase)])
    case 'no-target':
    case 'no-config':
      return untouched([event('Warning', situation.because, state.phase)])
    case 'no-primary':
      if (revision === standingOf(state).promoted) return held(tick, [], 'none')
      return untouched([
        event(
          'Warning',
          `${plan.target}-primary.${plan.namespace} is gone and the target is not the promoted revision: apply the promoted revision to have it made again`,
          state.phase
        )
      ])
    case 'bootstrap':
      return bootstrap(tick, situation.primary)
    case 'revert':
      return revert(tick, situation.target)
    case 'withdrawn':
      return withdraw(tick)
    case 'foreign': {
      const names = situation.hosts.map((host) => `"${host}"`).join(', ')
      const because = `VirtualService ${plan.apex}.${plan.namespace} routes to ${names} beside ${plan.apex}-primary and ${plan.apex}-canary`
      const told = event('Warning', `Halt ${subject(tick)} advancement ${because}: give it an entry of its own, or remove it`, state.phase)
      return held(tick, due ? [told] : [], due ? 'taken' : 'none')
    }
    case 'contested': {
      const told = event('Warning', `Halt ${subject(tick)} advancement ${situation.because}`, state.phase)
      return held(tick, due ? [told] : [], due ? 'taken' : 'none')
    }
    case 'hand-back':
      return handBack(tick, situation.restored === true)
    case 'idle':
      return { ...held(tick, [], 'none'), wake: RESYNC }
    default:
      return { ...held(tick, [], 'none'), objects: 'none', wake: RESYNC }
  }
}

function handBack(tick: Tick, restored: boolean): Conclusion {
  const { state, plan } = tick.finding
  const why = restored ? `${plan.target}-primary.${plan.namespace} is what it was` : `${subject(tick)} has no available pods`
  const told = event('Warning', `${why}, routing all traffic to primary`, 'failed')
  const because = state.phase === 'failed' ? state.because : ''
  const next: RolloutState = { ...standingOf(state), phase: 'failed', weight: 0, because }
  return { ...held(tick, [told], 'reset'), state: next, wake: 0, canaryReplicas: restored ? 'zero' : 'keep' }
}

// A pending, running or failed revision that the user took back: what is wanted is what was promoted, which the primary runs.
function withdraw(tick: Tick): Conclusion {
  const { state, revision } = tick.finding
  if (state.phase === 'failed') return { ...held(tick, [], 'reset'), state: { ...state, applied: revision } }
  const next: RolloutState = { ...standingOf(state), phase: 'initialized', applied: revision }
  if (state.phase === 'waiting') return { ...held(tick, [], 'reset'), state: next }
  const told = event('Normal', `Revision withdrawn! Routing all traffic to primary, scaling down ${subject(tick)}`, 'initialized')
  return { ...held(tick, [told], 'reset'), state: { ...next, failedChecks: 0 }, canaryReplicas: 'zero' }
}

function bootstrap(tick: Tick, primary: Readiness | undefined): Conclusion {
  const { plan, state, revision } = tick.finding
  const told = tick.answers.map((answer) =>
    answer.kind === 'yes'
      ? event('Normal', 'all the metrics providers are available!', 'initializing')
      : event('Warning', `metrics provider not available: ${answer.because}`, 'initializing')
  )
  if (!plan.skipAnalysis && primary?.kind !== 'ready') {
    const because =
      primary?.because ?? `waiting for rollout to finish: observed ${plan.targetKind.toLowerCase()} generation less than desired generation`
    const due = isDue(tick.finding, tick.cluster)
    return {
      ...held(tick, due ? [...told, waitingEvent(tick, 'primary', because)] : [], due ? 'taken' : 'none'),
      objects: 'foundation',
      // A first revision that never ran and was corrected must not hold the primary for ever.
      primarySpec: carries(tick.cluster.primary, plan, revision) ? 'keep' : 'copy-canary'
    }
  }
  const hash = hashOf(plan, tick.cluster.primary)
  // A primary made from another template (the target changed meanwhile) makes the target a new revision at once.
  const current = hash === undefined || carries(tick.cluster.primary, plan, revision) ? revision : hash
  const done = event('Normal', `Initialization done! ${plan.name}.${plan.namespace}`, 'initialized')
  return {
    ...held(tick, [...told, done], 'reset'),
    state: { ...standingOf(state), phase: 'initialized', applied: current, promoted: current },
    canaryReplicas: 'zero',
    wake: 0
  }
}

function revert(tick: Tick, target: 'gone' | 'waiting' | 'ready'): Conclusion {
  const { state } = tick.finding
  const first = state.phase !== 'terminating'
  const begun = first ? [event('Normal', `Terminating canary ${subject(tick)}`, 'terminating')] : []
  const step: Conclusion = {
    ...held(tick, begun, 'reset'),
    state: { ...standingOf(state), phase: 'terminating' },
    objects: 'none',
    canaryReplicas: 'target',
    wake: 1000
  }
  if (target === 'waiting') return step
  const ended = event('Normal', `Terminated canary ${subject(tick)}`, 'terminating')
  return { ...step, announcements: [...begun, ended], objects: 'restored', metadata: 'drop-finalizer' }
}

/** A new revision: ask for approval, scale up and begin; or, in the middle of a run, begin again from the primary. */
export function takeUp(tick: Tick): Conclusion {
  const { plan, state, situation, revision } = tick.finding
  const applied: RolloutState = { ...standingOf(state), ...NO_PROGRESS, phase: 'progressing', failedChecks: 0, applied: revision }
  const why = situation.kind === 'restart' && situation.asked === true ? 'Restart requested!' : 'New revision detected!'
  const begun = (message: string): Announcement => event('Normal', `${why} ${message} ${subject(tick)}`, 'progressing')
  // Pods that are gone already come back once the status has the revision: before it, a tick that died would have them end again.
  const refreshes = mustRefresh(plan, state, revision, tick.cluster) || isRefreshing(tick.cluster.target)
  const step = (told: readonly Announcement[]): Conclusion => ({
    ...held(tick, told, 'reset'),
    state: applied,
    canaryReplicas: refreshes ? 'refresh' : 'target'
  })
  if (situation.kind === 'restart') return step([begun('Restarting analysis for')])
  const waiting = state.phase === 'waiting'
  const approved = situation.kind === 'new-revision' && situation.approved === true
  if (waiting && !approved && !isDue(tick.finding, tick.cluster)) return held(tick, [], 'none')
  const heard = hear(tick)
  if (heard.verdict === 'roll-back') return rollBack(tick, heard.because, heard.told)
  if (heard.verdict === 'passed') return step([...heard.told, begun('Scaling up')])
  const halt = event('Warning', `Halt ${subject(tick)} advancement ${heard.because}`, state.phase)
  return { ...held(tick, waiting ? heard.told : [...heard.told, halt], 'taken'), state: { ...standingOf(state), phase: 'waiting' } }
}

/** A Deployment is not ready yet. Traffic leaves a canary that has no pods; the analysis begins again when it has. */
export function waitFor(tick: Tick, who: 'primary' | 'canary', readiness: Readiness): Conclusion {
  const { state, plan } = tick.finding
  const heard = hear(tick)
  if (heard.verdict === 'roll-back') return rollBack(tick, heard.because, heard.told)
  const analysing = who === 'canary' && (state.phase === 'progressing' || state.phase === 'waiting-promotion')
  const step = { ...held(tick, heard.told, 'none'), canaryReplicas: analysing ? wantedOf(tick) : ('keep' as const) }
  if (analysing && !isStart(state) && readiness.pods === 0) return { ...step, ...leaving(tick, state, heard.told) }
  if (!isSlow(tick.finding, tick.cluster)) return { ...step, wake: plan.interval }
  return { ...step, announcements: [...heard.told, waitingEvent(tick, who, readiness.because)], look: 'taken' }
}

function wantedOf({ finding: { situation } }: Tick): Scale {
  return situation.kind === 'not-ready' && situation.refreshes === true ? 'refresh' : 'target'
}

function leaving(
  tick: Tick,
  state: Extract<RolloutState, Progress>,
  told: readonly Announcement[]
): Pick<Conclusion, 'announcements' | 'look' | 'state'> {
  const message = `Halt ${subject(tick)} advancement canary has no available pods, routing all traffic to primary`
  const because = state.because === undefined ? {} : { because: state.because }
  return {
    announcements: [...told, event('Warning', message, 'progressing')],
    look: 'reset',
    state: { ...standingOf(state), ...NO_PROGRESS, phase: 'progressing', ...because }
  }
}

/** All traffic to the primary, and from the beginning: nobody is blamed. */
export function retreat(tick: Tick, because: string): Conclusion {
  const told = event('Warning', `Halt ${subject(tick)} advancement ${because}`, 'progressing')
  const state: RolloutState = { ...standingOf(tick.finding.state), ...NO_PROGRESS, phase: 'progressing' }
  return { ...held(tick, [told], 'taken'), state }
}

/** From a passed analysis to success: copy, route back, drain; or all at once where the analysis is skipped. */
export function promote(tick: Tick, told: readonly Announcement[] = []): Conclusion {
  const { state, situation, revision, plan } = tick.finding
  const copying = event('Normal', `Copying ${subject(tick)} template spec to ${plan.target}-primary.${plan.namespace}`, 'progressing')
  if (situation.kind === 'skip') {
    const ended = event('Normal', `Promotion completed! Canary analysis was skipped for ${subject(tick)}`, 'succeeded')
    return { ...succeeded(tick, [...told, copying], ended), primarySpec: 'copy-canary' }
  }
  if (situation.kind === 'drain') {
    return succeeded(tick, told, event('Normal', `Promotion completed! Scaling down ${subject(tick)}`, 'succeeded'))
  }
  if (situation.kind === 'shift') return shift(tick, situation)
  const { weight, iterations } = state.phase === 'failed' ? { weight: state.weight, iterations: 0 } : progressOf(state)
  return {
    ...held(tick, [...told, copying], 'taken'),
    state: { ...standingOf(state), phase: 'promoting', weight, iterations, applied: revision },
    primarySpec: 'copy-canary'
  }
}

function shift(tick: Tick, { weight }: Extract<Situation, { kind: 'shift' }>): Conclusion {
  const { state, plan } = tick.finding
  const advanced = event('Normal', `Advance ${subject(tick)} primary weight ${100 - weight}`, 'promoting')
  const told = plan.stepWeightPromotion > 0 ? advanced : event('Normal', 'Routing all traffic to primary', 'promoting')
  const next: RolloutState =
    weight === 0 ? { ...standingOf(state), phase: 'finalising' } : { ...standingOf(state), ...NO_PROGRESS, phase: 'promoting', weight }
  return { ...held(tick, [told], 'taken'), state: next }
}

function succeeded(tick: Tick, told: readonly Announcement[], ended: Announcement): Conclusion {
  const { state } = tick.finding
  const { applied } = standingOf(state)
  return {
    ...held(tick, [...told, ...hooksAfter(tick, 'succeeded'), ended], 'reset'),
    state: { ...standingOf(state), phase: 'succeeded', promoted: applied },
    canaryReplicas: 'zero',
    wake: 0
  }
}

/** All traffic to the primary, the canary to zero, phase Failed. `reason` ends the Event "Rolling back"; `cause` goes into the condition. */
export function rollBack(tick: Tick, reason: string, told: readonly Announcement[] = [], cause: string = reason): Conclusion {
  const { state, revision } = tick.finding
  const events = [
    event('Warning', `Rolling back ${subject(tick)} ${reason}`, 'progressing'),
    event('Warning', `Canary failed! Scaling down ${subject(tick)}`, 'failed')
  ]
  return {
    ...held(tick, [...told, ...events, ...hooksAfter(tick, 'failed')], 'reset'),
    state: { ...standingOf(state), phase: 'failed', weight: 0, failedChecks: 0, applied: revision, because: cause },
    canaryReplicas: 'zero'
  }
}
