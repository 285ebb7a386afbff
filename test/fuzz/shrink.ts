// The smallest play that still does what a larger one did.

import type { Play } from './play.ts'
import { PLAIN_RULES } from './rules.ts'
import type { Rules } from './rules.ts'

type Still = (play: Play) => Promise<boolean>

/** Tries to leave out and to cut, at most so many times. */
export async function shrunk(play: Play, still: Still, triesMax = 400): Promise<Play> {
  let best = play
  let tries = 0
  for (let isBetter = true; isBetter && tries < triesMax;) {
    isBetter = false
    for (const smaller of smallerOf(best)) {
      if (++tries > triesMax) break
      if (!(await still(smaller))) continue
      best = smaller
      isBetter = true
      break
    }
  }
  return best
}

function* smallerOf(play: Play): Generator<Play> {
  for (const events of without(play.events)) yield { ...play, events }
  for (const callers of without(play.callers)) yield { ...play, callers }
  for (const answers of without(play.answers)) yield { ...play, answers }
  for (const dials of without(play.dials)) yield { ...play, dials }
  for (const windows of without(play.windows)) yield { ...play, windows }
  for (const rules of plainer(play.rules)) yield { ...play, rules }
  for (const [at, caller] of play.callers.entries())
    for (const messages of shorterList(caller.messages)) yield { ...play, callers: play.callers.with(at, { ...caller, messages }) }
  for (const [at, answer] of play.answers.entries())
    for (const text of shorter(answer.text)) yield { ...play, answers: play.answers.with(at, { ...answer, text }) }
}

function* without<T>(list: readonly T[]): Generator<T[]> {
  for (let at = 0; at < list.length; at++) yield list.filter((_, place) => place !== at)
}

function* plainer(rules: Rules): Generator<Rules> {
  for (const [name, value] of Object.entries(PLAIN_RULES)) {
    // Both are of the same type.
    if (rules[name as keyof Rules] !== value) yield { ...rules, [name]: value }
  }
}

function* shorterList(texts: readonly string[]): Generator<string[]> {
  yield* without(texts)
  for (const [at, text] of texts.entries()) for (const less of shorter(text)) yield texts.with(at, less)
}

// Halves, lines, and single bytes of what is short already.
function* shorter(text: string): Generator<string> {
  if (text.length > 60) {
    yield text.slice(0, text.length / 2)
    yield text.slice(text.length / 2)
  }
  const lines = text.split('\r\n')
  if (lines.length > 1) for (const rest of without(lines)) yield rest.join('\r\n')
  if (text.length > 0 && text.length <= 40) for (let at = 0; at < text.length; at++) yield text.slice(0, at) + text.slice(at + 1)
}
