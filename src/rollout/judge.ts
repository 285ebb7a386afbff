// From what a webhook answered to yes or no. The sentences are those of Flagger's events, without the subject.

import { printable } from '../std/printable.ts'
import type { Answer } from './ask.ts'

/** What became of a webhook call: an answer with its status and (cut) body, or none; refused: its URL is not one to call. */
export type HookOutcome =
  | { readonly kind: 'answered'; readonly status: number; readonly body: string }
  | { readonly kind: 'unreachable' | 'refused'; readonly because: string }

/** A webhook's outcome: all of 2xx is yes, everything else no with what it said (a repair: flagger.md 1.6 stops at 202 and hides 5xx bodies). */
export function judgeHook(outcome: HookOutcome): Answer {
  if (outcome.kind !== 'answered') return { kind: 'no', because: outcome.because }
  if (outcome.status >= 200 && outcome.status < 300) return { kind: 'yes' }
  const body = printable(outcome.body.trim())
  return { kind: 'no', because: body === '' ? `${outcome.status}` : `${outcome.status}: ${body}` }
}
