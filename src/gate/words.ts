// Numbers as people read them: the same in sentences, charts and tables.

import type { Millis } from '../std/clock.ts'

/** `1,234`. */
export function countText(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** A share (0..1) in percent with two digits: `0.12 %`. */
export function percentText(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`
}

/** A difference of shares (0..1): `0.5 points`, `1 point`. */
export function pointsText(share: number): string {
  const number = Number((100 * share).toPrecision(2))
  return `${number} ${number === 1 ? 'point' : 'points'}`
}

/** A duration in the unit that suits it: `90 s`, `12 min`, `3 h`. */
export function durationText(time: Millis): string {
  const seconds = Math.round(time / 1000)
  if (seconds < 120) return `${seconds} s`
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`
}

/** A text as a sentence: `the canary`, which a version without a name is called, begins it with a capital; a name stays as it is. */
export function asSentence(text: string): string {
  return text.replace(/^the /, 'The ')
}
