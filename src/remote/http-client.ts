// The KubeClient port over HTTPS: an API server of a kubeconfig. One request, one answer; what is retried, and when, is the caller's, but for
// two that were certainly not carried out: reads over a connection that the server had just closed, and credentials that had just ended.

import type { KubeObject, ResourceRef } from '../api/object.ts'
import {
  ApiError,
  type CallOptions,
  type KubeClient,
  type ListQuery,
  type ObjectKey,
  type ObjectList,
  type PatchBody,
  type WatchEvent
} from '../kube/kube-client.ts'
import type { Clock, Millis } from '../std/clock.ts'
import { isObject } from '../std/json.ts'
import { errorIn, isAbsent, objectIn, type RawAnswer, textAt } from './api-answer.ts'
import { pathOf, queryText, type Query } from './api-url.ts'
import type { Access } from './kubeconfig.ts'
import { Sender, type Sent } from './sender.ts'
import { watchEvents } from './watch-lines.ts'

/** What a client is made of. */
export interface HttpClientOptions {
  readonly access: Access
  readonly clock: Clock
  /** Of one request, from its start to the last byte of the answer (default 30 s); a watch's first byte. */
  readonly timeout?: Millis
  /** How long the server is asked to keep a watch (default 5 minutes). */
  readonly watchSeconds?: number
  readonly fieldManager?: string
  readonly userAgent?: string
  /** Told of the server's warnings. */
  readonly onWarning?: (text: string) => void
}

const TIMEOUT: Millis = 30_000
const WATCH_SECONDS = 300
const PATCH_TYPES: Readonly<Record<PatchBody['kind'], string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json'
}

/** Reads and writes the API that `access` leads to. Owns its connections: close it. */
export class HttpClient implements KubeClient {
  /** API servers send a bookmark each minute. */
  readonly silenceMax: Millis = 150_000
  readonly #options: HttpClientOptions
  readonly #sender: Sender

  constructor(options: HttpClientOptions) {
    this.#options = options
    const { access, clock, timeout = TIMEOUT, userAgent = 'serin' } = options
    this.#sender = new Sender({ access, clock, timeout, userAgent, ...(options.onWarning && { onWarning: options.onWarning }) })
  }

  async get(key: ObjectKey, { signal }: CallOptions): Promise<KubeObject | undefined> {
    const sent: Sent = { method: 'GET', path: pathOf(key, key.name) }
    const answer = await this.#sender.exchange(sent, signal)
    return isAbsent(answer) ? undefined : objectOf(answer, sent)
  }

