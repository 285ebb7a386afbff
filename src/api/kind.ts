// What the API server knows of a kind of object: names, versions, schemas, printer columns, subresources. Built-in kinds, our own
// descriptions of Istio's and Flagger's kinds, and CRDs that users apply all become a KindSpec.

import type { Schema } from './schema.ts'

/** A column of `kubectl get`, as in a CRD's additionalPrinterColumns. */
export interface PrinterColumn {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  readonly jsonPath: string
  readonly format?: string
  readonly description?: string
  /** 0 (default) is always shown, more only with -o wide. */
  readonly priority?: number
}

/** One version in which a kind is served; all versions hold the same object (but autoscalers: autoscaler-versions.ts). */
export interface VersionSpec {
  readonly name: string
  readonly served: boolean
  readonly storage: boolean
  readonly deprecationWarning?: string
  /** Of the whole object, apiVersion, kind and metadata included. */
  readonly schema: Schema
  readonly columns: readonly PrinterColumn[]
}

/** The scale subresource: JSON paths as in a CRD (`.spec.replicas`). */
export interface ScaleSpec {
  readonly specReplicasPath: string
  readonly statusReplicasPath: string
  readonly labelSelectorPath?: string
}

/** A kind of object as the API serves it. */
export interface KindSpec {
  /** '' for the core group. */
  readonly group: string
  readonly kind: string
  readonly listKind: string
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly scope: 'Namespaced' | 'Cluster'
  /** Preferred version first (GA before beta before alpha, then the higher number). */
  readonly versions: readonly VersionSpec[]
  /** built-in kinds take strategic merge patches and leave kind and apiVersion out of list items; custom ones do neither. */
  readonly origin: 'built-in' | 'custom'
  readonly status: 'subresource' | 'none'
  readonly scale?: ScaleSpec
  /** Field paths, beside metadata.name and metadata.namespace, that field selectors may use. */
  readonly selectableFields: readonly string[]
  /** All that can be done with a kind that is asked and never kept; absent: everything. */
  readonly verbs?: readonly string[]
}
