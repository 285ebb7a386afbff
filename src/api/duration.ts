// Durations as Go and protobuf write them (`1m30s`, `0.25s`), to and from milliseconds.

import type { Millis } from '../std/clock.ts'

const UNITS: Readonly<Record<string, Millis>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
// Go holds durations in 64 bits of nanoseconds: about 292 years.
const MILLIS_MAX = 9_223_372_036_854.775
const TEXT_MAX = 100

/** The duration in `text` by Go's rules (sign, decimals, units ns to h, or a bare 0); undefined when it is none. */
export function parseDuration(text: string): Millis | undefined {
  if (text.length > TEXT_MAX) return undefined
  const sign = text.startsWith('-') ? -1 : 1
  const body = text.replace(/^[+-]/, '')
  if (body === '0') return 0
  if (!/^((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$/.test(body)) return undefined
  let total = 0
  for (const [, amount = '', unit = ''] of body.matchAll(/([\d.]+)(ns|us|µs|μs|ms|s|m|h)/g)) total += Number(amount) * (UNITS[unit] ?? 0)
  return total > MILLIS_MAX ? undefined : sign * total
}

/** `duration` (milliseconds, to the nanosecond) as Go prints it: `1h0m0s`, `1m30s`, `1.5s`, `250ms`, `0s`. */
export function formatDuration(duration: Millis): string {
  const sign = duration < 0 ? '-' : ''
  const size = Math.abs(duration)
  if (size === 0) return '0s'
  if (size < 1e-3) return `${sign}${plain(size * 1e6, 0)}ns`
  if (size < 1) return `${sign}${plain(size * 1e3, 3)}µs`
  if (size < 1000) return `${sign}${plain(size, 6)}ms`
  const whole = Math.floor(size / 1000)
  const hours = Math.floor(whole / 3600)
  const minutes = Math.floor((whole % 3600) / 60)
  const seconds = plain((whole % 60) + (size - whole * 1000) / 1000, 9)
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}s`
  return minutes > 0 ? `${sign}${minutes}m${seconds}s` : `${sign}${seconds}s`
}

function plain(value: number, decimals: number): string {
  const text = value.toFixed(decimals)
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}
