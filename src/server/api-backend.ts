// What the API server needs from the rest of the program: a store to ask, kinds to describe, watches to hand on, pods to reach.
// Kept narrow so that `kube` (store, watch cache) and `kubelet` (pods) satisfy it without knowing HTTP.

import type { KindSpec, VersionSpec } from '../api/kind.ts'
import type { KubeObject } from '../api/object.ts'
import type { Status, StoreAnswer, StoreRequest, Target } from '../store/store-request.ts'

/** A watch as HTTP clients ask for it (kubernetes.md 3.9). Times out and is throttled in the server, not behind this interface. */
export interface WatchRequest {
  readonly target: Target
  readonly labelSelector?: string
  readonly fieldSelector?: string
  /** '' or absent: synthetic `added` events for what is there, then changes; otherwise changes after it. */
  readonly resourceVersion?: string
  readonly resourceVersionMatch?: string
  readonly sendInitialEvents?: boolean
  readonly allowWatchBookmarks?: boolean
}

/** One step of a watch. `initialEnd` marks the bookmark after the initial events; `failed` is the last event. */
export type WatchStep =
  | { readonly kind: 'added' | 'modified' | 'deleted'; readonly object: KubeObject }
  | { readonly kind: 'bookmark'; readonly resourceVersion: string; readonly initialEnd: boolean }
  | { readonly kind: 'failed'; readonly status: Status }

/** The start of a watch. Steps are emitted in order, the first ones possibly before `watch` returns, none after `stop`. */
export type WatchAnswer =
  | { readonly kind: 'watch'; readonly spec: KindSpec; readonly version: VersionSpec; stop(): void }
  | { readonly kind: 'failure'; readonly status: Status }

/** The store behind the API. */
export interface ApiBackend {
  /** Answers once a write is durable. Failures are answers; it rejects only when the world failed. */
  submit(request: StoreRequest): Promise<StoreAnswer>
  watch(request: WatchRequest, emit: (step: WatchStep) => void): WatchAnswer
  /** Every kind served now; the array is replaced, never changed in place, when a CRD comes, changes or goes. */
  kinds(): readonly KindSpec[]
  /** The newest resource version whose changes were emitted to watchers, decimal: what a bookmark may promise. */
  resourceVersion(): string
}

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

/** The ends of an exec. Absent streams were not asked for. The pod side writes, awaits, and never closes `stdin`. */
export interface ExecStreams {
  readonly stdin?: AsyncIterable<Uint8Array>
  stdout(chunk: Uint8Array): Promise<void>
  stderr(chunk: Uint8Array): Promise<void>
  readonly tty: boolean
  /** Tells of the client's terminal size, now if it is known and at every change. */
  readonly onResize?: (heard: (size: { readonly columns: number; readonly rows: number }) => void) => void
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
  log(pod: PodName, container: string, options: LogOptions & { readonly signal: AbortSignal }): LogAnswer
  exec(pod: PodName, container: string, command: readonly string[], streams: ExecStreams): Promise<ExecExit>
}
