// Answers about the API itself: version, health, discovery, OpenAPI. Documents are made once per set of kinds.

import type { KindSpec } from '../api/kind.ts'
import type { ApiPath } from './api-path.ts'
import { aggregated, coreVersions, groupDocument, groupList, resourceList } from './discovery.ts'
import { chooseDiscovery, chooseOpenApiV2 } from './negotiate.ts'
import { openApiV2, type OpenApiV2Document } from './openapi-v2.ts'
import { documentKey, openApiDocuments, openApiIndex, openApiObjects, type OpenApiDocument } from './openapi.ts'
import { type Exchange, sendJson, sendStatus, sendText } from './respond.ts'
import { NO_SUCH_RESOURCE, NOT_ACCEPTABLE } from './status.ts'

/** What `/version` says; kubectl derives nothing else from it. */
export const VERSION = {
  major: '1',
  minor: '34',
  gitVersion: 'v1.34.0+serin',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: '',
  platform: `${process.platform}/${process.arch}`
}

/** A path that is not a resource. */
export type AboutPath = Exclude<ApiPath, { kind: 'resource' }>

/** OpenAPI documents of the kinds last seen. Owns only that cache. */
export class OpenApiCache {
  #kinds: readonly KindSpec[] | undefined
  #documents: ReadonlyMap<string, OpenApiDocument> | undefined
  #v2: OpenApiV2Document | undefined

  documents(kinds: readonly KindSpec[]): ReadonlyMap<string, OpenApiDocument> {
    this.#forgetUnless(kinds)
    this.#documents ??= openApiDocuments(kinds)
    return this.#documents
  }

  /** The older form, made only when a client asks for it. */
  v2(kinds: readonly KindSpec[]): OpenApiV2Document {
    this.#forgetUnless(kinds)
    this.#v2 ??= openApiV2(openApiObjects(kinds).map(([, document]) => document))
    return this.#v2
  }

  #forgetUnless(kinds: readonly KindSpec[]): void {
    if (this.#kinds === kinds) return
    this.#kinds = kinds
    this.#documents = undefined
    this.#v2 = undefined
  }
}

/** Answers a request about the API. */
export async function describeApi(exchange: Exchange, path: AboutPath, kinds: readonly KindSpec[], cache: OpenApiCache): Promise<void> {
  switch (path.kind) {
    case 'version':
      return sendJson(exchange, { code: 200, body: VERSION })
    case 'health':
      return sendText(exchange, { code: 200, body: 'ok' })
    case 'core-versions':
    case 'groups':
      return discovery(exchange, path.kind === 'groups' ? 'groups' : 'core', kinds)
    case 'group':
      return orNotFound(exchange, groupDocument(kinds, path.group))
    case 'resources':
      return orNotFound(exchange, resourceList(kinds, path.group, path.version))
    case 'openapi-index':
      return sendJson(exchange, {
        code: 200,
        body: openApiIndex(cache.documents(kinds)),
        // As a real API server labels it.
        headers: { 'content-type': 'text/plain; charset=utf-8' }
      })
    case 'openapi':
      return openApi(exchange, cache.documents(kinds).get(documentKey(path.group, path.version)))
    case 'openapi-v2':
      return openApiOld(exchange, cache.v2(kinds))
    case 'unknown':
      return sendText(exchange, { code: 404, body: '404 page not found\n' })
  }
}

function discovery(exchange: Exchange, which: 'core' | 'groups', kinds: readonly KindSpec[]): Promise<void> {
  const form = chooseDiscovery(exchange.request.headers.accept)
  if (form === 'legacy') {
    const body = which === 'core' ? coreVersions(String(exchange.request.headers.host)) : groupList(kinds)
    return sendJson(exchange, { code: 200, body, headers: { vary: 'Accept' } })
  }
  const type = `application/json;g=apidiscovery.k8s.io;v=${form};as=APIGroupDiscoveryList`
  return sendJson(exchange, { code: 200, body: aggregated(kinds, which, form), headers: { 'content-type': type, vary: 'Accept' } })
}

function openApi(exchange: Exchange, document: OpenApiDocument | undefined): Promise<void> {
  if (document === undefined) return sendText(exchange, { code: 404, body: '404 page not found\n' })
  const etag = `"${document.hash}"`
  if (exchange.request.headers['if-none-match'] === etag) return sendText(exchange, { code: 304, body: '', headers: { etag } })
  // Addressed by its hash it never changes; kubectl keeps it.
  const cacheControl = exchange.query.get('hash') === document.hash ? 'public, immutable' : 'no-cache, private'
  const headers = { 'content-type': 'application/json', etag, vary: 'Accept', 'cache-control': cacheControl }
  return sendText(exchange, { code: 200, body: document.text, headers })
}

function openApiOld(exchange: Exchange, document: OpenApiV2Document): Promise<void> {
  const type = chooseOpenApiV2(exchange.request.headers.accept)
  if (type === undefined) return sendStatus(exchange, NOT_ACCEPTABLE)
  const etag = `"${document.hash}"`
  if (exchange.request.headers['if-none-match'] === etag) return sendText(exchange, { code: 304, body: '', headers: { etag } })
  const body = type === 'application/json' ? document.json : document.protobuf
  return sendText(exchange, { code: 200, body, headers: { 'content-type': type, etag, vary: 'Accept' } })
}

function orNotFound(exchange: Exchange, body: Record<string, unknown> | undefined): Promise<void> {
  return body === undefined ? sendStatus(exchange, NO_SUCH_RESOURCE) : sendJson(exchange, { code: 200, body })
}
