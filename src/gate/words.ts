// Numbers as people read and write them: the same in sentences, charts, tables and options.

import type { Millis } from '../std/clock.ts'

/** `1,234`. */
export function countText(value: number): string {
  const whole = Math.round(value)
  // Half a microsecond is saved for nearly every number of a sentence, and sentences are made at every look.
  return Math.abs(whole) < 1_000 ? String(whole) : whole.toLocaleString('en-US')
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

/** A chance as it is written, `0.01`, `1e-3` or `1%`, more than 0 and at most 0.5; undefined for anything else. */
export function chanceIn(text: string): number | undefined {
  const [, number, percent] = /^(\d*\.?\d+(?:e-\d+)?)\s*(%?)$/.exec(text) ?? []
  const chance = Number(number) / (percent === '%' ? 100 : 1)
  return chance > 0 && chance <= 0.5 ? chance : undefined
}

/** Parts as lines of at most `width` characters, with `glue` between two of one line; a part that is longer is a line of its own. */
export function wrapped(parts: readonly string[], width: number, glue: string): readonly string[] {
  const lines: string[] = []
  for (const part of parts) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + glue.length + part.length <= width) lines[lines.length - 1] = `${last}${glue}${part}`
    else lines.push(part)
  }
  return lines
}
