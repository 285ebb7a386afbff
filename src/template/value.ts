// The values of query templates as Go has them: whole numbers and floating-point ones are two kinds. How they print and compare.

/** A value: bigint is Go's int, number its float64, a map holds strings, undefined is nil. */
export type Value = string | bigint | number | boolean | undefined | ReadonlyMap<string, string>

/** What is wrong with a template; `line` from 1. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'

  constructor(line: number, because: string) {
    super(`line ${line}: ${because}`)
  }
}

/** True for the spaces that trim markers know. */
export function isSpace(character: string | undefined): boolean {
  return character === ' ' || character === '\t' || character === '\r' || character === '\n'
}

/** Go's truth: everything but the empty and zero values. */
export function isTrue(value: Value): boolean {
  return value instanceof Map ? value.size > 0 : Boolean(value)
}

/** What an action prints of `value`. */
export function printed(value: Value): string {
  return value === undefined ? '<no value>' : shown(value)
}

/** As Go's `%v`. */
export function shown(value: Value): string {
  if (value === undefined) return '<nil>'
  if (typeof value === 'number') return floatText(value)
  if (typeof value !== 'object') return String(value)
  return `map[${[...sortedEntries(value)].map(([key, text]) => `${key}:${text}`).join(' ')}]`
}

/** The entries of a map in the order in which Go's range and print go through them. */
export function sortedEntries(map: ReadonlyMap<string, string>): readonly (readonly [string, string])[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** The name of a value's type in Go, for errors. */
export function typeName(value: Value): string {
  if (value === undefined) return 'nil'
  if (typeof value === 'bigint') return 'int'
  if (typeof value === 'number') return 'float64'
  if (typeof value === 'boolean') return 'bool'
  return typeof value === 'string' ? 'string' : 'map[string]string'
}

/** The shortest text of a float that reads back the same, with an exponent where Go's `%v` has one. */
export function floatText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
  const exponent = value === 0 ? 0 : Number(value.toExponential().split('e')[1])
  if (exponent < -4 || exponent >= 6) return goExponent(value.toExponential())
  return Object.is(value, -0) ? '-0' : String(value)
}

/** `1.5e+6` as Go writes it: at least two digits in the exponent. */
export function goExponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2')
}

/** equal, less or greater; undefined when Go refuses to compare the two. */
export function compare(a: Value, b: Value): -1 | 0 | 1 | undefined {
  if (a === undefined || b === undefined || typeof a !== typeof b || typeof a === 'object' || typeof b === 'object') return undefined
  return a === b ? 0 : a < b ? -1 : 1
}

/** Says why a call is wrong, and does not return. */
export type Refuse = (because: string) => never

/** The bytes of a string, which are what Go counts and cuts. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
