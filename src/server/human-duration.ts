// Ages as kubectl shows them: two units at most, one once it is clear enough (`2m10s`, `5d3h`, `57d`, `3y41d`).

import type { Millis } from '../std/clock.ts'

/** How long ago something was; `<invalid>` for more than two seconds in the future (clocks differ a little). */
export function humanDuration(elapsed: Millis): string {
  const seconds = Math.trunc(elapsed / 1000)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.trunc(seconds / 60)
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  const hours = Math.trunc(minutes / 60)
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  if (hours < 192) return two(Math.trunc(hours / 24), 'd', hours % 24, 'h')
  const days = Math.trunc(hours / 24)
  if (days < 730) return `${days}d`
  const years = Math.trunc(days / 365)
  return years < 8 ? two(years, 'y', days % 365, 'd') : `${years}y`
}

/** The age of an RFC 3339 instant; `<unknown>` where there is none. */
export function age(timestamp: unknown, now: Millis): string {
  if (typeof timestamp !== 'string' || timestamp === '') return '<unknown>'
  const at = Date.parse(timestamp)
  return Number.isNaN(at) ? '<invalid>' : humanDuration(now - at)
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`
}
