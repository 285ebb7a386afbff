// Claims in matches (istio.md 1.3): which claim a header name means, and the texts of a claim. Texts and lists of texts match; numbers and
// booleans never do.

import { isObject } from '../std/json.ts'
import type { Claims } from './token-rule.ts'

const PREFIX = '@request.auth.claims'

/** The path of the claim that a header name means: `@request.auth.claims.a.b` or `@request.auth.claims[a][b.c]`. Undefined: none. */
export function claimPath(name: string): readonly string[] | undefined {
  if (!name.toLowerCase().startsWith(PREFIX)) return undefined
  const rest = name.slice(PREFIX.length)
  if (/^\.[^[\]]+$/.test(rest)) return rest.slice(1).split('.')
  if (!/^(\[[^[\]]+\])+$/.test(rest)) return undefined
  return rest.slice(1, -1).split('][')
}

/** The texts of a claim: one, those of a list, or none. */
export function claimTexts(claims: Claims | undefined, path: readonly string[]): readonly string[] {
  let value: unknown = claims
  for (const name of path) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return []
    value = value[name]
  }
  const all: readonly unknown[] = Array.isArray(value) ? value : [value]
  return all.filter((one) => typeof one === 'string')
}
