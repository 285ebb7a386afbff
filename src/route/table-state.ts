// A table that changes are applied to: what has been sent, or what is in force, without comparing everything. Owns its maps; `table` hands
// out plain data.

import type { ClusterId } from './decision.ts'
import type { InboundLimits, LimitId, LocalLimit } from './local-limit.ts'
import type { ScopeId } from './request-facts.ts'
import { EMPTY_TABLE } from './route-table.ts'
import type { Cluster, HostEntry, RouteTable, Scope, ScopeHead, TableChange } from './route-table.ts'

/** A scope and what is bound in it. */
export interface ScopeState {
  readonly head: ScopeHead
  readonly hosts: Map<string, string>
}

/** Owns a table in pieces. */
export class TableState {
  readonly scopes = new Map<ScopeId, ScopeState>()
  readonly entries = new Map<string, HostEntry>()
  readonly clusters = new Map<ClusterId, Cluster>()
  readonly limits = new Map<LimitId, LocalLimit>()
  readonly inbound = new Map<string, InboundLimits>()
  version = EMPTY_TABLE.version
  sourceLabels: readonly string[] = EMPTY_TABLE.sourceLabels
  #table: RouteTable | undefined

  /** Takes changes in their order. */
  applyAll(changes: readonly TableChange[]): void {
    for (const change of changes) this.apply(change)
  }

  /** Takes one change, and its version. */
  apply(change: TableChange): void {
    this.version = change.version
    this.#table = undefined
    switch (change.kind) {
      case 'source-labels':
        this.sourceLabels = change.sourceLabels
        return
      case 'put-cluster':
        this.clusters.set(change.cluster.id, change.cluster)
        return
      case 'remove-cluster':
        this.clusters.delete(change.cluster)
        return
      case 'put-entry':
        this.entries.set(change.entry.id, change.entry)
        return
      case 'remove-entry':
        this.entries.delete(change.entry)
        return
      case 'put-scope':
        this.scopes.set(change.scope.id, {
          head: change.scope,
          hosts: this.scopes.get(change.scope.id)?.hosts ?? new Map<string, string>()
        })
        return
      case 'remove-scope':
        this.scopes.delete(change.scope)
        return
      case 'bind':
        this.scopes.get(change.scope)?.hosts.set(change.host, change.entry)
        return
      case 'unbind':
        this.scopes.get(change.scope)?.hosts.delete(change.host)
        return
      case 'put-limit':
        this.limits.set(change.id, change.limit)
        return
      case 'remove-limit':
        this.limits.delete(change.id)
        return
      case 'put-inbound':
        this.inbound.set(change.key, change.limits)
        return
      case 'remove-inbound':
        this.inbound.delete(change.key)
    }
  }

  /** All of it as plain data; the same object until the next change. Takes time in proportion to the table. */
  get table(): RouteTable {
    this.#table ??= {
      version: this.version,
      sourceLabels: this.sourceLabels,
      scopes: Object.fromEntries(
        [...this.scopes].map(([id, { head, hosts }]): [string, Scope] => [id, { ...head, hosts: Object.fromEntries(hosts) }])
      ),
      entries: Object.fromEntries(this.entries),
      clusters: Object.fromEntries([...this.clusters].toSorted(([a], [b]) => (a < b ? -1 : 1))),
      limits: Object.fromEntries(this.limits),
      inbound: Object.fromEntries(this.inbound)
    }
    return this.#table
  }
}
