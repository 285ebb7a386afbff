// One request to an API server and its answer: credentials, connection, bounds in time and size, and the failures of the network as ApiError.

import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { ApiError } from '../kube/kube-client.ts'
import type { Clock, Millis } from '../std/clock.ts'
import { errorIn, type RawAnswer } from './api-answer.ts'
import { Connections, type Outgoing } from './connection.ts'
import { type Credential, Credentials } from './credentials.ts'
import { type Access, KubeconfigError } from './kubeconfig.ts'

/** A request. */
export interface Sent {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: string
  readonly type?: string
}

/** What a Sender is made of. */
export interface SenderOptions {
  readonly access: Access
  readonly clock: Clock
  readonly timeout: Millis
  readonly userAgent: string
  readonly onWarning?: (text: string) => void
}

/** The reason of an ApiError for a server that gave no answer, which Kubernetes has no word for. */
export const UNREACHABLE = 'Unreachable'

/** Longest answer that is read, in bytes. */
export const ANSWER_MAX = 256 * 1024 * 1024

/** Sends requests. Owns connections and credentials. */
export class Sender {
  readonly #options: SenderOptions
  readonly #credentials: Credentials
  readonly #connections: Connections

  constructor(options: SenderOptions) {
    this.#options = options
    this.#credentials = new Credentials(options.access.user, options.clock)
    this.#connections = new Connections(options.access)
  }

  /** The whole answer, whatever its status. Rejects with ApiError (reason Unreachable or Timeout) or with the signal's reason. */
  async exchange(sent: Sent, signal: AbortSignal): Promise<RawAnswer> {
    return this.#bounded(sent, signal, async (either) => {
      const response = await this.#send(sent, either)
      return { status: response.statusCode ?? 0, headers: response.headers, text: await textOf(response, sent) }
    })
  }

  /** The body of an answer that goes on, such as a watch; only its beginning is bounded in time. Other than 2xx rejects with ApiError. */
  async open(sent: Sent, signal: AbortSignal): Promise<IncomingMessage> {
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), this.#options.timeout)
    const either = AbortSignal.any([signal, late.signal])
    try {
      const response = await this.#send(sent, either)
      const { statusCode: status = 0, headers } = response
      if (status >= 200 && status < 300) return response
      throw errorIn({ status, headers, text: await textOf(response, sent) }, nameOf(sent))
    } catch (error) {
      throw this.#failure(error, { sent, signal, late: late.signal })
    } finally {
      clearTimeout(timer)
    }
  }

  close(): void {
    this.#connections.close()
  }

  async #bounded<T>(sent: Sent, signal: AbortSignal, run: (either: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), this.#options.timeout)
    try {
      return await run(AbortSignal.any([signal, late.signal]))
    } catch (error) {
      throw this.#failure(error, { sent, signal, late: late.signal })
    } finally {
      clearTimeout(timer)
    }
  }

  async #send(sent: Sent, signal: AbortSignal): Promise<IncomingMessage> {
    const response = await this.#once(sent, signal)
    if (response.statusCode !== 401 || !this.#credentials.refused()) return this.#warned(response)
    // Refused before anything was done: once more, with what a file or a plugin says now.
    response.resume()
    return this.#warned(await this.#once(sent, signal))
  }

  async #once(sent: Sent, signal: AbortSignal): Promise<IncomingMessage> {
    const credential = await this.#credentials.current(signal)
    const authority = await this.#authority()
    const send = (): Promise<IncomingMessage> => this.#connections.send(this.#outgoing(sent, credential), credential, authority, signal)
    try {
      return await send()
    } catch (error) {
      // A kept connection that the server had closed meanwhile; reading twice does no harm. It may have closed the other kept ones too.
      if (sent.method !== 'GET' || signal.aborted || !isClosed(error)) throw error
      this.#connections.closeIdle()
      return send()
    }
  }

  #outgoing({ method, path, body, type }: Sent, { headers }: Credential): Outgoing {
    const { access, userAgent } = this.#options
    const { pathname } = new URL(access.server)
    return {
      method,
      // The server of a kubeconfig may have a path, as behind Rancher.
      path: `${pathname === '/' ? '' : pathname}${path}`,
      headers: { accept: 'application/json', 'user-agent': userAgent, ...headers, ...(type !== undefined && { 'content-type': type }) },
      body
    }
  }

  async #authority(): Promise<string | undefined> {
    const { authority } = this.#options.access.trust
    if (authority === undefined || authority.kind === 'value') return authority?.value
    return readFile(authority.path, 'utf8').catch((error: unknown) => {
      throw new KubeconfigError(`${authority.path}: cannot be read: ${messageOf(error)}`)
    })
  }

  #warned(response: IncomingMessage): IncomingMessage {
    for (const line of response.headersDistinct['warning'] ?? []) {
      const text = /^299 \S+ "((?:[^"\\]|\\.)*)"/.exec(line)?.[1]
      if (text !== undefined) this.#options.onWarning?.(text.replaceAll(/\\(.)/g, '$1'))
    }
    return response
  }

  #failure(
    error: unknown,
    { sent, signal, late }: { readonly sent: Sent; readonly signal: AbortSignal; readonly late: AbortSignal }
  ): unknown {
    if (signal.aborted) return signal.reason
    if (error instanceof ApiError || error instanceof KubeconfigError) return error
    const { access, timeout } = this.#options
    if (late.aborted) return new ApiError(504, 'Timeout', `${access.server}: ${nameOf(sent)} had no answer in ${timeout} ms`)
    return new ApiError(503, UNREACHABLE, `${access.server} cannot be reached: ${reasonOf(error)}`)
  }
}

async function textOf(body: IncomingMessage, sent: Sent): Promise<string> {
  const decoder = new TextDecoder()
  let [text, bytes] = ['', 0]
  for await (const part of body) {
    const chunk = part as Uint8Array
    bytes += chunk.byteLength
    if (bytes > ANSWER_MAX) throw new ApiError(500, 'InternalError', `${nameOf(sent)}: the answer is longer than ${ANSWER_MAX} bytes`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function nameOf({ method, path }: Sent): string {
  return `${method} ${path.split('?')[0]}`
}

function isClosed(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ECONNRESET' || code === 'EPIPE'
}

// Happy eyeballs hide what happened in a list.
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(messageOf))].join('; ')
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : ''
  return messageOf(error) + cause
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
