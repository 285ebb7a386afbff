// What the parts of one request's way in know of each other: the listener for its connections, a connection for its exchanges. Types only.

import type { Socket } from 'node:net'
import type { Decision, HeaderEdits } from '../route/decision.ts'
import type { ScopeId } from '../route/request-facts.ts'
import type { ClusterState } from '../route/router.ts'
import type { Millis } from '../std/clock.ts'
import type { AccessLog } from './access-log.ts'
import type { ListenerCells } from './cells.ts'
import type { Failure } from './failures.ts'
import type { Filters } from './filters.ts'
import type { Ends, Place } from './known-facts.ts'
import type { EditedHead } from './route-edits.ts'

type Forward = Extract<Decision, { kind: 'forward' }>

/** What a connection needs to know of the listener that accepted it. */
export interface Entrance {
  readonly edge: boolean
  /** Requests to hosts that are not of the mesh may pass. */
  readonly passes: boolean
  readonly cells: ListenerCells
  /** What is asked before a route is carried out. */
  readonly filters: Filters
  /** The proxy as formats of values name it. */
  readonly place: Place
  /** The scope of a request to this authority. */
  scopeOf(authority: string): ScopeId
  /** The scope of what was called by its own address, for hosts that nobody knows; undefined elsewhere. */
  readonly ownScope: ScopeId | undefined
  /** The authority to route by: a Service's own address stands for its name. */
  nameOf(authority: string): string
  onClosed(client: Downstream): void
}

/** What is kept of the head of the request in progress, once the registers are used again. Its connection writes it. */
export interface Current {
  method: string
  minor: number
  close: boolean
  keepAlive: boolean
  /** It speaks gRPC. */
  grpc: boolean
}

/** The client's side of an exchange. */
export interface Downstream {
  readonly socket: Socket
  /** The connection ends with the answer in progress: its listener drains. */
  readonly closing: boolean
  /** Bytes of the body of the request in progress so far. */
  readonly received: number
  /** An answer of the proxy itself after so many tries, with the route's edits. */
  answer(failure: Failure, tries: number, edits: HeaderEdits | undefined): void
  /** The answer is complete; `keep` is false when the connection cannot be used again. */
  onAnswered(keep: boolean): void
  /** A tunnel is open: bytes pass both ways from now on. */
  onTunnel(): void
  /** The upstream can take bytes of the request again. */
  resumeReading(): void
}

/** What is being done about a request, from its head to the end of its answer. */
export interface Handling {
  /** The answer was given. */
  readonly ended: boolean
  /** The answer has begun. */
  readonly answering: boolean
  /** Bytes of the request must wait: enough is kept. */
  readonly full: boolean
  /** When the upstream was last heard, by the sweep's clock. */
  readonly lastByte: Millis
  /** Begins with what is there of the body, framing included. */
  start(body: string): void
  /** The request is complete. */
  onRequestDone(now: Millis): void
  /** More of the request. Returns the socket when the caller is to write the bytes itself. */
  onRequestBytes(bytes: Buffer, from: number, to: number): Socket | undefined
  /** The client ended its side of a tunnel. */
  endTunnel(): void
  /** The client is gone. */
  abort(): void
  /** What comes of the request cannot be read: it ends here. Whether it was counted. */
  onMalformed(): 'counted' | 'uncounted'
  /** Ends what is overdue. */
  sweep(now: Millis, lastByte: Millis): void
  overdue(failure: 'timeout' | 'stream-idle' | 'request-timeout'): void
}

/** What an exchange starts from. */
export interface ExchangeStart {
  readonly decision: Forward
  readonly state: ClusterState
  readonly cells: ListenerCells
  readonly method: string
  /** The address that the client called, `ip:port`. */
  readonly local: string
  /** What goes upstream, without attempt count and blank line. */
  readonly edited: EditedHead
  readonly client: Ends
  readonly place: Place
  /** Where its lines go; undefined: it has none. */
  readonly log: AccessLog | undefined
  /** The client's HTTP minor version. */
  readonly minor: number
  readonly close: boolean
  readonly keepAlive: boolean
  readonly upgrade: boolean
  /** The client speaks gRPC: it is answered so. */
  readonly grpc: boolean
  readonly started: Millis
}
