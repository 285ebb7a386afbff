// Whether a route matches a request: plain tests walked by a switch, nothing allocated for literal tests (istio.md 1.3, envoy.md 2).

import { claimTexts } from './claims.ts'
import type { Expression } from './expression.ts'
import type { RequestFacts } from './request-facts.ts'
import type { HeaderTest, PathTest, QueryTest, StringTest } from './route-table.ts'
import type { PreparedRoute } from './router.ts'
import type { ClaimTest } from './token-rule.ts'

/** True when path, headers, query parameters and claims of the route all match. `path` is normalised, `end` where its query begins. */
export function matches(prepared: PreparedRoute, facts: RequestFacts, path: string, end: number): boolean {
  const { route } = prepared
  if (!matchesPath(route.path, prepared.path, path, end)) return false
  for (let at = 0; at < route.headers.length; at += 1) {
    const test = route.headers[at]
    if (test !== undefined && !matchesHeader(test, prepared.headers[at], facts, path)) return false
  }
  for (let at = 0; at < route.query.length; at += 1) {
    const test = route.query[at]
    if (test !== undefined && !matchesQuery(test, prepared.query[at], path, end)) return false
  }
  return route.claims === undefined || route.claims.every((test, at) => matchesClaim(test, prepared.claims?.[at], facts))
}

/** Without a token there are no claims: only an inverted test passes. */
function matchesClaim({ path, invert, test }: ClaimTest, regex: Expression | undefined, { claims }: RequestFacts): boolean {
  return claimTexts(claims, path).some((text) => matchesText(test, regex, text)) !== invert
}

function matchesPath(test: PathTest, regex: Expression | undefined, path: string, end: number): boolean {
  switch (test.kind) {
    case 'any':
      return true
    case 'exact':
      return end === test.value.length && startsWith(path, test.value, test.ignoreCase)
    case 'prefix':
      return end >= test.value.length && startsWith(path, test.value, test.ignoreCase)
    case 'regex':
      return regex?.testExact(end === path.length ? path : path.slice(0, end)) ?? false
  }
}

function startsWith(path: string, value: string, ignoreCase: boolean): boolean {
  if (!ignoreCase) return path.startsWith(value)
  for (let at = 0; at < value.length; at += 1) if (lowerAscii(path.charCodeAt(at)) !== lowerAscii(value.charCodeAt(at))) return false
  return true
}

function lowerAscii(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code + 0x20 : code
}

/** One header test; `regex` is its expression, `path` the normalized path. */
export function matchesHeader(header: HeaderTest, regex: Expression | undefined, facts: RequestFacts, path: string): boolean {
  const value = headerValue(header.name, facts, path)
  if (header.test.kind === 'present') return (value !== undefined) !== header.invert
  if (value === undefined) return header.invert && !matchesText(header.test, regex, '')
  return anyLine(header, regex, facts, value) !== header.invert
}

function anyLine(header: HeaderTest, regex: Expression | undefined, facts: RequestFacts, value: string): boolean {
  if (facts.lines === undefined || header.name === 'cookie' || header.name.startsWith(':') || !value.includes(',')) {
    return matchesText(header.test, regex, value)
  }
  for (const line of facts.lines(header.name)) if (matchesText(header.test, regex, line)) return true
  return false
}

/** A header or pseudo-header as tests see it. */
export function headerValue(name: string, facts: RequestFacts, path: string): string | undefined {
  switch (name) {
    case ':method':
      return facts.method
    case ':scheme':
      return facts.scheme
    case ':path':
      return path
    case ':authority':
    case 'host':
      return facts.authority
    default:
      return facts.header(name)
  }
}

/** One test of a query parameter; `end` is where the query begins in `path`. */
export function matchesQuery(query: QueryTest, regex: Expression | undefined, path: string, end: number): boolean {
  const { name } = query
  let from = end + 1
  while (from <= path.length) {
    let to = path.indexOf('&', from)
    if (to < 0) to = path.length
    const after = from + name.length
    if (path.startsWith(name, from) && after <= to && (after === to || path.charCodeAt(after) === 0x3d)) {
      return query.test.kind === 'present' || matchesText(query.test, regex, path.slice(Math.min(after + 1, to), to))
    }
    from = to + 1
  }
  return false
}

/** True when the text is what the test asks for; `regex` is the test's own. */
export function matchesText(test: StringTest, regex: Expression | undefined, value: string): boolean {
  switch (test.kind) {
    case 'present':
      return true
    case 'exact':
      return value === test.value
    case 'prefix':
      return value.startsWith(test.value)
    case 'regex':
      return regex?.testExact(value) ?? false
  }
}
