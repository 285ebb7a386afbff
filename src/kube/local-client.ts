// The KubeClient port over the embedded API: the same requests and answers that HTTP clients get, without HTTP.

import type { KubeObject, ResourceRef } from '../api/object.ts'
import type { StoreAnswer, StoreRequest, Target, WriteOptions } from '../store/store-request.ts'
import type { EmbeddedApi, WatchStep } from './embedded-api.ts'
import {
  ApiError,
  type CallOptions,
  type KubeClient,
  type ListQuery,
  type ObjectKey,
  type ObjectList,
  type PatchBody,
  type WatchEvent
} from './kube-client.ts'

/** Steps a watch keeps for a slow reader; more end it, and the reader goes on from its last version. */
export const WATCH_STEPS_MAX = 20_000

const IN_PROCESS: WriteOptions = { fieldValidation: 'Strict', fieldManager: 'serin' }

/** Reads and writes the embedded API. Holds nothing of its own. */
export class LocalClient implements KubeClient {
  readonly #api: Pick<EmbeddedApi, 'submit' | 'watch'>
  readonly #options: WriteOptions

  constructor(api: Pick<EmbeddedApi, 'submit' | 'watch'>, options: WriteOptions = IN_PROCESS) {
    this.#api = api
    this.#options = options
  }

  async get(key: ObjectKey, options: CallOptions): Promise<KubeObject | undefined> {
    const answer = await this.#submit({ verb: 'get', target: targetOf(key), name: key.name }, options.signal)
    if (answer.kind === 'failure' && answer.status.reason === 'NotFound' && answer.status.details?.name !== undefined) return undefined
    return objectOf(answer)
  }

  async list(query: ListQuery & { readonly limit?: number; readonly continue?: string }, options: CallOptions): Promise<ObjectList> {
    const { labelSelector, fieldSelector, limit } = query
    const answer = await this.#submit(
      {
        verb: 'list',
        target: targetOf(query),
        ...(labelSelector !== undefined && { labelSelector }),
        ...(fieldSelector !== undefined && { fieldSelector }),
        ...(limit !== undefined && { limit }),
        ...(query.continue !== undefined && { continue: query.continue })
      },
      options.signal
    )
    if (answer.kind !== 'list') throw errorOf(answer)
    const { items, resourceVersion } = answer
    return { items, resourceVersion, ...(answer.continue !== undefined && { continue: answer.continue }) }
  }

  async *watch(query: ListQuery & { readonly resourceVersion: string }, options: CallOptions): AsyncGenerator<WatchEvent> {
    const { labelSelector, fieldSelector, resourceVersion } = query
    options.signal.throwIfAborted()
    const steps = new StepQueue()
    const answer = this.#api.watch(
      {
        target: targetOf(query),
        resourceVersion,
        ...(labelSelector !== undefined && { labelSelector }),
        ...(fieldSelector !== undefined && { fieldSelector })
      },
      (step) => steps.push(step)
    )
    if (answer.kind === 'failure') throw errorOf(answer)
    const abort = (): void => steps.close()
    options.signal.addEventListener('abort', abort, { once: true })
    try {
      for (let step = await steps.next(); step !== undefined; step = await steps.next()) {
        if (step.kind === 'failed') throw errorOf({ kind: 'failure', status: step.status })
        yield step.kind === 'bookmark' ? { kind: 'bookmark', resourceVersion: step.resourceVersion } : step
      }
      options.signal.throwIfAborted()
    } finally {
      options.signal.removeEventListener('abort', abort)
      answer.stop()
    }
  }

  async create(resource: ResourceRef, object: KubeObject, options: CallOptions): Promise<KubeObject> {
    const target = targetOf({ ...resource, ...namespaceOf(object) })
    return objectOf(await this.#submit({ verb: 'create', target, body: object, options: this.#options }, options.signal))
  }

  async update(resource: ResourceRef, object: KubeObject, options: CallOptions & { readonly subresource?: 'status' }): Promise<KubeObject> {
    const target = targetOf({ ...resource, ...namespaceOf(object) })
    const name = object.metadata.name ?? ''
    const subresource = options.subresource === undefined ? {} : { subresource: options.subresource }
    return objectOf(
      await this.#submit({ verb: 'update', target, name, ...subresource, body: object, options: this.#options }, options.signal)
    )
  }

  async patch(key: ObjectKey, patch: PatchBody, options: CallOptions & { readonly subresource?: 'status' | 'scale' }): Promise<KubeObject> {
    const subresource = options.subresource === undefined ? {} : { subresource: options.subresource }
    const body = patch.kind === 'json' ? patch.operations : patch.body
    const request: StoreRequest = {
      verb: 'patch',
      target: targetOf(key),
      name: key.name,
      ...subresource,
      patchType: patch.kind,
      body,
      options: this.#options
    }
    return objectOf(await this.#submit(request, options.signal))
  }

  async delete(key: ObjectKey, options: Parameters<KubeClient['delete']>[1]): Promise<void> {
    const { uid, propagation, gracePeriodSeconds } = options
    const body = {
      propagationPolicy: propagation ?? 'Background',
      ...(uid !== undefined && { preconditions: { uid } }),
      ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds })
    }
    const answer = await this.#submit(
      { verb: 'delete', target: targetOf(key), name: key.name, body, options: this.#options },
      options.signal
    )
    if (answer.kind === 'failure') throw errorOf(answer)
  }

  async #submit(request: StoreRequest, signal: AbortSignal): Promise<StoreAnswer> {
    signal.throwIfAborted()
    const answer = await this.#api.submit(request)
    signal.throwIfAborted()
    return answer
  }
}

/** Steps between the store, which never waits, and a reader. Owns its list. */
class StepQueue {
  #steps: WatchStep[] = []
  #taken = 0
  #closed = false
  #wake: (() => void) | undefined

  push(step: WatchStep): void {
    if (this.#closed) return
    this.#steps.push(step)
    if (this.#steps.length - this.#taken > WATCH_STEPS_MAX) this.#closed = true
    this.#wake?.()
  }

  close(): void {
    this.#closed = true
    this.#steps = []
    this.#taken = 0
    this.#wake?.()
  }

  async next(): Promise<WatchStep | undefined> {
    while (this.#taken >= this.#steps.length) {
      this.#steps = []
      this.#taken = 0
      if (this.#closed) return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#steps[this.#taken++]
  }
}

function targetOf(query: ResourceRef & { readonly namespace?: string }): Target {
  const { group, version, resource, namespace } = query
  return { resource: { group, version, resource }, ...(namespace !== undefined && { namespace }) }
}

function namespaceOf(object: KubeObject): { readonly namespace?: string } {
  const { namespace } = object.metadata
  return namespace === undefined ? {} : { namespace }
}

function objectOf(answer: StoreAnswer): KubeObject {
  if (answer.kind === 'object') return answer.object
  throw errorOf(answer)
}

function errorOf(
  answer: StoreAnswer | { readonly kind: 'failure'; readonly status: Extract<StoreAnswer, { kind: 'failure' }>['status'] }
): ApiError {
  if (answer.kind !== 'failure') return new ApiError(500, 'InternalError', `unexpected answer: ${answer.kind}`)
  const { code, reason, message, details } = answer.status
  return new ApiError(code, reason, message, details?.retryAfterSeconds)
}
