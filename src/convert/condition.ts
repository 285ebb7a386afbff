// The conditions of Argo's metrics (expr-lang over `result`) as Flagger's ranges: comparisons of one number with constants. What is more than
// that has no counterpart; guards against missing data fall away, as a check without data neither passes nor fails here. For those who play a
// Rollout as it is, the same conditions as Argo itself decides them.

/** A range whose ends count as inside; `strict` names ends that did not. */
export interface Range {
  readonly min: number | undefined
  readonly max: number | undefined
  readonly strict: readonly number[]
  /** Guards for missing data that fell away. */
  readonly guards: readonly string[]
}

/** The range of results that succeed; undefined where the conditions say more than a range does, or nothing. */
export function rangeOf(success: string | undefined, failure: string | undefined): Range | undefined {
  if ([success, failure].some((each) => (each?.length ?? 0) > LONGEST)) return undefined
  const good = success === undefined ? NOTHING : comparisonsOf(success, '&&')
  const bad = failure === undefined ? NOTHING : comparisonsOf(failure, '||')
  if (good === undefined || bad === undefined) return undefined
  // Whatever makes it fail must not hold: all opposites together.
  const all = [...good.comparisons, ...bad.comparisons.map(({ operator, bound }) => ({ operator: OPPOSITE[operator], bound }))]
  const guards = [...good.guards, ...bad.guards]
  return all.length === 0 || all.some(({ operator }) => operator === '!=') ? undefined : { ...rangeFrom(all), guards }
}

/** Whether a result meets a condition: undefined is a vector without a value, whose first one Argo cannot read ('error'). */
export type Condition = (result: number | undefined) => boolean | 'error'

/** A condition as Argo decides it, guards included; undefined where it is more than comparisons of one number. */
export function conditionOf(text: string): Condition | undefined {
  if (text.length > LONGEST) return undefined
  const parts = splitAt(unwrapped(text.trim()))
  const alternatives: Condition[][] = [[]]
  for (const { part, before } of parts) {
    const leaf = guardOf(part) ?? comparing(part) ?? (parts.length > 1 && part.startsWith('(') ? conditionOf(part) : undefined)
    if (leaf === undefined) return undefined
    if (before === '||') alternatives.push([])
    alternatives.at(-1)?.push(leaf)
  }
  return (result) => anyOf(alternatives, result)
}

// Left to right: what decides ends it, so that a guard keeps the rest from being asked.
function anyOf(alternatives: readonly (readonly Condition[])[], result: number | undefined): boolean | 'error' {
  for (const all of alternatives) {
    const found = allOf(all, result)
    if (found !== false) return found
  }
  return false
}

function allOf(all: readonly Condition[], result: number | undefined): boolean | 'error' {
  for (const each of all) {
    const found = each(result)
    if (found !== true) return found
  }
  return true
}

// Brackets are read as deep as they are nested.
const LONGEST = 1_000

type Operator = '<' | '<=' | '>' | '>=' | '==' | '!='

interface Comparison {
  readonly operator: Operator
  readonly bound: number
}

interface Comparisons {
  readonly comparisons: readonly Comparison[]
  readonly guards: readonly string[]
}

const NOTHING: Comparisons = { comparisons: [], guards: [] }
const OPPOSITE: Readonly<Record<Operator, Operator>> = { '<': '>=', '<=': '>', '>': '<=', '>=': '<', '==': '!=', '!=': '==' }
const TURNED: Readonly<Record<Operator, Operator>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=', '==': '==', '!=': '!=' }

// Comparisons joined by `glue`; guards for missing data may be joined either way.
function comparisonsOf(condition: string, glue: '&&' | '||'): Comparisons | undefined {
  const text = unwrapped(condition.trim())
  const parts = splitAt(text)
  const comparisons: Comparison[] = []
  const guards: string[] = []
  for (const { part, before } of parts) {
    if (isGuard(part)) {
      guards.push(part)
      continue
    }
    const nested = parts.length > 1 && part.startsWith('(') ? comparisonsOf(part, glue) : undefined
    const found = nested?.comparisons ?? comparisonOf(part)
    if (found === undefined || (comparisons.length > 0 && before !== glue)) return undefined
    comparisons.push(...found)
    guards.push(...(nested?.guards ?? []))
  }
  return { comparisons, guards }
}

