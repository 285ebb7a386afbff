// Rules and matches that no request can reach, because an earlier one takes everything they would take. Sound: one match covers another
// only if each of its conditions follows from the other's (istio.md 7.1, end).

import { hasLabels } from '../api/label-selector.ts'
import type { HttpMatch, HttpRoute, StringMatch } from '../api/istio-virtual-service.ts'
import { problem } from '../route/catalogue.ts'
import type { ObjectProblem } from '../route/catalogue.ts'
import { MatchIndex, ReachBudget } from './match-index.ts'
import type { RegexTest } from './match-index.ts'
import { rulesOf, within } from './mesh.ts'
import type { Mesh, PlacedRule } from './mesh.ts'

/** Unreachable rules and matches, and VirtualServices that leave some requests without a rule. */
export function lintReach(mesh: Mesh): ObjectProblem[] {
  return [...Map.groupBy(rulesOf(mesh), ({ virtualService }) => virtualService).values()].flatMap(lintRules)
}

interface Block {
  readonly match: HttpMatch
  /** Of its rule. */
  readonly label: string
  /** Among all matches of its VirtualService. */
  readonly place: number
}

function lintRules(rules: readonly PlacedRule[]): ObjectProblem[] {
  const problems: ObjectProblem[] = []
  const before = new Before()
  for (const placed of rules) problems.push(...lintRule(placed, before))
  const last = rules.at(-1)
  // What a delegate does not match goes on to the next rule of its root.
  const open = last !== undefined && (last.virtualService.spec.hosts ?? []).length > 0
  if (open && !before.takesAll) problems.push(problem('no-catch-all', last.place))
  return problems
}

function labelOf({ rule, index }: PlacedRule): string {
  return rule.name === undefined || rule.name === '' ? `http[${index}]` : `http[${index}] (${rule.name})`
}

function matchesOf(rule: HttpRoute): readonly HttpMatch[] {
  return rule.match === undefined || rule.match.length === 0 ? [{}] : rule.match
}

/** Owns the matches that came before, and what comparing with them may cost. */
class Before {
  readonly #blocks: Block[] = []
  readonly #index = new MatchIndex()
  readonly #budget = new ReachBudget()
  /** One of them takes every request. */
  takesAll = false

  get count(): number {
    return this.#blocks.length
  }

  add(match: HttpMatch, label: string): void {
    this.#index.add(match, this.#blocks.length)
    this.#blocks.push({ match, label, place: this.#blocks.length })
    this.takesAll ||= covers(match, {})
  }

