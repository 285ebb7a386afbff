// Which blocks of the engine ran, and how often, as V8 counts them. Counting is slow, so it is switched on for a part of the runs only.

import { Session } from 'node:inspector'
import type { Profiler } from 'node:inspector'
import { basename } from 'node:path'

const ENGINE = /\/src\/(proxy|route)\/[a-z0-9-]+\.ts$/

/** Owns the profiler of this process. */
export class Coverage {
  readonly #session = new Session()
  // The most often that each block ran in one run, as a power of four.
  readonly #most = new Map<string, number>()

  constructor() {
    this.#session.connect()
    this.#post('Profiler.enable')
  }

  /** Blocks that were seen. */
  get size(): number {
    return this.#most.size
  }

  start(): void {
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
    this.#blocks()
  }

  stop(): void {
    this.#post('Profiler.stopPreciseCoverage')
  }

  /** Forgets what ran since. */
  skip(): void {
    this.#blocks()
  }

  /** Whether anything ran since that never ran: to be asked after many runs. */
  hasNew(): boolean {
    return this.#blocks().some(([block]) => !this.#most.has(block))
  }

  /** What the one run since was the first to do: blocks, and counts of them beyond those of all before. They are known from then on. */
  news(): string[] {
    const found = this.#above()
    for (const [block, count] of found) this.#most.set(block, count)
    return found.map(([block, count]) => `${block} ${count}`)
  }

  /** The blocks that the run since had at least as often as these say. */
  holds(news: readonly string[]): boolean {
    const ran = new Map(this.#blocks())
    return news.every((text) => {
      const at = text.lastIndexOf(' ')
      return (ran.get(text.slice(0, at)) ?? -1) >= Number(text.slice(at + 1))
    })
  }

  #above(): [string, number][] {
    return this.#blocks().filter(([block, count]) => (this.#most.get(block) ?? -1) < count)
  }

  #blocks(): [string, number][] {
    const { result } = this.#post('Profiler.takePreciseCoverage') as Profiler.TakePreciseCoverageReturnType
    return result
      .filter(({ url }) => ENGINE.test(url))
      .flatMap(({ url, functions }) => functions.flatMap(({ ranges }) => ranges.map((range) => blockOf(basename(url), range))))
      .filter(([, count]) => count >= 0)
  }

  // The callback is called before post returns.
  #post(method: string, parameters?: object): unknown {
    let given: unknown
    this.#session.post(method, parameters ?? {}, (error: Error | null, result?: object) => {
      if (error !== null) throw error
      given = result
    })
    return given
  }
}

function blockOf(file: string, { startOffset, endOffset, count }: Profiler.CoverageRange): [string, number] {
  return [`${file}:${startOffset}-${endOffset}`, count === 0 ? -1 : Math.floor(Math.log2(count) / 2)]
}
