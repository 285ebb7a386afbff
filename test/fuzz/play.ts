// What one run of the fuzzer does to an engine, as plain data: it is what is changed, kept in the corpus and written down with a finding. The
// same play gives the same run. Texts are latin1; `@@` in them becomes a mark that is nowhere else (marks.ts).

import { readFileSync } from 'node:fs'
import type { Rules } from './rules.ts'

/** One connection to the engine. */
export interface CallerPlay {
  /** Messages. Those that are not pipelined wait for the answers to those before. */
  readonly messages: readonly string[]
  readonly pipelines: boolean
  /** Most bytes of one write, and of one read. Reads of 0: it reads nothing before all else is over. */
  readonly piece: number
  readonly reads: number
  /** What the system keeps of unread bytes before writes have to wait. */
  readonly window: number
  /** What it does once all is sent. */
  readonly after: 'stay' | 'half' | 'reset' | 'close'
}

/** How an endpoint answers a request. */
export interface AnswerPlay {
  readonly text: string
  /** Once the whole request is there, at its head, or as soon as there is a connection. */
  readonly when: 'whole' | 'head' | 'open'
  readonly piece: number
  readonly after: 'stay' | 'end' | 'reset' | 'close'
  /** Most bytes of one read until it answers; 0: it reads no more than the head asks for. */
  readonly reads: number
}

/** What happens to a connection that the engine opens. */
export type DialPlay = 'accept' | 'refuse' | 'hang'

/** Something that happens at a step. */
export type EventPlay =
  | { readonly at: number; readonly kind: 'time'; readonly ms: number }
  | { readonly at: number; readonly kind: 'rules'; readonly change: Partial<Rules> }
  | { readonly at: number; readonly kind: 'drain' }
  | { readonly at: number; readonly kind: 'caller'; readonly which: number; readonly act: 'half' | 'reset' | 'close' }
  | { readonly at: number; readonly kind: 'endpoint'; readonly which: number; readonly act: 'end' | 'reset' | 'close' }

/** A whole run. */
export interface Play {
  /** Of the interleaving, and of the engine's draws. */
  readonly seed: number
  readonly mode: 'buffer' | 'data'
  readonly rules: Rules
  readonly callers: readonly CallerPlay[]
  /** By the number of the request that reached an endpoint; again from the first. */
  readonly answers: readonly AnswerPlay[]
  readonly dials: readonly DialPlay[]
  readonly windows: readonly number[]
  readonly events: readonly EventPlay[]
}

/** As it is kept: texts line by line, so that people can read them. */
export function writePlay(play: Play): string {
  return `${JSON.stringify(play, undefined, 1)}\n`
}

/** A play from a file that writePlay made. */
export function readPlay(file: string): Play {
  // Only writePlay writes these files.
  return JSON.parse(readFileSync(file, 'utf8')) as Play
}
