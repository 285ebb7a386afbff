// Rules in CEL, the expression language of CustomResourceDefinitions, with the functions that Kubernetes adds (docs/decisions/011). Expressions
// are RE2's, as in the API server; numbers of integer schemas are BigInt here.

import { Environment } from '@marcbachmann/cel-js'
import { patternFound } from './string-format.ts'

/** What a rule gives, or why it could not be evaluated, in the API server's words where they are known. */
export type CelResult = { readonly kind: 'value'; readonly value: unknown } | { readonly kind: 'failed'; readonly because: string }

/** A rule that can be asked: `self` is the value, `oldSelf` what it was. */
export type CelProgram = (self: unknown, oldSelf?: unknown) => CelResult

class Url {
  readonly scheme: string
  constructor(text: string) {
    this.scheme = schemeOf(text) ?? ''
  }
}

const ENVIRONMENT = new Environment({ homogeneousAggregateLiterals: false, limits: { maxAstNodes: 10_000, maxDepth: 100 } })
  .registerVariable('self', 'dyn')
  .registerVariable('oldSelf', 'dyn')
  .registerType('kubernetes.URL', Url)
  .registerFunction('url(string): kubernetes.URL', (text: string) => new Url(text))
  .registerFunction('isURL(string): bool', isUrl)
  .registerFunction('kubernetes.URL.getScheme(): string', (url: Url) => url.scheme)
  .registerFunction('string.matchesRe2(string): bool', (text: string, pattern: string) => patternFound(pattern, text) === true)

/** The rule, ready to be asked; a message instead when it is no CEL. */
export function compileCel(expression: string): CelProgram | string {
  try {
    const program = ENVIRONMENT.parse(withRe2(expression))
    return (self, oldSelf) => {
      try {
        return { kind: 'value', value: program({ self, oldSelf }) }
      } catch (error) {
        return { kind: 'failed', because: reasonOf(error) }
      }
    }
  } catch (error) {
    return reasonOf(error)
  }
}

/** The library's own `matches` backtracks: a rule and a value could keep the server busy for ever. Texts in quotes are left alone. */
function withRe2(expression: string): string {
  const parts = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\.\s*matches\s*\(/g
  return expression.replaceAll(parts, (part) => (part.startsWith('.') ? '.matchesRe2(' : part))
}

const CONVERSIONS: readonly (readonly [RegExp, string])[] = [
  [/^Invalid duration string/, "type conversion error from 'string' to 'google.protobuf.Duration'"],
  [/^int\(\) type error/, "type conversion error from 'string' to 'int'"]
]

function reasonOf(error: unknown): string {
  // The library shows the place in the expression on further lines.
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
  return CONVERSIONS.find(([pattern]) => pattern.test(line))?.[1] ?? line
}

function schemeOf(text: string): string | undefined {
  return /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1]?.toLowerCase()
}

/** What Go takes as the target of a request: an absolute path, or a URL with a scheme. */
function isUrl(text: string): boolean {
  if (text === '' || /[\s\u0000-\u001f\u007f]/.test(text)) return false
  if (text.startsWith('/')) return true
  return schemeOf(text) !== undefined && (!text.includes('://') || URL.canParse(text))
}
