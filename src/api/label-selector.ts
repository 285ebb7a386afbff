// Label selectors: the string form of requests and the object form of specs, as one list of requirements (kubernetes.md 3.8).

import { isObject } from '../std/json.ts'
import type { Checked, Problem } from '../std/problem.ts'
import type { LabelSelector } from './builtin-types-apps.ts'

/** One condition; all conditions of a selector must hold. */
export interface Requirement {
  readonly key: string
  readonly operator: 'in' | 'notin' | 'exists' | 'missing'
  /** Of in and notin: at least one. */
  readonly values: readonly string[]
}

type Labels = Readonly<Record<string, string>>

const PREFIX = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
const NAME_WORDS =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
  "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

/** Whether `labels` meet every requirement. `notin` and `missing` hold for objects without the key, too. [] matches everything. */
export function selects(requirements: readonly Requirement[], labels: Labels | undefined): boolean {
  return requirements.every(({ key, operator, values }) => {
    const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined
    switch (operator) {
      case 'exists':
        return value !== undefined
      case 'missing':
        return value === undefined
      case 'in':
        return value !== undefined && values.includes(value)
      case 'notin':
        return value === undefined || !values.includes(value)
    }
  })
}

/** Whether every label of `wanted` is there with its value: how Services, subsets and Gateways select. {} matches everything. */
export function hasLabels(labels: Labels | undefined, wanted: Labels): boolean {
  return Object.entries(wanted).every(([key, value]) => labels !== undefined && Object.hasOwn(labels, key) && labels[key] === value)
}

/** The requirements of a selector that the API accepted; a term with an operator that is none of them holds for nothing. */
export function requirementsOf({ matchLabels = {}, matchExpressions = [] }: LabelSelector): Requirement[] {
  return [
    ...Object.entries(matchLabels).map(([key, value]): Requirement => ({ key, operator: 'in', values: [value] })),
    ...matchExpressions.map(({ key, operator: word, values = [] }): Requirement => {
      const operator = Object.hasOwn(OPERATORS, word) ? OPERATORS[word] : undefined
      return operator === undefined ? { key, operator: 'in', values: [] } : { key, operator, values }
    })
  ]
}

/** The requirements in `text` (`a=b,c!=d,e in (f,g),h,!i`); '' selects everything. The problem's message is the API server's. */
export function parseSelector(text: string): Checked<readonly Requirement[]> {
  const tokens = tokensOf(text)
  const requirements: Requirement[] = []
  let at = 0
  while (at < tokens.length) {
    const read = readRequirement(tokens, at)
    if (typeof read === 'string') return failed(`unable to parse requirement: ${read}`)
    requirements.push(read.requirement)
    at = read.next
    if (at === tokens.length) break
    if (tokens[at] !== ',') return failed(`found '${tokens[at]}', expected: ',' or 'end of string'`)
    at += 1
    if (at === tokens.length) return failed("found '', expected: identifier after ','")
  }
  return { value: requirements, problems: [] }
}

/**
 * The requirements of a LabelSelector object (`matchLabels`, `matchExpressions`); `{}` selects everything. Absent (undefined, null)
 * selects nothing in Kubernetes: the caller decides, here it has no value and no problem.
 */
export function selectorOf(selector: unknown): Checked<readonly Requirement[]> {
  if (selector === undefined || selector === null) return { value: undefined, problems: [] }
  if (!isObject(selector)) return failed('must be an object')
  const { matchLabels = {}, matchExpressions = [] } = selector
  if (!isObject(matchLabels)) return failed('must be a map', 'matchLabels')
  if (!Array.isArray(matchExpressions)) return failed('must be a list', 'matchExpressions')
  const problems: Problem[] = []
  const requirements: Requirement[] = []
  const keep = (read: Requirement | string, path: string): void => {
    if (typeof read === 'string') problems.push(problem(read, path))
    else requirements.push(read)
  }
  for (const [key, value] of Object.entries(matchLabels)) keep(readLabel(key, value), `matchLabels.${key}`)
  for (const [index, expression] of matchExpressions.entries()) keep(readExpression(expression), `matchExpressions[${index}]`)
  return { value: problems.length > 0 ? undefined : requirements, problems }
}

/** The string form of requirements, as Kubernetes prints it; parseSelector reads it back. */
export function formatSelector(requirements: readonly Requirement[]): string {
  return requirements
    .map(({ key, operator, values }) => {
      if (operator === 'exists') return key
      if (operator === 'missing') return `!${key}`
      if (values.length === 1) return `${key}${operator === 'in' ? '=' : '!='}${values[0]}`
      return `${key} ${operator} (${values.toSorted().join(',')})`
    })
    .join(',')
}

const OPERATORS: Readonly<Record<string, Requirement['operator']>> = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: 'missing' }

