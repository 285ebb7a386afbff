// The connections to one API server: TLS by the kubeconfig, kept alive, through a proxy where it names one. Made anew when the client
// certificate or the authority changes; requests under way keep theirs.

import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import type tls from 'node:tls'
import type { Millis } from '../std/clock.ts'
import type { Credential } from './credentials.ts'
import type { Access } from './kubeconfig.ts'
import { overTls, placeOf, proxyCredentials, tunnel } from './tunnel.ts'

// Not imported: an import of node:http loads undici as well (docs/decisions/068).
const http = process.getBuiltinModule('node:http')

const TUNNEL_MAX: Millis = 10_000
const HEAD_MAX = 64 * 1024

/** What the TLS of a connection is made of, as texts. */
export interface TlsTexts {
  readonly authority: string | undefined
  readonly certificate: string | undefined
  readonly key: string | undefined
}

/** A request as it goes out. */
export interface Outgoing {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body: string | undefined
}

/** Sends requests over connections that are made alike. */
interface Way {
  readonly agent: Agent
  readonly place: Pick<RequestOptions, 'host' | 'port'>
  /** What a proxy wants to hear. */
  readonly headers: Readonly<Record<string, string>>
  readonly secure: boolean
  /** Before the path, where a proxy is asked for it. */
  readonly prefix: string
}

/** A request, and until when it is wanted: Node keeps its own option for that, `signal`, from what makes connections. */
interface Wanted extends RequestOptions {
  readonly wanted?: AbortSignal
}

/** Owns the connections. */
export class Connections {
  readonly #access: Access
  #open: { readonly texts: TlsTexts; readonly way: Way } | undefined
  /** How many requests are under way over each; what is retired and has none is dropped. */
  readonly #agents = new Map<Agent, number>()

  constructor(access: Access) {
    this.#access = access
  }

  /**
   * The head of the answer, with its body to be read. Rejects with what the network or TLS says, or with the signal's reason: at once, also
   * while a proxy is still asked for a way. What is aborted after the head has come ends the body with an error.
   */
  send(outgoing: Outgoing, { certificate, key }: Credential, authority: string | undefined, signal: AbortSignal): Promise<IncomingMessage> {
    const way = this.#wayFor({ authority, certificate, key })
    return sendOver(way, outgoing, signal, (request) => this.#count(way.agent, request))
  }

  /** Closes the connections that wait for a next request: it will have a new one. */
  closeIdle(): void {
    if (this.#open !== undefined) closeIdle(this.#open.way.agent)
  }

  /** Ends all connections and what runs over them. */
  close(): void {
    for (const agent of this.#agents.keys()) agent.destroy()
    this.#agents.clear()
    this.#open = undefined
  }

  #wayFor(texts: TlsTexts): Way {
    const open = this.#open
    if (
      open !== undefined &&
      open.texts.authority === texts.authority &&
      open.texts.certificate === texts.certificate &&
      open.texts.key === texts.key
    ) {
      return open.way
    }
    const way = wayOf(this.#access, texts)
    this.#agents.set(way.agent, 0)
    this.#open = { texts, way }
    if (open !== undefined) this.#retire(open.way.agent)
    return way
  }

  // What still runs over the old connections ends by itself.
  #retire(agent: Agent): void {
    agent.maxFreeSockets = 0
    closeIdle(agent)
    this.#dropUnused(agent)
  }

  #count(agent: Agent, request: ClientRequest): void {
    this.#agents.set(agent, (this.#agents.get(agent) ?? 0) + 1)
    request.on('close', () => {
      const rest = this.#agents.get(agent)
      // Closed altogether.
      if (rest === undefined) return
      this.#agents.set(agent, rest - 1)
      this.#dropUnused(agent)
    })
  }

  #dropUnused(agent: Agent): void {
    if (agent === this.#open?.way.agent || this.#agents.get(agent) !== 0) return
    agent.destroy()
    this.#agents.delete(agent)
  }
}

function closeIdle(agent: Agent): void {
  for (const sockets of Object.values(agent.freeSockets)) sockets?.forEach((socket) => socket.destroy())
}

function wayOf({ server, trust, proxy }: Access, { authority, certificate, key }: TlsTexts): Way {
  const target = new URL(server)
  const secure = target.protocol === 'https:'
  const own: tls.ConnectionOptions = {
    rejectUnauthorized: !trust.unchecked,
    ...(authority !== undefined && { ca: authority }),
    ...(certificate !== undefined && { cert: certificate }),
    ...(key !== undefined && { key }),
    ...(trust.serverName !== undefined && { servername: trust.serverName })
  }
  if (proxy === undefined) return { agent: agentOf(secure, own), place: placeOf(target), headers: {}, secure, prefix: '' }
  const through = new URL(proxy)
  if (secure) return { agent: tunnelling(target, through, own), place: placeOf(target), headers: {}, secure, prefix: '' }
  const headers = { host: target.host, ...proxyCredentials(through) }
  const isSecure = through.protocol === 'https:'
  return { agent: agentOf(isSecure, {}), place: placeOf(through), headers, secure: isSecure, prefix: target.origin }
}

function agentOf(secure: boolean, options: tls.ConnectionOptions): Agent {
  return secure ? new https.Agent({ keepAlive: true, ...options }) : new http.Agent({ keepAlive: true })
}

function tunnelling(target: URL, proxy: URL, options: tls.ConnectionOptions): Agent {
  const agent = agentOf(true, options)
  agent.createConnection = (asked, done) => {
    // What the agent is asked with is what a request is made of, in sendOver.
    const { wanted } = asked as Wanted
    securedTunnel({ target, proxy, wanted }, options).then(
      (socket) => done?.(null, socket),
      // Where nothing came of it there is no connection, whatever the types say.
      (error: Error) => done?.(error, undefined as never)
    )
    return undefined
  }
  return agent
}

interface Through {
  readonly target: URL
  readonly proxy: URL
  readonly wanted: AbortSignal | undefined
}

async function securedTunnel({ target, proxy, wanted }: Through, options: tls.ConnectionOptions): Promise<Socket> {
  const over = AbortSignal.timeout(TUNNEL_MAX)
  const socket = await tunnel(target, proxy, {}, wanted === undefined ? over : AbortSignal.any([over, wanted]))
  try {
    return overTls(target, socket, options)
  } catch (error) {
    // A certificate or key that is none.
    socket.destroy()
    throw error
  }
}

function sendOver(
  { agent, place, headers: own, secure, prefix }: Way,
  { method, path, headers, body }: Outgoing,
  signal: AbortSignal,
  begun: (request: ClientRequest) => void
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const all = { ...own, ...headers, ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }) }
    const send = secure ? https.request : http.request
    const options: Wanted = { ...place, agent, method, path: prefix + path, headers: all, maxHeaderSize: HEAD_MAX, wanted: signal }
    const request = send(options)
    begun(request)
    const end = (): void => {
      // A request that has no connection yet hears of its end only with one.
      reject(signal.reason)
      request.destroy(new Error('no longer wanted'))
    }
    signal.addEventListener('abort', end, { once: true })
    request.on('close', () => signal.removeEventListener('abort', end))
    request.on('error', reject)
    request.on('response', (response) => {
      // Whoever reads is told; nobody need read.
      response.on('error', () => undefined)
      resolve(response)
    })
    request.end(body)
  })
}
