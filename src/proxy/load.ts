// How much is under way in one data plane, and whether there is room for more: the bounds that hold however few limits a destination has.

import type { Decision } from '../route/decision.ts'
import type { KeptBytes } from './kept-bytes.ts'
import { SYSTEM_LIMIT } from './limits.ts'
import type { LimitName, Limits } from './limits.ts'

/** Connections and requests at a time. */
export type LoadLimits = Pick<Limits, 'connectionsMax' | 'requestsMax'>

/** What a data plane may take of the files that its process may open: the rest is for upstream connections. */
const FILES_SHARE = 3 / 4

/** What a request is answered that finds no room, as by Envoy's overload manager. */
export const OVERLOADED: Decision = {
  kind: 'respond',
  route: { virtualService: undefined, name: undefined, index: 0 },
  status: 503,
  body: 'envoy overloaded',
  headers: [],
  response: undefined,
  flag: 'OM',
  details: 'overload',
  delay: 0
}

/** Owns the counts. */
export class Load {
  readonly #connectionsMax: number
  readonly #connectionLimit: LimitName
  readonly #requestsMax: number
  readonly #reach: (limit: LimitName) => void
  readonly #kept: KeptBytes
  #connections = 0
  #requests = 0

  /** `openFiles`: how many files the process may open, when that is known. */
  constructor(limits: LoadLimits, kept: KeptBytes, reach: (limit: LimitName) => void, openFiles = Number.POSITIVE_INFINITY) {
    this.#kept = kept
    const byFiles = Math.max(1, Math.floor(openFiles * FILES_SHARE))
    this.#connectionLimit = byFiles < limits.connectionsMax ? SYSTEM_LIMIT : 'connectionsMax'
    this.#connectionsMax = Math.min(limits.connectionsMax, byFiles)
    this.#requestsMax = limits.requestsMax
    this.#reach = reach
  }

  /** Client connections of all listeners. */
  get connections(): number {
    return this.#connections
  }

  /** Bytes kept of all requests and answers. */
  get kept(): number {
    return this.#kept.sum
  }

  /** Requests in flight. */
  get requests(): number {
    return this.#requests
  }

  /** Takes a client connection; false when there are too many, which is counted. */
  opened(): boolean {
    if (this.#connections >= this.#connectionsMax) {
      this.#reach(this.#connectionLimit)
      return false
    }
    this.#connections++
    return true
  }

  closed(): void {
    this.#connections--
  }

  /** Whether another request may begin; one that may not is counted. */
  admits(): boolean {
    if (this.#requests < this.#requestsMax) return this.#kept.admits()
    this.#reach('requestsMax')
    return false
  }

  /** A request is in flight until it `ended`. */
  began(): void {
    this.#requests++
  }

  ended(): void {
    this.#requests--
  }
}
