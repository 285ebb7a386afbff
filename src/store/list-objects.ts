// Lists in pages (kubernetes.md 3.8): sorted by namespace and name, continued from a token, always the latest state.

import type { KubeObject } from '../api/object.ts'
import { dig } from '../std/json.ts'
import { badRequest, listTooOld, tooLarge, type Failure } from './failure.ts'
import type { KindRules, Served } from './kind-rules.ts'
import type { ObjectTable } from './object-table.ts'
import { inVersion } from './read-body.ts'
import { compileSelection } from './selection.ts'
import type { StoreAnswer, StoreRequest } from './store-request.ts'

type List = Extract<StoreRequest, { readonly verb: 'list' }>

/** Where to list. `version` is the store's, the list's resourceVersion. */
export interface Listing {
  readonly served: Served
  readonly table: ObjectTable
  readonly rules: Pick<KindRules, 'labelSelector'>
  readonly version: number
}

/**
 * One page, of everything without `limit`. A continued list keeps the resourceVersion of its first page, so that a watch from there misses
 * nothing; `remainingItemCount` is given when nothing is selected by labels or fields.
 */
export function listObjects(request: List, listing: Listing): StoreAnswer {
  const { served, version } = listing
  const namespace = served.spec.scope === 'Cluster' ? '' : (request.target.namespace ?? '')
  const selection = compileSelection({ ...request, namespace }, served.spec, listing.rules)
  if (typeof selection !== 'function') return selection
  const wanted = readVersion(request.resourceVersion)
  if (typeof wanted !== 'number') return badRequest(`invalid resource version: ${wanted.status.message}`)
  if (wanted > version) return tooLarge(wanted, version)
  // Only the latest state is kept: a client that wants another asks again without.
  if (request.resourceVersionMatch === 'Exact' && wanted !== version) return listTooOld()
  const from = readToken(request.continue ?? '', version)
  if (from === undefined) return badRequest(`invalid continue token: continue key is not valid: invalid character in ${request.continue}`)
  const prefix = namespace === '' ? '' : `${namespace}/`
  const { items, last } = takePage(request, listing, { selection, prefix, after: from.after })
  const page = { kind: 'list', items, resourceVersion: String(from.version), spec: served.spec, version: served.version } as const
  return last === undefined
    ? page
    : { ...page, continue: writeToken(from.version, last), ...remaining(request, listing.table, { prefix, last }) }
}

function remaining(
  request: List,
  table: ObjectTable,
  from: { readonly prefix: string; readonly last: string }
): { readonly remainingItemCount?: number } {
  if (Boolean(request.labelSelector) || Boolean(request.fieldSelector)) return {}
  return { remainingItemCount: countAfter(table, from.prefix, from.last) }
}

/** A resourceVersion parameter; absent and '' are 0, which any state satisfies. */
export function readVersion(text: string | undefined): number | Failure {
  const version = Number(text ?? '')
  if (Number.isSafeInteger(version) && version >= 0) return version
  return badRequest(
    `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`
  )
}

function takePage(
  request: List,
  listing: Listing,
  where: { readonly selection: (object: KubeObject) => boolean; readonly prefix: string; readonly after: string }
): { readonly items: readonly KubeObject[]; readonly last: string | undefined } {
  const limit = request.limit === undefined || request.limit <= 0 ? Infinity : request.limit
  const items: KubeObject[] = []
  let last = ''
  for (const { key, object } of listing.table.scan(where.prefix, where.after)) {
    if (!where.selection(object)) continue
    if (items.length >= limit) return { items, last }
    items.push(inVersion(object, listing.served))
    last = key
  }
  return { items, last: undefined }
}

function countAfter(table: ObjectTable, prefix: string, last: string): number {
  let count = 0
  for (const _ of table.scan(prefix, last)) count++
  return count
}

function writeToken(version: number, after: string): string {
  return btoa(encodeURIComponent(JSON.stringify({ v: 'meta.k8s.io/v1', rv: version, start: after })))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

function readToken(token: string, current: number): { readonly version: number; readonly after: string } | undefined {
  if (token === '') return { version: current, after: '' }
  try {
    const read: unknown = JSON.parse(decodeURIComponent(atob(token.replaceAll('-', '+').replaceAll('_', '/'))))
    const [version, after] = [dig(read, 'rv'), dig(read, 'start')]
    return typeof version === 'number' && typeof after === 'string' ? { version, after } : undefined
  } catch {
    return undefined
  }
}
