// Instants in Envoy's format strings: strftime in the C locale, with Envoy's own %s and %f, %1f to %9f (istio.md 5).

import type { Millis } from '../std/clock.ts'
import { civilOf } from '../std/instant.ts'

/** A pattern cut into literals and specifiers (the letter, or `3f` with its digits). */
export type TimePattern = readonly (string | { readonly spec: string })[]

const DAY_SECONDS = 86_400
const DAYS: readonly string[] = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS: readonly string[] = 'January February March April May June July August September October November December'.split(' ')

/** Cuts a pattern; what is no specifier of strftime or Envoy stays as it is. */
export function timePattern(text: string): TimePattern {
  const parts: (string | { readonly spec: string })[] = []
  let end = 0
  for (const found of text.matchAll(/%(?:[EO]?([a-zA-Z])|([1-9]f)|(%))/g)) {
    const [whole, letter, fraction, percent] = found
    if (found.index > end) parts.push(text.slice(end, found.index))
    end = found.index + whole.length
    const spec = letter ?? fraction
    if (percent !== undefined) parts.push('%')
    else if (spec !== undefined) parts.push(isSpecifier(spec) ? { spec } : whole)
  }
  if (end < text.length) parts.push(text.slice(end))
  return parts
}

/** Envoy refuses patterns that would write a line feed. */
export function writesLineFeed(text: string): boolean {
  return /\n|%[-_0^#]*[1-9]*[EO]?n/.test(text)
}

function isSpecifier(spec: string): boolean {
  return spec.length > 1 || spec in SPECIFIERS
}

/** An instant by its parts. */
interface Parts {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  /** 0 is Sunday. */
  readonly weekday: number
  /** 0 is 1 January. */
  readonly yearDay: number
  readonly zone: number
  /** Milliseconds since 1970. */
  readonly at: Millis
}

/** `zone`: minutes east of UTC. */
export function formatTime(pattern: TimePattern, at: Millis, zone = 0): string {
  const parts = partsOf(at, zone)
  let text = ''
  for (const part of pattern) text += typeof part === 'string' ? part : specified(part.spec, parts)
  return text
}

// The second and the millisecond that were written last: the lines of a log have many instants of one.
let lastSecond = Number.NaN
let lastText = ''
let lastMs = Number.NaN
let lastTime = ''

/** ISO 8601 in UTC with milliseconds: what `%START_TIME%` prints without a pattern. */
export function isoTime(at: Millis): string {
  const ms = Math.floor(at)
  if (ms === lastMs) return lastTime
  const inSeconds = Math.floor(ms / 1000)
  if (inSeconds !== lastSecond) {
    const { year, month, day, hour, minute, second } = partsOf(ms, 0)
    lastText = `${pad(year, 4)}-${pad(month)}-${pad(day)}T${pad(hour)}:${pad(minute)}:${pad(second)}.`
    lastSecond = inSeconds
  }
  lastMs = ms
  lastTime = `${lastText}${pad(ms - inSeconds * 1000, 3)}Z`
  return lastTime
}

function partsOf(at: Millis, zone: number): Parts {
  const seconds = Math.floor(at / 1000) + zone * 60
  const days = Math.floor(seconds / DAY_SECONDS)
  const left = seconds - days * DAY_SECONDS
  const { year, month, day } = civilOf(days)
  return {
    year,
    month,
    day,
    hour: Math.floor(left / 3600),
    minute: Math.floor(left / 60) % 60,
    second: left % 60,
    weekday: (((days + 4) % 7) + 7) % 7,
    yearDay: dayOfYear(year, month, day),
    zone,
    at
  }
}

function dayOfYear(year: number, month: number, day: number): number {
  const before = Math.floor((275 * month) / 9) - (month > 2 ? (isLeap(year) ? 1 : 2) : 0)
  return before + day - 31
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

function pad(value: number, width = 2, fill = '0'): string {
  return String(value).padStart(width, fill)
}

/** The fraction of a second with `digits` digits; instants are in milliseconds with fractions, so nanoseconds are as fine as these are. */
function fraction(at: Millis, digits: number): string {
  const nanos = Math.floor((at - Math.floor(at / 1000) * 1000) * 1e6)
  return pad(nanos, 9).slice(0, digits)
}

function specified(spec: string, parts: Parts): string {
  if (spec.length > 1) return fraction(parts.at, Number(spec[0]))
  return SPECIFIERS[spec]?.(parts) ?? ''
}

function hour12({ hour }: Parts): number {
  return hour % 12 === 0 ? 12 : hour % 12
}

/** Number of the week whose first day is `first` (0 Sunday, 1 Monday); days before the first such day are in week 0. */
function weekOf({ yearDay, weekday }: Parts, first: number): number {
  return Math.floor((yearDay + 7 - ((weekday - first + 7) % 7)) / 7)
}

/** Week and year of ISO 8601: the week that has the year's first Thursday is the first. */
function isoWeek(parts: Parts): { readonly week: number; readonly year: number } {
  const thursday = parts.yearDay - ((parts.weekday + 6) % 7) + 3
  const length = (year: number): number => (isLeap(year) ? 366 : 365)
  if (thursday < 0) return { week: Math.floor((thursday + length(parts.year - 1)) / 7) + 1, year: parts.year - 1 }
  if (thursday >= length(parts.year)) return { week: Math.floor((thursday - length(parts.year)) / 7) + 1, year: parts.year + 1 }
  return { week: Math.floor(thursday / 7) + 1, year: parts.year }
}

function zoneText({ zone }: Parts): string {
  const minutes = Math.abs(zone)
  return `${zone < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}${pad(minutes % 60)}`
}

const clockText = (parts: Parts): string => `${pad(parts.hour)}:${pad(parts.minute)}:${pad(parts.second)}`
const shortDate = (parts: Parts): string => `${pad(parts.month)}/${pad(parts.day)}/${pad(parts.year % 100)}`
const dayName = ({ weekday }: Parts): string => DAYS[weekday] ?? ''
const monthName = ({ month }: Parts): string => MONTHS[month - 1] ?? ''
const noon = ({ hour }: Parts): string => (hour < 12 ? 'AM' : 'PM')

const SPECIFIERS: Readonly<Record<string, (parts: Parts) => string>> = {
  a: (parts) => dayName(parts).slice(0, 3),
  A: dayName,
  b: (parts) => monthName(parts).slice(0, 3),
  B: monthName,
  c: (parts) =>
    `${dayName(parts).slice(0, 3)} ${monthName(parts).slice(0, 3)} ${pad(parts.day, 2, ' ')} ${clockText(parts)} ${pad(parts.year, 4)}`,
  C: ({ year }) => pad(Math.floor(year / 100)),
  d: ({ day }) => pad(day),
  D: shortDate,
  e: ({ day }) => pad(day, 2, ' '),
  f: ({ at }) => fraction(at, 9),
  F: ({ year, month, day }) => `${pad(year, 4)}-${pad(month)}-${pad(day)}`,
  g: (parts) => pad(isoWeek(parts).year % 100),
  G: (parts) => pad(isoWeek(parts).year, 4),
  h: (parts) => monthName(parts).slice(0, 3),
  H: ({ hour }) => pad(hour),
  I: (parts) => pad(hour12(parts)),
  j: ({ yearDay }) => pad(yearDay + 1, 3),
  m: ({ month }) => pad(month),
  M: ({ minute }) => pad(minute),
  p: noon,
  r: (parts) => `${pad(hour12(parts))}:${pad(parts.minute)}:${pad(parts.second)} ${noon(parts)}`,
  R: ({ hour, minute }) => `${pad(hour)}:${pad(minute)}`,
  s: ({ at }) => String(Math.floor(at / 1000)),
  S: ({ second }) => pad(second),
  t: () => '\t',
  T: clockText,
  u: ({ weekday }) => String(weekday === 0 ? 7 : weekday),
  U: (parts) => pad(weekOf(parts, 0)),
  V: (parts) => pad(isoWeek(parts).week),
  w: ({ weekday }) => String(weekday),
  W: (parts) => pad(weekOf(parts, 1)),
  x: shortDate,
  X: clockText,
  y: ({ year }) => pad(year % 100),
  Y: ({ year }) => pad(year, 4),
  z: zoneText,
  Z: (parts) => (parts.zone === 0 ? 'UTC' : zoneText(parts))
}
