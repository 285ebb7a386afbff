// The rules for names, labels, ports and numbers that many kinds share, with Kubernetes' words for what breaks them.

import { isObject } from '../std/json.ts'
import { invalid } from './cause.ts'
import type { Cause } from './cause.ts'

/** A rule for text: a pattern, a length, and the words for a text that breaks the pattern. */
export interface TextRule {
  readonly pattern: RegExp
  readonly lengthMax: number
  readonly words: string
  /** What its length is counted in, as Kubernetes puts it; default characters. */
  readonly unit?: 'bytes'
}

/** Container, volume and port names, Namespaces, Services. */
export const DNS_LABEL: TextRule = {
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
  lengthMax: 63,
  words:
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric " +
    "character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
}

/** Names of most objects, external host names. */
export const DNS_SUBDOMAIN: TextRule = {
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  lengthMax: 253,
  words:
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an " +
    "alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
}

const LABEL_VALUE: TextRule = {
  pattern: /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/,
  lengthMax: 63,
  unit: 'bytes',
  words:
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
    "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
}

const NAME_PART = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/
const NAME_PART_MAX = 63
const NAME_WORDS =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
  "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

/** One cause: a value is wrong. */
export function fault(field: string, value: unknown, words: string): Cause {
  return invalid(field, value, words)
}

/** One cause: a field may not be there or change. */
export function forbidden(field: string, words: string): Cause {
  return { reason: 'FieldValueForbidden', message: `Forbidden: ${words}`, field }
}

/** The faults of a text by a rule. */
export function textFaults(text: string, field: string, rule: TextRule): readonly Cause[] {
  return textWords(text, rule).map((words) => fault(field, text, words))
}

function textWords(text: string, rule: TextRule): readonly string[] {
  const { unit = 'characters', lengthMax, pattern, words } = rule
  const length = text.length > lengthMax ? [`must be no more than ${lengthMax} ${unit}`] : []
  if (pattern.test(text)) return length
  // what is a subdomain is no label for its dots alone
  return [...length, rule === DNS_LABEL && DNS_SUBDOMAIN.pattern.test(text) ? 'must not contain dots' : words]
}

/** The faults of a key of labels, of annotations, or of a finalizer: a name, with a domain and a slash before it or not. */
export function qualifiedFaults(key: string, field: string, shown = key): readonly Cause[] {
  const parts = key.split('/')
  const [first = '', second] = parts
  if (parts.length > 2) {
    const words = `a valid label key ${NAME_WORDS} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`
    return [fault(field, shown, words)]
  }
  const prefix = second === undefined ? [] : first === '' ? ['must be non-empty'] : textWords(first, { ...DNS_SUBDOMAIN, unit: 'bytes' })
  const words = [...prefix.map((one) => `prefix part ${one}`), ...nameWords(second ?? first).map((one) => `name part ${one}`)]
  return words.map((one) => fault(field, shown, one))
}

function nameWords(name: string): readonly string[] {
  return [
    ...(name === '' ? ['must be non-empty'] : []),
    ...(name.length > NAME_PART_MAX ? [`must be no more than ${NAME_PART_MAX} bytes`] : []),
    ...(NAME_PART.test(name) ? [] : [NAME_WORDS])
  ]
}

/** The faults of a map of labels: keys (with an optional prefix) and values. */
export function labelFaults(labels: unknown, field: string): readonly Cause[] {
  if (!isObject(labels)) return []
  return Object.entries(labels).flatMap(([key, value]) => [
    ...qualifiedFaults(key, field),
    ...(typeof value === 'string' ? textFaults(value, field, LABEL_VALUE) : [])
  ])
}

/** True for an IPv4 or IPv6 address in its usual notation. */
export function isAddress(text: string): boolean {
  const parts = text.split('.')
  if (parts.length === 4) return parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)
  return text.includes(':') && /^[0-9a-f:]+$/i.test(text) && URL.canParse(`http://[${text}]/`)
}

const PORT_MAX = 65_535

/** The fault of a port number outside 1 to 65535. */
export function between(value: unknown, field: string): readonly Cause[] {
  const inRange = typeof value === 'number' && value >= 1 && value <= PORT_MAX
  return inRange ? [] : [fault(field, value, `must be between 1 and ${PORT_MAX}, inclusive`)]
}

/** The faults of a port given by number or by name (at most 15 characters, at least one letter). */
export function portFaults(value: unknown, field: string): readonly Cause[] {
  return typeof value === 'string' ? portNameFaults(value, field) : between(value, field)
}

/** The faults of the name of a port. */
export function portNameFaults(name: string, field: string): readonly Cause[] {
  const words = [
    ...(name.length > 15 ? ['must be no more than 15 characters'] : []),
    ...(/^[-a-z0-9]*$/.test(name) ? [] : ['must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)']),
    ...(/[a-z]/.test(name) ? [] : ['must contain at least one letter (a-z)']),
    ...(name.includes('--') ? ['must not contain consecutive hyphens'] : []),
    ...(/^-|-$/.test(name) ? ['must not begin or end with a hyphen'] : [])
  ]
  return words.map((word) => fault(field, name, word))
}

/** The fault of a number below 0; anything else passes. */
export function notNegative(value: unknown, field: string): readonly Cause[] {
  return typeof value === 'number' && value < 0 ? [fault(field, value, 'must be greater than or equal to 0')] : []
}

/** The objects of a list; nothing for any other value. */
export function listIn(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map((item: unknown) => (isObject(item) ? item : {})) : []
}
