// Entries of one domain or gateway host: what it means in each scope gets an id, equal meanings the same one. The first scope's is named after
// the host alone, the others after their scope too.

import { sameJson } from '../std/json.ts'
import type { ScopeId } from './request-facts.ts'
import { UNKNOWN } from './route-table.ts'
import type { ScopeHead } from './route-table.ts'
import type { Meaning, Meanings } from './compile-mesh.ts'
import type { EntryContent } from './table-limits.ts'

/** What a unit of the compilation gives: bindings of one domain, and the entries that are its own. */
export interface UnitTable {
  readonly domain: string
  readonly binds: ReadonlyMap<ScopeId, string>
  readonly entries: ReadonlyMap<string, EntryContent>
  /** Scopes of its own, in which `*` is bound. */
  readonly own: ReadonlyMap<ScopeId, { readonly head: ScopeHead; readonly entry: string }>
}

/** A unit that gives nothing. */
export const NO_UNIT: UnitTable = { domain: '', binds: new Map(), entries: new Map(), own: new Map() }

/** Whether a unit gives nothing. */
export function isEmptyUnit({ binds, own }: UnitTable): boolean {
  return binds.size === 0 && own.size === 0
}

/** Gives ids to what a domain means. `entriesOf` has the entries of another host, whose address the domain is. */
export function nameMeanings(domain: string, { bound, own }: Meanings, entriesOf: (host: string) => UnitTable['entries']): UnitTable {
  const entries = new Map<string, EntryContent>()
  const idOf = ({ scope, content }: Meaning): string => {
    if (content === undefined) return UNKNOWN
    const base = `${scope.kind}|${scope.port}|${content.host}`
    const named = content.host === domain ? entries : entriesOf(content.host)
    for (const [id, other] of named) if ((id === base || id.startsWith(`${base}|`)) && same(other, content)) return id
    const id = named.has(base) ? `${base}|${scope.id}` : base
    entries.set(id, content)
    return id
  }
  const binds = new Map<ScopeId, string>()
  const scopes = new Map<ScopeId, { readonly head: ScopeHead; readonly entry: string }>()
  for (const meaning of inOrder(bound, own)) {
    const entry = idOf(meaning)
    if (own.includes(meaning)) scopes.set(meaning.scope.id, { head: meaning.scope, entry })
    else if (!isUsual(meaning, entry, binds)) binds.set(meaning.scope.id, entry)
  }
  return { domain, binds, entries, own: scopes }
}

/** Whether the scope's base binds it to the same already. */
function isUsual({ scope }: Meaning, entry: string, binds: ReadonlyMap<ScopeId, string>): boolean {
  return scope.base !== undefined && (binds.get(scope.base) ?? UNKNOWN) === entry
}

/** Common callers, then Services' own addresses, then the others by their ids. */
function inOrder(bound: readonly Meaning[], own: readonly Meaning[]): Meaning[] {
  const rank = (meaning: Meaning): number =>
    own.includes(meaning) ? 1 : meaning.scope.namespace === '' && meaning.scope.kind === 'mesh' ? 0 : 2
  return [...bound, ...own].toSorted((a, b) => rank(a) - rank(b) || (a.scope.id < b.scope.id ? -1 : a.scope.id === b.scope.id ? 0 : 1))
}

function same(a: EntryContent, b: EntryContent): boolean {
  return a === b || sameJson(a, b)
}
