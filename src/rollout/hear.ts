// What the answers of a tick amount to, with the Events they make (flagger.md 1.6, 2.16). One verdict; the words are Flagger's.

import { type Answer, checkName, type Question } from './ask.ts'
import type { Phase } from './state.ts'
import type { Failure } from './respond.ts'
import { type Announcement, event, type Tick } from './tick.ts'

/** The verdict of a tick's answers; `because` is what an Event or condition says of it. */
export type Heard =
  | { readonly verdict: 'passed' | 'held' | 'gated' | 'roll-back'; readonly because: string; readonly told: readonly Announcement[] }
  | ({ readonly verdict: 'failed'; readonly told: readonly Announcement[] } & Failure)

/**
 * Walks through questions and answers. A failed check that only holds does so unless a later one fails. A question left unanswered without
 * a stop means that nothing was concluded: the step is held.
 */
export function hear(tick: Tick): Heard {
  const told: Announcement[] = []
  let holds: string | undefined
  for (const [index, question] of tick.questions.entries()) {
    const answer = tick.answers[index]
    if (answer === undefined) break
    told.push(...eventsOf(question, checkName(question), answer, tick.finding.state.phase))
    const heard = heardOf(tick, question, answer, told)
    if (heard === undefined) continue
    if (heard.verdict !== 'held') return heard
    holds ??= heard.because
  }
  if (holds !== undefined) return { verdict: 'held', because: holds, told }
  return tick.answers.length < tick.questions.length
    ? { verdict: 'held', because: 'not all was answered', told }
    : { verdict: 'passed', because: '', told }
}

// What one answer concludes by itself; undefined: nothing.
function heardOf(tick: Tick, question: Question, answer: Answer, told: readonly Announcement[]): Heard | undefined {
  if (question.about === 'rollback') {
    return answer.kind === 'yes' ? { verdict: 'roll-back', because: 'manual webhook invoked', told } : undefined
  }
  if (answer.kind === 'yes') return undefined
  if (answer.kind === 'unknown') return { verdict: 'held', because: answer.because, told }
  const name = checkName(question)
  const refused = refusal(question, name, answer.because, told)
  if (refused.verdict !== 'failed') return refused
  const response = tick.finding.plan.onFailure[name] ?? 'count'
  return response === 'hold' ? { verdict: 'held', because: refused.because, told } : { ...refused, response }
}

function eventsOf(question: Question, name: string, answer: Answer, phase: Phase): readonly Announcement[] {
  if (question.about === 'rollback') return [rollbackEvent(name, answer, phase)]
  const passed = PASSED[question.about]
  return answer.kind === 'yes' && passed !== undefined ? [event('Normal', `${passed} check ${name} passed`, phase)] : []
}

const PASSED: Readonly<Partial<Record<Question['about'], string>>> = {
  approval: 'Confirm-rollout',
  start: 'Pre-rollout',
  traffic: 'Confirm-traffic-increase',
  promotion: 'Confirm-promotion'
}

function refusal(question: Question, name: string, because: string, told: readonly Announcement[]): Heard {
  const failed: Heard = { verdict: 'failed', check: name, because, response: 'count', told }
  switch (question.about) {
    case 'start':
      return { ...failed, because: `pre-rollout check ${name} failed ${because}` }
    case 'load':
      return { ...failed, because: `external check ${name} failed ${because}` }
    case 'metric':
      return failed
    case 'approval':
      return { verdict: 'gated', because: `waiting for approval ${name}`, told }
    case 'traffic':
      return { verdict: 'gated', because: `waiting for traffic increase approval ${name}`, told }
    case 'promotion':
      return { verdict: 'gated', because: `waiting for promotion approval ${name}`, told }
    case 'provider':
    case 'rollback':
      return { verdict: 'held', because, told }
  }
}

function rollbackEvent(name: string, answer: Answer, phase: Phase): Announcement {
  if (answer.kind === 'yes') return event('Warning', `Rollback check ${name} passed`, phase)
  // 403 is the usual no; a hook that cannot be asked must not pass for one.
  const why = answer.because.startsWith('403') ? '' : `: ${answer.because}`
  return event('Normal', `Rollback hook ${name} not signaling a rollback${why}`, phase)
}
