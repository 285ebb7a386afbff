// The few calls of an API that a kubelet makes, over objects in memory.

import type { Pod } from '../src/api/builtin-types-pod.ts'
import type { KubeObject } from '../src/api/object.ts'
import { ApiError, type KubeClient, type ObjectKey, type WatchEvent } from '../src/kube/kube-client.ts'
import { isObject } from '../src/std/json.ts'

/** Pods, ConfigMaps and Secrets of the namespace test. Owns them. */
export class PodObjects implements KubeClient {
  readonly #objects = new Map<string, KubeObject>()
  readonly #watchers = new Set<(event: WatchEvent) => void>()
  #version = 1

  put(resource: string, object: KubeObject): void {
    const key = `${resource}/${object.metadata.name}`
    const kind = this.#objects.has(key) ? 'modified' : 'added'
    const stored = { ...object, metadata: { ...object.metadata, namespace: 'test', resourceVersion: String(++this.#version) } }
    this.#objects.set(key, stored)
    if (resource === 'pods') for (const tell of this.#watchers) tell({ kind, object: stored })
  }
  pod(name: string): Pod | undefined {
    return this.#objects.get(`pods/${name}`) as Pod | undefined
  }
  remove(name: string): void {
    const object = this.pod(name)
    this.#objects.delete(`pods/${name}`)
    if (object !== undefined) for (const tell of this.#watchers) tell({ kind: 'deleted', object })
  }
  get({ resource, name }: ObjectKey): Promise<KubeObject | undefined> {
    return Promise.resolve(this.#objects.get(`${resource}/${name}`))
  }
  list({ resource }: { readonly resource: string }): ReturnType<KubeClient['list']> {
    const items = [...this.#objects].filter(([key]) => key.startsWith(`${resource}/`)).map(([, object]) => object)
    return Promise.resolve({ items, resourceVersion: String(this.#version) })
  }
  async *watch(_query: unknown, { signal }: { readonly signal: AbortSignal }): AsyncGenerator<WatchEvent> {
    const events: WatchEvent[] = []
    let wake = (): void => undefined
    const tell = (event: WatchEvent): void => {
      events.push(event)
      wake()
    }
    this.#watchers.add(tell)
    signal.addEventListener('abort', () => wake())
    while (!signal.aborted) {
      const event = events.shift()
      if (event !== undefined) yield event
      else await new Promise<void>((resolve) => (wake = resolve))
    }
    this.#watchers.delete(tell)
  }
  create(): Promise<KubeObject> {
    return Promise.reject(new ApiError(405, 'MethodNotAllowed', 'not here'))
  }
  update(): Promise<KubeObject> {
    return this.create()
  }
  patch({ resource, name }: ObjectKey, patch: Parameters<KubeClient['patch']>[1]): Promise<KubeObject> {
    const object = this.#objects.get(`${resource}/${name}`)
    if (object === undefined || patch.kind !== 'merge') return Promise.reject(new ApiError(404, 'NotFound', `${name} not found`))
    const next = merged(object, patch.body) as KubeObject
    this.put(resource, next)
    return Promise.resolve(next)
  }
  delete({ name }: ObjectKey): Promise<void> {
    this.remove(name)
    return Promise.resolve()
  }
}

function merged(value: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const result: Record<string, unknown> = isObject(value) ? { ...value } : {}
  for (const [key, each] of Object.entries(patch)) {
    if (each === null) delete result[key]
    else result[key] = merged(result[key], each)
  }
  return result
}
