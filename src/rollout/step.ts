// What one tick concludes: the next state, where traffic goes, how many pods the canary has, what to tell whom, and when to look again.
// Pure; `render` turns the Step into writes. Thresholds are tested in the tick of the failure (flagger.md 10).

import type { KubeObject } from '../api/object.ts'
import type { Going } from './analysing.ts'
import { type Answer, questionsFor } from './ask.ts'
import type { ClusterView } from '../objects/cluster-view.ts'
import { promote, restOf, retreat, rollBack, takeUp, waitFor } from './conclusions.ts'
import { cookiesAfterRun, cookiesOfRun } from '../canary/affinity.ts'
import { hear } from './hear.ts'
import type { Plan } from '../canary/plan.ts'
import { haltText } from './judge-metric.ts'
import { afterRequests, pause, pausedEvent, retry, skipped } from './requested.ts'
import { REQUESTS } from './requests.ts'
import { failedCheck, running } from './respond.ts'
import { takeBack } from './take-back.ts'
import { findingOf, type Situation } from './situation.ts'
import { nextStage, routingOf, shareOf, stageText } from './stages.ts'
import { type Progress, progressOf, cookiesOf, type RolloutState, standingOf } from './state.ts'
import { type Announcement, type Conclusion, event, held, hooksAfter, type Step, subject, type Tick, waitingEvent } from './tick.ts'

/** Concludes a tick from the answers to `ask`'s questions, in their order (the first ones, where asking stopped early). */
export function step(canary: KubeObject, state: RolloutState, cluster: ClusterView, answers: readonly Answer[]): Step {
  const finding = findingOf(canary, state, cluster)
  return stepOf({ canary, cluster, finding, questions: questionsFor(finding, canary, cluster), answers })
}

/** Concludes a tick that is found and asked already. */
export function stepOf(tick: Tick): Step {
  const { plan } = tick.finding
  const concluded = conclude(tick)
  const next = withCookies(plan, concluded.state)
  return { ...concluded, ...afterRequests(tick, concluded), state: next, routing: routingOf(plan, next) }
}

// Callers get cookies when the canary gets traffic, and are let go with it.
function withCookies(plan: Plan, state: RolloutState): RolloutState {
  const now = cookiesOf(state)
  if (state.phase === 'new' || (plan.affinity === undefined && now.canary === undefined)) return state
  const running = plan.affinity !== undefined && state.phase !== 'failed' && shareOf(plan, state) > 0
  const cookies = running ? cookiesOfRun(plan.affinity, now, `${plan.uid}/${state.applied}`) : cookiesAfterRun(now)
  return { ...state, cookies }
}

function conclude(tick: Tick): Conclusion {
  const { situation, state } = tick.finding
  switch (situation.kind) {
    case 'refused':
    case 'deleted':
    case 'begin':
    case 'suspended':
    case 'no-target':
    case 'no-config':
    case 'no-primary':
    case 'bootstrap':
    case 'revert':
    case 'idle':
    case 'foreign':
    case 'contested':
    case 'hand-back':
    case 'withdrawn':
      return restOf(tick)
    case 'abort':
      return rollBack(tick, `annotation ${REQUESTS.abort}=true`)
    case 'take-back':
      return takeBack(tick)
    case 'retry':
      return retry(tick)
    case 'promote':
      return promote(tick, [skipped(tick)])
    case 'paused':
      return pause(tick)
    case 'failed-checks':
      return rollBack(tick, isWorse(tick) ? 'on evidence' : `failed checks threshold reached ${situation.count}`, [], situation.because)
    case 'worse':
      return worse(tick, situation.because)
    case 'retreat':
      return retreat(tick, situation.because)
    case 'scaled-to-zero':
      return rollBack(tick, 'canary scaled to zero', [], `${subject(tick)} was scaled to zero`)
    case 'new-revision':
    case 'restart':
      return takeUp(tick)
    case 'not-ready':
      return waitFor(tick, situation.who, situation.readiness)
    case 'stuck':
      return stuck(tick, situation)
    case 'skip':
    case 'resume-promotion':
    case 'mend-promotion':
    case 'shift':
    case 'drain':
      return promote(tick)
    case 'wait':
      return held(tick, [], 'none')
    case 'advanced-before':
      return advance(tick, situation.progress, [])
    case 'start':
    case 'look':
      return analyse(tick, state, situation.kind)
  }
}

// Counted as all failures at once before anything is undone: a controller that dies in between must not send callers there again.
function worse(tick: Tick, because: string): Conclusion {
  const { state, plan } = tick.finding
  const counted = { ...running(state), failedChecks: Math.max(plan.threshold, standingOf(state).failedChecks + 1), because }
  return { ...held(tick, [event('Warning', because, 'progressing')], 'taken'), state: counted, wake: 0 }
}

