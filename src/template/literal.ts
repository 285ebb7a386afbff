// Literals of query templates: Go's strings, characters and numbers.

import { TemplateError, type Value } from './value.ts'

const MAX_INT = 9_223_372_036_854_775_807n

/** The value of a quoted string, a character or a number as it stands in a template; throws TemplateError. */
export function literalOf(text: string, line: number): Value {
  const quote = text[0] ?? ''
  if (quote === '`') return text.slice(1, -1).replaceAll('\r', '')
  if (quote === '"') return unquoted(text.slice(1, -1), line)
  if (quote === "'") return character(text, line)
  const number = numberOf(text)
  if (number === undefined) throw new TemplateError(line, `bad number syntax: ${JSON.stringify(text)}`)
  if (typeof number === 'bigint' && (number > MAX_INT || number < -MAX_INT - 1n)) throw new TemplateError(line, `${text} overflows int`)
  return number
}

function character(text: string, line: number): bigint {
  const [only, ...more] = unquoted(text.slice(1, -1), line)
  if (only === undefined || more.length > 0) throw new TemplateError(line, `malformed character constant: ${text}`)
  return BigInt(only.codePointAt(0) ?? 0)
}

function numberOf(text: string): bigint | number | undefined {
  const sign = text.startsWith('-') ? -1 : 1
  const body = text.replace(/^[+-]/, '').toLowerCase()
  if (/^_|__|_$|[^\da-fx]_|_[^\da-f]/.test(body)) return undefined
  const digits = body.replaceAll('_', '')
  if (/^(0|[1-9]\d*|0x[\da-f]+|0o[0-7]+|0b[01]+)$/.test(digits)) return BigInt(sign) * BigInt(digits)
  if (/^0[0-7]+$/.test(digits)) return BigInt(sign) * BigInt(`0o${digits.slice(1)}`)
  if (/^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/.test(digits)) return sign * Number(digits)
  return undefined
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'"
}

function unquoted(text: string, line: number): string {
  return text.replaceAll(/\\(x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-7]{3}|[^])/gu, (whole, code: string) => {
    const plain = Object.hasOwn(ESCAPES, code) ? ESCAPES[code] : undefined
    if (plain !== undefined) return plain
    const point = /^[xuU]./.test(code) ? Number.parseInt(code.slice(1), 16) : /^\d{3}$/.test(code) ? Number.parseInt(code, 8) : undefined
    if (point === undefined || point > 0x10_ffff) throw new TemplateError(line, `bad escape ${whole} in a string`)
    return String.fromCodePoint(point)
  })
}
