// What EnvoyFilters add to a table, for whoever puts one together: nothing, where there are none.

import type { InboundLimits, LimitId, LimitOverrides, LocalLimit } from './local-limit.ts'
import type { MeshPod } from './mesh-config.ts'
import type { Cluster, Route, ScopeHead } from './route-table.ts'

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
  /** Whether there is any of it. */
  readonly hasAny: boolean
  /** Whether any host or route may say something. */
  readonly hasOverrides: boolean
  /** Whether any called pod may have limits. */
  readonly hasInbound: boolean
  scopeOf(head: ScopeHead): ScopeHead
  contentOf(scope: ScopeHead, content: EntryContent): EntryContent
  inboundOf(clusters: Iterable<Cluster>, pods: readonly MeshPod[]): Readonly<Record<string, InboundLimits>>
}

/** No EnvoyFilter says anything. */
export const NO_LIMITS: TableLimits = {
  limits: {},
  callerLabels: [],
  hasAny: false,
  hasOverrides: false,
  hasInbound: false,
  scopeOf: (head) => head,
  contentOf: (_, content) => content,
  inboundOf: () => ({})
}
