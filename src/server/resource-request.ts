// One HTTP request on a resource as the StoreRequest it means. Pure: the body has been read, nothing has been asked of the store.

import type { IncomingHttpHeaders } from 'node:http'
import { isObject } from '../std/json.ts'
import type { KindSpec } from '../api/kind.ts'
import { notFound } from '../store/failure.ts'
import { notDecoded } from '../store/go-text.ts'
import type { PatchType, Status, StoreRequest, Target, WriteOptions } from '../store/store-request.ts'
import type { ResourcePath } from './api-path.ts'
import { mediaRange } from './negotiate.ts'
import { flag, integer, type Parsed, text, writeOptions } from './query.ts'
import { decodeBody, decodePatch, unsupportedMedia } from './request-body.ts'
import { failure, NO_SUCH_RESOURCE, NOT_ALLOWED } from './status.ts'

/** A request on a resource, its body read. */
export interface ResourceCall {
  readonly path: ResourcePath
  readonly spec: KindSpec
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly bytes: Buffer
}

/** What is done, in Kubernetes' words: it decides which options are read, and names a refusal. */
export type ApiVerb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection'

const OPTIONS = { create: 'CreateOptions', update: 'UpdateOptions', patch: 'PatchOptions', delete: 'DeleteOptions' }

/** The verb of a method on a path; undefined where the method is not allowed. */
export function verbOf(method: string, path: ResourcePath, query: URLSearchParams): ApiVerb | undefined {
  const named = path.name !== undefined
  switch (method) {
    case 'GET':
      if (path.subresource === undefined && flag(query, 'watch')) return 'watch'
      return named ? 'get' : 'list'
    case 'POST':
      return named ? undefined : 'create'
    case 'PUT':
      return named ? 'update' : undefined
    case 'PATCH':
      return named ? 'patch' : undefined
    case 'DELETE':
      return named ? 'delete' : 'deletecollection'
    default:
      return undefined
  }
}

/** True when the path fits the kind's scope and names a subresource that the store serves. */
export function fits(path: ResourcePath, spec: KindSpec): boolean {
  if (path.namespace !== undefined && spec.scope === 'Cluster') return false
  if (path.namespace === undefined && spec.scope === 'Namespaced' && path.name !== undefined) return false
  if (path.subresource === undefined) return true
  return path.subresource === 'status' ? spec.status === 'subresource' : path.subresource === 'scale' && spec.scale !== undefined
}

// Custom kinds are served by another part of a real API server, which answers as if the object were not there.
function noSuchSubresource(path: ResourcePath, spec: KindSpec): Status {
  const { name, subresource } = path
  return subresource !== undefined && name !== undefined && spec.origin === 'custom' ? notFound(spec, name).status : NO_SUCH_RESOURCE
}

/** The StoreRequest of everything but a watch. */
export function storeRequest(verb: Exclude<ApiVerb, 'watch'>, call: ResourceCall): Parsed<StoreRequest> {
  if (!fits(call.path, call.spec)) return { ok: false, status: noSuchSubresource(call.path, call.spec) }
  switch (verb) {
    case 'get':
      return { ok: true, value: { verb, target: targetOf(call.path), name: call.path.name ?? '', ...subresource(call.path) } }
    case 'list':
      return listRequest(call)
    case 'create':
      return createRequest(call)
    case 'update':
      return updateRequest(call)
    case 'patch':
      return patchRequest(call)
    case 'delete':
    case 'deletecollection':
      return deleteRequest(verb, call)
  }
}

/** Where a path points, for the store. */
export function targetOf(path: ResourcePath): Target {
  return {
    resource: { group: path.group, version: path.version, resource: path.resource },
    ...(path.namespace === undefined ? {} : { namespace: path.namespace })
  }
}

/** Label and field selector; a name in the path of a list or watch is one more field. */
export function selectors(call: Pick<ResourceCall, 'query' | 'path'>): { labelSelector?: string; fieldSelector?: string } {
  const labelSelector = text(call.query, 'labelSelector')
  const name = call.path.name === undefined ? undefined : `metadata.name=${call.path.name}`
  const fields = [text(call.query, 'fieldSelector'), name].filter((one) => one !== undefined)
  return {
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fields.length === 0 ? {} : { fieldSelector: fields.join(',') })
  }
}

function listRequest(call: ResourceCall): Parsed<StoreRequest> {
  const limit = integer(call.query, 'limit')
  if (!limit.ok) return limit
  const optional = Object.fromEntries(
    ['continue', 'resourceVersion', 'resourceVersionMatch'].flatMap((name) => {
      const value = text(call.query, name)
      return value === undefined ? [] : [[name, value]]
    })
  )
  return {
    ok: true,
    value: {
      verb: 'list',
      target: targetOf(call.path),
      ...selectors(call),
      ...(limit.value === undefined || limit.value <= 0 ? {} : { limit: limit.value }),
      ...optional
    }
  }
}

function createRequest(call: ResourceCall): Parsed<StoreRequest> {
  if (call.path.namespace === undefined && call.spec.scope === 'Namespaced') return { ok: false, status: NOT_ALLOWED }
  const options = writeOptions(call.query, OPTIONS.create, call.headers['user-agent'])
  if (!options.ok) return options
  const body = bodyOf(call)
  if (!body.ok) return body
  return { ok: true, value: { verb: 'create', target: targetOf(call.path), body: body.value, options: options.value } }
}

