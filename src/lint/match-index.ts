// Matches by their paths: which earlier ones can take what a later one would take. Whoever asks gets few candidates of thousands, and what
// cannot be told within the budget is not told: nothing is claimed of it.

import type { HttpMatch, StringMatch } from '../api/istio-virtual-service.ts'
import { regexProblem } from '../api/istio-value-checks.ts'
import { RE2JS } from 're2js'

/** Comparisons of matches, and texts put to expressions, that one VirtualService may cost. */
export const COMPARISONS_MAX = 500_000
const TESTS_MAX = 50_000

/** True when a text that satisfies the one regular expression is a whole match. */
export type RegexTest = (regex: string, text: string) => boolean

/** Owns what one VirtualService's look costs, and its compiled expressions. */
export class ReachBudget {
  #comparisons = COMPARISONS_MAX
  #tests = TESTS_MAX
  readonly #compiled = new Map<string, RE2JS | undefined>()

  /** False once everything is spent. */
  takeComparison(): boolean {
    this.#comparisons -= 1
    return this.#comparisons >= 0
  }

  /** Whether the expression matches the whole text; no, when that would cost too much. */
  readonly test: RegexTest = (regex, text) => {
    this.#tests -= 1
    if (this.#tests < 0) return false
    if (!this.#compiled.has(regex)) this.#compiled.set(regex, regexProblem(regex) === undefined ? RE2JS.compile(regex) : undefined)
    return this.#compiled.get(regex)?.testExact(text) ?? false
  }
}

/** Owns the places of matches, by what their paths ask. */
export class MatchIndex {
  readonly #open: number[] = []
  readonly #exact = new Map<string, number[]>()
  readonly #prefix = new Map<string, number[]>()
  readonly #regex = new Map<string, number[]>()
  readonly #regexes: number[] = []

  /** Adds a match at a place after all before it. */
  add({ uri }: HttpMatch, place: number): void {
    if (uri === undefined || isOpen(uri)) this.#open.push(place)
    else if (uri.exact !== undefined) push(this.#exact, uri.exact.toLowerCase(), place)
    else if (uri.prefix !== undefined) push(this.#prefix, uri.prefix.toLowerCase(), place)
    else if (uri.regex !== undefined) {
      push(this.#regex, uri.regex, place)
      this.#regexes.push(place)
    }
  }

  /** Places of all that may cover a match, first to last; those whose paths take other texts are left out. */
  candidates({ uri = {} }: HttpMatch): readonly number[] {
    const { exact, prefix, regex = '.*' } = uri
    const text = exact ?? prefix
    if (text === undefined) return merged([this.#open, this.#regex.get(regex) ?? []])
    const prefixes = this.#prefixesOf(text.toLowerCase())
    if (exact === undefined) return merged([this.#open, ...prefixes])
    return merged([this.#open, ...prefixes, this.#exact.get(text.toLowerCase()) ?? [], this.#regexes])
  }

  #prefixesOf(text: string): number[][] {
    const found: number[][] = []
    for (let length = 1; length <= text.length; length += 1) {
      const same = this.#prefix.get(text.slice(0, length))
      if (same !== undefined) found.push(same)
    }
    return found
  }
}

/** Every path begins with a slash. */
function isOpen({ exact, prefix, regex }: StringMatch): boolean {
  return prefix === '' || prefix === '/' || (exact === undefined && prefix === undefined && regex === undefined)
}

function push(lists: Map<string, number[]>, key: string, place: number): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [place])
  else list.push(place)
}

function merged(lists: readonly (readonly number[])[]): readonly number[] {
  const some = lists.filter((list) => list.length > 0)
  return some.length === 1 ? (some[0] ?? []) : some.flat().toSorted((a, b) => a - b)
}
