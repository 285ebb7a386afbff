// What the answers of a tick amount to, with the Events they make (flagger.md 1.6, 2.16). One verdict; the words are Flagger's.

import type { Answer, Question } from './ask.ts'
import type { Phase } from './state.ts'
import { type Announcement, event, type Tick } from './tick.ts'

/** The verdict of a tick's answers; `because` is what an Event or condition says of it. */
export interface Heard {
  readonly verdict: 'passed' | 'failed' | 'held' | 'gated' | 'roll-back'
  readonly because: string
  readonly told: readonly Announcement[]
}

/** Walks through questions and answers. A question left unanswered without a stop means that nothing was concluded: the step is held. */
export function hear(tick: Tick): Heard {
  const told: Announcement[] = []
  let unknown: string | undefined
  for (const [index, question] of tick.questions.entries()) {
    const answer = tick.answers[index]
    if (answer === undefined) break
    const name = question.put.kind === 'hook' ? question.put.hook.name : ''
    told.push(...eventsOf(question, name, answer, tick.finding.state.phase))
    if (question.about === 'rollback' && answer.kind === 'yes') {
      return { verdict: 'roll-back', because: 'manual webhook invoked', told }
    }
    if (question.about === 'rollback') continue
    if (answer.kind === 'unknown') unknown ??= answer.because
    if (answer.kind === 'no') return refusal(question, name, answer.because, told)
  }
  if (unknown !== undefined) return { verdict: 'held', because: unknown, told }
  return tick.answers.length < tick.questions.length
    ? { verdict: 'held', because: 'not all was answered', told }
    : { verdict: 'passed', because: '', told }
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
  switch (question.about) {
    case 'start':
      return { verdict: 'failed', because: `pre-rollout check ${name} failed ${because}`, told }
    case 'load':
      return { verdict: 'failed', because: `external check ${name} failed ${because}`, told }
    case 'metric':
      return { verdict: 'failed', because, told }
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
  return answer.kind === 'yes'
    ? event('Warning', `Rollback check ${name} passed`, phase)
    : event('Normal', `Rollback hook ${name} not signaling a rollback`, phase)
}
