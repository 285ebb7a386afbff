// Plain readers of what Argo's objects hold: no schema of theirs is kept here, only what is asked for is looked at.

import { dig, isObject, someText } from '../std/json.ts'

/** A text that is not empty. */
export function textAt(value: unknown, ...keys: readonly string[]): string | undefined {
  return someText(dig(value, ...keys))
}

/** A number, also one that is written as text, as Argo's int-or-string fields are. */
export function numberAt(value: unknown, ...keys: readonly string[]): number | undefined {
  const found = dig(value, ...keys)
  if (typeof found === 'number') return found
  return typeof found === 'string' && /^-?\d+(\.\d+)?$/.test(found) ? Number(found) : undefined
}

/** A mapping. */
export function mapAt(value: unknown, ...keys: readonly string[]): Readonly<Record<string, unknown>> | undefined {
  const found = dig(value, ...keys)
  return isObject(found) ? found : undefined
}

/** Seconds of a duration as Argo takes it: a number of seconds, or Go's notation. */
export function secondsOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value !== 'string') return undefined
  if (/^\d+$/.test(value)) return Number(value)
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(value)) return undefined
  const unit: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 }
  let total = 0
  for (const [, count, name] of value.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) total += Number(count) * (unit[name ?? ''] ?? 0)
  return total
}

/** A duration as Flagger takes it: whole minutes or seconds. Hours are not in its pattern. */
export function intervalText(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds))
  return whole % 60 === 0 ? `${whole / 60}m` : `${whole}s`
}

/** The mapping without what is undefined. */
export function compact(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
