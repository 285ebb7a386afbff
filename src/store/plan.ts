// What a write would do, decided without doing it: the store carries plans out, or only answers with them in a dry run.

import type { KubeObject } from '../api/object.ts'
import type { Millis } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'
import { denied, internalError, invalid, type Failure } from './failure.ts'
import type { KindRules, Served } from './kind-rules.ts'

/** When a request is applied, and the chance it may use (uids, generated names). */
export interface Moment {
  readonly now: Millis
  readonly draw: Draw
}

/** What planning needs beside the request. */
export interface Planning extends Moment {
  readonly served: Served
  readonly rules: KindRules
  /** Every object of the kind, of all namespaces. */
  readonly all: Iterable<KubeObject>
}

/** `none`: nothing changes. `removed`: the object goes, in this last state. The resourceVersion is the store's to give. */
export interface Plan {
  readonly kind: 'plan'
  readonly effect: 'added' | 'modified' | 'removed' | 'none'
  readonly object: KubeObject
  readonly warnings: readonly string[]
}

/** A plan, or why there is none. */
export type Planned = Plan | Failure

/** The object with what the server chooses for it, or the failure. `old` is the stored object of an update. */
function allocated(object: KubeObject, old: KubeObject | undefined, planning: Planning): KubeObject | Failure {
  const { served, rules, all, draw } = planning
  const answer = rules.allocate?.(object, old, { served, all, draw }) ?? { kind: 'allocated', object }
  switch (answer.kind) {
    case 'allocated':
      return answer.object
    case 'refused':
      return invalid(served.spec, object.metadata.name ?? '', answer.causes)
    case 'exhausted':
      return internalError(answer.message)
  }
}

/**
 * What is decided once an object is valid: whether admission lets it be written, then what the server chooses for it. Webhooks are registered
 * for objects, not for their subresources; and an object that is being deleted may be written, so that it can go.
 */
export function decided(
  object: KubeObject,
  at: { readonly old?: KubeObject; readonly subresource?: string | undefined },
  planning: Planning
): KubeObject | Failure {
  const asked = at.subresource === undefined && object.metadata.deletionTimestamp === undefined
  const message = asked ? planning.rules.deny?.(object, planning.served) : undefined
  return message === undefined ? allocated(object, at.old, planning) : denied(message)
}

/** What the client is told about an object that is taken. */
export function warningsOf(object: KubeObject, { served, rules }: Planning): readonly string[] {
  return rules.warn?.(object, served) ?? []
}

/** Tells a failure from an object, whose kind is never spelt so. */
export function isFailure(value: KubeObject | Failure): value is Failure {
  return value.kind === 'failure'
}

const GENERATED_BUILT_INS = new Set([
  'customresourcedefinitions',
  'daemonsets',
  'deployments',
  'endpointslices',
  'pods',
  'replicasets',
  'statefulsets',
  'validatingwebhookconfigurations'
])

/** True for kinds whose metadata.generation the server counts (kubernetes.md 3.5): custom ones, and built-in ones with a spec to act on. */
export function countsGenerations(served: Served): boolean {
  return served.spec.origin === 'custom' || GENERATED_BUILT_INS.has(served.spec.plural)
}

/** A random (version 4) UUID from `draw`. */
export function drawUid(draw: Draw): string {
  const digits = Array.from({ length: 32 }, () => Math.floor(draw() * 16))
  digits[12] = 4
  digits[16] = 8 + ((digits[16] ?? 0) & 3)
  const hex = digits.map((digit) => digit.toString(16)).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

const SUFFIX = 'bcdfghjklmnpqrstvwxz2456789'

/** Five characters for `generateName`, from the letters Kubernetes uses (no vowels). */
export function drawSuffix(draw: Draw): string {
  return Array.from({ length: 5 }, () => SUFFIX[Math.floor(draw() * SUFFIX.length)] ?? '').join('')
}
