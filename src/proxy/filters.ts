// What a proxy does with a request before its route is carried out: its local rate limits are asked. Owns the buckets of one proxy, which is
// one listener here, and of its connections.

import { scopeOf } from '../route/decide.ts'
import type { Decision } from '../route/decision.ts'
import { askLimits } from '../route/limit-filter.ts'
import type { Limiters } from '../route/limit-filter.ts'
import { limitedDecision, limitsBefore } from '../route/limit-decision.ts'
import { normalizePath, pathEnd } from '../route/path.ts'
import type { LimitedRequest } from '../route/rate-descriptors.ts'
import type { RequestFacts, ScopeId } from '../route/request-facts.ts'
import type { Context } from './context.ts'
import { LimitStats } from './limit-stats.ts'

/** A request on its way to what was decided. */
export interface Passing {
  readonly decision: Decision
  readonly scope: ScopeId
  readonly facts: RequestFacts
  readonly clientAddress: string
  /** What stands for the client's connection. */
  readonly connection: object
}

/** Owns the limiters of one proxy. */
export class Filters {
  readonly #context: Context
  readonly #stats: LimitStats
  /** By scope: a forward proxy has one for each port asked for. */
  readonly #limiters = new Map<ScopeId, Limiters>()
  readonly #connections = new WeakMap<object, Limiters>()

  constructor(context: Context) {
    this.#context = context
    this.#stats = new LimitStats(context.recorder.counters)
  }

  /** The decision after the limits of the scope were asked. */
  limited(passing: Passing): Decision {
    const { router, monotonic, draw, workers } = this.#context
    const { decision } = passing
    if (router.limits.size === 0) return decision
    const placed = scopeOf(router, passing.scope)?.scope.limits
    const filters = placed === undefined ? [] : limitsBefore(placed, decision)
    if (filters.length === 0) return decision
    const request = limitedRequest(passing)
    const verdict = askLimits({
      filters,
      overrides: decision.limits,
      request,
      limits: router.limits,
      limitersFor: ({ perConnection }) => (perConnection ? this.#ofConnection(passing.connection) : this.#ofScope(passing.scope)),
      count: (prefix, stat) => this.#stats.count(prefix, stat),
      workers,
      now: monotonic(),
      draw
    })
    return limitedDecision(decision, verdict, request)
  }

  #ofScope(scope: ScopeId): Limiters {
    const known = this.#limiters.get(scope)
    if (known !== undefined) return known
    const fresh: Limiters = new Map()
    this.#limiters.set(scope, fresh)
    return fresh
  }

  #ofConnection(connection: object): Limiters {
    const known = this.#connections.get(connection)
    if (known !== undefined) return known
    const fresh: Limiters = new Map()
    this.#connections.set(connection, fresh)
    return fresh
  }
}

function limitedRequest({ decision, facts, clientAddress }: Passing): LimitedRequest {
  const path = normalizePath(facts.path) ?? facts.path
  const cluster = decision.kind === 'forward' ? decision.cluster.replace(/@.*$/, '') : undefined
  return { facts, path, pathEnd: pathEnd(path), remoteAddress: clientAddress, cluster }
}
