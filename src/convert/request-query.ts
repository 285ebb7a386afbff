// PromQL about requests, as far as it can be answered from counts of requests, failures and latencies of one version: rates of a counter of
// requests, told apart by their code, quantiles of a histogram of durations, and arithmetic with them. Whatever else a query asks is named.

import { secondsOf } from './read.ts'

/** A query that counts of a version answer. */
export type RequestQuery =
  | { readonly kind: 'number'; readonly value: number }
  /** Requests of the latest `window` seconds: all of them, or those whose code is of this kind; `each` second, or in total. */
  | { readonly kind: 'count'; readonly of: Counted; readonly window: number; readonly each: 'second' | 'window' }
  /** A quantile of the latest `window` seconds' latencies; `scale`: from milliseconds to its unit. */
  | { readonly kind: 'quantile'; readonly q: number; readonly window: number; readonly scale: number }
  | { readonly kind: 'arithmetic'; readonly operator: '+' | '-' | '*' | '/'; readonly left: RequestQuery; readonly right: RequestQuery }
  /** `right` where `left` has no value. */
  | { readonly kind: 'or'; readonly left: RequestQuery; readonly right: RequestQuery }

/** Which requests. */
export type Counted = 'all' | 'succeeded' | 'failed'

/** Values of labels by which the versions differ. */
export interface VersionNames {
  readonly canary: readonly string[]
  readonly stable: readonly string[]
}

/** irate takes the last two scrapes, so many seconds apart: Istio's sample of Prometheus scrapes each 15 s. */
export const SCRAPE_SECONDS = 15

/** A query that was read; `told`: it says by a label that it counts the canary. */
export interface RequestQueryRead {
  readonly query: RequestQuery
  readonly told: boolean
}

/** Reads a query; a text says why it is none of requests of the canary. */
export function requestQueryOf(text: string, names: VersionNames): RequestQueryRead | string {
  const tokens = [...text.matchAll(TOKEN)].map(([token]) => token)
  // It is read, and played, as deep as it is nested.
  if (tokens.length > MOST_TOKENS) return 'is too long to be played'
  try {
    const reader = new QueryReader(tokens, names)
    const query = reader.read()
    return { query, told: reader.told }
  } catch (error) {
    if (error instanceof NotOfRequests) return error.message
    throw error
  }
}

class NotOfRequests extends Error {}

const STRING = '"(?:[^"\\\\]|\\\\.)*"|\'(?:[^\'\\\\]|\\\\.)*\'|`[^`]*`'
const TOKEN = new RegExp(`${STRING}|=~|!~|!=|\\d+[smhd](?:\\d+[smhd])*|\\d+(?:\\.\\d+)?(?:[eE][+-]?\\d+)?|[A-Za-z_:][\\w:]*|\\S`, 'g')
const MOST_TOKENS = 1_000
const OF_CODES = /code|status/
const OF_REQUESTS = /request|_rq(_|$)/
const [GOOD_CODE, BAD_CODE] = ['200', '500']
const CODELESS = /error|fail|success|drop|_xx$|bucket|inflight|in_flight|active|pending|size|bytes/

// Reads tokens once, from left to right. Owns its place among them.
class QueryReader {
  readonly #tokens: readonly string[]
  readonly #names: VersionNames
  #at = 0
  told = false

  constructor(tokens: readonly string[], names: VersionNames) {
    this.#tokens = tokens
    this.#names = names
  }

  read(): RequestQuery {
    const found = this.#alternatives()
    return this.#peek() === undefined ? found : this.#refuse(`has "${this.#peek()}", which is not played`)
  }

  #alternatives(): RequestQuery {
    let left = this.#sum()
    while (this.#takes('or')) {
      if (this.#takes('on')) this.#labels()
      left = { kind: 'or', left, right: this.#sum() }
    }
    return left
  }

  #sum(): RequestQuery {
    let left = this.#product()
    for (let next = this.#peek(); next === '+' || next === '-'; next = this.#peek()) {
      this.#at += 1
      left = { kind: 'arithmetic', operator: next, left, right: this.#product() }
    }
    return left
  }

  #product(): RequestQuery {
    let left = this.#single()
    for (let next = this.#peek(); next === '*' || next === '/'; next = this.#peek()) {
      this.#at += 1
      left = { kind: 'arithmetic', operator: next, left, right: this.#single() }
    }
    return left
  }

  #single(): RequestQuery {
    if (this.#takes('-')) return { kind: 'arithmetic', operator: '-', left: { kind: 'number', value: 0 }, right: this.#single() }
    const token = this.#peek() ?? this.#refuse('ends too soon')
    if (/^\d/.test(token)) return { kind: 'number', value: this.#number() }
    this.#at += 1
    switch (token) {
      case '(':
        return this.#closed(this.#alternatives())
      case 'scalar':
      case 'vector':
        this.#expect('(')
        return this.#closed(this.#alternatives())
      case 'sum':
        return this.#counted()
      case 'histogram_quantile':
        return this.#quantile()
      default:
        return this.#refuse(`asks for "${token}": only sums of rates of requests, histogram_quantile and arithmetic are played`)
    }
  }

  #closed(query: RequestQuery): RequestQuery {
    this.#expect(')')
    return query
  }

  #counted(): RequestQuery {
    const { selector, window, each } = this.#summed([])
    const of = this.#countedBy(selector)
    return { kind: 'count', of, window, each }
  }

