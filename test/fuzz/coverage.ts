// Which blocks of the engine ran, as V8 counts them. Counting costs little, asking costs as much as some runs.

import { Session } from 'node:inspector'
import type { Profiler } from 'node:inspector'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'

const ENGINE = /\/src\/(proxy|route)\/[a-z0-9-]+\.ts$/

/** Owns the profiler of this process. */
export class Coverage {
  readonly #session = new Session()
  readonly #known = new Set<string>()

  constructor() {
    this.#session.connect()
    this.#post('Profiler.enable')
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  /** Blocks that ran. */
  get size(): number {
    return this.#known.size
  }

  /** Forgets what ran since. */
  skip(): void {
    this.#post('Profiler.takePreciseCoverage')
  }

  /** Whether anything ran since that never ran: to be asked after many runs. */
  hasNew(): boolean {
    return this.#blocks().some((block) => !this.#known.has(block))
  }

  /** Blocks that the run since was the first to reach. They are known from then on. */
  news(): string[] {
    const found = this.#blocks().filter((block) => !this.#known.has(block))
    for (const block of found) this.#known.add(block)
    return found
  }

  /** Whether the run since reached these blocks too. */
  holds(blocks: readonly string[]): boolean {
    const ran = new Set(this.#blocks())
    return blocks.every((block) => ran.has(block))
  }

  /** What ran since. */
  take(): string[] {
    return this.#blocks()
  }

  /** Blocks of the engine's connections that did not run since, as places in their files: `client.ts:120 #name`. */
  missed(): string[] {
    const { result } = this.#post('Profiler.takePreciseCoverage') as Profiler.TakePreciseCoverageReturnType
    return result
      .filter(({ url }) => url.includes('/src/proxy/') && ENGINE.test(url))
      .flatMap(({ url, functions }) => missedIn(url, functions))
  }

  #blocks(): string[] {
    const { result } = this.#post('Profiler.takePreciseCoverage') as Profiler.TakePreciseCoverageReturnType
    return result
      .filter(({ url }) => ENGINE.test(url))
      .flatMap(({ url, functions }) => functions.flatMap(({ ranges }) => ranges.flatMap((range) => blockOf(basename(url), range))))
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

function missedIn(url: string, functions: readonly Profiler.FunctionCoverage[]): string[] {
  const text = readFileSync(fileURLToPath(url), 'utf8')
  return functions.flatMap(({ functionName, ranges }) =>
    ranges
      .filter(({ count }) => count === 0)
      .map(({ startOffset, endOffset }) => {
        // Types are blanks in what runs: offsets are those of the file.
        const line = text.slice(0, startOffset).split('\n').length
        const code = text.slice(startOffset, endOffset).replaceAll(/\s+/g, ' ').trim()
        return `${basename(url)}:${line} ${functionName}: ${code.slice(0, 100)}`
      })
  )
}

function blockOf(file: string, { startOffset, endOffset, count }: Profiler.CoverageRange): string[] {
  return count === 0 ? [] : [`${file}:${startOffset}-${endOffset}`]
}
