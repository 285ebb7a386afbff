// Key sets that rules name by URI: fetched beside all else and kept, so that no request ever waits for one. What was fetched last stays when a
// later try fails. Only files and this machine are asked: nothing else is there to answer for a mesh on a laptop.

import { open } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { isKeySetUri } from '../api/key-set-uri.ts'
import type { Clock, Millis } from '../std/clock.ts'
import { isObject } from '../std/json.ts'

/** What key sets are kept with. */
export interface KeySetsOptions {
  readonly clock: Clock
  readonly log: (line: string) => void
  /** Called when a set is there for the first time or has changed. */
  readonly changed: () => void
}

/** Between two looks: a file is cheap to read, a server is asked less often. */
const FILE_PERIOD: Millis = 2000
const HTTP_PERIOD: Millis = 60_000
const RETRY_FIRST: Millis = 1000
const FETCH_MAX: Millis = 5000
const BYTES_MAX = 1_000_000

interface Followed {
  text: string | undefined
  problem: string | undefined
  failures: number
  /** Resolves when it was tried once. */
  tried: Promise<void>
  cancel: () => void
}

/** Owns the key sets that are followed. */
export class KeySets {
  readonly #options: KeySetsOptions
  readonly #followed = new Map<string, Followed>()

  constructor(options: KeySetsOptions) {
    this.#options = options
  }

  /** The sets that are there, by URI. */
  get sets(): Record<string, string> {
    return Object.fromEntries([...this.#followed].flatMap(([uri, { text }]) => (text === undefined ? [] : [[uri, text]])))
  }

  /** A sentence for every set whose last try failed. */
  troubles(): string[] {
    return [...this.#followed].flatMap(([uri, { problem }]) =>
      problem === undefined ? [] : [`the keys of ${uri} cannot be had: ${problem}`]
    )
  }

  /** Follows these URIs and no others. Resolves when each was tried once. */
  async follow(uris: ReadonlySet<string>): Promise<void> {
    for (const [uri, { cancel }] of this.#followed) {
      if (uris.has(uri)) continue
      cancel()
      this.#followed.delete(uri)
    }
    for (const uri of uris) {
      if (this.#followed.has(uri)) continue
      const followed: Followed = { text: undefined, problem: undefined, failures: 0, tried: Promise.resolve(), cancel: () => undefined }
      this.#followed.set(uri, followed)
      followed.tried = this.#look(uri, followed)
    }
    await Promise.all([...this.#followed.values()].map(({ tried }) => tried))
  }

  async #look(uri: string, followed: Followed): Promise<void> {
    const before = followed.text
    try {
      followed.text = await read(uri)
      followed.problem = undefined
      followed.failures = 0
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      if (problem !== followed.problem) this.#options.log(`mesh: the keys of ${uri} cannot be had: ${problem}`)
      followed.problem = problem
      followed.failures += 1
    }
    if (this.#followed.get(uri) !== followed) return
    const period = uri.startsWith('file:') ? FILE_PERIOD : HTTP_PERIOD
    const delay = followed.failures === 0 ? period : Math.min(period, RETRY_FIRST * 2 ** (followed.failures - 1))
    followed.cancel = this.#options.clock.after(delay, () => void this.#look(uri, followed))
    if (followed.text !== before) this.#options.changed()
  }
}

async function read(uri: string): Promise<string> {
  if (!isKeySetUri(uri)) throw new Error('only file: and http: of this machine are fetched')
  const text = uri.startsWith('file:') ? await readText(fileURLToPath(uri)) : await fetchText(uri)
  const set: unknown = JSON.parse(text)
  if (!isObject(set) || !Array.isArray(set['keys'])) throw new Error('it is not a JSON Web Key Set')
  return text
}

async function readText(path: string): Promise<string> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    if (size > BYTES_MAX) throw new Error(`it is longer than ${BYTES_MAX} bytes`)
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

async function fetchText(uri: string): Promise<string> {
  const answer = await fetch(uri, { redirect: 'error', signal: AbortSignal.timeout(FETCH_MAX) })
  if (!answer.ok || answer.body === null) throw new Error(`it answers ${answer.status}`)
  const decoder = new TextDecoder()
  let text = ''
  for await (const part of answer.body) {
    text += decoder.decode(part, { stream: true })
    if (text.length > BYTES_MAX) throw new Error(`it is longer than ${BYTES_MAX} bytes`)
  }
  return text + decoder.decode()
}
