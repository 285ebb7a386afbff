// The conclusions that are not about an analysis: resting, taking up a revision, waiting for pods, promoting, rolling back.

import { carries, isDue, isSlow, type Situation } from './situation.ts'
import { hear } from './hear.ts'
import type { Readiness } from './readiness.ts'
import { revisionOf } from './revision.ts'
import type { RolloutState, Standing } from './state.ts'
import { type Announcement, event, held, hooksAfter, type Step, subject, type Tick, waitingEvent } from './tick.ts'
import { dig } from '../std/json.ts'

/** Nothing on its way: first sight, initialisation, deletion, or a Canary that cannot be acted on. */
export function restOf(tick: Tick): Step {
  const { situation, state, plan, revision } = tick.finding
  const due = isDue(tick.finding, tick.cluster)
  const untouched = (told: readonly Announcement[]): Step => ({ ...held(tick, due ? told : [], due ? 'taken' : 'none'), objects: 'none' })
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
      return untouched([event('Warning', situation.because, state.phase)])
    case 'no-primary':
      if (revision === standing(state).promoted) return held(tick, [], 'none')
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
    case 'nothing-to-abort': {
      const told = event('Normal', `Nothing to roll back for ${subject(tick)}: annotation flagger.app/rollback removed`, state.phase)
      return { ...held(tick, [told], 'none'), metadata: 'drop-rollback' }
    }
    case 'idle':
      return held(tick, [], 'none')
    default:
      return { ...held(tick, [], 'none'), objects: 'none' }
  }
}

// A pending, running or failed revision that the user took back: what is wanted is what was promoted, which the primary runs.
function withdraw(tick: Tick): Step {
  const { state, revision } = tick.finding
  if (state.phase === 'failed') return { ...held(tick, [], 'reset'), state: { ...state, applied: revision } }
  const next: RolloutState = { ...standing(state), phase: 'initialized', applied: revision }
  if (state.phase === 'waiting') return { ...held(tick, [], 'reset'), state: next }
  const told = event('Normal', `Revision withdrawn! Routing all traffic to primary, scaling down ${subject(tick)}`, 'initialized')
  return { ...held(tick, [told], 'reset'), state: { ...next, failedChecks: 0 }, canaryWeight: 0, canaryReplicas: 'zero' }
}

function bootstrap(tick: Tick, primary: Readiness | undefined): Step {
  const { plan, state, revision } = tick.finding
  const told = tick.answers.map((answer) =>
    answer.kind === 'yes'
      ? event('Normal', 'all the metrics providers are available!', 'initializing')
      : event('Warning', `metrics provider not available: ${answer.because}`, 'initializing')
  )
  if (!plan.skipAnalysis && primary?.kind !== 'ready') {
    const because = primary?.because ?? 'waiting for rollout to finish: observed deployment generation less than desired generation'
    const due = isDue(tick.finding, tick.cluster)
    return {
      ...held(tick, due ? [...told, waitingEvent(tick, 'primary', because)] : [], due ? 'taken' : 'none'),
      objects: 'foundation',
      // A first revision that never ran and was corrected must not hold the primary for ever.
      primarySpec: carries(tick.cluster.primary, plan, revision) ? 'keep' : 'copy-canary'
    }
  }
  const template = dig(tick.cluster.primary, 'spec', 'template')
  // A primary made from another template (the target changed meanwhile) makes the target a new revision at once.
  const current = template === undefined || carries(tick.cluster.primary, plan, revision) ? revision : revisionOf(template)
  const done = event('Normal', `Initialization done! ${plan.name}.${plan.namespace}`, 'initialized')
  return {
    ...held(tick, [...told, done], 'reset'),
    state: { ...standing(state), phase: 'initialized', applied: current, promoted: current },
    canaryReplicas: 'zero',
    wake: 0
  }
}

function revert(tick: Tick, target: 'gone' | 'waiting' | 'ready'): Step {
  const { state } = tick.finding
  const first = state.phase !== 'terminating'
  const begun = first ? [event('Normal', `Terminating canary ${subject(tick)}`, 'terminating')] : []
  const step: Step = {
    ...held(tick, begun, 'reset'),
    state: { ...standing(state), phase: 'terminating' },
    objects: 'none',
    canaryReplicas: 'target',
    wake: 1000
  }
  if (target === 'waiting') return step
  const ended = event('Normal', `Terminated canary ${subject(tick)}`, 'terminating')
  return { ...step, announcements: [...begun, ended], objects: 'restored', metadata: 'drop-finalizer' }
}

