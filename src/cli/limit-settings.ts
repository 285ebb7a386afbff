// How bounds of the mesh are written in the settings: counts as whole numbers, sizes as bytes or Kubernetes quantities (64Ki), times as
// durations (60s).

import { formatDuration, parseDuration } from '../api/duration.ts'
import { BOUNDS } from '../proxy/limits.ts'
import type { Bound, Limits, SettableLimit } from '../proxy/limits.ts'
import { isObject } from '../std/json.ts'

/** What is wrong with a setting; `path` leads to it. */
export interface SettingFault {
  readonly path: string
  readonly message: string
}

const NAMES = Object.keys(BOUNDS)
const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1000,
  M: 1_000_000,
  G: 1_000_000_000,
  Ki: 1024,
  Mi: 1_048_576,
  Gi: 1_073_741_824
}
const EXAMPLES: Readonly<Record<Bound['unit'], string>> = {
  count: 'a whole number',
  bytes: 'bytes such as 65536 or 64Ki',
  time: 'a duration such as 60s'
}

/** Bounds that are set, or everything that is wrong with them. */
export function readLimits(value: unknown): { readonly limits: Partial<Limits> } | { readonly faults: readonly SettingFault[] } {
  if (!isObject(value)) return { faults: [{ path: 'limits', message: 'must be a map from names to values; docs/limits.md has them' }] }
  const faults: SettingFault[] = []
  const limits: Partial<Record<SettableLimit, number>> = {}
  for (const [name, written] of Object.entries(value)) {
    const path = `limits.${name}`
    if (!isName(name)) {
      faults.push({ path, message: `unknown limit; known are ${NAMES.join(', ')}` })
      continue
    }
    const bound = BOUNDS[name]
    const read = readValue(bound, written)
    if (read !== undefined && read >= bound.least && read <= bound.most) limits[name] = read
    else faults.push({ path, message: `${JSON.stringify(written)}: must be ${EXAMPLES[bound.unit]}, ${rangeOf(bound)}` })
  }
  return faults.length > 0 ? { faults } : { limits }
}

/** A value of a bound as one writes it. */
export function writtenLimit({ unit }: Pick<Bound, 'unit'>, value: number): string {
  if (unit === 'time') return formatDuration(value).replace(/(?<=[hm])0[ms](0s)?$/, '')
  if (unit === 'count' || value === 0) return String(value)
  const size = ['Gi', 'Mi', 'Ki'].find((suffix) => value % (FACTORS[suffix] ?? 1) === 0) ?? ''
  return `${value / (FACTORS[size] ?? 1)}${size}`
}

/** What a bound may be set to, in words. */
export function rangeOf(bound: Bound): string {
  return `from ${writtenLimit(bound, bound.least)} to ${writtenLimit(bound, bound.most)}`
}

function isName(name: string): name is SettableLimit {
  return NAMES.includes(name)
}

function readValue({ unit }: Bound, value: unknown): number | undefined {
  if (unit === 'time') return typeof value === 'string' ? parseDuration(value) : undefined
  if (typeof value === 'number') return Number.isInteger(value) ? value : undefined
  const [, digits, suffix = ''] = (unit === 'bytes' && typeof value === 'string' && /^(\d{1,12})([kMG]|[KMG]i)?$/.exec(value)) || []
  return digits === undefined ? undefined : Number(digits) * (FACTORS[suffix] ?? 1)
}
