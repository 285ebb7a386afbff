// The Table form of answers: what `kubectl get` prints. Built-in kinds have printers; custom kinds the columns their CRD declares.

import type { Millis } from '../std/clock.ts'
import type { KindSpec, PrinterColumn, VersionSpec } from '../api/kind.ts'
import { find, parsePath, type PathStep } from '../api/json-path.ts'
import type { KubeObject } from '../api/object.ts'

import { age } from './human-duration.ts'
import { builtInPrinter, NAME_AND_AGE, type TableColumn, type TablePrinter, SCALE } from './table-builtin.ts'

/** What each row carries of its object. */
export type IncludeObject = 'None' | 'Metadata' | 'Object'

/** How a table is to be made. */
export interface TableForm {
  readonly version: 'v1' | 'v1beta1'
  readonly include: IncludeObject
  readonly now: Millis
}

/** `metadata` of a table: that of the list, or the object's version. */
export type TableMetadata = Readonly<Record<string, unknown>>

const NAME: TableColumn = { name: 'Name', type: 'string', format: 'name', description: '', priority: 0 }
const AGE: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }

/** The printer for objects of `spec` in `version`; `subresource` scale has its own. */
export function printerOf(spec: KindSpec, version: VersionSpec, subresource: string | undefined): TablePrinter {
  if (subresource === 'scale') return SCALE
  if (spec.origin === 'built-in') return builtInPrinter(spec.group === '' ? spec.plural : `${spec.plural}.${spec.group}`) ?? NAME_AND_AGE
  const columns = version.columns.length === 0 ? [AGE] : version.columns
  const paths = columns.map((column) => parsePath(column.jsonPath) ?? [])
  return {
    columns: [NAME, ...columns.map(tableColumn)],
    cells: (object, now) => [
      object.metadata.name,
      ...columns.map((column, index) => customCell(column.type, valueAt(paths[index], object), now))
    ]
  }
}

/** A Table of `objects`; `columns` are left out of all but the first of a watch. */
export function table(
  printer: TablePrinter,
  objects: readonly KubeObject[],
  metadata: TableMetadata,
  form: TableForm
): Record<string, unknown> {
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${form.version}`,
    metadata,
    columnDefinitions: printer.columns,
    rows: objects.map((object) => ({ cells: printer.cells(object, form.now), object: rowObject(object, form) }))
  }
}

/** Kind, apiVersion and metadata alone. */
export function partialMetadata(object: KubeObject, version: 'v1' | 'v1beta1'): Record<string, unknown> {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata }
}

function rowObject(object: KubeObject, form: TableForm): unknown {
  switch (form.include) {
    case 'None':
      return null
    case 'Metadata':
      return partialMetadata(object, form.version)
    case 'Object':
      return object
  }
}

function tableColumn(column: PrinterColumn): TableColumn {
  const { name, type, format = '', priority = 0 } = column
  const description = column.description ?? `Custom resource definition column (in JSONPath format): ${column.jsonPath}`
  return { name, type, format, description, priority }
}

// The first value at the path; none where the path could not be read.
function valueAt(path: readonly PathStep[] | undefined, object: KubeObject): unknown {
  return path === undefined || path.length === 0 ? undefined : find(path, object)[0]
}

// In the column's type; null (printed blank) where there is no value or it has another type.
function customCell(type: PrinterColumn['type'], value: unknown, now: Millis): unknown {
  if (value === undefined || value === null) return null
  switch (type) {
    case 'date':
      return typeof value === 'string' ? age(value, now) : null
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null
    case 'number':
      return typeof value === 'number' ? value : null
    case 'boolean':
      return typeof value === 'boolean' ? value : null
    case 'string':
      return typeof value === 'string' ? value : JSON.stringify(value)
  }
}
