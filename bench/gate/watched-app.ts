// An application with a Canary under load, and what its callers saw of each version: who failed when, and who was met last.

import type { Serin } from '../../test/e2e/serin.ts'
import { documentedAnalysis } from '../../test/rehearsal-objects.ts'
import { CanaryApp, versionIn } from '../lib/canary-app.ts'

/** What callers saw of one version; instants of performance.now. */
export interface Seen {
  requests: number
  failed: number
  /** When the first request that failed was sent, and the last one that this version answered. */
  firstFailed: number | undefined
  lastMet: number
}

/** Before anything was. */
export function nothingSeen(): Seen {
  return { requests: 0, failed: 0, firstFailed: undefined, lastMet: -Infinity }
}

/** Adds an answer to a request that was sent then. */
export function note(seen: Seen, sent: number, status: number): void {
  seen.requests += 1
  seen.lastMet = Math.max(seen.lastMet, sent)
  if (status === 200) return
  seen.failed += 1
  seen.firstFailed = Math.min(seen.firstFailed ?? sent, sent)
}

/** Requests a second. */
export const RATE = 200
const CONNECTIONS = 16
const SAID_MAX = 100
/** Share of requests that fail whatever the version. */
export const BASE = 0.001

/** Owns its load. */
export class WatchedApp {
  readonly app: CanaryApp
  readonly #seen = new Map<string, Seen>()
  readonly #end = new AbortController()
  #load: ReturnType<CanaryApp['load']> | undefined
  #failed = 0
  /** How often something was said that is of no version. */
  readonly #strange = new Map<string, number>()

  constructor(name: string, serin: Serin) {
    this.app = new CanaryApp(name, serin)
  }

  /** Makes it, and begins the load when the primary serves. */
  async begin(interval: string): Promise<void> {
    await this.app.create(documentedAnalysis(interval), { ERROR_RATE: String(BASE) })
    await this.app.untilPhase(['Initialized'])
    this.#load = this.app.load(RATE, CONNECTIONS, {
      signal: this.#end.signal,
      onAnswer: (sent, status, body) => this.#note(sent, status, body)
    })
  }

  /** Releases the next version, which fails so many requests more than every version does, 0 to 1. Gives its name. */
  async release(worseBy: number): Promise<string> {
    const version = this.app.version + 1
    await this.app.release(version, { ERROR_RATE: String(Math.min(1, BASE + worseBy)) })
    return `v${version}`
  }

  /** Undefined before a caller met it. */
  seen(version: string): Seen | undefined {
    return this.#seen.get(version)
  }

  /** What was said by others than versions, as how often; '' for nothing. */
  get strange(): string {
    return [...this.#strange].map(([words, count]) => `${this.app.name}: ${words} (${count})`).join('; ')
  }

  /** Ends the load. The result: requests that got no answer of any version. */
  async end(): Promise<number> {
    this.#end.abort()
    const report = await this.#load
    return report === undefined ? 0 : report.bad - this.#failed + report.unsent
  }

  #note(sent: number, status: number, body: string): void {
    const version = versionIn(body)
    const seen = this.#seen.get(version) ?? nothingSeen()
    this.#seen.set(version, seen)
    note(seen, sent, status)
    if (version === '') {
      const words = `${status} ${body.slice(0, SAID_MAX)}`.trim()
      this.#strange.set(words, (this.#strange.get(words) ?? 0) + 1)
    } else if (status !== 200) this.#failed += 1
  }
}
