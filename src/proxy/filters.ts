// What a proxy does with a request around its route: tokens are looked at before it is decided, local rate limits asked after. Owns the
// buckets of one proxy, which is one listener here, and of its connections.

import { scopeOf } from '../route/decide.ts'
import type { Decision } from '../route/decision.ts'
import { identify, refusedDecision, identifiedDecision } from '../route/identity.ts'
import type { Identity, SignatureState } from '../route/identity.ts'
import { askLimits } from '../route/limit-filter.ts'
import type { Limiters } from '../route/limit-filter.ts'
import { limitedDecision, limitsBefore } from '../route/limit-decision.ts'
import { normalizePath, pathEnd } from '../route/path.ts'
import type { LimitedRequest } from '../route/rate-descriptors.ts'
import type { ScopeId } from '../route/request-facts.ts'
import type { TokenRule } from '../route/token-rule.ts'
import type { Context } from './context.ts'
import { LimitStats, addressIn } from './limit-stats.ts'
import type { RequestHead } from './request-head.ts'

type Known = Exclude<SignatureState, 'pending'>

/** Owns the limiters of one proxy. */
export class Filters {
  readonly #context: Context
  readonly #stats: LimitStats
  /** By scope: a forward proxy has one for each port asked for. */
  readonly #limiters = new Map<ScopeId, Limiters>()
  readonly #connections = new WeakMap<object, Limiters>()
  /** What was found out about the tokens of the request that a connection waits with. */
  readonly #found = new WeakMap<object, Map<string, Known>>()

  constructor(context: Context) {
    this.#context = context
    this.#stats = new LimitStats(context.recorder.counters)
  }

  /**
   * Looks at the tokens of a request and writes on its facts what they tell. Resolves when it is worth asking again; undefined: the
   * request can go on. `connection` stands for the client's.
   */
  awaited(scope: ScopeId, facts: RequestHead, connection: object): Promise<void> | undefined {
    const { router, clock, signatures } = this.#context
    const rules = scopeOf(router, scope)?.scope.tokens
    if (rules === undefined) return undefined
    const found = this.#found.get(connection)
    const unknown: (readonly [TokenRule, string])[] = []
    const identity = identify(rules, facts, clock.now(), (rule, token) => {
      const state = signatures.known(rule, token) ?? found?.get(token)
      if (state === undefined) unknown.push([rule, token])
      return state ?? 'pending'
    })
    if (identity.kind === 'pending') return this.#findOut(connection, unknown)
    this.#found.delete(connection)
    tell(facts, identity)
    return undefined
  }

  async #findOut(connection: object, unknown: readonly (readonly [TokenRule, string])[]): Promise<void> {
    const found = this.#found.get(connection) ?? new Map<string, Known>()
    this.#found.set(connection, found)
    await Promise.all(unknown.map(async ([rule, token]) => found.set(token, await this.#context.signatures.check(rule, token))))
  }

  /** What becomes of a request after its route was found, by its tokens and by the limits of its scope. */
  decided(routed: Decision, scope: ScopeId, facts: RequestHead, connection: object): Decision {
    const { fault, overrides } = facts
    const decision = fault === undefined ? routed : refusedDecision(fault, facts, routed.route)
    const limited = this.#context.router.limits.size === 0 ? decision : this.#limited(decision, scope, facts, connection)
    return overrides === undefined ? limited : identifiedDecision(limited, overrides)
  }

  #limited(decision: Decision, scope: ScopeId, facts: RequestHead, connection: object): Decision {
    const { router, monotonic, draw, workers } = this.#context
    const placed = scopeOf(router, scope)?.scope.limits
    const filters = placed === undefined ? [] : limitsBefore(placed, decision)
    if (filters.length === 0) return decision
    const request = limitedRequest(facts, decision)
    const verdict = askLimits({
      filters,
      overrides: decision.limits,
      request,
      limits: router.limits,
      limitersFor: ({ perConnection }) => (perConnection ? limitersOf(this.#connections, connection) : limitersOf(this.#limiters, scope)),
      count: (prefix, stat) => this.#stats.count(prefix, stat),
      workers,
      now: monotonic(),
      draw
    })
    return limitedDecision(decision, verdict, request)
  }
}

function tell(facts: RequestHead, identity: Exclude<Identity, { kind: 'pending' }>): void {
  if (identity.kind === 'refused') {
    facts.fault = identity.fault
    return
  }
  facts.claims = identity.claims
  facts.path = identity.path
  facts.overrides = identity.headers
}

function limitersOf<K>(owners: { get(key: K): Limiters | undefined; set(key: K, value: Limiters): unknown }, key: K): Limiters {
  const known = owners.get(key)
  if (known !== undefined) return known
  const fresh: Limiters = new Map()
  owners.set(key, fresh)
  return fresh
}

function limitedRequest(facts: RequestHead, decision: Decision): LimitedRequest {
  const path = normalizePath(facts.path) ?? facts.path
  const cluster = decision.kind === 'forward' ? decision.cluster.replace(/@.*$/, '') : undefined
  return { facts, path, pathEnd: pathEnd(path), remoteAddress: addressIn(facts.remote), cluster }
}
