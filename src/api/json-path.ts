// The JSON paths of printer columns and scale subresources (`.status.conditions[?(@.type=="Ready")].status`): fields, indexes,
// wildcards, filters that compare one field with a constant. kubectl's templates ({range}, {end}) are kubectl's own and not here.

import { isObject } from '../std/json.ts'

/** One step of a path. */
export type PathStep =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'filter'; readonly path: readonly PathStep[]; readonly operator: Operator; readonly constant: unknown }

type Operator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'exists'

const FIELD = /^\.((?:\\.|[^.[\]'"\\\s()=<>])+)/
const QUOTED = /^\.?\[(?:'([^']*)'|"([^"]*)")\]/
const INDEX = /^\.?\[(-?\d{1,9})\]/
const ALL = /^\.?\[\*\]|^\.\*/
const FILTER = /^\.?\[\?\(@((?:[^'"()]|'[^']*'|"[^"]*")*)\)\]/
const COMPARISON = /^(.*?)\s*(==|!=|<=|>=|<|>)\s*('[^']*'|"[^"]*"|-?\d+(?:\.\d+)?|true|false)\s*$/
const FOUND_MAX = 1000

/** The steps of `text`, with or without braces around it; undefined when it is not a path of this form. */
export function parsePath(text: string): readonly PathStep[] | undefined {
  const inner = /^\{(.*)\}$/.exec(text)?.[1] ?? text
  let rest = inner.replace(/^\$/, '')
  if (rest !== '' && rest !== '.' && !rest.startsWith('.') && !rest.startsWith('[')) rest = `.${rest}`
  const steps: PathStep[] = []
  while (rest !== '' && rest !== '.') {
    const step = nextStep(rest)
    if (step === undefined) return undefined
    steps.push(step.step)
    rest = rest.slice(step.length)
  }
  return steps
}

/** What `steps` find in `value`, in order, at most 1000 values. A filter on a list gives the items it accepts. */
export function find(steps: readonly PathStep[], value: unknown): readonly unknown[] {
  let found: readonly unknown[] = [value]
  for (const step of steps) found = found.flatMap((one) => take(step, one)).slice(0, FOUND_MAX)
  return found
}

function nextStep(rest: string): { readonly step: PathStep; readonly length: number } | undefined {
  const all = ALL.exec(rest)
  if (all !== null) return { step: { kind: 'all' }, length: all[0].length }
  const index = INDEX.exec(rest)
  if (index !== null) return { step: { kind: 'index', index: Number(index[1]) }, length: index[0].length }
  const quoted = QUOTED.exec(rest)
  if (quoted !== null) return { step: { kind: 'field', name: quoted[1] ?? quoted[2] ?? '' }, length: quoted[0].length }
  const filter = FILTER.exec(rest)
  if (filter !== null) {
    const step = filterStep(filter[1] ?? '')
    return step && { step, length: filter[0].length }
  }
  const field = FIELD.exec(rest)
  if (field === null) return undefined
  return { step: { kind: 'field', name: (field[1] ?? '').replace(/\\(.)/g, '$1') }, length: field[0].length }
}

function filterStep(text: string): PathStep | undefined {
  const comparison = COMPARISON.exec(text)
  const path = parsePath(comparison === null ? text.trim() : (comparison[1] ?? '').trim())
  if (path === undefined) return undefined
  if (comparison === null) return { kind: 'filter', path, operator: 'exists', constant: undefined }
  // the expression admits these words only
  return { kind: 'filter', path, operator: comparison[2] as Operator, constant: constantOf(comparison[3] ?? '') }
}

function constantOf(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true'
  return /^['"]/.test(text) ? text.slice(1, -1) : Number(text)
}

function take(step: PathStep, value: unknown): readonly unknown[] {
  switch (step.kind) {
    case 'field':
      return isObject(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : []
    case 'index':
      return Array.isArray(value) && value.at(step.index) !== undefined ? [value.at(step.index)] : []
    case 'all':
      return membersOf(value)
    case 'filter':
      return membersOf(value).filter((one) => find(step.path, one).some((inner) => holds(step.operator, inner, step.constant)))
  }
}

function membersOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  return isObject(value) ? Object.values(value) : []
}

function holds(operator: Operator, value: unknown, constant: unknown): boolean {
  if (operator === 'exists') return true
  if (operator === '==') return value === constant
  if (operator === '!=') return value !== constant
  if (typeof value === 'number' && typeof constant === 'number') return ordered(operator, value - constant)
  if (typeof value !== 'string' || typeof constant !== 'string') return false
  return ordered(operator, value < constant ? -1 : Number(value > constant))
}

function ordered(operator: Operator, difference: number): boolean {
  if (difference === 0) return operator === '<=' || operator === '>='
  return difference < 0 ? operator.startsWith('<') : operator.startsWith('>')
}
