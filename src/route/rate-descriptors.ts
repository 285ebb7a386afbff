// Which descriptors a request has: each rule's actions make its entries, and a rule with an action that cannot make one gives none
// (istio.md 4.3).

import type { ClusterId } from './decision.ts'
import { Expression } from './expression.ts'
import type { DescriptorAction, DescriptorEntry, DescriptorRule } from './local-limit.ts'
import { headerValue, matchesHeader, matchesQuery } from './matching.ts'
import type { Descriptor } from './rate-limit.ts'
import type { RequestFacts } from './request-facts.ts'
import type { StringTest } from './route-table.ts'

/** A request as descriptors see it. */
export interface LimitedRequest {
  readonly facts: RequestFacts
  /** Normalized, with query. */
  readonly path: string
  /** Where the query begins in `path`, its length without one. */
  readonly pathEnd: number
  readonly remoteAddress: string
  /** Where it goes; undefined when it is answered here. */
  readonly cluster: ClusterId | undefined
}

/** A rule with the expressions of its tests, by action and test. */
export interface PreparedRule {
  readonly rule: DescriptorRule
  readonly regexes: readonly (readonly (Expression | undefined)[])[]
}

/** A rule with its expressions at hand; they were checked when it was read. */
export function prepareRule(rule: DescriptorRule): PreparedRule {
  const regexes = rule.actions.map((action) => ('tests' in action ? action.tests.map(({ test }) => expressionOf(test)) : []))
  return { rule, regexes }
}

function expressionOf(test: StringTest): Expression | undefined {
  return test.kind === 'regex' ? new Expression(test.value) : undefined
}

/** The descriptors that rules of a stage make of a request. */
export function descriptorsOf(rules: readonly PreparedRule[], stage: number, request: LimitedRequest): Descriptor[] {
  return rules.flatMap((prepared) => {
    if (prepared.rule.stage !== stage) return []
    const descriptor = descriptorOf(prepared, request)
    return descriptor === undefined ? [] : [descriptor]
  })
}

function descriptorOf({ rule, regexes }: PreparedRule, request: LimitedRequest): Descriptor | undefined {
  const entries: DescriptorEntry[] = []
  for (const [index, action] of rule.actions.entries()) {
    const entry = entryOf(action, regexes[index] ?? [], request)
    if (entry === undefined) return undefined
    if (entry !== 'skipped') entries.push(entry)
  }
  return entries.length === 0 ? undefined : entries
}

type Made = DescriptorEntry | 'skipped' | undefined

function entryOf(action: DescriptorAction, regexes: readonly (Expression | undefined)[], request: LimitedRequest): Made {
  const { facts, path, pathEnd } = request
  switch (action.kind) {
    case 'generic-key':
      return { key: action.key, value: action.value }
    case 'request-header':
      return textEntry(action, facts.lines?.(action.header)[0] ?? headerValue(action.header, facts, path))
    case 'query-parameter':
      return textEntry(action, parameterOf(path, pathEnd, action.parameter))
    case 'remote-address':
      return { key: action.key, value: request.remoteAddress }
    case 'destination-cluster':
      return request.cluster === undefined ? undefined : { key: action.key, value: request.cluster }
    case 'header-match':
      return matchEntry(
        action,
        action.tests.every((test, at) => matchesHeader(test, regexes[at], facts, path))
      )
    case 'query-match':
      return matchEntry(
        action,
        action.tests.every((test, at) => matchesQuery(test, regexes[at], path, pathEnd))
      )
  }
}

function textEntry({ key, skipAbsent }: { readonly key: string; readonly skipAbsent: boolean }, value: string | undefined): Made {
  if (value !== undefined && value !== '') return { key, value }
  return skipAbsent ? 'skipped' : undefined
}

function matchEntry({ key, value, expect }: DescriptorEntry & { readonly expect: boolean }, matches: boolean): Made {
  return matches === expect ? { key, value } : undefined
}

/** The first value of a query parameter, undecoded. */
function parameterOf(path: string, end: number, name: string): string | undefined {
  for (const part of path.slice(end + 1).split('&')) {
    if (part === name) return ''
    if (part.startsWith(`${name}=`)) return part.slice(name.length + 1)
  }
  return undefined
}
