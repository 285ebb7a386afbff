// A StoreAnswer as an HTTP answer: code, warnings and JSON body in the representation that was asked for.

import type { Millis } from '../std/clock.ts'
import type { KubeObject } from '../api/object.ts'
import type { StoreAnswer } from '../store/store-request.ts'
import { groupVersion } from './discovery.ts'
import type { Representation } from './negotiate.ts'
import { statusBody } from './status.ts'
import { type IncludeObject, partialMetadata, printerOf, table, type TableForm } from './table.ts'

/** How to print: `include` and `subresource` matter to tables only. */
export interface PrintForm {
  readonly representation: Representation
  readonly include: IncludeObject
  readonly subresource: string | undefined
  readonly now: Millis
}

/** What goes on the wire. */
export interface PrintedAnswer {
  readonly code: number
  readonly body: unknown
  readonly warnings: readonly string[]
  readonly retryAfterSeconds?: number
}

type ListAnswer = Extract<StoreAnswer, { kind: 'list' }>
type ObjectAnswer = Extract<StoreAnswer, { kind: 'object' }>

/** Prints an answer. Failures are Status objects in every representation. */
export function printAnswer(answer: StoreAnswer, form: PrintForm): PrintedAnswer {
  switch (answer.kind) {
    case 'object':
      return { code: answer.code, body: objectBody(answer, form), warnings: answer.warnings }
    case 'list':
      return { code: 200, body: listBody(answer, form), warnings: [] }
    case 'deleted':
      return { code: 200, body: statusBody(answer.status), warnings: answer.warnings }
    case 'failure': {
      const retryAfterSeconds = answer.status.details?.retryAfterSeconds
      const wait = retryAfterSeconds === undefined ? {} : { retryAfterSeconds }
      return { code: answer.status.code, body: statusBody(answer.status), warnings: [], ...wait }
    }
  }
}

function objectBody(answer: ObjectAnswer, form: PrintForm): unknown {
  const { representation } = form
  switch (representation.kind) {
    case 'object':
      return answer.object
    case 'metadata':
      return partialMetadata(answer.object, representation.version)
    case 'table': {
      const printer = printerOf(answer.spec, answer.version, form.subresource)
      return table(printer, [answer.object], versionOf(answer.object), tableForm(form, representation.version))
    }
  }
}

function listBody(answer: ListAnswer, form: PrintForm): unknown {
  const { representation } = form
  const metadata = listMetadata(answer)
  switch (representation.kind) {
    case 'object':
      return {
        kind: answer.spec.listKind,
        apiVersion: groupVersion(answer.spec.group, answer.version.name),
        metadata,
        items: items(answer)
      }
    case 'metadata': {
      const { version } = representation
      const kind = 'PartialObjectMetadataList'
      return { kind, apiVersion: `meta.k8s.io/${version}`, metadata, items: answer.items.map((item) => partialMetadata(item, version)) }
    }
    case 'table':
      return table(printerOf(answer.spec, answer.version, undefined), answer.items, metadata, tableForm(form, representation.version))
  }
}

/** A table's form from the request's. */
export function tableForm(form: PrintForm, version: 'v1' | 'v1beta1'): TableForm {
  return { version, include: form.include, now: form.now }
}

/** The metadata of a Table of one object. */
export function versionOf(object: KubeObject): Record<string, unknown> {
  const { resourceVersion } = object.metadata
  return resourceVersion === undefined ? {} : { resourceVersion }
}

function listMetadata(answer: ListAnswer): Record<string, unknown> {
  return {
    resourceVersion: answer.resourceVersion,
    ...continueOf(answer),
    ...(answer.remainingItemCount === undefined ? {} : { remainingItemCount: answer.remainingItemCount })
  }
}

// A real API server prints the empty token of a whole list for custom kinds only, and not in their tables.
function continueOf(answer: ListAnswer): Record<string, unknown> {
  if (answer.continue !== undefined) return { continue: answer.continue }
  return answer.spec.origin === 'custom' ? { continue: '' } : {}
}

// Items of built-in lists carry neither kind nor apiVersion, those of custom kinds do.
function items(answer: ListAnswer): readonly unknown[] {
  if (answer.spec.origin === 'custom') return answer.items
  return answer.items.map(({ kind: _kind, apiVersion: _apiVersion, ...rest }) => rest)
}
