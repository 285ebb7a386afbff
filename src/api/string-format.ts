// The `format` words of string schemas that the Kubernetes API server checks, and RE2 patterns. Other formats mean nothing to it.

import { RE2JS } from 're2js'
import { formatInstant, parseInstant } from '../std/instant.ts'
import { parseDuration } from './duration.ts'

const BYTE = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const UUID = /^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}$/
const LABEL = /^[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?$/
const MAC = /^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$|^([0-9A-Fa-f]{2}-){5}[0-9A-Fa-f]{2}$/
const URI = /^([A-Za-z][A-Za-z0-9+.-]*:[^\s]*|\/[^\s]*)$/

const CHECKS: Readonly<Record<string, (text: string) => boolean>> = {
  'date-time': isDateTime,
  date: (text) => isDateTime(`${text}T00:00:00Z`),
  duration: (text) => parseDuration(text) !== undefined,
  byte: (text) => BYTE.test(text),
  uuid: (text) => UUID.test(text),
  hostname: (text) => text.length <= 253 && text.split('.').every((label) => LABEL.test(label)),
  ipv4: isIpv4,
  ipv6: isIpv6,
  cidr: (text) => {
    const [address = '', bits = ''] = text.split('/')
    if (!/^\d{1,3}$/.test(bits) || text.split('/').length !== 2) return false
    return isIpv4(address) ? Number(bits) <= 32 : isIpv6(address) && Number(bits) <= 128
  },
  mac: (text) => MAC.test(text),
  uri: (text) => URI.test(text)
}

/** Whether `text` has `format`; true for formats that are not checked. */
export function hasFormat(format: string, text: string): boolean {
  return Object.hasOwn(CHECKS, format) ? (CHECKS[format]?.(text) ?? true) : true
}

/** Whether RE2 `pattern` is found anywhere in `text`; undefined when the pattern is not RE2. Linear in the text. */
export function patternFound(pattern: string, text: string): boolean | undefined {
  try {
    return RE2JS.compile(pattern).matcher(text).find()
  } catch {
    return undefined
  }
}

// The calendar is checked by writing the instant again: 30 February comes back as another day.
function isDateTime(text: string): boolean {
  const found = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/.exec(text)
  const plain = `${found?.[1]}T${found?.[2]}Z`
  const at = parseInstant(plain)
  return at !== undefined && formatInstant(at) === plain
}

function isIpv4(text: string): boolean {
  const parts = text.split('.')
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)
}

function isIpv6(text: string): boolean {
  const halves = text.split('::')
  if (halves.length > 2 || text.length > 45) return false
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')))
  const last = groups.at(-1) ?? ''
  const tail = isIpv4(last) ? 2 : 1
  const words = tail === 2 ? groups.slice(0, -1) : groups
  const count = words.length + (tail === 2 ? 2 : 0)
  return words.every((word) => /^[0-9A-Fa-f]{1,4}$/.test(word)) && (halves.length === 2 ? count < 8 : count === 8)
}