  #quantile(): RequestQuery {
    this.#expect('(')
    const q = this.#number()
    this.#expect(',')
    if (!this.#takes('sum')) this.#refuse('has a quantile of what is not a sum of rates')
    const { selector, window } = this.#summed(['le'])
    this.#expect(')')
    const { metric } = selector
    const scale = metric.endsWith('milliseconds_bucket') ? 1 : metric.endsWith('seconds_bucket') ? 0.001 : undefined
    if (scale === undefined) return this.#refuse(`has a quantile of ${metric}, which is no histogram of seconds or milliseconds`)
    if (this.#countedBy({ ...selector, metric: 'requests' }) !== 'all') this.#refuse('has a quantile of some of the requests')
    return { kind: 'quantile', q, window, scale }
  }

  // `(rate(selector[window]))`, grouped by these labels, before or after it.
  #summed(groups: readonly string[]): Summed {
    let by = this.#grouping()
    this.#expect('(')
    const how = this.#peek()
    if (how !== 'rate' && how !== 'irate' && how !== 'increase')
      return this.#refuse(`adds "${how ?? ''}" up: only rate, irate and increase are played`)
    this.#at += 1
    this.#expect('(')
    const selector = this.#selector()
    this.#expect('[')
    const seconds = secondsOf(this.#peek())
    if (seconds === undefined || seconds < 1) return this.#refuse(`has a window of "${this.#peek() ?? ''}"`)
    this.#at += 1
    for (const end of [']', ')', ')']) this.#expect(end)
    by = [...by, ...this.#grouping()]
    if (by.join(',') !== groups.join(',')) this.#refuse(`groups by (${by.join(', ')})`)
    const window = how === 'irate' ? Math.min(SCRAPE_SECONDS, seconds) : seconds
    return { selector, window: Math.round(window), each: how === 'increase' ? 'window' : 'second' }
  }

  #grouping(): readonly string[] {
    return this.#takes('by') ? this.#labels() : []
  }

  #labels(): readonly string[] {
    const labels: string[] = []
    this.#expect('(')
    while (!this.#takes(')')) {
      const label = this.#peek() ?? this.#refuse('ends too soon')
      this.#at += 1
      if (label !== ',') labels.push(label)
    }
    return labels
  }

  #selector(): Selector {
    const metric = this.#peek() ?? ''
    this.#at += 1
    const matchers: Matcher[] = []
    if (!this.#takes('{')) return { metric, matchers }
    while (!this.#takes('}')) {
      if (this.#takes(',')) continue
      const [label = '', operator = '', quoted = ''] = this.#tokens.slice(this.#at, this.#at + 3)
      if (!/^["'`]/.test(quoted)) this.#refuse('has a selector that cannot be read')
      this.#at += 3
      matchers.push({
        label,
        matches: matcherOf(operator, unquoted(quoted)) ?? this.#refuse(`has the matcher ${label}${operator}${quoted}`)
      })
    }
    return { metric, matchers }
  }

  #countedBy({ metric, matchers }: Selector): Counted {
    if (!OF_REQUESTS.test(metric) || CODELESS.test(metric)) this.#refuse(`counts ${metric}, which are not known to be requests`)
    for (const { matches } of matchers) this.#seeVersion(matches)
    const codes = matchers.filter(({ label }) => OF_CODES.test(label))
    const counts = (code: string): boolean => codes.every(({ matches }) => matches(code))
    const [good, bad] = [counts(GOOD_CODE), counts(BAD_CODE)]
    if (good) return bad ? 'all' : 'succeeded'
    return bad ? 'failed' : this.#refuse(`counts neither ${GOOD_CODE} nor ${BAD_CODE}, which is all that is simulated`)
  }

  // Most labels have values that are no names of a version: they match neither.
  #seeVersion(matches: Matcher['matches']): void {
    const { canary, stable } = this.#names
    const [one, other] = [canary.some(matches), stable.some(matches)]
    if (matches('') || (one && matches('serin.dev/nobody'))) return
    if (one && !other) this.told = true
    if (other) this.#refuse(one ? 'counts both versions together' : 'counts the stable version')
  }

  #number(): number {
    const value = Number(this.#peek())
    if (Number.isNaN(value)) return this.#refuse(`has "${this.#peek() ?? ''}" in place of a number`)
    this.#at += 1
    return value
  }

  #peek(): string | undefined {
    return this.#tokens[this.#at]
  }

  #takes(token: string): boolean {
    if (this.#peek() !== token) return false
    this.#at += 1
    return true
  }

  #expect(token: string): void {
    if (!this.#takes(token)) this.#refuse(`has "${this.#peek() ?? 'its end'}" where "${token}" is expected`)
  }

  #refuse(because: string): never {
    throw new NotOfRequests(because)
  }
}

interface Matcher {
  readonly label: string
  readonly matches: (value: string) => boolean
}

interface Selector {
  readonly metric: string
  readonly matchers: readonly Matcher[]
}

interface Summed {
  readonly selector: Selector
  readonly window: number
  readonly each: 'second' | 'window'
}

// As Prometheus reads them: regular expressions match the whole value. Undefined where it is none.
function matcherOf(operator: string, text: string): Matcher['matches'] | undefined {
  if (operator === '=') return (value) => value === text
  if (operator === '!=') return (value) => value !== text
  if (operator !== '=~' && operator !== '!~') return undefined
  try {
    const pattern = new RegExp(`^(?:${text})$`, 's')
    return (value) => pattern.test(value) === (operator === '=~')
  } catch {
    return undefined
  }
}

function unquoted(text: string): string {
  const inner = text.slice(1, -1)
  return text.startsWith('`') ? inner : inner.replaceAll(/\\(.)/g, '$1')
}
