// What the store asks about the content of objects: schemas, defaults, validation, CRDs, selectors, times. The answers come from `api`;
// as an interface, because which kinds exist and what they default is decided where the program is put together.

import type { Cause } from '../api/cause.ts'
import type { KindSpec, VersionSpec } from '../api/kind.ts'
import type { KubeObject } from '../api/object.ts'
import type { Millis } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'

/** A kind in one of its versions. */
export interface Served {
  readonly spec: KindSpec
  readonly version: VersionSpec
}

/** An object read from a request body: pruned and defaulted, with the paths of fields its schema does not have. */
export interface Admitted {
  readonly object: KubeObject
  readonly unknownFields: readonly string[]
}

/** What choosing rests on: every object of the kind, of all namespaces, and chance. */
export interface Allocating {
  readonly served: Served
  readonly all: Iterable<KubeObject>
  readonly draw: Draw
}

/** The object with what was chosen for it; or why what it asks for cannot be given (422), or nothing is left to give (500). */
export type Allocated =
  | { readonly kind: 'allocated'; readonly object: KubeObject }
  | { readonly kind: 'refused'; readonly causes: readonly Cause[] }
  | { readonly kind: 'exhausted'; readonly message: string }

/** The rules for the content of objects. All pure. */
export interface KindRules {
  /** Prunes and defaults. A message instead where a built-in cannot be decoded at all (wrong type, 400). */
  admit(object: KubeObject, served: Served): Admitted | string
  /** Schema faults and the kind's own rules; `old` for an update (immutable fields). */
  validate(object: KubeObject, old: KubeObject | undefined, served: Served): readonly Cause[]
  /** Why an admission webhook of the cluster would not let the object be written, after validation. Absent: nothing is denied. */
  deny?(object: KubeObject, served: Served): string | undefined
  /** What a client is told about an object that is taken (kubectl Warnings). Absent: nothing. */
  warn?(object: KubeObject, served: Served): readonly string[]
  /** What the server itself fills in on create and update, before validation. */
  prepare(object: KubeObject, old: KubeObject | undefined, at: { readonly served: Served; readonly now: Millis }): KubeObject
  /** What the server chooses so that it differs from all others of the kind (a Service's address and node ports), after validation. Absent: nothing. */
  allocate?(object: KubeObject, old: KubeObject | undefined, at: Allocating): Allocated
  /** Whether it is kept who wrote which fields (metadata.managedFields). Absent: of no kind. */
  keepsManagers?(served: Served): boolean
  /** The kind a CustomResourceDefinition describes; undefined while it does not describe a usable one. */
  kindOf(definition: KubeObject): KindSpec | undefined
  /** Tells whether labels match, or why the text is no selector. */
  labelSelector(text: string): ((labels: Readonly<Record<string, string>>) => boolean) | string
  /** RFC 3339, UTC, to the second. */
  time(now: Millis): string
}
