// Instants as Kubernetes writes them (RFC 3339, UTC, whole seconds) to and from milliseconds, without the runtime's Date, which reads
// the wall clock and is therefore kept out of the core.

import type { Millis } from './clock.ts'

const DAY: Millis = 86_400_000

/** `2026-11-21T11:26:52Z` for an instant; milliseconds are cut off. */
export function formatInstant(at: Millis): string {
  const days = Math.floor(at / DAY)
  const seconds = Math.floor((at - days * DAY) / 1000)
  const { year, month, day } = civilOf(days)
  const time = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map((part) => pad(Math.floor(part), 2)).join(':')
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}T${time}Z`
}

/** The instant an RFC 3339 text in UTC names; undefined for any other text. Fractions of a second are kept to the millisecond. */
export function parseInstant(text: string | undefined): Millis | undefined {
  const found = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z$/.exec(text ?? '')
  if (found === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1, 7).map(Number)
  const fraction = Number((found[7] ?? '').padEnd(3, '0').slice(0, 3))
  return daysOf(year, month, day) * DAY + ((hour * 60 + minute) * 60 + second) * 1000 + fraction
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0')
}

// The civil calendar counted in 400-year eras that begin on 1 March, so that the leap day is the last of its year.
function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}

/** The civil date of a day counted from 1970-01-01. */
export function civilOf(days: number): { readonly year: number; readonly month: number; readonly day: number } {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1 }
}
