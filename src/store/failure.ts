// Failures as Kubernetes words them (kubernetes.md 3.7). Clients read these texts: kubectl prints them, controllers match on the reason.

import type { Cause } from '../api/cause.ts'
import type { KindSpec } from '../api/kind.ts'
import type { Status, StoreAnswer } from './store-request.ts'

/** The answer arm of a failure. */
export type Failure = Extract<StoreAnswer, { readonly kind: 'failure' }>

/** A failure with this Status. */
export function failure(status: Status): Failure {
  return { kind: 'failure', status }
}

/** The plural resource with its group, e.g. `canaries.flagger.app`. */
export function qualified(word: string, group: string): string {
  return group === '' ? word : `${word}.${group}`
}

type Named = Pick<KindSpec, 'kind' | 'plural' | 'group'>

function about(spec: Named, name: string): { readonly name?: string; readonly group?: string; readonly kind: string } {
  return { ...(name !== '' && { name }), ...(spec.group !== '' && { group: spec.group }), kind: spec.plural }
}

/** 404 for one object. */
export function notFound(spec: KindSpec, name: string): Failure {
  const message = `${qualified(spec.plural, spec.group)} "${name}" not found`
  return failure({ code: 404, reason: 'NotFound', message, details: about(spec, name) })
}

/** 404 for a resource or subresource that is not served. */
export function noSuchResource(): Failure {
  return failure({ code: 404, reason: 'NotFound', message: 'the server could not find the requested resource', details: {} })
}

/** 409 for a name already taken. */
export function alreadyExists(spec: KindSpec, name: string): Failure {
  const message = `${qualified(spec.plural, spec.group)} "${name}" already exists`
  return failure({ code: 409, reason: 'AlreadyExists', message, details: about(spec, name) })
}

/** 409; `because` defaults to the words for a stale resourceVersion. */
export function conflict(
  spec: KindSpec,
  name: string,
  because = 'the object has been modified; please apply your changes to the latest version and try again'
): Failure {
  const message = `Operation cannot be fulfilled on ${qualified(spec.plural, spec.group)} "${name}": ${because}`
  return failure({ code: 409, reason: 'Conflict', message, details: about(spec, name) })
}

/** 422 for faults of content. `naming` is the plural only where a custom resource is updated without a resourceVersion. */
export function invalid(spec: Named, name: string, causes: readonly Cause[], naming: 'kind' | 'plural' = 'kind'): Failure {
  const word = naming === 'kind' ? spec.kind : spec.plural
  const faults = causes.map((cause) => `${cause.field}: ${cause.message}`)
  const list = faults.length === 1 ? (faults[0] ?? '') : `[${faults.join(', ')}]`
  return failure({
    code: 422,
    reason: 'Invalid',
    message: `${qualified(word, spec.group)} "${name}" is invalid: ${list}`,
    details: { ...about(spec, name), kind: word, causes }
  })
}

/** 422 for a JSON patch that does not fit. */
export function rejectedPatch(): Failure {
  return failure({ code: 422, reason: 'Invalid', message: 'the server rejected our request due to an error in our request', details: {} })
}

/** 422 for a patch that makes no object of the kind: `patch` is its text, or that of what it made. */
export function unfitPatch(patch: string, because: string): Failure {
  const message = `Invalid value: ${JSON.stringify(patch)}: ${because}`
  return failure({
    code: 422,
    reason: 'Invalid',
    message: ` "" is invalid: patch: ${message}`,
    details: { causes: [{ reason: 'FieldValueInvalid', message, field: 'patch' }] }
  })
}

/** 400. */
export function badRequest(message: string): Failure {
  return failure({ code: 400, reason: 'BadRequest', message })
}

/** 400 as the API server passes on what a webhook denies: without a reason, when the webhook gave none. */
export function denied(message: string): Failure {
  return failure({ code: 400, reason: '', message })
}

/** 500. */
export function internalError(message: string): Failure {
  return failure({
    code: 500,
    reason: 'InternalError',
    message: `Internal error occurred: ${message}`,
    details: { causes: [{ message }] }
  })
}

/** 403; `because` is what is not allowed. */
export function forbidden(spec: Named, name: string, because: string): Failure {
  const message = `${qualified(spec.plural, spec.group)} "${name}" is forbidden: ${because}`
  return failure({ code: 403, reason: 'Forbidden', message, details: about(spec, name) })
}

/** 403 for a create in a namespace that is going away. */
export function namespaceTerminating(spec: KindSpec, name: string, namespace: string): Failure {
  const because = `unable to create new content in namespace ${namespace} because it is being terminated`
  return failure({
    code: 403,
    reason: 'Forbidden',
    message: `${qualified(spec.plural, spec.group)} "${name}" is forbidden: ${because}`,
    details: {
      ...about(spec, name),
      causes: [{ reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' }]
    }
  })
}

/** 405 for a new object of a kind whose definition is going away. */
export function endingDefinition(spec: KindSpec): Failure {
  return failure({
    code: 405,
    reason: 'MethodNotAllowed',
    message: 'create not allowed while custom resource definition is terminating',
    details: about(spec, '')
  })
}

/** 415 for a strategic merge patch of a custom resource. */
export function unsupportedPatch(): Failure {
  const types = 'application/json-patch+json, application/merge-patch+json'
  const message = `the body of the request was in an unknown format - accepted media types include: ${types}, application/apply-patch+yaml`
  return failure({ code: 415, reason: 'UnsupportedMediaType', message })
}

/** 410 for a version that is no longer kept. */
export function expired(version: number, oldest: number): Failure {
  return failure({ code: 410, reason: 'Expired', message: `too old resource version: ${version} (${oldest})` })
}

/** 410 for a list of a state that is not kept. */
export function listTooOld(): Failure {
  return failure({ code: 410, reason: 'Expired', message: 'The resourceVersion for the provided list is too old.' })
}

/** 504 for a version that has not been yet. */
export function tooLarge(version: number, current: number): Failure {
  return failure({
    code: 504,
    reason: 'Timeout',
    message: `Timeout: Too large resource version: ${version}, current: ${current}`,
    details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }], retryAfterSeconds: 1 }
  })
}
