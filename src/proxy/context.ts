// What the connections of one data plane share. Handed down, never imported as state.

import type { Recorder } from '../metrics/recorder.ts'
import type { Router } from '../route/router.ts'
import type { Clock, Millis } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'
import type { AccessLog } from './access-log.ts'
import type { BufferPool } from './buffers.ts'
import type { Ejections } from './ejections.ts'
import type { KeptBytes } from './kept-bytes.ts'
import type { Limits } from './limits.ts'
import type { Load } from './load.ts'
import type { Signatures } from './signatures.ts'
import type { Sweep } from './sweep.ts'
import type { ReadMode, Sockets } from './transport.ts'

/** The host and port to connect to for an endpoint of a cluster. */
export type Locate = (host: string, port: number, cluster: string) => { readonly host: string; readonly port: number }

/** The shared parts of one data plane; `draining` is the plane's to write. */
export interface Context {
  readonly limits: Limits
  readonly clock: Clock
  /** Milliseconds with fractions, never going back: latencies and deadlines. */
  readonly monotonic: () => Millis
  readonly draw: Draw
  readonly sweep: Sweep
  readonly load: Load
  readonly kept: KeptBytes
  readonly buffers: BufferPool
  /** Where all accepted sockets read to, but for those in the middle of a long body. */
  readonly shared: Buffer
  readonly readMode: ReadMode
  readonly sockets: Sockets
  /** Copies name their host with `-shadow`. */
  readonly shadowHosts: boolean
  /** Where an endpoint's address is really reached. */
  readonly locate: Locate
  readonly router: Router
  readonly ejections: Ejections
  readonly recorder: Recorder
  readonly signatures: Signatures
  /** How many workers share what is limited for a proxy as a whole. */
  readonly workers: number
  /** undefined: nothing is logged. */
  readonly accessLog: AccessLog | undefined
  draining: boolean
}
