// Which options of lists and watches go together, by the rules and in the words of a real API server: resourceVersionMatch and
// sendInitialEvents, where a client that is let through would believe that it got something else.

import type { Cause } from '../api/cause.ts'
import type { Status } from '../store/store-request.ts'
import { text } from './query.ts'

const MATCH = 'resourceVersionMatch'

/** Why the options of a list or watch cannot be served together; other verbs have none of them. */
export function refuseListOptions(verb: string, query: URLSearchParams): Status | undefined {
  const causes = verb === 'watch' ? watchFaults(query) : verb === 'list' ? listFaults(query) : []
  if (causes.length === 0) return undefined
  const faults = causes.map(({ field, message }) => `${field}: ${message}`)
  const [only] = faults
  return {
    code: 422,
    reason: 'Invalid',
    message: `ListOptions.meta.k8s.io "" is invalid: ${faults.length === 1 ? only : `[${faults.join(', ')}]`}`,
    details: { group: 'meta.k8s.io', kind: 'ListOptions', causes }
  }
}

function watchFaults(query: URLSearchParams): Cause[] {
  const match = text(query, MATCH)
  const initial = query.has('sendInitialEvents')
  const causes: Cause[] = []
  if (initial && match !== 'NotOlderThan') causes.push(forbidden(MATCH, `sendInitialEvents requires setting ${MATCH} to NotOlderThan`))
  if (!initial && match !== undefined) causes.push(forbidden(MATCH, `${MATCH} is forbidden for watch unless sendInitialEvents is provided`))
  if (match !== undefined && match !== 'NotOlderThan') causes.push(unsupported(match, '"NotOlderThan"'))
  return causes
}

function listFaults(query: URLSearchParams): Cause[] {
  const match = text(query, MATCH)
  const causes = query.has('sendInitialEvents') ? [forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list')] : []
  if (match === undefined) return causes
  const version = text(query, 'resourceVersion')
  if (version === undefined) causes.push(forbidden(MATCH, `${MATCH} is forbidden unless resourceVersion is provided`))
  if (text(query, 'continue') !== undefined) causes.push(forbidden(MATCH, `${MATCH} is forbidden when continue is provided`))
  if (match !== 'Exact' && match !== 'NotOlderThan') causes.push(unsupported(match, '"Exact", "NotOlderThan", ""'))
  if (match === 'Exact' && version === '0') causes.push(forbidden(MATCH, `${MATCH} "exact" is forbidden for resourceVersion "0"`))
  return causes
}

function forbidden(field: string, because: string): Cause {
  return { reason: 'FieldValueForbidden', message: `Forbidden: ${because}`, field }
}

function unsupported(given: string, known: string): Cause {
  return {
    reason: 'FieldValueNotSupported',
    message: `Unsupported value: ${JSON.stringify(given)}: supported values: ${known}`,
    field: MATCH
  }
}
