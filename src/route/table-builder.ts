// Puts a RouteTable together: entries with the same content are shared between scopes, and whatever equals the previous table keeps its
// version. Owns the maps it fills; `finish` hands them out as plain data.

import { sameJson } from '../std/json.ts'
import type { ClusterId } from './decision.ts'
import type { Cluster, HostEntry, Route, RouteTable, Scope } from './route-table.ts'

/** What an entry says, before it has an id. */
export interface EntryContent {
  readonly host: string
  readonly httpsRedirect: boolean
  readonly routes: readonly Route[]
  /** The rules are wrong: keep the entry of the previous table, or none of its routes. */
  readonly broken: boolean
}

/** Collects scopes and entries of one compilation. */
export class TableBuilder {
  readonly #previous: RouteTable
  readonly #version: number
  readonly #scopes = new Map<string, { readonly head: Omit<Scope, 'hosts'>; readonly hosts: Map<string, string> }>()
  readonly #entries = new Map<string, HostEntry>()
  readonly #shared = new Map<string, { readonly content: EntryContent; readonly id: string }[]>()

  constructor(previous: RouteTable) {
    this.#previous = previous
    this.#version = previous.version + 1
  }

  /** Opens a scope; hosts follow by `bind`. */
  open(head: Omit<Scope, 'hosts'>): void {
    this.#scopes.set(head.id, { head, hosts: new Map() })
  }

  /** Gives `domain` its entry in an opened scope; the first binding of a domain stays. */
  bind(scope: string, domain: string, content: EntryContent): void {
    const opened = this.#scopes.get(scope)
    if (opened === undefined || opened.hosts.has(domain)) return
    opened.hosts.set(domain, this.#entry(opened.head, content))
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

  #versioned(id: string, { host, httpsRedirect, routes, broken }: EntryContent): HostEntry {
    const before = this.#previous.entries[id]
    if (broken && before !== undefined) return before
    const entry: HostEntry = { id, version: before?.version ?? this.#version, host, httpsRedirect, routes: broken ? [] : routes }
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
      clusters
    }
    return sameJson(table, this.#previous) ? this.#previous : { ...table, version: this.#version }
  }
}