/** A new revision: ask for approval, scale up and begin; or, in the middle of a run, begin again from the primary. */
export function takeUp(tick: Tick): Step {
  const { state, situation, revision } = tick.finding
  const applied: RolloutState = { ...standing(state), phase: 'progressing', weight: 0, failedChecks: 0, applied: revision }
  const begun = (message: string): Announcement => event('Normal', `New revision detected! ${message} ${subject(tick)}`, 'progressing')
  const step = (told: readonly Announcement[]): Step => ({
    ...held(tick, told, 'reset'),
    state: applied,
    canaryWeight: 0,
    canaryReplicas: 'target'
  })
  if (situation.kind === 'restart') return step([begun('Restarting analysis for')])
  const waiting = state.phase === 'waiting'
  if (waiting && !isDue(tick.finding, tick.cluster)) return held(tick, [], 'none')
  const heard = hear(tick)
  if (heard.verdict === 'roll-back') return rollBack(tick, heard.because, heard.told)
  if (heard.verdict === 'passed') return step([...heard.told, begun('Scaling up')])
  const halt = event('Warning', `Halt ${subject(tick)} advancement ${heard.because}`, state.phase)
  return { ...held(tick, waiting ? heard.told : [...heard.told, halt], 'taken'), state: { ...standing(state), phase: 'waiting' } }
}

/** A Deployment is not ready yet. Traffic leaves a canary that has no pods; the analysis begins again when it has. */
export function waitFor(tick: Tick, who: 'primary' | 'canary', readiness: Readiness): Step {
  const { state, plan } = tick.finding
  const heard = hear(tick)
  if (heard.verdict === 'roll-back') return rollBack(tick, heard.because, heard.told)
  const analysing = state.phase === 'progressing' || state.phase === 'waiting-promotion'
  const step = {
    ...held(tick, heard.told, 'none'),
    canaryReplicas: who === 'canary' && analysing ? ('target' as const) : ('keep' as const)
  }
  if (who === 'canary' && analysing && state.weight > 0 && readiness.pods === 0) {
    const told = event(
      'Warning',
      `Halt ${subject(tick)} advancement canary has no available pods, routing all traffic to primary`,
      'progressing'
    )
    return {
      ...step,
      announcements: [...heard.told, told],
      look: 'reset',
      state: { ...state, phase: 'progressing', weight: 0 },
      canaryWeight: 0
    }
  }
  if (!isSlow(tick.finding, tick.cluster)) return { ...step, wake: plan.interval }
  return { ...step, announcements: [...heard.told, waitingEvent(tick, who, readiness.because)], look: 'taken' }
}

/** From a passed analysis to success: copy, route back, drain; or all at once where the analysis is skipped. */
export function promote(tick: Tick, told: readonly Announcement[] = []): Step {
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
  const weight = 'weight' in state ? state.weight : 0
  return {
    ...held(tick, [...told, copying], 'taken'),
    state: { ...standing(state), phase: 'promoting', weight, applied: revision },
    primarySpec: 'copy-canary'
  }
}

function shift(tick: Tick, { weight }: Extract<Situation, { kind: 'shift' }>): Step {
  const { state, plan } = tick.finding
  const advanced = event('Normal', `Advance ${subject(tick)} primary weight ${100 - weight}`, 'promoting')
  const told = plan.stepWeightPromotion > 0 ? advanced : event('Normal', 'Routing all traffic to primary', 'promoting')
  const next: RolloutState = weight === 0 ? { ...standing(state), phase: 'finalising' } : { ...standing(state), phase: 'promoting', weight }
  return { ...held(tick, [told], 'taken'), state: next, canaryWeight: weight }
}

function succeeded(tick: Tick, told: readonly Announcement[], ended: Announcement): Step {
  const { state } = tick.finding
  const { applied } = standing(state)
  return {
    ...held(tick, [...told, ...hooksAfter(tick, 'succeeded'), ended], 'reset'),
    state: { ...standing(state), phase: 'succeeded', promoted: applied },
    canaryWeight: 0,
    canaryReplicas: 'zero',
    wake: 0
  }
}

/** All traffic to the primary, the canary to zero, phase Failed. `reason` ends the Event "Rolling back"; `cause` goes into the condition. */
export function rollBack(tick: Tick, reason: string, told: readonly Announcement[] = [], cause: string = reason): Step {
  const { state, revision } = tick.finding
  const events = [
    event('Warning', `Rolling back ${subject(tick)} ${reason}`, 'progressing'),
    event('Warning', `Canary failed! Scaling down ${subject(tick)}`, 'failed')
  ]
  return {
    ...held(tick, [...told, ...events, ...hooksAfter(tick, 'failed')], 'reset'),
    state: { ...standing(state), phase: 'failed', weight: 0, failedChecks: 0, applied: revision, because: cause },
    canaryWeight: 0,
    canaryReplicas: 'zero'
  }
}

function standing(state: RolloutState): Standing {
  if (state.phase === 'new') return { since: 0, applied: '', promoted: '', failedChecks: 0 }
  return { since: state.since, applied: state.applied, promoted: state.promoted, failedChecks: state.failedChecks }
}
