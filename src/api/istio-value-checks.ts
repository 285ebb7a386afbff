// The values that Istio's kinds are made of, as its admission check judges them (istio.md 7.0): durations, ports, percentages, labels,
// regular expressions, lists of namespaces. Names of hosts are in istio-host-checks.ts.

import { RE2JS } from 're2js'
import { parseDuration } from './duration.ts'
import { caution, each, eachValue, type IstioFault, refusal, refuseIf } from './istio-fault.ts'
import { checkNamespaceName } from './istio-host-checks.ts'
import type { StringMatch } from './istio-virtual-service.ts'
import { isPlainRegex } from './plain-regex.ts'

/** At least 1 ms and whole milliseconds; absent is fine. */
export function checkDuration(text: string | undefined, path: string): IstioFault[] {
  if (text === undefined) return []
  const millis = parseDuration(text)
  if (millis === undefined) return [refusal(path, `"${text}" is not a duration such as 10s or 250ms`, 'bad-duration')]
  if (millis < 1) return [refusal(path, 'duration must be greater than 1ms', 'bad-duration')]
  return isWhole(millis) ? [] : [refusal(path, 'only durations to ms precision are supported', 'bad-duration')]
}

// Half a nanosecond: what is left by reading decimals as floating point is less.
const WHOLE_WITHIN = 5e-7

function isWhole(millis: number): boolean {
  return Math.abs(millis - Math.round(millis)) < WHOLE_WITHIN
}

/** The same, and 0s, which turns the timer off. */
export function checkDurationOrZero(text: string | undefined, path: string): IstioFault[] {
  return text !== undefined && parseDuration(text) === 0 ? [] : checkDuration(text, path)
}

/** 1 to 65535. */
export function checkPort(number: number, path: string): IstioFault[] {
  return refuseIf(number < 1 || number > 65535, path, `port number ${number} must be in the range 1..65535`)
}

/** A `port: {number}` block; an empty one counts as 0. */
export function checkPortSelector(port: { readonly number?: number } | undefined, path: string): IstioFault[] {
  return port === undefined ? [] : checkPort(port.number ?? 0, `${path}.number`)
}

/** 0, or 0.0001 to 100, as faults take it. */
export function checkFraction(percentage: { readonly value?: number } | undefined, path: string): IstioFault[] {
  const value = percentage?.value ?? 0
  const fits = value === 0 || (value >= 0.0001 && value <= 100)
  return refuseIf(!fits, path, `percentage ${value} is neither 0.0, nor in range [0.0001, 100.0]`)
}

/** 0 to 100, whole or not. */
export function checkPercent(value: number | undefined, path: string): IstioFault[] {
  return refuseIf(value !== undefined && (value < 0 || value > 100), path, `percentage ${value} is not in range 0..100`)
}

/** 200 to 600: the text of Istio says 599, its check lets 600 pass. */
export function checkStatus(status: number, path: string): IstioFault[] {
  return refuseIf(status < 200 || status > 600, path, `HTTP status ${status} is not in range 200-599`)
}

/** A number that may not be negative. */
export function checkNotNegative(value: number | undefined, path: string, what: string): IstioFault[] {
  return refuseIf(value !== undefined && value < 0, path, `${what} must be non-negative`)
}

const REGEX_MAX = 1024
const SYNTAX = 'Istio uses RE2 style regex-based match (https://github.com/google/re2/wiki/Syntax)'

/** A regular expression that RE2 compiles, neither empty nor longer than 1024 characters. */
export function checkRegex(expression: string, path: string, field: string): IstioFault[] {
  if (expression === '') return [refusal(path, `"${field}": regex string match should not be empty`, 'bad-regex')]
  if (expression.length > REGEX_MAX)
    return [refusal(path, `"${field}": regex is too large, max length allowed is ${REGEX_MAX}`, 'bad-regex')]
  const wrong = regexProblem(expression)
  return wrong === undefined ? [] : [refusal(path, `"${field}": ${wrong}; ${SYNTAX}`, 'bad-regex')]
}

/** Why RE2 does not take `expression`, in RE2's words; undefined when it does. */
export function regexProblem(expression: string): string | undefined {
  // Compiling takes 0.2 ms each, and a VirtualService may have thousands.
  if (isPlainRegex(expression)) return undefined
  try {
    RE2JS.compile(expression)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** A text test: no empty prefix, a sound expression. An empty `exact` is fine. */
export function checkStringMatch(match: StringMatch | null | undefined, path: string, field: string): IstioFault[] {
  if (match?.prefix === '') return [refusal(`${path}.prefix`, `"${field}": prefix string match should not be empty`)]
  return match?.regex === undefined ? [] : checkRegex(match.regex, `${path}.regex`, field)
}

const LABEL_NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

/** Labels by Kubernetes' rules: a name with an optional domain, and a short value. */
export function checkLabels(labels: Readonly<Record<string, string>> | undefined, path: string): IstioFault[] {
  return eachValue(labels, path, (value, at, key) => [
    ...refuseIf(!isLabelKey(key), at, `invalid tag key: "${key}"`),
    ...refuseIf(value !== '' && !LABEL_NAME.test(value), at, `invalid tag value: "${value}"`)
  ])
}

function isLabelKey(key: string): boolean {
  const slash = key.indexOf('/')
  const domain = slash < 0 ? undefined : key.slice(0, slash)
  return LABEL_NAME.test(key.slice(slash + 1)) && (domain === undefined || (domain.length <= 253 && SUBDOMAIN.test(domain)))
}

/** Labels that pods must have: no empty key, no star; a selector without labels is odd, and selects the whole namespace. */
export function checkSelector(labels: Readonly<Record<string, string>> | undefined, path: string): IstioFault[] {
  if (Object.keys(labels ?? {}).length === 0) return [caution(path, 'workload selector specified without labels')]
  return eachValue(labels, path, (value, at, key) => [
    ...refuseIf(key === '', at, 'empty key is not supported in selector'),
    ...refuseIf(key.includes('*') || value.includes('*'), at, `wildcard is not supported in selector: "${key}=${value}"`)
  ])
}

/** Namespaces an object is seen from. */
export function checkExportTo(exportTo: readonly string[] | undefined, namespace: string, kind: 'service-entry' | 'other'): IstioFault[] {
  const path = 'spec.exportTo'
  const list = exportTo ?? []
  const keys = list.map((entry) => (entry === '.' ? namespace : entry))
  const entries = each(list, path, (entry, at) => {
    const index = list.indexOf(entry)
    if (keys.indexOf(keys[index] ?? '') < index || `${path}[${index}]` !== at) {
      return [refusal(at, `duplicate entries in exportTo for entry ${entry}`)]
    }
    return entry === '.' || entry === '*' || entry === '~' ? [] : checkNamespaceName(entry, at)
  })
  return [
    ...entries,
    ...refuseIf(list.includes('*') && list.length > 1, path, 'cannot have both public (*) and non-public exportTo values'),
    ...refuseIf(list.includes('~') && kind === 'other', path, 'only a ServiceEntry can be exported to no one (~)'),
    ...refuseIf(list.includes('~') && list.length > 1, path, 'cannot export to no one (~) and someone')
  ]
}
