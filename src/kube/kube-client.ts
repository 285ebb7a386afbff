// The KubeClient port: how every controller reaches a Kubernetes API, embedded or real. No sockets here; `kube/local-client.ts` serves
// it from the embedded store and `remote` from a real API server, both held to test/conformance/kube-client.ts.

import type { KubeObject, ResourceRef } from '../api/object.ts'
import type { Millis } from '../std/clock.ts'

/** An object's address: its resource and name; namespace is absent for cluster-scoped kinds. */
export interface ObjectKey extends ResourceRef {
  readonly namespace?: string
  readonly name: string
}

/** Which objects to list or watch; namespace absent: all namespaces. */
export interface ListQuery extends ResourceRef {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

/** What every call may carry. `signal` is required of everything that waits. */
export interface CallOptions {
  readonly signal: AbortSignal
}

/** The kinds of patch controllers send (server-side apply comes later). */
export type PatchBody =
  | { readonly kind: 'json'; readonly operations: readonly unknown[] }
  | { readonly kind: 'merge'; readonly body: unknown }
  | { readonly kind: 'strategic'; readonly body: unknown }

/** One step of a watch. `bookmark` carries only a resourceVersion. */
export type WatchEvent =
  | { readonly kind: 'added' | 'modified' | 'deleted'; readonly object: KubeObject }
  | { readonly kind: 'bookmark'; readonly resourceVersion: string }

/** A page of a list. */
export interface ObjectList {
  readonly items: readonly KubeObject[]
  readonly resourceVersion: string
  readonly continue?: string
}

/** The Kubernetes status an API call failed with; thrown by KubeClient calls (a shell's "the world failed"). */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  /** Kubernetes' reason word: NotFound, Conflict, AlreadyExists, Invalid, Expired, ... */
  readonly reason: string
  readonly retryAfterSeconds: number | undefined

  constructor(status: number, reason: string, message: string, retryAfterSeconds?: number) {
    super(message)
    this.status = status
    this.reason = reason
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** Reads and writes objects of one Kubernetes API. Calls reject with ApiError, or with the signal's reason. */
export interface KubeClient {
  /** A watch that has said nothing for so long is begun anew; undefined where no connection can die unnoticed. */
  readonly silenceMax?: Millis | undefined
  /** undefined when there is no such object. */
  get(key: ObjectKey, options: CallOptions): Promise<KubeObject | undefined>
  list(query: ListQuery & { readonly limit?: number; readonly continue?: string }, options: CallOptions): Promise<ObjectList>
  /** Events after `resourceVersion`, until the server or the signal ends it. A version too old rejects with reason Expired. */
  watch(query: ListQuery & { readonly resourceVersion: string }, options: CallOptions): AsyncIterable<WatchEvent>
  create(resource: ResourceRef, object: KubeObject, options: CallOptions): Promise<KubeObject>
  /** Replaces the object, or its status alone; a stale metadata.resourceVersion rejects with reason Conflict. */
  update(resource: ResourceRef, object: KubeObject, options: CallOptions & { readonly subresource?: 'status' }): Promise<KubeObject>
  patch(key: ObjectKey, patch: PatchBody, options: CallOptions & { readonly subresource?: 'status' | 'scale' }): Promise<KubeObject>
  /** Deletes, by default in the background; an absent object rejects with reason NotFound. */
  delete(
    key: ObjectKey,
    options: CallOptions & {
      readonly uid?: string
      readonly propagation?: 'Background' | 'Foreground' | 'Orphan'
      readonly gracePeriodSeconds?: number
    }
  ): Promise<void>
}
