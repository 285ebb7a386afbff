// Requests of a mixed load over node:http and over bare sockets, and what became of them.

import { Agent, request } from 'node:http'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Ledger } from './ledger.ts'
import { HOST } from './table.ts'

/** A request; without an agent over a connection of its own. */
export interface Asked {
  readonly port: number
  readonly method: string
  readonly path: string
  readonly host?: string
  readonly fields?: Readonly<Record<string, string>>
  readonly agent?: Agent | undefined
  /** Sent in pieces of at most 16 KB: chunked unless the fields say its length. */
  readonly body?: Buffer
  /** Reads the answer's head, and leaves. */
  readonly leavesIn?: 'answer'
  /** Leaves when this resolves. */
  readonly leavesAfter?: Promise<void>
}

/** status 0: there was no answer. */
export interface Got {
  readonly status: number
  /** Bytes of the body. */
  readonly size: number
  /** Not to its end. */
  readonly cut: boolean
  /** The server that answered. */
  readonly server: string
  /** Bytes of the request's body that it read. */
  readonly read: string
}

const NOTHING: Got = { status: 0, size: 0, cut: true, server: '', read: '' }
/** No request of the load may take this long. */
const HUNG = 60_000

/** Opens a connection that the ledger counts. */
export function open(ledger: Ledger, port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  socket.once('connect', () => (ledger.connections += 1))
  socket.on('error', () => undefined)
  return socket
}

/** One connection at a time, kept. */
export function keeper(ledger: Ledger, port: number): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  agent.createConnection = () => open(ledger, port)
  return agent
}

/** Sends a request; resolves when it is over in every way: with its answer, or without. */
export function ask(ledger: Ledger, asked: Asked): Promise<Got> {
  const { port, method, path, host = HOST, fields = {}, agent, body } = asked
  return new Promise((resolve) => {
    const sending = request({
      method,
      path,
      setHost: false,
      headers: { host, ...fields, ...(agent === undefined ? { connection: 'close' } : {}) },
      ...(agent === undefined ? { createConnection: () => open(ledger, port) } : { agent })
    })
    let got = NOTHING
    const hung = setTimeout(() => {
      ledger.problems.push(`${method} ${path} hangs`)
      sending.destroy()
    }, HUNG)
    sending.on('response', (response) => {
      got = { ...NOTHING, ...headOf(response) }
      let size = 0
      response.on('error', () => undefined)
      response.on('data', (bytes: Buffer) => {
        size += bytes.length
        got = { ...got, size }
        if (asked.leavesIn === 'answer') leave(sending)
      })
      response.on('end', () => (got = { ...got, cut: !response.complete }))
    })
    sending.on('error', () => undefined)
    sending.on('close', () => {
      clearTimeout(hung)
      resolve(got)
    })
    if (asked.leavesAfter !== undefined) void asked.leavesAfter.then(() => leave(sending))
    if (fields['expect'] === undefined) send(sending, body)
    else sending.on('continue', () => send(sending, body))
  })
}

function headOf({ statusCode = 0, headers }: IncomingMessage): Pick<Got, 'status' | 'server' | 'read'> {
  const text = (value: string | string[] | undefined): string => (typeof value === 'string' ? value : '')
  return { status: statusCode, server: text(headers['x-server']), read: text(headers['x-read']) }
}

// An end of the connection alone may mean that its sender still listens.
function leave(sending: ClientRequest): void {
  sending.socket?.resetAndDestroy()
  sending.destroy()
}

const PIECE = 16_384

function send(sending: ClientRequest, body: Buffer | undefined): void {
  if (body === undefined) return void sending.end()
  for (let at = 0; at < body.length; at += PIECE) sending.write(body.subarray(at, at + PIECE))
  sending.end()
}

/** Sends bytes on a connection of their own; resolves with what came until the mesh closed, or until `enough`, and closes. */
export function say(ledger: Ledger, port: number, text: string, enough: (text: string) => boolean = () => false): Promise<string> {
  return new Promise((resolve) => {
    const socket = open(ledger, port)
    let heard = ''
    const hung = setTimeout(() => {
      ledger.problems.push(`no end after ${JSON.stringify(text)}: ${JSON.stringify(heard)}`)
      socket.destroy()
    }, HUNG)
    socket.on('data', (bytes) => {
      heard += bytes.toString('latin1')
      if (enough(heard)) socket.destroy()
    })
    socket.on('close', () => {
      clearTimeout(hung)
      resolve(heard)
    })
    socket.write(text, 'latin1')
  })
}
