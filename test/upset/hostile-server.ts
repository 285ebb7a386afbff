// An endpoint whose every connection plays a script: what it reads, says and breaks.

import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import type { Tempo } from '../observed/tempo.ts'
import { Gone, Peer } from './peer.ts'
import type { Wires } from './wires.ts'

/** What one connection does; `number` counts connections from 1. A connection that goes ends its script. */
export type Serve = (peer: Peer, number: number) => Promise<void>

interface World {
  readonly tempo: Tempo
  readonly wires: Wires
}

/** Owns a listening socket and its connections. */
export class HostileServer {
  /** All connections there were. */
  readonly peers: Peer[] = []
  readonly #server: Server
  /** What a script threw: it is the test that is wrong. */
  readonly failures: unknown[] = []

  private constructor({ tempo, wires }: World, serve: Serve) {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      wires.add(socket)
      const peer = new Peer(socket, tempo)
      this.peers.push(peer)
      tempo.note()
      serve(peer, this.peers.length).catch((error: unknown) => {
        if (!(error instanceof Gone)) this.failures.push(error)
      })
    })
  }

  static async open(world: World, serve: Serve): Promise<HostileServer> {
    const server = new HostileServer(world, serve)
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  get port(): number {
    // A listening TCP server has an AddressInfo.
    return (this.#server.address() as AddressInfo).port
  }

  /** Connections that neither side has closed. */
  get open(): number {
    return this.peers.filter(({ closed, ended }) => !closed && !ended).length
  }

  /** Everything that was read, connection by connection. */
  get text(): string {
    return this.peers.map(({ text }) => text).join('')
  }

  /** How often a request line began so. */
  count(start: string): number {
    return this.text.split(`${start} `).length - 1
  }

  /** From now on connections are refused. */
  refuse(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      for (const peer of this.peers) peer.close()
    })
  }
}