function isWorse({ cluster: { evidence }, finding: { revision } }: Tick): boolean {
  return evidence?.kind === 'rollback' && evidence.revision === revision
}

function analyse(tick: Tick, state: RolloutState, kind: 'start' | 'look'): Conclusion {
  const heard = hear(tick)
  const told = kind === 'start' ? withStart(tick, heard.told) : heard.told
  const halt = (because: string): Announcement => event('Warning', haltText(subject(tick), because), 'progressing')
  switch (heard.verdict) {
    case 'roll-back':
      return rollBack(tick, heard.because, told)
    case 'failed':
      return failedCheck(tick, state, heard, [...told, halt(heard.because)])
    case 'held':
      return held(tick, [...told, halt(heard.because)], 'taken')
    case 'gated':
      return gated(tick, state, [...told, halt(heard.because)], told)
    case 'passed': {
      if (tick.finding.heeded.paused) return held(tick, [...told, pausedEvent(tick)], 'taken')
      const gate = goingOf(tick)
      if (gate?.proven === false) return unproven(tick, gate, told)
      const said = gate === undefined ? told : [...told, event('Normal', gate.sentence, 'progressing')]
      const next = nextStage(tick.finding.plan, progressOf(state))
      return next === undefined ? promote(tick, said) : advance(tick, next, said)
    }
  }
}

function goingOf({ finding: { situation } }: Tick): Going | undefined {
  return situation.kind === 'look' ? situation.gate : undefined
}

// The checks passed, the next step is not proven safe. What nobody can prove by waiting is asked of people: once for a weight.
function unproven(tick: Tick, { sentence, reason }: Going, told: readonly Announcement[]): Conclusion {
  const { state } = tick.finding
  const passing = reason === 'warm-up' || reason === 'dwell'
  const said = passing ? [] : [event(reason === 'not-proven' ? 'Normal' : 'Warning', sentence, state.phase)]
  const { asks: before, ...rest } = running(state)
  const asks = reason === 'unproven' ? { asks: before ?? sentence } : {}
  return { ...held(tick, [...told, ...said], 'taken'), state: { ...rest, ...asks } }
}

function gated(tick: Tick, state: RolloutState, halted: readonly Announcement[], told: readonly Announcement[]): Conclusion {
  const atPromotion = tick.questions[tick.answers.length - 1]?.about === 'promotion'
  if (!atPromotion || state.phase !== 'progressing') return held(tick, atPromotion ? told : halted, 'taken')
  const { asks: _, ...rest } = state
  return { ...held(tick, halted, 'taken'), state: { ...rest, phase: 'waiting-promotion' } }
}

function advance(tick: Tick, next: Progress, told: readonly Announcement[]): Conclusion {
  const { mirrored: _, asks: __, ...before } = running(tick.finding.state)
  const state: RolloutState = { ...before, phase: 'progressing', ...next }
  const advanced = event('Normal', stageText(tick.finding.plan, subject(tick), next), 'progressing')
  return { ...held(tick, [...told, advanced], 'taken'), state }
}

function stuck(tick: Tick, { who, readiness: { because }, canaryPods }: Extract<Situation, { kind: 'stuck' }>): Conclusion {
  const { state, plan } = tick.finding
  const waiting = waitFor(tick, who, { kind: 'stuck', because, pods: 0 })
  if (state.phase === 'progressing' || state.phase === 'waiting-promotion' || state.phase === 'waiting') {
    const told = waiting.announcements.length > 0 ? waiting.announcements : [waitingEvent(tick, who, because)]
    return rollBack(tick, `progress deadline exceeded ${plan.progressDeadline / 1000}s`, told, because)
  }
  if (state.phase !== 'promoting' && state.phase !== 'finalising') return waiting
  // A canary without pods cannot take over: then traffic is best left with what the primary still has.
  const where = canaryPods > 0 ? 'All traffic goes to the canary' : 'The canary has no pods: traffic stays with the primary'
  const failed = event('Warning', `Promotion of ${subject(tick)} failed: ${plan.target}-primary not ready: ${because}. ${where}`, 'failed')
  const hooks = hooksAfter(tick, 'failed')
  return {
    ...held(tick, [failed, ...hooks], 'reset'),
    state: { ...standingOf(state), phase: 'failed', weight: canaryPods > 0 ? 100 : 0, because }
  }
}

// "Starting canary analysis" comes after the rollback hooks and before the pre-rollout hooks.
function withStart(tick: Tick, told: readonly Announcement[]): readonly Announcement[] {
  const asked = tick.questions.filter(({ about }) => about === 'rollback').length
  const start = event('Normal', `Starting canary analysis for ${subject(tick)}`, 'progressing')
  return [...told.slice(0, asked), start, ...told.slice(asked)]
}
