// What is to be done about a request whose head was just read: whether it is one, which rule it meets, and what carries that out upstream.

import { decide } from '../route/decide.ts'
import type { Decision } from '../route/decision.ts'
import type { ScopeId } from '../route/request-facts.ts'
import type { Millis } from '../std/clock.ts'
import type { Context } from './context.ts'
import type { Current, Downstream, Entrance } from './downstream.ts'
import { Exchange } from './exchange.ts'
import { head, keepsConnection, valueEnd, valueStart } from './head.ts'
import { OVERLOADED } from './load.ts'
import { isAddress, passOn } from './passthrough.ts'
import type { Pools } from './pools.ts'
import type { RequestHead } from './request-head.ts'
import { editedHead } from './route-edits.ts'
import { hostIsUsable } from './scanner.ts'

type Forward = Extract<Decision, { kind: 'forward' }>

const NO_CONNECT = { status: 405, reason: 'CONNECT is not supported: use http_proxy for http:// addresses only' }

/** Whose requests are dispatched. */
export interface Caller {
  readonly entrance: Entrance
  readonly client: Downstream
  /** The request in progress: its head, and what is kept of it. */
  readonly facts: RequestHead
  readonly current: Current
  readonly address: string
}

/** Decides the requests of one connection, one after the other. The registers are read. */
export class Dispatch {
  readonly #shared: { readonly context: Context; readonly pools: Pools }
  readonly #caller: Caller

  constructor(shared: { readonly context: Context; readonly pools: Pools }, caller: Caller) {
    this.#shared = shared
    this.#caller = caller
  }

  /** Takes the head from the registers; what it is to be refused with when it is no request to be decided. */
  read(bytes: Buffer): { readonly status: number; readonly reason: string } | undefined {
    const { facts } = this.#caller
    const problem = facts.read(bytes) ?? (hostIsUsable(bytes) ? undefined : 'no usable Host field')
    if (facts.method === 'CONNECT') return NO_CONNECT
    return problem === undefined ? undefined : { status: 400, reason: problem }
  }

  /** What is to be waited for before the head is read again; only a gateway looks at tokens. */
  awaited(): Promise<void> | undefined {
    const { entrance, facts, client } = this.#caller
    return entrance.edge ? entrance.filters.awaited(entrance.scopeOf(facts.authority), facts, client) : undefined
  }

  /** Takes from the registers what is needed until the answer is complete. */
  remember(): void {
    const { current, facts } = this.#caller
    current.method = facts.method
    current.minor = head.minor
    current.close = !keepsConnection()
    current.keepAlive = head.keepAlive
    current.grpc = facts.grpc
  }

  /** What the rules say, and the filters around them; nobody asks them where there is no room. */
  decide(): Decision {
    const { entrance, facts, client } = this.#caller
    if (!this.#shared.context.load.admits()) {
      entrance.cells.downstream.overloaded()
      return OVERLOADED
    }
    facts.authority = entrance.nameOf(facts.authority)
    const scope = entrance.scopeOf(facts.authority)
    return entrance.filters.decided(this.#route(scope), scope, facts, client)
  }

  #route(scope: ScopeId): Decision {
    const { router, draw } = this.#shared.context
    const { facts, entrance } = this.#caller
    const decision = decide(router, scope, facts, draw)
    if (decision.kind !== 'no-route' || decision.because !== 'unknown-host') return decision
    if (entrance.ownScope !== undefined) return decide(router, entrance.ownScope, facts, draw)
    return this.#outsideAddress === undefined ? decision : passOn(facts)
  }

  // Where a request may go that is for nobody in the mesh: who asks in absolute form wants a proxy.
  get #outsideAddress(): string | undefined {
    const { entrance, facts } = this.#caller
    return entrance.passes && facts.absolute && isAddress(facts.authority) ? facts.authority : undefined
  }

  /** Carries out a decision to forward; undefined when there is no such destination. */
  exchangeFor(bytes: Buffer, decision: Forward, started: Millis): Exchange | undefined {
    const { context, pools } = this.#shared
    const { entrance, client, facts, current, address } = this.#caller
    const state = pools.outside.stateFor(decision, context.router, this.#outsideAddress)
    if (state === undefined) return undefined
    const { edge, place, cells } = entrance
    const { method, minor, close, keepAlive, grpc } = current
    const upgrade = isUpgrade(bytes)
    const forwarding = { decision, facts, edge, clientAddress: address, upgrade, edits: decision.request }
    return new Exchange(this.#shared, client, {
      decision,
      state,
      cells,
      client: facts,
      place,
      log: context.accessLog?.wants(decision.route) === true ? context.accessLog : undefined,
      method,
      local: facts.local,
      edited: editedHead(bytes, forwarding, { place, client: facts, minor, started }, context),
      minor,
      close,
      keepAlive,
      upgrade,
      grpc,
      started
    })
  }
}

// Whether the head in the registers asks for another protocol, other than HTTP/2, which nobody here speaks. A list without one asks for none.
function isUpgrade(bytes: Buffer): boolean {
  if (!head.connectionUpgrade || head.upgrade < 0 || head.chunked || head.contentLength > 0) return false
  const protocols = bytes.toString('latin1', valueStart[head.upgrade], valueEnd[head.upgrade]).toLowerCase()
  return /[^,\t ]/.test(protocols) && !protocols.includes('h2c')
}