function updateRequest(call: ResourceCall): Parsed<StoreRequest> {
  const options = writeOptions(call.query, OPTIONS.update, call.headers['user-agent'])
  if (!options.ok) return options
  const body = bodyOf(call)
  if (!body.ok) return body
  const name = call.path.name ?? ''
  return {
    ok: true,
    value: { verb: 'update', target: targetOf(call.path), name, ...subresource(call.path), body: body.value, options: options.value }
  }
}

function patchRequest(call: ResourceCall): Parsed<StoreRequest> {
  const patchType = patchTypeOf(call.headers['content-type'])
  if (patchType === undefined && !isApply(call.headers['content-type'])) return { ok: false, status: UNSUPPORTED_PATCH }
  if (patchType === undefined || (patchType === 'strategic' && call.spec.origin === 'custom')) {
    return { ok: false, status: unsupportedMedia(acceptedPatches(call.spec)) }
  }
  const options = writeOptions(call.query, OPTIONS.patch, call.headers['user-agent'])
  if (!options.ok) return options
  const body = decodePatch(call.bytes)
  if (!body.ok) return body
  const target = targetOf(call.path)
  const name = call.path.name ?? ''
  return {
    ok: true,
    value: { verb: 'patch', target, name, ...subresource(call.path), patchType, body: body.value, options: options.value }
  }
}

function deleteRequest(verb: 'delete' | 'deletecollection', call: ResourceCall): Parsed<StoreRequest> {
  if (call.path.namespace === undefined && call.spec.scope === 'Namespaced') return { ok: false, status: NOT_ALLOWED }
  const options = writeOptions(call.query, OPTIONS.delete, call.headers['user-agent'])
  if (!options.ok) return options
  const sent = decodeBody(call.bytes, call.headers['content-type'])
  if (!sent.ok) return sent
  const grace = integer(call.query, 'gracePeriodSeconds')
  if (!grace.ok) return grace
  const body = sent.value ?? queryDeleteOptions(call.query, grace.value)
  const foreign = foreignOptions(body)
  if (foreign !== undefined) return { ok: false, status: foreign }
  const target = targetOf(call.path)
  const write = dryRunAlsoIn(body, options.value)
  if (verb === 'delete') return { ok: true, value: { verb, target, name: call.path.name ?? '', body, options: write } }
  return { ok: true, value: { verb, target, ...selectors(call), body, options: write } }
}

// A delete carries DeleteOptions, or none that says what it is.
function foreignOptions(body: unknown): Status | undefined {
  const { kind = '', apiVersion = '' } = isObject(body) ? body : {}
  if (typeof kind !== 'string' || kind === '' || kind === 'DeleteOptions') return undefined
  return failure(400, 'BadRequest', `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in this API`)
}

function queryDeleteOptions(query: URLSearchParams, grace: number | undefined): unknown {
  const propagationPolicy = text(query, 'propagationPolicy')
  const orphan = query.has('orphanDependents') ? { orphanDependents: flag(query, 'orphanDependents') } : {}
  const options = {
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
    ...orphan
  }
  return Object.keys(options).length === 0 ? undefined : options
}

function dryRunAlsoIn(body: unknown, options: WriteOptions): WriteOptions {
  const dryRun = isObject(body) && Array.isArray(body['dryRun']) && body['dryRun'].includes('All')
  return dryRun ? { ...options, dryRun: true } : options
}

function bodyOf(call: ResourceCall): Parsed<unknown> {
  const body = decodeBody(call.bytes, call.headers['content-type'])
  if (!body.ok) return body.status.code === 400 ? { ok: false, status: unrecognized(call, body.status.message) } : body
  // Go reads null as an object without fields
  if (body.value === null) return { ok: true, value: {} }
  if (isObject(body.value)) return body
  const got = body.value === undefined ? 'unexpected end of JSON input' : notDecoded(body.value, 'struct')
  return { ok: false, status: unrecognized(call, `couldn't get version/kind; json parse error: ${got}`) }
}

const SHOWN_BYTES = 30

// The words of a real server for a body that is no object: its first bytes, in hexadecimal where they do not look like JSON.
function unrecognized({ bytes, spec }: ResourceCall, why: string): Status {
  const start = bytes.subarray(0, SHOWN_BYTES)
  const text = start[0] === 0x7b ? start.toString('utf8') : start.toString('hex')
  const shown = bytes.length === 0 ? '<empty>' : bytes.length > SHOWN_BYTES ? `${text} ...` : text
  return failure(400, 'BadRequest', `the object provided is unrecognized (must be of type ${spec.kind}): ${why} (${shown})`)
}

function subresource(path: ResourcePath): { readonly subresource?: 'status' | 'scale' } {
  return path.subresource === 'status' || path.subresource === 'scale' ? { subresource: path.subresource } : {}
}

const UNSUPPORTED_PATCH: Status = { code: 415, reason: 'UnsupportedMediaType', message: '415: Unsupported Media Type', details: {} }

function isApply(contentType: string | undefined): boolean {
  return mediaRange(contentType ?? '').type === 'application/apply-patch+yaml'
}

function patchTypeOf(contentType: string | undefined): PatchType | undefined {
  switch (mediaRange(contentType ?? '').type) {
    case 'application/json-patch+json':
      return 'json'
    case 'application/merge-patch+json':
      return 'merge'
    case 'application/strategic-merge-patch+json':
      return 'strategic'
    default:
      return undefined
  }
}

// As a real API server lists them; that server-side apply is refused too is what kubectl reads from the 415 itself.
function acceptedPatches(spec: KindSpec): string {
  const strategic = spec.origin === 'built-in' ? ['application/strategic-merge-patch+json'] : []
  return ['application/json-patch+json', 'application/merge-patch+json', ...strategic, 'application/apply-patch+yaml'].join(', ')
}
