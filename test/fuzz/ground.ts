// Where a run takes place: sockets in memory, whose order the seed decides, or those of the system on loopback.

import type { Sockets } from '../../src/proxy/transport.ts'
import type { FarEnd } from './far-end.ts'
import type { DialPlay } from './play.ts'

/** Decides about connections that the engine wants, in their order. */
export interface Dialing {
  /** What happens to the next one, and how much the endpoint's side takes unread. */
  next(): { readonly how: DialPlay; readonly window: number }
  /** An endpoint has the other end of it; `port` as the engine asked for it. */
  accepted(far: FarEnd, port: number): void
}

/** Owns all sockets of one run. */
export interface Ground {
  /** The engine's. */
  readonly sockets: Sockets
  /** Where the engine listens. */
  readonly listen: { readonly address: string; readonly port: number }
  /** The engine's sockets that are not closed. */
  readonly open: number
  /** The most that waited to be written on one of them. */
  readonly waitingMost: number
  /** All that were made. */
  readonly made: readonly WeakRef<object>[]
  /** The ports that endpoints have are known. */
  begin(dialing: Dialing): Promise<void>
  /** Caller `number` connects to a port that the engine listens on; undefined when it is turned away at once. */
  reach(port: number, number: number, window: number): FarEnd | undefined
  /** Decides about connections that wait for it. */
  dial(): void
  /** Calls into the engine; what it throws is written down. */
  guarded(work: () => void): void
  /** Resolves once nothing moves by itself. */
  quiet(): Promise<void>
  /** Lets go of everything. */
  end(): Promise<void>
}
