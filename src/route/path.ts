// Request paths as the mesh sees them: Istio's path normalisation BASE (istio.md 1.3) and rewrites (1.9). The query is left alone.

import type { PathRewrite, PathTest } from './route-table.ts'
import type { RegexRewrite } from './router.ts'

/** Where the query begins: the index of the first `?`, else the length. */
export function pathEnd(path: string): number {
  const end = path.indexOf('?')
  return end < 0 ? path.length : end
}

/**
 * The path with dot segments removed, unreserved characters decoded and backslashes turned; duplicate slashes, `%2F` and malformed escapes
 * stay. Undefined for what is answered 400: a fragment, or `%00` in the path. Paths that need nothing are returned as they are.
 */
export function normalizePath(path: string): string | undefined {
  if (path.includes('#')) return undefined
  if (!path.includes('%') && !path.includes('/.') && !path.includes('\\')) return path
  if (!path.startsWith('/')) return path
  const end = pathEnd(path)
  const head = path.slice(0, end)
  return head.includes('%00') ? undefined : removeDots(head) + path.slice(end)
}

function removeDots(head: string): string {
  const kept: string[] = []
  const segments = head.replaceAll('\\', '/').split('/').slice(1)
  segments.forEach((raw, index) => {
    const segment = raw.replaceAll(/%[0-9a-fA-F]{2}/g, decodeUnreserved)
    const last = index === segments.length - 1
    const dots = segment === '.' || segment === '..' ? segment : parameterDots(raw)
    if (dots === undefined) {
      kept.push(segment)
      return
    }
    if (dots === '..') kept.pop()
    if (last) kept.push('')
  })
  return `/${kept.join('/')}`
}

/** `.` or `..` with path parameters, written out (encoded dots with parameters are an ordinary segment). */
function parameterDots(raw: string): string | undefined {
  if (raw.startsWith('..;')) return '..'
  return raw.startsWith('.;') ? '.' : undefined
}

function decodeUnreserved(escape: string): string {
  const char = String.fromCharCode(Number.parseInt(escape.slice(1), 16))
  return /[A-Za-z0-9\-._~]/.test(char) ? char : escape
}

/** The path sent upstream. A prefix rewrite replaces what the route matched: the prefix, or the whole path of an exact or regex match. */
export function rewritePath(path: string, test: PathTest, rewrite: PathRewrite, regex: RegexRewrite | undefined): string {
  const end = pathEnd(path)
  if (rewrite.kind === 'prefix') return rewrite.value + path.slice(matchedLength(test, end))
  if (regex === undefined) return path
  const head = replaceAll(path.slice(0, end), regex)
  return head === '' ? path : head + path.slice(end)
}

function matchedLength(test: PathTest, end: number): number {
  switch (test.kind) {
    case 'any':
      return Math.min(1, end)
    case 'prefix':
      return test.value.length
    case 'exact':
    case 'regex':
      return end
  }
}

function replaceAll(head: string, rewrite: RegexRewrite): string {
  const matcher = rewrite.regex.compiled.matcher(head)
  let out = ''
  let from = 0
  while (matcher.find()) {
    out += head.slice(from, matcher.start())
    for (const part of rewrite.parts) out += typeof part === 'string' ? part : groupOf(matcher, part)
    from = matcher.end()
  }
  return out + head.slice(from)
}

function groupOf(matcher: { groupCount(): number; group(group: number): string | null }, group: number): string {
  return group > matcher.groupCount() ? '' : (matcher.group(group) ?? '')
}