function readLabel(key: string, value: unknown): Requirement | string {
  if (typeof value !== 'string') return 'must be a text'
  return keyFault(key) ?? valueFault(value) ?? { key, operator: 'in', values: [value] }
}

function readExpression(expression: unknown): Requirement | string {
  if (!isObject(expression)) return 'must be an object'
  const { key, operator: word, values = [] } = expression
  if (typeof key !== 'string') return 'key: Required value'
  const operator = typeof word === 'string' && Object.hasOwn(OPERATORS, word) ? OPERATORS[word] : undefined
  if (operator === undefined) return `${JSON.stringify(word) ?? 'null'} is not a valid label selector operator`
  if (!isTexts(values)) return 'values: must be a list of texts'
  return countFault(operator, values.length) ?? keyFault(key) ?? faultAmong(values) ?? { key, operator, values }
}

function countFault(operator: Requirement['operator'], count: number): string | undefined {
  const listed = operator === 'in' || operator === 'notin'
  if (listed && count === 0) return "values: must be specified when `operator` is 'In' or 'NotIn'"
  return !listed && count > 0 ? "values: may not be specified when `operator` is 'Exists' or 'DoesNotExist'" : undefined
}

function isTexts(values: unknown): values is readonly string[] {
  return Array.isArray(values) && values.every((value) => typeof value === 'string')
}

function faultAmong(values: readonly string[]): string | undefined {
  return values.map(valueFault).find((fault) => fault !== undefined)
}

function tokensOf(text: string): readonly string[] {
  return text.match(/==|!=|[=!,()<>]|[^\s=!,()<>]+/g) ?? []
}

interface Read {
  readonly requirement: Requirement
  readonly next: number
}

function readRequirement(tokens: readonly string[], at: number): Read | string {
  const negated = tokens[at] === '!'
  const key = tokens[negated ? at + 1 : at] ?? ''
  if (!negated && /^[=!,()<>]/.test(key)) return `found '${key}', expected: !, identifier, or 'end of string'`
  const fault = keyFault(key)
  if (fault !== undefined) return fault
  return negated ? { requirement: { key, operator: 'missing', values: [] }, next: at + 2 } : readCondition(tokens, at + 1, key)
}

function readCondition(tokens: readonly string[], at: number, key: string): Read | string {
  const operator = tokens[at]
  switch (operator) {
    case undefined:
    case ',':
      return { requirement: { key, operator: 'exists', values: [] }, next: at }
    case '=':
    case '==':
      return readValue(tokens, at + 1, { key, operator: 'in' })
    case '!=':
      return readValue(tokens, at + 1, { key, operator: 'notin' })
    case 'in':
    case 'notin':
      return readValues(tokens, at + 1, { key, operator })
    default:
      return `found '${operator}', expected: in, notin, =, ==, !=, gt, lt`
  }
}

type Head = Pick<Requirement, 'key' | 'operator'>

function readValue(tokens: readonly string[], at: number, head: Head): Read | string {
  const token = tokens[at]
  if (token === undefined || token === ',') return { requirement: { ...head, values: [''] }, next: at }
  return valueFault(token) ?? { requirement: { ...head, values: [token] }, next: at + 1 }
}

function readValues(tokens: readonly string[], at: number, head: Head): Read | string {
  if (tokens[at] !== '(') return `found '${tokens[at] ?? ''}' expected: '('`
  const end = tokens.indexOf(')', at)
  if (end < 0) return `found '', expected: ',' or ')'`
  const values: string[] = []
  let last = ','
  for (const token of tokens.slice(at + 1, end)) {
    if (token === ',' && last === ',') values.push('')
    if (token !== ',' && last !== ',') return `found '${token}', expected: ',' or ')'`
    if (token !== ',') values.push(token)
    last = token
  }
  if (last === ',') values.push('')
  return faultAmong(values) ?? { requirement: { ...head, values: [...new Set(values)] }, next: end + 1 }
}

function keyFault(key: string): string | undefined {
  const [name = '', prefix, ...more] = key.split('/').toReversed()
  const prefixOk = prefix === undefined || (prefix.length <= 253 && PREFIX.test(prefix))
  if (more.length === 0 && prefixOk && NAME.test(name)) return undefined
  return `<nil>: Invalid value: ${JSON.stringify(key)}: ${NAME_WORDS}`
}

function valueFault(value: string): string | undefined {
  if (value === '' || NAME.test(value)) return undefined
  return (
    `<nil>: Invalid value: ${JSON.stringify(value)}: a valid label must be an empty string or consist of alphanumeric characters, ` +
    "'-', '_' or '.', and must start and end with an alphanumeric character"
  )
}

function problem(message: string, path = ''): Problem {
  return { code: 'invalid-selector', severity: 'error', path, message }
}

function failed(message: string, path = ''): Checked<readonly Requirement[]> {
  return { value: undefined, problems: [problem(message, path)] }
}
