// Puts a RouteTable together: entries with the same content are shared between scopes, and whatever equals the previous table keeps its
// version. Owns the maps it fills; `finish` hands them out as plain data.

import { sameJson } from '../std/json.ts'
import type { ClusterId } from './decision.ts'
import type { InboundLimits, LimitId, LimitOverrides, LocalLimit } from './local-limit.ts'
import type { Cluster, HostEntry, Route, RouteTable, Scope } from './route-table.ts'

/** What an entry says, before it has an id. */
export interface EntryContent {
  readonly host: string
  readonly httpsRedirect: boolean
  readonly routes: readonly Route[]
  /** The rules are wrong: keep the entry of the previous table, or none of its routes. */
  readonly broken: boolean
  readonly limits?: LimitOverrides
}

/** What EnvoyFilters add to a table: limits of its scopes, of what is bound in them, and of the pods that its clusters reach. */
export interface TableLimits {
  readonly limits: Readonly<Record<LimitId, LocalLimit>>
  /** Label keys by which callers are told apart. */
  readonly callerLabels: readonly string[]
  scopeOf(head: Omit<Scope, 'hosts'>): Omit<Scope, 'hosts'>
  contentOf(scope: Omit<Scope, 'hosts'>, content: EntryContent): EntryContent
  inboundOf(clusters: readonly Cluster[]): Readonly<Record<string, InboundLimits>>
}

/** No EnvoyFilter says anything. */
export const NO_LIMITS: TableLimits = {
  limits: {},
  callerLabels: [],
  scopeOf: (head) => head,
  contentOf: (_, content) => content,
  inboundOf: () => ({})
}

/** Collects scopes and entries of one compilation. */
export class TableBuilder {
  readonly #previous: RouteTable
  readonly #version: number
  readonly #scopes = new Map<string, { readonly head: Omit<Scope, 'hosts'>; readonly hosts: Map<string, string> }>()
  readonly #entries = new Map<string, HostEntry>()
  readonly #shared = new Map<string, { readonly content: EntryContent; readonly id: string }[]>()

  readonly #limits: TableLimits

  constructor(previous: RouteTable, limits: TableLimits = NO_LIMITS) {
    this.#previous = previous
    this.#limits = limits
    this.#version = previous.version + 1
  }

  /** Opens a scope; hosts follow by `bind`. */
  open(head: Omit<Scope, 'hosts'>): void {
    this.#scopes.set(head.id, { head: this.#limits.scopeOf(head), hosts: new Map() })
  }

  /** Gives `domain` its entry in an opened scope; the first binding of a domain stays. */
  bind(scope: string, domain: string, content: EntryContent): void {
    const opened = this.#scopes.get(scope)
    if (opened === undefined || opened.hosts.has(domain)) return
    opened.hosts.set(domain, this.#entry(opened.head, this.#limits.contentOf(opened.head, content)))
  }

  /** True when the scope already knows the domain. */
  knows(scope: string, domain: string): boolean {
    return this.#scopes.get(scope)?.hosts.has(domain) ?? false
  }

  #entry(scope: Omit<Scope, 'hosts'>, content: EntryContent): string {
    const base = `${scope.kind}|${scope.port}|${content.host}`
    const variants = this.#shared.get(base) ?? []
    this.#shared.set(base, variants)
    const same = variants.find((variant) => variant.content === content || sameJson(variant.content, content))
    if (same !== undefined) return same.id
    const id = variants.length === 0 ? base : `${base}|${scope.id}`
    variants.push({ content, id })
    this.#entries.set(id, this.#versioned(id, content))
    return id
  }

  #versioned(id: string, { broken, ...content }: EntryContent): HostEntry {
    const before = this.#previous.entries[id]
    if (broken && before !== undefined) return before
    const entry: HostEntry = { id, version: before?.version ?? this.#version, ...content, routes: broken ? [] : content.routes }
    return before !== undefined && sameJson(before, entry) ? before : { ...entry, version: this.#version }
  }

  /** The table; the previous one itself when nothing differs. */
  finish(sourceLabels: readonly string[], clusters: Readonly<Record<ClusterId, Cluster>>): RouteTable {
    const scopes = [...this.#scopes].map(([id, { head, hosts }]): [string, Scope] => [id, { ...head, hosts: Object.fromEntries(hosts) }])
    const table: RouteTable = {
      version: this.#previous.version,
      sourceLabels,
      scopes: Object.fromEntries(scopes),
      entries: Object.fromEntries(this.#entries),
      clusters,
      limits: this.#limits.limits,
      inbound: this.#limits.inboundOf(Object.values(clusters))
    }
    return sameJson(table, this.#previous) ? this.#previous : { ...table, version: this.#version }
  }
}
