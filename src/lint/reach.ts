// Rules and matches that no request can reach, because an earlier one takes everything they would take. Sound: one match covers another
// only if each of its conditions follows from the other's (istio.md 7.1, end).

import { hasLabels } from '../api/label-selector.ts'
import { RE2JS } from 're2js'
import type { HttpMatch, HttpRoute, StringMatch } from '../api/istio-virtual-service.ts'
import { problem } from '../route/catalogue.ts'
import type { ObjectProblem } from '../route/catalogue.ts'
import { regexProblem } from '../api/istio-value-checks.ts'
import { rulesOf, within } from './mesh.ts'
import type { Mesh, PlacedRule } from './mesh.ts'

/** Unreachable rules and matches, and VirtualServices that leave some requests without a rule. */
export function lintReach(mesh: Mesh): ObjectProblem[] {
  return [...Map.groupBy(rulesOf(mesh), ({ virtualService }) => virtualService).values()].flatMap(lintRules)
}

interface Block {
  readonly match: HttpMatch
  readonly label: string
}

function lintRules(rules: readonly PlacedRule[]): ObjectProblem[] {
  const problems: ObjectProblem[] = []
  const before: Block[] = []
  for (const placed of rules) {
    problems.push(...lintRule(placed, before))
    for (const match of matchesOf(placed.rule)) before.push({ match, label: labelOf(placed) })
  }
  const last = rules.at(-1)
  // What a delegate does not match goes on to the next rule of its root.
  const open = last !== undefined && (last.virtualService.spec.hosts ?? []).length > 0
  if (open && !before.some(({ match }) => covers(match, {}))) problems.push(problem('no-catch-all', last.place))
  return problems
}

function labelOf({ rule, index }: PlacedRule): string {
  return rule.name === undefined || rule.name === '' ? `http[${index}]` : `http[${index}] (${rule.name})`
}

function matchesOf(rule: HttpRoute): readonly HttpMatch[] {
  return rule.match === undefined || rule.match.length === 0 ? [{}] : rule.match
}

function lintRule(placed: PlacedRule, before: readonly Block[]): ObjectProblem[] {
  const matches = matchesOf(placed.rule)
  const seen = [...before]
  const covering = matches.map((match) => {
    const cover = seen.find((block) => covers(block.match, match))
    seen.push({ match, label: `an earlier match of ${labelOf(placed)}` })
    return cover
  })
  const [first] = covering
  if (first !== undefined && covering.every((cover) => cover !== undefined && before.includes(cover))) {
    return [problem('rule-unreachable', placed.place, [reason(first)])]
  }
  return covering.flatMap((cover, at) =>
    cover === undefined ? [] : [problem('match-unreachable', within(placed.place, `match[${at}]`), [reason(cover)])]
  )
}

function reason({ match, label }: Block): string {
  return covers(match, {}) ? `${label} already takes every request` : `${label} already takes every request that this one would match`
}

/** True when every request that `later` matches is matched by `earlier` too. */
export function covers(earlier: HttpMatch, later: HttpMatch): boolean {
  return (
    coversCaller(earlier, later) &&
    coversPath(earlier, later) &&
    (['method', 'scheme', 'authority'] as const).every((field) => follows(later[field], earlier[field])) &&
    coversMap(earlier.headers, later.headers, (name) => name.toLowerCase()) &&
    coversMap(earlier.queryParams, later.queryParams, (name) => name) &&
    coversWithout(earlier, later)
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

function coversPath(earlier: HttpMatch, later: HttpMatch): boolean {
  const { uri } = earlier
  if (uri === undefined || !hasKind(uri) || uri.prefix === '' || uri.prefix === '/') return true
  if (later.uri === undefined) return uri.regex === '.*'
  const folded = earlier.ignoreUriCase === true && uri.regex === undefined
  if (later.ignoreUriCase === true && !folded && later.uri.regex === undefined) return false
  return folded ? follows(lower(later.uri), lower(uri)) : follows(later.uri, uri)
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

function coversMap(earlier: Values, later: Values, nameOf: (name: string) => string): boolean {
  const others = new Map(Object.entries(later ?? {}).map(([name, value]) => [nameOf(name), value]))
  return Object.entries(earlier ?? {}).every(([name, value]) => {
    const other = others.get(nameOf(name))
    return other !== undefined && follows(other, value)
  })
}

/** `not A` follows from `not B` when what matches A matches B. A missing header counts as an empty text, except for presence. */
function coversWithout(earlier: HttpMatch, later: HttpMatch): boolean {
  const others = new Map(Object.entries(later.withoutHeaders ?? {}).map(([name, value]) => [name.toLowerCase(), value]))
  return Object.entries(earlier.withoutHeaders ?? {}).every(([name, value]) => {
    const other = others.get(name.toLowerCase())
    if (other === undefined || !follows(value, other)) return false
    return hasKind(other) || !takesEmpty(value)
  })
}

function takesEmpty({ exact, prefix, regex }: StringMatch): boolean {
  return exact === '' || prefix === '' || (regex !== undefined && followsRegex({ exact: '' }, regex))
}

/** True when a text that satisfies `known` satisfies `wanted`; an absent or empty test is satisfied by every text that is there. */
function follows(known: StringMatch | undefined, wanted: StringMatch | undefined): boolean {
  if (wanted === undefined || !hasKind(wanted)) return true
  if (known === undefined || !hasKind(known)) return false
  if (wanted.exact !== undefined) return known.exact === wanted.exact
  if (wanted.prefix !== undefined) return (known.exact ?? known.prefix)?.startsWith(wanted.prefix) === true
  return followsRegex(known, wanted.regex ?? '')
}

function followsRegex(known: StringMatch, regex: string): boolean {
  if (known.regex === regex) return true
  if (known.exact === undefined || regexProblem(regex) !== undefined) return false
  return RE2JS.compile(regex).testExact(known.exact)
}
