// What reconciling wants done, as data: `control` applies it through a KubeClient, in order, and looks again after a conflict.

import type { KubeObject, ResourceRef } from '../api/object.ts'
import type { Millis } from '../std/clock.ts'

/** Which object; `uid` guards against another of the same name, `resourceVersion` against acting on an old copy. */
export interface WriteTarget extends ResourceRef {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly resourceVersion?: string
}

/** One write. Patches are JSON merge patches; their preconditions are sent as metadata.uid and metadata.resourceVersion. */
export type Write =
  | { readonly kind: 'create'; readonly resource: ResourceRef; readonly object: KubeObject }
  | { readonly kind: 'patch'; readonly target: WriteTarget; readonly body: Readonly<Record<string, unknown>> }
  | { readonly kind: 'patch-status'; readonly target: WriteTarget; readonly status: Readonly<Record<string, unknown>> }
  | { readonly kind: 'delete'; readonly target: WriteTarget }

/** An Event to record about an object. */
export interface WorkloadEvent {
  readonly about: KubeObject
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}

/** What one look concludes. `wake`: look again after so long even if nothing changes; absent: changes alone decide. */
export interface Reconciled {
  readonly writes: readonly Write[]
  readonly events: readonly WorkloadEvent[]
  readonly wake?: Millis
}
