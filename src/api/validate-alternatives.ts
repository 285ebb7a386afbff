// oneOf, anyOf, allOf and not: rules that try a value against several schemas.

import type { Cause } from './cause.ts'
import { invalid, NO_FIELD } from './cause.ts'
import type { Schema } from './schema.ts'

/** A value at a path, its schema, and where faults go. */
export interface Place {
  readonly schema: Schema
  readonly value: unknown
  readonly path: string
  readonly out: Cause[]
}

/** How one schema is checked against one value. */
export type Check = (schema: Schema, value: unknown, path: string, out: Cause[]) => void

/**
 * Appends what the combined schemas of a node find. When no alternative fits, the faults of the first that came closest are told too,
 * as the API server does.
 */
export function checkAlternatives(place: Place, check: Check): void {
  const { schema, value, path, out } = place
  const faultsOf = (one: Schema): readonly Cause[] => {
    const found: Cause[] = []
    check(one, value, path, found)
    return found
  }
  const tell = (detail: string): number => out.push(invalid(NO_FIELD, '', `${JSON.stringify(path)} ${detail}`))
  if (schema.allOf !== undefined) {
    const faults = schema.allOf.flatMap(faultsOf)
    if (faults.length > 0) tell('must validate all the schemas (allOf)')
    out.push(...faults)
  }
  if (schema.anyOf !== undefined && schema['x-kubernetes-int-or-string'] !== true) {
    const results = schema.anyOf.map(faultsOf)
    if (results.every((faults) => faults.length > 0)) {
      tell('must validate at least one schema (anyOf)')
      out.push(...closest(results))
    }
  }
  if (schema.oneOf !== undefined) {
    const results = schema.oneOf.map(faultsOf)
    const fitting = results.filter((faults) => faults.length === 0).length
    if (fitting > 1) tell(`must validate one and only one schema (oneOf). Found ${fitting} valid alternatives`)
    if (fitting === 0) {
      tell('must validate one and only one schema (oneOf). Found none valid')
      out.push(...closest(results))
    }
  }
  if (schema.not !== undefined && faultsOf(schema.not).length === 0) tell('must not validate the schema (not)')
}

function closest(results: readonly (readonly Cause[])[]): readonly Cause[] {
  return results.reduce<readonly Cause[]>((best, faults, index) => (index === 0 || faults.length < best.length ? faults : best), [])
}
