// What is written down of one connection that carries bytes: Istio's TCP metrics of both sides, and their lines of the access log.

import type { ClusterId, RouteRef } from '../route/decision.ts'
import type { Cluster } from '../route/route-table.ts'
import type { EndpointSlot } from '../route/router.ts'
import type { Millis } from '../std/clock.ts'
import type { AccessLog } from './access-log.ts'
import type { ListenerCells, PeerCells } from './cells.ts'
import { NOTHING } from './known-facts.ts'
import type { Ends, Known, Place } from './known-facts.ts'
import { namesOf } from './known.ts'

/** Whose connection it is. */
export interface StreamOrigin {
  readonly cells: ListenerCells
  readonly place: Place
  readonly client: Ends
  readonly log: AccessLog | undefined
  readonly started: Millis
}

const NO_FLAGS = '-'

/** Owns what is counted of one connection. It is opened once, and closed once. */
export class StreamAccount {
  sent = 0
  received = 0
  serverName = ''
  upstreamLocal: string | undefined
  /** Why there is no connection to an endpoint, in Envoy's words. */
  refusal: string | undefined
  route: RouteRef | undefined
  cluster: ClusterId | undefined
  #flags = NO_FLAGS
  #slot: EndpointSlot | undefined
  #peers: PeerCells | undefined
  readonly #of: StreamOrigin

  constructor(of: StreamOrigin) {
    this.#of = of
  }

  /** Adds Envoy's response flags, once. */
  flag(flags: string): void {
    if (this.#flags === NO_FLAGS) this.#flags = flags
  }

  /** Where it goes was tried; `reached`: there is a connection. */
  tried(slot: EndpointSlot): void {
    this.#slot = slot
  }

  /** It has a connection to the endpoint. */
  opened(cluster: Cluster, slot: EndpointSlot): void {
    this.#peers = this.#of.cells.peers(cluster, slot)
    this.#peers.source.addStream(NO_FLAGS, { opened: 1 })
    this.#peers.destination.addStream(NO_FLAGS, { opened: 1 })
  }

  addSent(length: number): void {
    this.sent += length
    this.#count({ sent: length })
  }

  addReceived(length: number): void {
    this.received += length
    this.#count({ received: length })
  }

  #count(more: { readonly sent?: number; readonly received?: number }): void {
    this.#peers?.source.addStream(NO_FLAGS, more)
    this.#peers?.destination.addStream(NO_FLAGS, more)
  }

  /** It is over; `cluster` is where it was to go, as far as is known. */
  closed(cluster: Cluster | undefined, now: Millis): void {
    const peers = this.#peers
    if (peers === undefined) this.#of.cells.unreached(cluster).addStream(this.#flags, { opened: 1, closed: 1 })
    else {
      peers.source.addStream(this.#flags, { closed: 1 })
      peers.destination.addStream(NO_FLAGS, { closed: 1 })
    }
    this.#write(now)
  }

  #write(ended: Millis): void {
    const { client, log, place, started } = this.#of
    if (log?.wants(this.route) !== true) return
    const known: Known = {
      ...NOTHING,
      place,
      client: { ...client, edge: true },
      request: NO_HTTP,
      serverName: this.serverName,
      route: this.route,
      cluster: this.cluster,
      flags: this.#flags,
      attempts: this.#slot === undefined ? 0 : 1,
      upstreamHost: this.#slot?.key,
      upstreamLocal: this.upstreamLocal,
      upstreamFailure: this.refusal,
      received: this.received,
      sent: this.sent,
      started,
      ended
    }
    log.write(place.pod ?? '', known)
    const slot = this.#peers === undefined ? undefined : this.#slot
    if (slot === undefined) return
    const called = namesOf(slot.endpoint)
    const seen = { client: { remote: this.upstreamLocal ?? '', local: slot.key, edge: true }, route: undefined, flags: NO_FLAGS }
    log.write(called.place.pod ?? '', { ...known, ...called, ...seen })
  }
}

/** What is asked of HTTP has no answer. */
const NO_HTTP: Known['request'] = { ...NOTHING.request, minor: -1 }
