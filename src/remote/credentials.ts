// Who is asking, kept fresh: files are read again each minute, plugins are asked again when what they gave ends or is refused.

import { readFile } from 'node:fs/promises'
import type { Clock, Millis } from '../std/clock.ts'
import { type ExecCredential, runPlugin } from './exec-credential.ts'
import { KubeconfigError, type Material, type User } from './kubeconfig.ts'

/** What goes with a request. */
export interface Credential {
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly certificate: string | undefined
  readonly key: string | undefined
}

/** As client-go: a projected token is renewed long before it ends. */
export const FILE_AGE_MAX: Millis = 60_000

/** Owns what was read and what plugins gave. */
export class Credentials {
  readonly #user: User
  readonly #clock: Clock
  readonly #files = new Map<string, { readonly text: string; readonly at: Millis }>()
  #given: ExecCredential | undefined
  #asking: Promise<ExecCredential> | undefined

  constructor(user: User, clock: Clock) {
    this.#user = user
    this.#clock = clock
  }

  /** What to send now. Rejects with KubeconfigError, or with the signal's reason. */
  async current(signal: AbortSignal): Promise<Credential> {
    const { user, given } = { user: this.#user, given: await this.#plugin(signal) }
    const token = (await this.#read(user.token))?.trim() ?? given?.token
    const [certificate, key] = [await this.#read(user.certificate), await this.#read(user.key)]
    const authorization = authorizationOf(token, user)
    const impersonate = Object.entries(user.impersonate).map(
      ([name, value]) => [name, typeof value === 'string' ? value : [...value]] as const
    )
    return {
      headers: { ...Object.fromEntries(impersonate), ...(authorization !== undefined && { authorization }) },
      certificate: certificate ?? given?.certificate,
      key: key ?? given?.key
    }
  }

  /** The server refused it: true when another try may fare better, because a file or a plugin is asked again. */
  refused(): boolean {
    const { token, exec } = this.#user
    this.#files.clear()
    this.#given = undefined
    return token === undefined ? exec !== undefined : token.kind === 'file'
  }

  /** A certificate, key or token as text; of a file what was last read when it cannot be read now. */
  async #read(material: Material | undefined): Promise<string | undefined> {
    if (material === undefined || material.kind === 'value') return material?.value
    const { path } = material
    const known = this.#files.get(path)
    const now = this.#clock.now()
    if (known !== undefined && now - known.at < FILE_AGE_MAX) return known.text
    try {
      const text = await readFile(path, 'utf8')
      this.#files.set(path, { text, at: now })
      return text
    } catch (error) {
      if (known !== undefined) return known.text
      throw new KubeconfigError(`${path}: cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  // A token of the kubeconfig's own goes before a plugin, as with client-go. Calls that come together share one run.
  async #plugin(signal: AbortSignal): Promise<ExecCredential | undefined> {
    const { exec, token } = this.#user
    if (exec === undefined || token !== undefined) return undefined
    const given = this.#given
    if (given !== undefined && (given.until === undefined || this.#clock.now() < given.until)) return given
    // Not with the signal of one caller: others wait for the same run, which is bounded in time.
    this.#asking ??= runPlugin(exec, new AbortController().signal).finally(() => {
      this.#asking = undefined
    })
    this.#given = await unlessAborted(this.#asking, signal)
    return this.#given
  }
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const stop = (): void => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

function authorizationOf(token: string | undefined, { basic }: User): string | undefined {
  if (token !== undefined && token !== '') return `Bearer ${token}`
  return basic === undefined ? undefined : `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString('base64')}`
}