// Parts between && and || outside of brackets, each with the operator before it.
function splitAt(text: string): readonly { readonly part: string; readonly before: string }[] {
  const parts: { part: string; before: string }[] = []
  let [depth, start, before] = [0, 0, '']
  for (let at = 0; at < text.length; at++) {
    const two = text.slice(at, at + 2)
    if ('([{'.includes(text[at] ?? '')) depth++
    if (')]}'.includes(text[at] ?? '')) depth--
    if (depth !== 0 || (two !== '&&' && two !== '||')) continue
    parts.push({ part: text.slice(start, at).trim(), before })
    before = two
    start = at + 2
    at++
  }
  return [...parts, { part: text.slice(start).trim(), before }]
}

function unwrapped(text: string): string {
  if (!text.startsWith('(') || !text.endsWith(')')) return text
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '(') depth++
    if (text[at] === ')') depth--
    if (depth === 0 && at < text.length - 1) return text
  }
  return unwrapped(text.slice(1, -1).trim())
}

const RESULT = /^(?:result(?:\[0\])?|(?:asFloat|asInt|float|int)\(result(?:\[0\])?\)|default\(result(?:\[0\])?,\s*-?\d+(?:\.\d+)?\))$/
const NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/

function isGuard(part: string): boolean {
  return (
    /^!?\(?(isNaN|isInf|isNil)\(result(\[0\])?\)\)?$/.test(part) ||
    /^len\(result\)\s*(==|>|!=|<|>=|<=)\s*[01]$/.test(part) ||
    /^result\s*(==|!=)\s*nil$/.test(part)
  )
}

// Prometheus answers with a vector, which is never nil.
function guardOf(part: string): Condition | undefined {
  if (!isGuard(part)) return undefined
  if (part.includes('nil')) return () => part.includes('!=')
  const [, operator, size] = /^len\(result\)\s*(==|>=|<=|!=|>|<)\s*([01])$/.exec(part) ?? []
  if (isOperator(operator)) return (result) => compares(result === undefined ? 0 : 1, operator, Number(size))
  const wanted = !part.startsWith('!')
  const asks = part.includes('isNaN') ? Number.isNaN : part.includes('isInf') ? isInfinite : () => false
  return (result) => (result === undefined ? 'error' : asks(result) === wanted)
}

function comparing(part: string): Condition | undefined {
  const [found] = comparisonOf(part) ?? []
  if (found === undefined) return undefined
  return (result) => (result === undefined ? 'error' : compares(result, found.operator, found.bound))
}

function isInfinite(result: number): boolean {
  return result === Infinity || result === -Infinity
}

// What is not a number is not less, not more and not equal.
function compares(result: number, operator: Operator, bound: number): boolean {
  switch (operator) {
    case '<':
      return result < bound
    case '<=':
      return result <= bound
    case '>':
      return result > bound
    case '>=':
      return result >= bound
    case '==':
      return result === bound
    case '!=':
      return result !== bound
  }
}

function comparisonOf(part: string): readonly Comparison[] | undefined {
  const found = /^(.+?)\s*(<=|>=|==|!=|<|>)\s*(.+)$/.exec(unwrapped(part))
  const [left = '', operator, right = ''] = (found?.slice(1) ?? []).map((each) => each.trim())
  if (!isOperator(operator)) return undefined
  if (RESULT.test(left) && NUMBER.test(right)) return [{ operator, bound: Number(right) }]
  return NUMBER.test(left) && RESULT.test(right) ? [{ operator: TURNED[operator], bound: Number(left) }] : undefined
}

function isOperator(text: string | undefined): text is Operator {
  return text !== undefined && Object.hasOwn(OPPOSITE, text)
}

function rangeFrom(comparisons: readonly Comparison[]): Omit<Range, 'guards'> {
  const low = comparisons.filter(({ operator }) => operator === '>' || operator === '>=' || operator === '==')
  const high = comparisons.filter(({ operator }) => operator === '<' || operator === '<=' || operator === '==')
  return {
    min: low.length === 0 ? undefined : Math.max(...low.map(({ bound }) => bound)),
    max: high.length === 0 ? undefined : Math.min(...high.map(({ bound }) => bound)),
    strict: comparisons.flatMap(({ operator, bound }) => (operator === '<' || operator === '>' ? [bound] : []))
  }
}
