// Answers about the API itself: version, health, discovery, OpenAPI. Documents are made once per set of kinds.

import type { KindSpec } from '../api/kind.ts'
import type { ApiPath } from './api-path.ts'
import { aggregated, coreVersions, groupDocument, groupList, resourceList } from './discovery.ts'
import { chooseDiscovery } from './negotiate.ts'
import { documentKey, openApiDocuments, openApiIndex, type OpenApiDocument } from './openapi.ts'
import { type Exchange, sendJson, sendStatus, sendText } from './respond.ts'
import { NO_SUCH_RESOURCE } from './status.ts'

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
  #documents: ReadonlyMap<string, OpenApiDocument> = new Map()

  documents(kinds: readonly KindSpec[]): ReadonlyMap<string, OpenApiDocument> {
    if (this.#kinds !== kinds) {
      this.#documents = openApiDocuments(kinds)
      this.#kinds = kinds
    }
    return this.#documents
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

function orNotFound(exchange: Exchange, body: Record<string, unknown> | undefined): Promise<void> {
  return body === undefined ? sendStatus(exchange, NO_SUCH_RESOURCE) : sendJson(exchange, { code: 200, body })
}