  /** The first that takes every request of this match. */
  firstCover(match: HttpMatch): Block | undefined {
    for (const place of this.#index.candidates(match)) {
      const block = this.#blocks[place]
      if (!this.#budget.takeComparison()) return undefined
      if (block !== undefined && covers(block.match, match, this.#budget.test)) return block
    }
    return undefined
  }
}

function lintRule(placed: PlacedRule, before: Before): ObjectProblem[] {
  const { count } = before
  const covering = matchesOf(placed.rule).map((match) => {
    const cover = before.firstCover(match)
    before.add(match, labelOf(placed))
    return cover
  })
  const [first] = covering
  if (first !== undefined && covering.every((cover) => cover !== undefined && cover.place < count)) {
    return [problem('rule-unreachable', placed.place, [reason(first)])]
  }
  return covering.flatMap((cover, at) =>
    cover === undefined
      ? []
      : [
          problem('match-unreachable', within(placed.place, `match[${at}]`), [
            reason(cover.place < count ? cover : { ...cover, label: `an earlier match of ${cover.label}` })
          ])
        ]
  )
}

function reason({ match, label }: Block): string {
  return covers(match, {}) ? `${label} already takes every request` : `${label} already takes every request that this one would match`
}

/** True when every request that `later` matches is matched by `earlier` too; `test` may say no of what it cannot tell. */
export function covers(earlier: HttpMatch, later: HttpMatch, test: RegexTest = new ReachBudget().test): boolean {
  return (
    coversCaller(earlier, later) &&
    coversPath(earlier, later, test) &&
    (['method', 'scheme', 'authority'] as const).every((field) => follows(later[field], earlier[field], test)) &&
    coversMap(lowerNames(earlier.headers), lowerNames(later.headers), test) &&
    coversMap(earlier.queryParams, later.queryParams, test) &&
    coversWithout(lowerNames(earlier.withoutHeaders), lowerNames(later.withoutHeaders), test)
  )
}

function coversCaller(earlier: HttpMatch, later: HttpMatch): boolean {
  if (given(earlier.port) && earlier.port !== later.port) return false
  const gateways = earlier.gateways ?? []
  const others = later.gateways ?? []
  if (gateways.length > 0) return others.length > 0 && others.every((gateway) => gateways.includes(gateway))
  return coversSource(earlier, others.length > 0 ? {} : later)
}

/** A match with gateways asks nothing of its caller, so it follows only from one that asks nothing either. */
function coversSource(earlier: HttpMatch, later: HttpMatch): boolean {
  if (given(earlier.sourceNamespace) && earlier.sourceNamespace !== later.sourceNamespace) return false
  return hasLabels(later.sourceLabels, earlier.sourceLabels ?? {})
}

function given(value: number | string | undefined): boolean {
  return value !== undefined && value !== 0 && value !== ''
}

function coversPath(earlier: HttpMatch, later: HttpMatch, test: RegexTest): boolean {
  const { uri } = earlier
  if (uri === undefined || !hasKind(uri) || uri.prefix === '' || uri.prefix === '/') return true
  if (later.uri === undefined) return uri.regex === '.*'
  const folded = earlier.ignoreUriCase === true && uri.regex === undefined
  if (later.ignoreUriCase === true && !folded && later.uri.regex === undefined) return false
  return folded ? follows(lower(later.uri), lower(uri), test) : follows(later.uri, uri, test)
}

/** A regex keeps its case: it never follows from a folded one. */
function lower(value: StringMatch): StringMatch {
  if (value.exact !== undefined) return { exact: value.exact.toLowerCase() }
  return value.prefix === undefined ? value : { prefix: value.prefix.toLowerCase() }
}

function hasKind(value: StringMatch): boolean {
  return value.exact !== undefined || value.prefix !== undefined || value.regex !== undefined
}

type Values = Readonly<Record<string, StringMatch>> | undefined

function lowerNames(values: Values): Values {
  return values === undefined ? undefined : Object.fromEntries(Object.entries(values).map(([name, value]) => [name.toLowerCase(), value]))
}

function coversMap(earlier: Values, later: Values, test: RegexTest): boolean {
  return Object.entries(earlier ?? {}).every(([name, value]) => {
    const other = valueOf(later, name)
    return other !== undefined && follows(other, value, test)
  })
}

function valueOf(values: Values, name: string): StringMatch | undefined {
  return values !== undefined && Object.hasOwn(values, name) ? values[name] : undefined
}

/** `not A` follows from `not B` when what matches A matches B. A missing header counts as an empty text, except for presence. */
function coversWithout(earlier: Values, later: Values, test: RegexTest): boolean {
  return Object.entries(earlier ?? {}).every(([name, value]) => {
    const other = valueOf(later, name)
    if (other === undefined || !follows(value, other, test)) return false
    return hasKind(other) || !takesEmpty(value, test)
  })
}

function takesEmpty({ exact, prefix, regex }: StringMatch, test: RegexTest): boolean {
  return exact === '' || prefix === '' || (regex !== undefined && test(regex, ''))
}

/** True when a text that satisfies `known` satisfies `wanted`; an absent or empty test is satisfied by every text that is there. */
function follows(known: StringMatch | undefined, wanted: StringMatch | undefined, test: RegexTest): boolean {
  if (wanted === undefined || !hasKind(wanted)) return true
  if (known === undefined || !hasKind(known)) return false
  if (wanted.exact !== undefined) return known.exact === wanted.exact
  if (wanted.prefix !== undefined) return (known.exact ?? known.prefix)?.startsWith(wanted.prefix) === true
  const regex = wanted.regex ?? ''
  return known.regex === regex || (known.exact !== undefined && test(regex, known.exact))
}
