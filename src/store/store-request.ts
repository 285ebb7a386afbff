// The Kubernetes API as requests and answers, without HTTP: what server parses a request into and what it prints an answer from.
// The in-process client speaks the same form, so there is one behaviour.

import type { KubeObject, ResourceRef } from '../api/object.ts'
import type { KindSpec, VersionSpec } from '../api/kind.ts'

/** Kubernetes' Status as returned for every failure (kubernetes.md 3.7). */
export interface Status {
  readonly code: number
  /** '' for answers that carry no reason. */
  readonly reason: string
  readonly message: string
  readonly details?: {
    readonly name?: string
    readonly group?: string
    readonly kind?: string
    readonly uid?: string
    readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[]
    readonly retryAfterSeconds?: number
  }
}

/** Which objects: resource, and namespace where one is given ('' or absent: all namespaces, or a cluster-scoped kind). */
export interface Target {
  readonly resource: ResourceRef
  readonly namespace?: string
}

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict'

/** Options of every write. */
export interface WriteOptions {
  readonly dryRun?: boolean
  /** Default Warn for HTTP clients, Strict in process. */
  readonly fieldValidation?: FieldValidation
  readonly fieldManager?: string
}

export type PatchType = 'json' | 'merge' | 'strategic'

/** One request to the API, decoded from whatever carried it. Bodies are JSON values not yet checked. */
export type StoreRequest =
  | { readonly verb: 'get'; readonly target: Target; readonly name: string; readonly subresource?: 'status' | 'scale' }
  | {
      readonly verb: 'list'
      readonly target: Target
      readonly labelSelector?: string
      readonly fieldSelector?: string
      readonly limit?: number
      readonly continue?: string
      readonly resourceVersion?: string
      readonly resourceVersionMatch?: string
    }
  | { readonly verb: 'create'; readonly target: Target; readonly body: unknown; readonly options: WriteOptions }
  | {
      readonly verb: 'update'
      readonly target: Target
      readonly name: string
      readonly subresource?: 'status' | 'scale'
      readonly body: unknown
      readonly options: WriteOptions
    }
  | {
      readonly verb: 'patch'
      readonly target: Target
      readonly name: string
      readonly subresource?: 'status' | 'scale'
      readonly patchType: PatchType
      readonly body: unknown
      readonly options: WriteOptions
    }
  | {
      readonly verb: 'delete'
      readonly target: Target
      readonly name: string
      /** DeleteOptions as sent, not yet checked. */
      readonly body: unknown
      readonly options: WriteOptions
    }
  | {
      readonly verb: 'deletecollection'
      readonly target: Target
      readonly labelSelector?: string
      readonly fieldSelector?: string
      readonly body: unknown
      readonly options: WriteOptions
    }

/** What the API answers. `spec` and `version` say how to print (Table columns, list kinds). Objects are in the requested version. */
export type StoreAnswer =
  | {
      readonly kind: 'object'
      readonly code: 200 | 201 | 202
      readonly object: KubeObject
      readonly spec: KindSpec
      readonly version: VersionSpec
      readonly warnings: readonly string[]
    }
  | {
      readonly kind: 'list'
      readonly items: readonly KubeObject[]
      readonly resourceVersion: string
      readonly continue?: string
      readonly remainingItemCount?: number
      readonly spec: KindSpec
      readonly version: VersionSpec
    }
  /** A delete that removed the object at once, with the details kubectl prints. */
  | { readonly kind: 'deleted'; readonly status: Status; readonly warnings: readonly string[] }
  | { readonly kind: 'failure'; readonly status: Status }

/** One change, in store order, as watchers and the journal see it. `previous` lets selectors tell transitions. */
export interface Change {
  readonly resourceVersion: number
  readonly group: string
  readonly resource: string
  readonly kind: 'added' | 'modified' | 'deleted'
  readonly object: KubeObject
  readonly previous: KubeObject | undefined
}
