// What a connection to an endpoint tells whoever has a request on it.

/** How an upstream connection let a request down. */
export type UpstreamFailure = 'terminated' | 'protocol'

/** The exchange that uses a connection. */
export interface UpstreamUser {
  /** The answer has no body whatever its head says: it answers HEAD. */
  readonly bodiless: boolean
  /** The whole request was sent: otherwise the connection cannot be used again. */
  readonly requestDone: boolean
  readonly wantsUpgrade: boolean
  /** HTTP/1.0 client: chunked framing is taken off. */
  readonly bare: boolean
  /**
   * The final head is in the registers and may be edited in place. Returns the offset from which to pass on what was read, or -1 when the
   * exchange has left this connection.
   */
  onHead(bytes: Buffer, untilClose: boolean): number
  /** Bytes [from, to) to pass on. */
  onBytes(bytes: Buffer, from: number, to: number): void
  /** The answer is complete. The connection is already back in its pool, or closed. */
  onAnswered(): void
  onFailure(failure: UpstreamFailure): void
  /** The upstream closed its side of a tunnel. */
  onTunnelEnd(): void
}
