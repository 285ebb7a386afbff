// Go's fmt.Sprintf for query templates. Where Go writes its complaint into the text (`%!d(string=x)`), the template is wrong: no provider
// could make sense of such a query.

import { bytesOf, floatText, goExponent, type Refuse, shown, typeName, type Value } from './value.ts'

const VERB = /%([+\-# 0]*)(\d+)?(?:(\.)(\d*))?([^])?/gu
const MAX_WIDTH = 1000
const MAX_PRECISION = 100

interface Format {
  readonly verb: string
  readonly flags: string
  readonly precision: number | undefined
  readonly refuse: Refuse
}

/** `format` with `args` in the places of its verbs. */
export function formatted(format: string, args: readonly Value[], refuse: Refuse): string {
  const left = [...args]
  let text = ''
  let end = 0
  for (const found of format.matchAll(VERB)) {
    text += format.slice(end, found.index) + filled(found, left, refuse)
    end = found.index + found[0].length
  }
  return left.length > 0 ? refuse(`${left.length} arguments more than verbs`) : text + format.slice(end)
}

function filled([whole, flags = '', width = '0', point, digits = '', verb = '']: readonly string[], left: Value[], refuse: Refuse): string {
  if (verb === '%') return '%'
  if (flags.includes('#')) return refuse(`the flag # of ${whole} is not supported`)
  if (Number(width) > MAX_WIDTH || Number(digits) > MAX_PRECISION) return refuse(`${whole} is too wide`)
  if (left.length === 0) return refuse(`no argument for ${whole}`)
  const precision = point === undefined ? undefined : Number(digits)
  return padded(oneOf({ verb, flags, precision, refuse }, left.shift()), { flags, verb }, Number(width))
}

function padded(text: string, { flags, verb }: Pick<Format, 'flags' | 'verb'>, width: number): string {
  const missing = width - Array.from(text).length
  if (missing <= 0) return text
  if (flags.includes('-')) return text + ' '.repeat(missing)
  const zeros = flags.includes('0') && !'sqvT'.includes(verb)
  if (!zeros) return ' '.repeat(missing) + text
  const sign = /^[+\- ]/.exec(text)?.[0] ?? ''
  return sign + '0'.repeat(missing) + text.slice(sign.length)
}

function oneOf(format: Format, value: Value): string {
  const { verb, precision, refuse } = format
  if (verb === 'T') return value === undefined ? '<nil>' : typeName(value)
  if (typeof value === 'bigint') return integer(format, value)
  if (typeof value === 'number') return float(format, value)
  if (typeof value === 'string') return string(format, value)
  const fits = verb === 'v' || (verb === 't' && typeof value === 'boolean')
  if (!fits || precision !== undefined) return refuse(`%${verb} is not for ${typeName(value)}`)
  return shown(value)
}

function string({ verb, precision, refuse }: Format, value: string): string {
  const cut = precision === undefined ? value : Array.from(value).slice(0, precision).join('')
  switch (verb) {
    case 'v':
    case 's':
      return cut
    case 'q':
      return quoted(cut)
    case 'x':
    case 'X': {
      const text = [...bytesOf(value)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
      return verb === 'x' ? text : text.toUpperCase()
    }
    default:
      return refuse(`%${verb} is not for a string`)
  }
}

/** A string as Go quotes it. */
function quoted(text: string): string {
  const escapes: Readonly<Record<string, string>> = {
    '\x07': '\\a',
    '\b': '\\b',
    '\f': '\\f',
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\v': '\\v'
  }
  const inner = text.replaceAll(/["\\]|[\x00-\x1f\x7f]/g, (character) => {
    if (character === '"' || character === '\\') return `\\${character}`
    return escapes[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
  return `"${inner}"`
}

const BASES: Readonly<Record<string, number>> = { d: 10, v: 10, x: 16, X: 16, o: 8, b: 2 }

function integer({ verb, flags, precision, refuse }: Format, value: bigint): string {
  if (verb === 'c') return String.fromCodePoint(value < 0n || value > 0x10_ffffn ? 0xfffd : Number(value))
  const base = BASES[verb]
  if (base === undefined) return refuse(`%${verb} is not for an int`)
  const digits = (value < 0n ? -value : value).toString(base).padStart(precision ?? 0, '0')
  return signed(value < 0n, verb === 'X' ? digits.toUpperCase() : digits, flags)
}

function float({ verb, flags, precision, refuse }: Format, value: number): string {
  const size = Math.abs(value)
  const negative = value < 0 || Object.is(value, -0)
  switch (verb) {
    case 'f':
    case 'F':
      return signed(negative, fixed(size, precision ?? 6), flags)
    case 'e':
    case 'E': {
      const text = goExponent(size.toExponential(precision ?? 6))
      return signed(negative, verb === 'e' ? text : text.toUpperCase(), flags)
    }
    case 'v':
    case 'g':
    case 'G': {
      const text = precision === undefined ? floatText(size) : general(size, precision)
      return signed(negative, verb === 'G' ? text.toUpperCase() : text, flags)
    }
    default:
      return refuse(`%${verb} is not for a float`)
  }
}

function signed(negative: boolean, text: string, flags: string): string {
  if (negative) return `-${text}`
  return flags.includes('+') ? `+${text}` : flags.includes(' ') ? ` ${text}` : text
}

// Exact, and halves to the even digit, as Go rounds; toFixed takes halves up.
function fixed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return floatText(value)
  let [whole, power] = [value, 0]
  while (!Number.isInteger(whole)) [whole, power] = [whole * 2, power + 1]
  const scaled = BigInt(whole) * 10n ** BigInt(digits)
  const unit = 2n ** BigInt(power)
  const [quotient, rest] = [scaled / unit, scaled % unit]
  const up = rest * 2n > unit || (rest * 2n === unit && quotient % 2n === 1n)
  const text = String(up ? quotient + 1n : quotient).padStart(digits + 1, '0')
  return digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`
}

// %g with a precision: significant digits, without trailing zeros.
function general(value: number, precision: number): string {
  const significant = Math.max(1, precision)
  const exponential = value.toExponential(significant - 1)
  const [mantissa = '', exponent = '0'] = exponential.split('e')
  const bare = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text)
  if (Number(exponent) < -4 || Number(exponent) >= significant) return goExponent(`${bare(mantissa)}e${exponent}`)
  return bare(value.toFixed(Math.max(0, significant - 1 - Number(exponent))))
}
