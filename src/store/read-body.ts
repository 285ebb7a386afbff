// From a request's body to an object of the kind asked for: apiVersion and kind, unknown fields, defaults (kubernetes.md 3.5, 3.7, 3.11).

import { convertAutoscaler } from '../api/autoscaler-versions.ts'
import type { KubeObject, ObjectMeta } from '../api/object.ts'
import { isObject } from '../std/json.ts'
import { badRequest, type Failure } from './failure.ts'
import type { KindRules, Served } from './kind-rules.ts'
import type { FieldValidation } from './store-request.ts'

/** apiVersion of a kind in one version. */
export function apiVersionOf(served: Served): string {
  return served.spec.group === '' ? served.version.name : `${served.spec.group}/${served.version.name}`
}

/** The object in the version of `served`: but for autoscalers, all versions of a kind hold the same object. */
export function inVersion(object: KubeObject, served: Served): KubeObject {
  const apiVersion = apiVersionOf(served)
  return object.apiVersion === apiVersion ? object : (convertAutoscaler(object, apiVersion) ?? { ...object, apiVersion })
}

/** An object read from a body. */
interface Read {
  readonly kind: 'read'
  readonly object: KubeObject
  readonly warnings: readonly string[]
}

/** An object read from a body, or why it is none. */
export type ReadBody = Read | Failure

/** `unfit`: a JSON object that is none of the kind, and why. */
export type DecodedBody = Read | Failure | { readonly kind: 'unfit'; readonly message: string }

/**
 * Reads `body` as an object of the kind `served`: a built-in may leave out apiVersion and kind. Unknown fields are pruned; Strict refuses them, Warn
 * (default) returns them as warnings.
 */
export function readBody(body: unknown, served: Served, validation: FieldValidation | undefined, rules: KindRules): ReadBody {
  const decoded = decodeBody(body, served, validation, rules)
  return decoded.kind === 'unfit' ? badRequest(`${cannotBeHandled(served)}: ${decoded.message}`) : decoded
}

/** As `readBody`, for those who have words of their own for what does not fit the kind. */
export function decodeBody(body: unknown, served: Served, validation: FieldValidation | undefined, rules: KindRules): DecodedBody {
  if (!isObject(body)) return badRequest('the body of the request is not a JSON object')
  const object = toObject(body, served)
  if (typeof object === 'string') return badRequest(object)
  const admitted = rules.admit(object, served)
  if (typeof admitted === 'string') return { kind: 'unfit', message: admitted }
  const unknown = admitted.unknownFields.map((field) => `unknown field "${field}"`)
  if (validation === 'Strict' && unknown.length > 0) return { kind: 'unfit', message: `strict decoding error: ${unknown.join(', ')}` }
  return {
    kind: 'read',
    object: { ...admitted.object, metadata: tidyMeta(admitted.object.metadata) },
    warnings: validation === 'Ignore' ? [] : unknown
  }
}

function cannotBeHandled({ spec, version }: Served): string {
  return `${spec.kind} in version "${version.name}" cannot be handled as a ${spec.kind}`
}

function toObject(body: Record<string, unknown>, served: Served): KubeObject | string {
  const apiVersion = apiVersionOf(served)
  const builtIn = served.spec.origin === 'built-in'
  const given = { apiVersion: body['apiVersion'] ?? (builtIn ? apiVersion : ''), kind: body['kind'] ?? (builtIn ? served.spec.kind : '') }
  if (given.kind === '') return `Object 'Kind' is missing in '${JSON.stringify(body)}'`
  if (given.apiVersion === '') return `Object 'apiVersion' is missing in '${JSON.stringify(body)}'`
  if (given.apiVersion !== apiVersion) {
    return `the API version in the data (${JSON.stringify(given.apiVersion)}) does not match the expected API version (${apiVersion})`
  }
  if (given.kind !== served.spec.kind) {
    return `the kind in the data (${JSON.stringify(given.kind)}) does not match the expected kind (${served.spec.kind})`
  }
  const metadata = body['metadata'] ?? {}
  if (!isObject(metadata)) return `${cannotBeHandled(served)}: metadata is not an object`
  return { ...body, apiVersion, kind: served.spec.kind, metadata }
}

const OMITTED_WHEN_EMPTY = ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const
const NEVER_STORED = new Set(['managedFields', 'selfLink'])

/** metadata without nulls, empty maps and lists (Go leaves them out), and what is not stored. */
function tidyMeta(metadata: ObjectMeta): ObjectMeta {
  const empty = new Set<string>(
    OMITTED_WHEN_EMPTY.filter((field) => {
      const value: unknown = metadata[field]
      return isObject(value) ? Object.keys(value).length === 0 : Array.isArray(value) && value.length === 0
    })
  )
  const kept = Object.entries(metadata).filter(
    ([key, value]) => value !== null && value !== '' && !empty.has(key) && !NEVER_STORED.has(key)
  )
  return Object.fromEntries(kept)
}