  async list(query: ListQuery & { readonly limit?: number; readonly continue?: string }, { signal }: CallOptions): Promise<ObjectList> {
    const words: Query = { ...selectors(query), limit: query.limit, continue: query.continue }
    const sent: Sent = { method: 'GET', path: pathOf(query) + queryText(words) }
    return listOf(await this.#sender.exchange(sent, signal), sent)
  }

  async *watch(query: ListQuery & { readonly resourceVersion: string }, { signal }: CallOptions): AsyncGenerator<WatchEvent> {
    const timeoutSeconds = this.#options.watchSeconds ?? WATCH_SECONDS
    const { resourceVersion } = query
    const words: Query = { ...selectors(query), watch: 'true', allowWatchBookmarks: 'true', resourceVersion, timeoutSeconds }
    const sent: Sent = { method: 'GET', path: pathOf(query) + queryText(words) }
    const body = await this.#sender.open(sent, signal)
    yield* watchEvents(body, sent.path.split('?')[0] ?? '', signal)
  }

  async create(resource: ResourceRef, object: KubeObject, { signal }: CallOptions): Promise<KubeObject> {
    const path = pathOf({ ...resource, ...namespaceOf(object) }) + this.#manager()
    return this.#write({ method: 'POST', path, body: JSON.stringify(object), type: 'application/json' }, signal)
  }

  async update(
    resource: ResourceRef,
    object: KubeObject,
    { signal, subresource }: CallOptions & { readonly subresource?: 'status' }
  ): Promise<KubeObject> {
    const path = pathOf({ ...resource, ...namespaceOf(object) }, object.metadata.name ?? '', subresource) + this.#manager()
    return this.#write({ method: 'PUT', path, body: JSON.stringify(object), type: 'application/json' }, signal)
  }

  async patch(
    key: ObjectKey,
    patch: PatchBody,
    { signal, subresource }: CallOptions & { readonly subresource?: 'status' | 'scale' }
  ): Promise<KubeObject> {
    const path = pathOf(key, key.name, subresource) + this.#manager()
    const body = JSON.stringify(patch.kind === 'json' ? patch.operations : patch.body)
    return this.#write({ method: 'PATCH', path, body, type: PATCH_TYPES[patch.kind] }, signal)
  }

  async delete(key: ObjectKey, options: Parameters<KubeClient['delete']>[1]): Promise<void> {
    const { uid, propagation, gracePeriodSeconds, signal } = options
    const body = JSON.stringify({
      kind: 'DeleteOptions',
      apiVersion: 'v1',
      propagationPolicy: propagation ?? 'Background',
      ...(uid !== undefined && { preconditions: { uid } }),
      ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds })
    })
    const sent: Sent = { method: 'DELETE', path: pathOf(key, key.name), body, type: 'application/json' }
    const answer = await this.#sender.exchange(sent, signal)
    if (!isSuccess(answer)) throw errorIn(answer, nameOf(sent))
  }

  /** Ends its connections, and the watches that run over them. */
  close(): Promise<void> {
    this.#sender.close()
    return Promise.resolve()
  }

  #manager(): string {
    return queryText({ fieldManager: this.#options.fieldManager ?? 'serin' })
  }

  async #write(sent: Sent, signal: AbortSignal): Promise<KubeObject> {
    return objectOf(await this.#sender.exchange(sent, signal), sent)
  }
}

function selectors({ labelSelector, fieldSelector }: ListQuery): Query {
  return { labelSelector, fieldSelector }
}

function namespaceOf(object: KubeObject): { readonly namespace?: string } {
  const { namespace } = object.metadata
  return namespace === undefined ? {} : { namespace }
}

function isSuccess({ status }: RawAnswer): boolean {
  return status >= 200 && status < 300
}

function nameOf({ method, path }: Sent): string {
  return `${method} ${path.split('?')[0]}`
}

function objectOf(answer: RawAnswer, sent: Sent): KubeObject {
  if (!isSuccess(answer)) throw errorIn(answer, nameOf(sent))
  const object = objectIn(answer.text, nameOf(sent))
  if (!isObject(object['metadata'])) throw new ApiError(500, 'InternalError', `${nameOf(sent)}: the answer has no metadata`)
  // Checked so far; its fields are what the API server stands for.
  return object as unknown as KubeObject
}

// Members of a typed list carry neither apiVersion nor kind on a real server: the list says both.
function listOf(answer: RawAnswer, sent: Sent): ObjectList {
  if (!isSuccess(answer)) throw errorIn(answer, nameOf(sent))
  const list = objectIn(answer.text, nameOf(sent))
  const kind = textAt(list, 'kind').replace(/List$/, '')
  const given: readonly unknown[] = Array.isArray(list['items']) ? list['items'] : []
  const apiVersion = textAt(list, 'apiVersion')
  const items: readonly KubeObject[] = given.flatMap((item) => {
    const metadata = isObject(item) ? item['metadata'] : undefined
    return isObject(item) && isObject(metadata) ? [{ apiVersion, kind, ...item, metadata }] : []
  })
  const next = textAt(list, 'metadata', 'continue')
  return {
    items,
    resourceVersion: textAt(list, 'metadata', 'resourceVersion'),
    ...(next !== '' && { continue: next })
  }
}
