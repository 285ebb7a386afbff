// What a compilation gives, as changes of the table before it: each part is compared with its own predecessor alone. The order is safe while
// requests run (diff-tables.ts says why).

import { sameJson } from '../std/json.ts'
import { clusterSteps } from './diff-tables.ts'
import type { ClusterId } from './decision.ts'
import type { UnitTable } from './domain-entries.ts'
import type { InboundLimits, LimitId, LocalLimit } from './local-limit.ts'
import type { ScopeId } from './request-facts.ts'
import type { Cluster, HostEntry, ScopeHead, TableChange } from './route-table.ts'
import type { EntryContent } from './table-limits.ts'
import type { TableState } from './table-state.ts'

/** Collects the changes of one compilation. */
export class TableWriter {
  readonly #state: TableState
  readonly #earlier: (id: string) => HostEntry | undefined
  readonly version: number
  readonly #phases: TableChange[][] = Array.from({ length: 11 }, () => [])

  /** `earlier` knows entries that are not in the state: those of the table that the first compilation goes on from. */
  constructor(state: TableState, earlier: (id: string) => HostEntry | undefined) {
    this.#state = state
    this.#earlier = earlier
    this.version = state.version + 1
  }

  cluster(id: ClusterId, after: Cluster | undefined): void {
    const steps = clusterSteps(this.#state.clusters.get(id), after, { id, version: this.version })
    this.#phases[CLUSTERS]?.push(...steps.first)
    this.#phases[LAST_CLUSTERS]?.push(...steps.last)
  }

  /** What a unit gives now instead of `before`. */
  unit(before: UnitTable, after: UnitTable): void {
    const { version } = this
    for (const [id, content] of after.entries) if (!Object.is(before.entries.get(id), content)) this.#entry(id, content)
    for (const entry of before.entries.keys())
      if (!after.entries.has(entry)) this.#put(LAST_ENTRIES, { kind: 'remove-entry', version, entry })
    for (const [scope, { head, entry }] of after.own) {
      this.head(head)
      this.#bind(scope, '*', entry)
    }
    for (const scope of before.own.keys()) if (!after.own.has(scope)) this.removeScope(scope)
    for (const [scope, entry] of after.binds) this.#bind(scope, after.domain, entry)
    for (const scope of before.binds.keys())
      if (!after.binds.has(scope)) this.#put(UNBINDS, { kind: 'unbind', version, scope, host: before.domain })
  }

  head(head: ScopeHead): void {
    if (!sameJson(this.#state.scopes.get(head.id)?.head, head)) this.#put(SCOPES, { kind: 'put-scope', version: this.version, scope: head })
  }

  removeScope(scope: ScopeId): void {
    if (this.#state.scopes.has(scope)) this.#put(LAST_SCOPES, { kind: 'remove-scope', version: this.version, scope })
  }

  sourceLabels(sourceLabels: readonly string[]): void {
    if (!sameJson(this.#state.sourceLabels, sourceLabels)) this.#put(LABELS, { kind: 'source-labels', version: this.version, sourceLabels })
  }

  limits(limits: Readonly<Record<LimitId, LocalLimit>>): void {
    const { version } = this
    const state = this.#state
    for (const [id, limit] of Object.entries(limits))
      if (!sameJson(state.limits.get(id), limit)) this.#put(LIMITS, { kind: 'put-limit', version, id, limit })
    for (const id of state.limits.keys()) if (!Object.hasOwn(limits, id)) this.#put(LAST_LIMITS, { kind: 'remove-limit', version, id })
  }

  inbound(inbound: Readonly<Record<string, InboundLimits>>): void {
    const { version } = this
    const state = this.#state
    for (const [key, own] of Object.entries(inbound))
      if (!sameJson(state.inbound.get(key), own)) this.#put(LIMITS, { kind: 'put-inbound', version, key, limits: own })
    for (const key of state.inbound.keys())
      if (!Object.hasOwn(inbound, key)) this.#put(LAST_LIMITS, { kind: 'remove-inbound', version, key })
  }

  /** All changes, in their order. */
  finish(): TableChange[] {
    const gone = new Set(this.#phases[LAST_SCOPES]?.flatMap((change) => (change.kind === 'remove-scope' ? [change.scope] : [])))
    // With a scope goes what is bound in it.
    return this.#phases.flat().filter((change) => change.kind !== 'unbind' || !gone.has(change.scope))
  }

  #put(phase: number, change: TableChange): void {
    this.#phases[phase]?.push(change)
  }

  #bind(scope: ScopeId, host: string, entry: string): void {
    if (this.#state.scopes.get(scope)?.hosts.get(host) !== entry)
      this.#put(BINDS, { kind: 'bind', version: this.version, scope, host, entry })
  }

  #entry(id: string, { broken, ...content }: EntryContent): void {
    const { version } = this
    const here = this.#state.entries.get(id)
    const before = here ?? this.#earlier(id)
    if (here !== undefined && broken) return
    const entry: HostEntry = { id, version: before?.version ?? version, ...content, routes: broken ? [] : content.routes }
    const kept = before !== undefined && (broken || sameJson(before, entry)) ? before : { ...entry, version }
    if (kept !== here) this.#put(ENTRIES, { kind: 'put-entry', version, entry: kept })
  }
}

const [CLUSTERS, LIMITS, ENTRIES, SCOPES, BINDS, LABELS] = [0, 1, 2, 3, 4, 5]
const [UNBINDS, LAST_SCOPES, LAST_ENTRIES, LAST_LIMITS, LAST_CLUSTERS] = [6, 7, 8, 9, 10]
