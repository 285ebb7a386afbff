// Servers that answer when they are told to, and count what they are asked meanwhile.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Tally } from './tally.ts'

/** A server on loopback. */
export interface CountedServer {
  readonly port: number
  /** Resolves when it has at least so many requests at a time. */
  busy(least: number): Promise<void>
  /** The most requests it had at a time. */
  most(): number
  close(): void
}

/** Every answer is 200 with this body. */
export const ANSWER = 'answered'

/** Hands the answer to each request to `hear`, to give it once and whenever it likes. */
export async function countedServer(hear: (answer: () => void) => void): Promise<CountedServer> {
  const tally = new Tally()
  let most = 0
  const server = createServer((_, response) => {
    tally.add('busy')
    most = Math.max(most, tally.of('busy'))
    let open = true
    // Before the answer is sent: who has it may ask the next thing.
    const over = (): void => {
      if (open) tally.add('busy', -1)
      open = false
    }
    response.once('close', over)
    hear(() => {
      over()
      response.end(ANSWER)
    })
  })
  // Connections end with the server: none goes because a test is slow.
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, resolve))
  return {
    // listening, so it has an address
    port: (server.address() as AddressInfo).port,
    busy: (least) => tally.reached('busy', least),
    most: () => most,
    close: () => {
      server.closeAllConnections()
      server.close()
    }
  }
}

/** A server whose answers can be held back. */
export interface HeldServer extends CountedServer {
  /** No request that comes from now on is answered. */
  hold(): void
  /** All that wait are answered, and all that come. */
  release(): void
}

/** It holds nothing at first. */
export async function heldServer(): Promise<HeldServer> {
  const held: (() => void)[] = []
  let holds = false
  const server = await countedServer((answer) => void (holds ? held.push(answer) : answer()))
  return {
    ...server,
    hold: () => (holds = true),
    release: () => {
      holds = false
      for (const answer of held.splice(0)) answer()
    }
  }
}
