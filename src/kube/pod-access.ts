// Running pods, as the API server reaches them and the kubelet answers for them: logs and commands.

import type { Status } from '../store/store-request.ts'

/** Which pod. */
export interface PodName {
  readonly namespace: string
  readonly name: string
}

/** Options of `GET pods/NAME/log`. */
export interface LogOptions {
  readonly follow: boolean
  readonly previous: boolean
  readonly timestamps: boolean
  readonly tailLines?: number
  readonly limitBytes?: number
  /** Only lines written in the last so many seconds. */
  readonly sinceSeconds?: number
  /** Only lines written at or after this instant, RFC 3339. */
  readonly sinceTime?: string
}

/** The same until the client goes away. */
export interface LogRequest extends LogOptions {
  readonly signal: AbortSignal
}

/** Characters across and down. */
export interface TerminalSize {
  readonly columns: number
  readonly rows: number
}

/** The ends of an exec. Absent streams were not asked for. The pod side writes, awaits, and never closes `stdin`. */
export interface ExecStreams {
  readonly stdin?: AsyncIterable<Uint8Array>
  stdout(chunk: Uint8Array): Promise<void>
  stderr(chunk: Uint8Array): Promise<void>
  readonly tty: boolean
  /** Tells of the client's terminal size, now if it is known and at every change. */
  readonly onResize?: (heard: (size: TerminalSize) => void) => void
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal
}

/** How a command in a container ended. */
export type ExecExit = { readonly kind: 'exited'; readonly code: number } | { readonly kind: 'failed'; readonly message: string }

/** What `container` names is checked by the server against the Pod; an absent process answers with `failure`. */
export type LogAnswer =
  | { readonly kind: 'log'; readonly chunks: AsyncIterable<Uint8Array> }
  | { readonly kind: 'failure'; readonly status: Status }

/** Running pods, as the kubelet reaches them. */
export interface PodAccess {
  log(pod: PodName, container: string, options: LogRequest): LogAnswer
  exec(pod: PodName, container: string, command: readonly string[], streams: ExecStreams): Promise<ExecExit>
}
