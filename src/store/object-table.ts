// The objects of one resource, by key and in key order, so that pages of a list need no sorting.

import type { KubeObject } from '../api/object.ts'

/** `namespace/name`, or `/name` for cluster-scoped kinds: the order of lists (kubernetes.md 3.8). */
export function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`
}

/** Objects by key. Owns its map and its sorted keys. */
export class ObjectTable {
  readonly #objects = new Map<string, KubeObject>()
  readonly #keys: string[] = []

  get size(): number {
    return this.#keys.length
  }

  get(key: string): KubeObject | undefined {
    return this.#objects.get(key)
  }

  set(key: string, object: KubeObject): void {
    if (!this.#objects.has(key)) this.#keys.splice(this.#place(key), 0, key)
    this.#objects.set(key, object)
  }

  delete(key: string): void {
    if (this.#objects.delete(key)) this.#keys.splice(this.#place(key), 1)
  }

  /** Every object, in no order. */
  objects(): Iterable<KubeObject> {
    return this.#objects.values()
  }

  /** Objects in key order whose key begins with `prefix` and comes after `after` ('' begins at the first). */
  *scan(prefix: string, after: string): Generator<{ readonly key: string; readonly object: KubeObject }> {
    const begin = after > prefix ? after : prefix
    for (let index = this.#place(begin); index < this.#keys.length; index++) {
      const key = this.#keys[index] ?? ''
      if (!key.startsWith(prefix)) return
      const object = this.#objects.get(key)
      if (key !== after && object !== undefined) yield { key, object }
    }
  }

  /** The index of the first key that is not before `key`. */
  #place(key: string): number {
    let [low, high] = [0, this.#keys.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#keys[middle] ?? '') < key) low = middle + 1
      else high = middle
    }
    return low
  }
}
