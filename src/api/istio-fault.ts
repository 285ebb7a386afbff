// What Istio's admission check says of an object, as problems: errors (istiod's webhook denies the object, istioctl says IST0106) and
// warnings (accepted, IST0133). Codes are ours; sentences are short and say what Istio's say, because people search for them.

import type { Problem } from '../std/problem.ts'

/** Words for kinds of faults, stable for tools; all that have no word of their own are `istio-refuses` or `istio-warns`. */
export type FaultCode =
  | 'istio-refuses'
  | 'istio-warns'
  | 'actions-conflict'
  | 'addresses-required'
  | 'bad-duration'
  | 'bad-header-value'
  | 'bad-regex'
  | 'bad-retry-on'
  | 'no-action'
  | 'no-rules'
  | 'subset-twice'
  | 'weight-negative'
  | 'weights-zero'

/** One fault; `istio` is istioctl's code for it. */
export interface IstioFault extends Problem {
  readonly code: FaultCode
  readonly istio: string
}

/** An error at a path. */
export function refusal(path: string, message: string, code: FaultCode = 'istio-refuses'): IstioFault {
  return { code, severity: 'error', path, message, istio: 'IST0106' }
}

/** A warning at a path. */
export function caution(path: string, message: string): IstioFault {
  return { code: 'istio-warns', severity: 'warning', path, message, istio: 'IST0133' }
}

/** An error when `wrong`, else nothing. */
export function refuseIf(wrong: boolean, path: string, message: string): IstioFault[] {
  return wrong ? [refusal(path, message)] : []
}

/** A warning when `odd`, else nothing. */
export function warnIf(odd: boolean, path: string, message: string): IstioFault[] {
  return odd ? [caution(path, message)] : []
}

/** What `check` finds in each item of a list, with the item's path. */
export function each<T>(
  list: readonly T[] | undefined,
  path: string,
  check: (item: T, path: string) => readonly IstioFault[]
): IstioFault[] {
  return (list ?? []).flatMap((item, index) => check(item, `${path}[${index}]`))
}

/** What `check` finds in each value of a map, with the value's path and its key. */
export function eachValue<T>(
  map: Readonly<Record<string, T>> | undefined,
  path: string,
  check: (value: T, path: string, key: string) => readonly IstioFault[]
): IstioFault[] {
  return Object.entries(map ?? {}).flatMap(([key, value]) => check(value, `${path}["${key}"]`, key))
}
