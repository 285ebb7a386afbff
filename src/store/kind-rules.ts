// What the store asks about the content of objects: schemas, defaults, validation, CRDs, selectors, times. The answers come from `api`;
// as an interface, because which kinds exist and what they default is decided where the program is put together.

import type { Cause } from '../api/cause.ts'
import type { KindSpec, VersionSpec } from '../api/kind.ts'
import type { KubeObject } from '../api/object.ts'
import type { Millis } from '../std/clock.ts'

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

/** The rules for the content of objects. All pure. */
export interface KindRules {
  /** Prunes and defaults. A message instead where a built-in cannot be decoded at all (wrong type, 400). */
  admit(object: KubeObject, served: Served): Admitted | string
  /** Schema faults and the kind's own rules; `old` for an update (immutable fields). */
  validate(object: KubeObject, old: KubeObject | undefined, served: Served): readonly Cause[]
  /** What the server itself fills in on create and update, before validation (a Service's address is not among these). */
  prepare(object: KubeObject, old: KubeObject | undefined, at: { readonly served: Served; readonly now: Millis }): KubeObject
  /** The kind a CustomResourceDefinition describes; undefined while it does not describe a usable one. */
  kindOf(definition: KubeObject): KindSpec | undefined
  /** Tells whether labels match, or why the text is no selector. */
  labelSelector(text: string): ((labels: Readonly<Record<string, string>>) => boolean) | string
  /** RFC 3339, UTC, to the second. */
  time(now: Millis): string
}
