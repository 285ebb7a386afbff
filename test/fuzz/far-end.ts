// The other end of one of the engine's sockets, as a caller or an endpoint has it: what the fuzzer does to the engine it does here. One kind is
// in memory, one is a socket of the system.

/** Owns one side of a connection whose other side the engine has. */
export interface FarEnd {
  send(bytes: Buffer): void
  /** No more will be sent. */
  end(): void
  /** The connection is gone, and whoever reads it is told that it was reset. */
  reset(): void
  /** Closed as by a process that ends: what comes later is answered by a reset. */
  close(): void
  /** Takes up to so many bytes of what the engine wrote: this is what makes room for more. */
  take(most: number): Buffer
  /** Bytes that take can have. */
  readonly waiting: number
  /** The engine ended its side, or the whole connection. What waits can still be taken. */
  readonly ended: boolean
  /** The engine gave the connection up. */
  readonly gone: boolean
}
