// What the watches know, to be read without asking the API: whole objects of the kinds that rollouts are made of, and of ConfigMaps and
// Secrets those alone that were read before and have not changed since. What is not known here is asked for. It may be a little behind the
// API: whoever acts reads anew (docs/decisions/088).

import type { KubeObject, ResourceRef } from '../api/object.ts'
import { keyOfObject, type ObjectEvent, type Reflector } from '../kube/reflector.ts'
import type { CallOptions, KubeClient, ObjectKey } from '../kube/kube-client.ts'

type Watched = Pick<Reflector, 'get' | 'watching'>

/** Owns what was read of objects that the watches name but do not hold. */
export class Glimpses implements Pick<KubeClient, 'get'> {
  readonly #client: Pick<KubeClient, 'get'>
  readonly #whole = new Map<string, Watched>()
  readonly #named = new Map<string, Watched>()
  readonly #read = new Map<string, KubeObject | undefined>()
  /** Reads under way: one that an event overtook is not kept. */
  readonly #reading = new Map<string, symbol>()

  constructor(client: Pick<KubeClient, 'get'>) {
    this.#client = client
  }

  /** Objects of this resource are held by this watch, whole or by their names alone. */
  hold({ resource }: ResourceRef, watched: Watched, what: 'whole' | 'named'): void {
    if (what === 'whole') this.#whole.set(resource, watched)
    else this.#named.set(resource, watched)
  }

  /** An object of which names alone are held has changed. */
  changed({ resource }: ResourceRef, { object }: ObjectEvent): void {
    this.#forget(`${resource}/${keyOfObject(object)}`)
  }

  /** Nobody reads it any more; `namespace/resource/name`. */
  drop(name: string): void {
    const [namespace = '', resource = '', ...rest] = name.split('/')
    this.#forget(`${resource}/${namespace}/${rest.join('/')}`)
  }

  async get(key: ObjectKey, options: CallOptions): Promise<KubeObject | undefined> {
    const name = key.namespace === undefined ? key.name : `${key.namespace}/${key.name}`
    const whole = this.#whole.get(key.resource)
    if (whole?.watching === true) return whole.get(name)
    if (this.#named.get(key.resource)?.watching !== true) return this.#client.get(key, options)
    const id = `${key.resource}/${name}`
    return this.#read.has(id) ? this.#read.get(id) : this.#readNow(id, key, options)
  }

  async #readNow(id: string, key: ObjectKey, options: CallOptions): Promise<KubeObject | undefined> {
    const mine = Symbol(id)
    this.#reading.set(id, mine)
    try {
      const object = await this.#client.get(key, options)
      if (this.#reading.get(id) === mine) this.#read.set(id, object)
      return object
    } finally {
      if (this.#reading.get(id) === mine) this.#reading.delete(id)
    }
  }

  #forget(id: string): void {
    this.#reading.delete(id)
    this.#read.delete(id)
  }
}
