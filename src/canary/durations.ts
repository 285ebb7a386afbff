// Durations of a Canary, as Flagger's schema lets them be written, and the defaults for what gives none.

import type { Millis } from '../std/clock.ts'

export const SHORTEST_INTERVAL: Millis = 10_000
export const DEFAULT_INTERVAL: Millis = 60_000
export const DEFAULT_HOOK_TIMEOUT: Millis = 10_000

/** Milliseconds of a duration such as `30s`, `1m30s`, `500ms` or `2h`; undefined for anything else. */
export function durationOf(value: unknown): Millis | undefined {
  if (typeof value !== 'string' || !/^(\d+(ms|s|m|h))+$/.test(value)) return undefined
  const unit: Readonly<Record<string, Millis>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
  let total = 0
  for (const [, count, name] of value.matchAll(/(\d+)(ms|s|m|h)/g)) total += Number(count) * (unit[name ?? ''] ?? 0)
  return total
}
