// The destinations of a replay: a real server for each cluster and endpoint address, on loopback, which does what the case says with each
// try and keeps what it saw. One server for each pair tells by which cluster a request came, which no byte of it says.

import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { Act, Headers } from './case-file.ts'
import { MessageReader, valuesOf } from './message.ts'
import type { Message } from './message.ts'
import type { Tempo } from './tempo.ts'

/** A field that ties a request to what arrives of it; the servers take it off again. */
export const TAG = 'x-replay-request'
/** A field of the answers that says which arrival it answers. */
export const ANSWERED = 'x-replay-arrival'

/** One request as an endpoint saw it. */
export interface Arrival {
  readonly order: number
  /** The number of the client's request. */
  readonly tag: number
  readonly cluster: string
  /** As in the configuration. */
  readonly endpoint: string
  readonly at: number
  readonly method: string
  readonly path: string
  readonly authority: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
  /** A mirrored copy. */
  copy: boolean
}

/** What to do with an arrival; also marks copies. */
export type Director = (arrival: Arrival) => Act

/** Nobody listens on the system's port for multiplexing. */
const REFUSED_PORT = 1
const REFUSING = '192.0.2.254'

/** Owns the servers of one case. */
export class Echoes {
  readonly arrivals: Arrival[] = []
  /** Tries at the address that refuses, by the moment. */
  readonly refused: { readonly at: number; readonly cluster: string; readonly endpoint: string }[] = []
  direct: Director = () => ({})
  readonly #tempo: Tempo
  readonly #servers = new Map<string, Server>()
  readonly #sockets = new Set<Socket>()

  constructor(tempo: Tempo) {
    this.#tempo = tempo
  }

  /** A server for an endpoint of a cluster, unless there is one. */
  async add(cluster: string, host: string, port: number): Promise<void> {
    const name = serverName(cluster, host, port)
    if (this.#servers.has(name) || host === REFUSING) return
    const server = createServer({ noDelay: true }, (socket) => this.#accept(socket, cluster, reported(cluster, host, port)))
    this.#servers.set(name, server)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(0, '127.0.0.1', resolve)
    })
  }

  /** Where the endpoint of a cluster really is, at each connection made to it. */
  readonly locate = (host: string, port: number, cluster: string): { readonly host: string; readonly port: number } => {
    this.#tempo.note()
    if (host === REFUSING) {
      this.refused.push({ at: this.#tempo.now(), cluster: plainCluster(cluster), endpoint: `${host}:${port}` })
      return { host: '127.0.0.1', port: REFUSED_PORT }
    }
    const server = this.#servers.get(serverName(cluster, host, port))
    // A listening TCP server has an AddressInfo.
    return { host: '127.0.0.1', port: server === undefined ? REFUSED_PORT : (server.address() as AddressInfo).port }
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all([...this.#servers.values()].map((server) => new Promise((resolve) => server.close(resolve))))
  }

  #accept(socket: Socket, cluster: string, endpoint: string): void {
    const { note } = this.#tempo
    note()
    this.#sockets.add(socket)
    const reader = new MessageReader(
      () => 'own',
      (message) => this.#serve(socket, message, { cluster: plainCluster(cluster), endpoint })
    )
    socket.on('data', (bytes: Buffer) => {
      note()
      reader.push(bytes)
    })
    socket.on('error', note)
    socket.on('close', () => {
      note()
      this.#sockets.delete(socket)
    })
  }

  #serve(socket: Socket, message: Message, at: { readonly cluster: string; readonly endpoint: string }): void {
    const [method = '', path = ''] = message.first.split(' ')
    const arrival: Arrival = {
      ...at,
      order: this.arrivals.length,
      tag: Number(valuesOf(message, TAG)[0] ?? -1),
      at: this.#tempo.now(),
      method,
      path,
      authority: valuesOf(message, 'host').join(','),
      headers: message.headers.filter(([name]) => name !== TAG && name !== 'host'),
      body: message.body,
      copy: false
    }
    this.arrivals.push(arrival)
    this.#answer(socket, arrival, this.direct(arrival))
  }

  #answer(socket: Socket, arrival: Arrival, act: Act): void {
    if (act.reset === true) {
      socket.destroy()
      return
    }
    this.#after(act.delayMs ?? 0, () => {
      const { status = 200 } = act
      const body = status === 204 || status === 304 || arrival.method === 'HEAD' ? '' : 'echo of a replay'
      const length = status === 204 || status === 304 ? '' : `content-length: ${body.length}\r\n`
      const head = `HTTP/1.1 ${status} Answered\r\n${lines(act.headers ?? {})}${ANSWERED}: ${arrival.order}\r\n${length}\r\n`
      const { bodyDelayMs } = act
      if (bodyDelayMs === undefined) return this.#write(socket, head + body)
      this.#write(socket, head + body.slice(0, 4))
      this.#after(bodyDelayMs, () => this.#write(socket, body.slice(4)))
    })
  }

  #after(delay: number, run: () => void): void {
    if (delay === 0) run()
    else this.#tempo.clock.after(delay, run)
  }

  #write(socket: Socket, text: string): void {
    if (!socket.destroyed) socket.write(text, 'latin1')
  }
}

/** The name of a cluster without the namespace of the caller that has a variant of its own. */
export function plainCluster(cluster: string): string {
  return cluster.replace(/@[^|]*$/, '')
}

function serverName(cluster: string, host: string, port: number): string {
  return `${cluster} ${host}:${port}`
}

// Destinations without known addresses stand under the name of their cluster.
function reported(cluster: string, host: string, port: number): string {
  return /^[\d.]+$/.test(host) && cluster !== 'PassthroughCluster' ? `${host}:${port}` : plainCluster(cluster)
}

function lines(headers: Headers): string {
  return Object.entries(headers)
    .flatMap(([name, values]) => [values].flat().map((value) => `${name}: ${value}\r\n`))
    .join('')
}
