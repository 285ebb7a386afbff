// Numbers of a rehearsal in words, the same on the terminal and in pictures.

import type { Share, Spread } from './chances.ts'
import type { Regression } from './regression.ts'
import type { Disturbance } from './service.ts'

const DISTURBED: Readonly<Record<Disturbance, string>> = {
  calm: 'calm',
  storms: 'storms',
  blips: 'blips',
  outage: 'outage',
  'mild-outage': 'mild outage',
  'cold-start': 'cold start',
  'cold-steps': 'cold starts'
}

/** `47 s`, `6 min 2 s`, `1 h 12 min`, `2 h`. */
export function secondsText(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 120) return `${whole} s`
  if (whole < 3_600) return whole % 60 === 0 ? `${whole / 60} min` : `${Math.floor(whole / 60)} min ${whole % 60} s`
  const minutes = Math.round(whole / 60)
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** `99.5 % (98.9-99.8)`: the share and its 95 % interval. */
export function shareText({ count, of, low, high }: Share): string {
  return of === 0 ? '-' : `${percent(count / of)} % (${percent(low)}-${percent(high)})`
}

/** Median, and in brackets the 95th percentile; `-` without values. */
export function spreadText(spread: Spread | undefined, text: (value: number) => string): string {
  return spread === undefined ? '-' : `${text(spread.median)} (${text(spread.p95)})`
}

/** What a release is like: `fails 5 points more`, `is 2 times as slow`. */
export function regressionText({ errors, slower }: Regression): string {
  const parts = [
    ...(errors === 0 ? [] : [`fails ${Number((100 * errors).toPrecision(6))} points more`]),
    ...(slower === 1 ? [] : [`is ${slower} times as slow`])
  ]
  return parts.length === 0 ? 'is as good as stable' : parts.join(' and ')
}

/** What befalls a service, in a word or two. */
export function disturbanceText(disturbance: Disturbance): string {
  return DISTURBED[disturbance]
}

function percent(share: number): string {
  return String(Number((100 * share).toFixed(1)))
}
