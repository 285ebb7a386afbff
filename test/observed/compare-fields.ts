// Header fields of an observation against those that came: names in any order, values of one name in order. Some fields are Envoy's own
// (README, "Where a compatible proxy may differ"): a proxy that sends them must send what Envoy sends.

import type { Headers } from './case-file.ts'
import { ANSWERED } from './echo.ts'

/** Whose fields: a local answer, an endpoint's answer, a request as its endpoint saw it, a mirrored copy. */
export type FieldsOf = 'local' | 'answer' | 'request' | 'copy'

const UNSEEN = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding', 'server', ANSWERED])
const ENVOYS = new Set([
  'x-envoy-upstream-service-time',
  'x-envoy-attempt-count',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-original-path',
  'x-envoy-original-host',
  'x-envoy-internal',
  'x-envoy-external-address',
  'x-request-id'
])

export function compareFields(what: string, seen: Headers, came: readonly (readonly [string, string])[], of: FieldsOf): string[] {
  const got = Map.groupBy(came, ([name]) => name)
  const names = new Set([...Object.keys(seen), ...got.keys()])
  return [...names].flatMap((name) => {
    const values = (got.get(name) ?? []).map(([, value]) => value)
    const wanted = name in seen ? [seen[name] ?? ''].flat() : []
    if (isFree(name, of, { came: values.length > 0, seen: wanted.length > 0 })) return []
    return isSame(values, wanted) ? [] : [`${what} ${name}: got ${JSON.stringify(values)}, wanted ${JSON.stringify(wanted)}`]
  })
}

function isFree(name: string, of: FieldsOf, has: { readonly came: boolean; readonly seen: boolean }): boolean {
  if (UNSEEN.has(name)) return true
  if (!has.seen && of === 'answer' && (name === 'content-length' || name === 'content-type')) return true
  if (has.came) return false
  return ENVOYS.has(name) || (of === 'copy' && name === 'x-forwarded-for')
}

function isSame(got: readonly string[], wanted: readonly string[]): boolean {
  return got.length === wanted.length && wanted.every((value, at) => expectedPattern(value).test(got[at] ?? ''))
}

// Stand-ins for what changes from run to run.
const STAND_INS: Readonly<Record<string, string>> = {
  '<time>': '.+',
  '<port>': '\\d+',
  '<hostname>': '\\S+',
  '<own address>': '[0-9a-f.:]+',
  '<16 hex digits>': '[0-9a-f]{16}',
  '<remaining>': '\\d+'
}

/** A pattern of an expected text, which must match whole. */
export function expectedPattern(text: string): RegExp {
  if (text === 'present') return /^[^]+$/
  const parts = text.split(/(<(?:time|port|hostname|own address|16 hex digits|remaining)>)/)
  return new RegExp(`^${parts.map((part) => STAND_INS[part] ?? part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('')}$`)
}
