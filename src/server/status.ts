// Kubernetes' Status object: the one body of every failure, and of deletes that removed something (kubernetes.md 3.7).

import type { Status } from '../store/store-request.ts'

/** A failure without details. */
export function failure(code: number, reason: string, message: string): Status {
  return { code, reason, message }
}

/** What a real API server answers for a path that no kind serves. */
export const NO_SUCH_RESOURCE: Status = {
  code: 404,
  reason: 'NotFound',
  message: 'the server could not find the requested resource',
  details: {}
}

/** The resource has no such method. */
export const NOT_ALLOWED: Status = {
  code: 405,
  reason: 'MethodNotAllowed',
  message: 'the server does not allow this method on the requested resource',
  details: {}
}

/** No form that the client accepts can be served. */
export const NOT_ACCEPTABLE: Status = {
  code: 406,
  reason: 'NotAcceptable',
  message: '406: Not Acceptable\n\nAvailable representations: application/json',
  details: {}
}

/** 422 for a query parameter that has no such value; `kind` is CreateOptions, ListOptions, ... */
export function invalidOption(kind: string, field: string, message: string, reason: string): Status {
  return {
    code: 422,
    reason: 'Invalid',
    message: `${kind}.meta.k8s.io "" is invalid: ${field}: ${message}`,
    details: { group: 'meta.k8s.io', kind, causes: [{ reason, message, field }] }
  }
}

/** The Status as JSON. A success carries neither code nor empty words. */
export function statusBody(status: Status): Record<string, unknown> {
  const succeeded = status.code < 400
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: succeeded ? 'Success' : 'Failure',
    ...(status.message === '' ? {} : { message: status.message }),
    ...(status.reason === '' ? {} : { reason: status.reason }),
    ...(status.details === undefined ? {} : { details: detailsBody(status.details) }),
    ...(succeeded ? {} : { code: status.code })
  }
}

function detailsBody(details: NonNullable<Status['details']>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(details).filter(([, value]) => value !== '' && value !== undefined))
}
