// What may not change in a pod that exists, in the words of a real API server, without the comparison that it adds to them.

import { isObject, sameJson } from '../std/json.ts'
import { forbidden, listIn } from './builtin-words.ts'
import type { Cause } from './cause.ts'

type Fields = Readonly<Record<string, unknown>>

const WORDS =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,' +
  '`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was ' +
  'previously negative)'

const LISTS = ['containers', 'initContainers']
const ONCE = ['nodeName', 'ephemeralContainers']
const FREE = new Set([...LISTS, 'activeDeadlineSeconds', 'tolerations', 'terminationGracePeriodSeconds'])

/**
 * The faults of changing a pod's spec from `before`. It may be given to a node once, and ephemeral containers once, which in a real cluster
 * go by other paths.
 */
export function podChangeFaults(spec: Fields, before: Fields): readonly Cause[] {
  const counts = LISTS.filter((list) => listIn(spec[list]).length !== listIn(before[list]).length)
  if (counts.length > 0) return counts.map((list) => forbidden(`spec.${list}`, 'pod updates may not add or remove containers'))
  const kept = listIn(before['tolerations']).every((one) => listIn(spec['tolerations']).some((other) => sameJson(one, other)))
  return kept && sameJson(fixed(spec, before), fixed(before, before)) ? [] : [forbidden('spec', WORDS)]
}

// What has to stay: containers without their images, and all other fields but the free ones.
function fixed(spec: Fields, before: Fields): unknown {
  const free = (field: string): boolean => FREE.has(field) || (ONCE.includes(field) && before[field] === undefined)
  const rest = Object.fromEntries(Object.entries(spec).filter(([field]) => !free(field)))
  const containers = LISTS.map((list) => listIn(spec[list]).map((container) => ({ ...container, image: '' })))
  return { rest, containers }
}

/** The spec of an object, {} where it has none. */
export function specOf(object: Fields | undefined): Fields {
  const spec = object?.['spec']
  return isObject(spec) ? spec : {}
}
