// How bytes come from accepted sockets. Node gives `onread` (a reused buffer, no stream events) to sockets one connects, not to those one
// accepts; for these the same fields are set by their symbols, once a loopback test has shown that it works, else 'data' events are used:
// the same parser, more CPU (proxy.md 4 and 9.1).

import { Socket, connect, createServer } from 'node:net'
import type { AddressInfo, Server, ServerOpts, TcpNetConnectOpts } from 'node:net'
import { READ_SIZE } from './buffers.ts'

/** How accepted sockets are read. */
export const READ_MODES = ['buffer', 'data'] as const
export type ReadMode = (typeof READ_MODES)[number]

/** Where sockets come from: the system, unless a test has its own. */
export interface Sockets {
  connect(options: TcpNetConnectOpts): Socket
  createServer(options: ServerOpts, onSocket: (socket: Socket) => void): Server
  /** Calls `work` in a turn of the event loop of its own. */
  soon(work: () => void): void
}

/** Those of the system. */
export const SYSTEM_SOCKETS: Sockets = { connect, createServer, soon: (work) => void setImmediate(work) }

/** Who reads a socket. */
export interface Reading {
  onRead(bytes: Buffer, length: number): void
  /** The buffer for the next read; undefined keeps the current one. Not asked in mode 'data'. */
  nextBuffer(): Buffer | undefined
}

interface Hooks {
  readonly buffer: symbol
  readonly callback: symbol
  readonly generator: symbol
}

type Hooked = Socket & { [key: symbol]: unknown; readonly _handle?: { useUserBuffer?(buffer: Buffer): void } }

const HOOKS = findHooks()

function findHooks(): Hooks | undefined {
  const symbols = Object.getOwnPropertySymbols(new Socket())
  const named = (name: string): symbol | undefined => symbols.find((symbol) => symbol.description === name)
  const buffer = named('kBuffer')
  const callback = named('kBufferCb')
  const generator = named('kBufferGen')
  return buffer === undefined || callback === undefined || generator === undefined ? undefined : { buffer, callback, generator }
}

/** Starts reading a socket that was just accepted, before its first byte can arrive. `first` is where mode 'buffer' reads to. */
export function readAccepted(accepted: Socket, reading: Reading, mode: ReadMode, first: Buffer): void {
  // The fields are Node's own; testReadMode has shown that they are there.
  const socket = accepted as Hooked
  if (mode === 'data' || HOOKS === undefined || socket._handle?.useUserBuffer === undefined) {
    socket.on('data', (bytes: Buffer) => reading.onRead(bytes, bytes.length))
    return
  }
  socket[HOOKS.buffer] = first
  socket[HOOKS.callback] = (length: number, bytes: Buffer) => {
    reading.onRead(bytes, length)
    return true
  }
  socket[HOOKS.generator] = () => reading.nextBuffer()
  socket._handle.useUserBuffer(first)
}

/** Whether mode 'buffer' works here: an echo over loopback through it. Otherwise 'data' must be used. */
export async function testReadMode(): Promise<ReadMode> {
  if (HOOKS === undefined) return 'data'
  const buffer = Buffer.alloc(READ_SIZE)
  const server = createServer({ noDelay: true }, (socket) => {
    const onRead = (bytes: Buffer, length: number): void => {
      if (bytes === buffer) socket.end(bytes.subarray(0, length))
      else socket.destroy()
    }
    socket.on('error', () => socket.destroy())
    readAccepted(socket, { onRead, nextBuffer: () => undefined }, 'buffer', buffer)
  })
  try {
    return await new Promise<ReadMode>((resolve) => {
      server.on('error', () => resolve('data'))
      server.listen(0, '127.0.0.1', () => {
        // A listening TCP server has an AddressInfo.
        const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
        let echoed = ''
        client.setTimeout(2000, () => client.destroy())
        client.on('data', (bytes) => (echoed += bytes.toString('latin1')))
        client.on('error', () => resolve('data'))
        client.on('close', () => resolve(echoed === 'serin' ? 'buffer' : 'data'))
        client.write('serin')
      })
    })
  } finally {
    server.close()
  }
}
