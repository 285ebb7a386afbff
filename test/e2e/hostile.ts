// What hostile peers do, for tests: raw bytes to a port, connections that stay, a light load beside them whose every request counts, and
// whether an instance is still as it should be.

import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import tls from 'node:tls'
import { programsOf } from './processes.ts'
import type { Serin } from './serin.ts'

/** Where to send bytes. */
export interface Target {
  readonly address: string
  readonly port: number
  readonly secure: boolean
}

/** The port of a URL as a target; `secure` from its scheme. */
export function targetOf(url: string): Target {
  const { hostname, port, protocol } = new URL(url)
  return { address: hostname, port: Number(port), secure: protocol === 'https:' }
}

/** A connection whose errors are nobody's concern. */
export function dial({ address, port, secure }: Target): Socket {
  const socket = secure
    ? tls.connect({ port, host: address, rejectUnauthorized: false })
    : connect({ port, host: address, noDelay: true, allowHalfOpen: true })
  socket.on('error', () => undefined)
  return socket
}

/** Resolves when bytes can be written, or the connection is gone. */
export function dialled(target: Target): Promise<Socket> {
  const socket = dial(target)
  return new Promise((resolve) => {
    socket.once(target.secure ? 'secureConnect' : 'connect', () => resolve(socket))
    socket.once('close', () => resolve(socket))
  })
}

/** Sends bytes and gives all that comes back until the other side ends; rejects when it does not within 10 s. */
export async function talk(target: Target, bytes: string | Buffer): Promise<string> {
  const socket = await dialled(target)
  return new Promise((resolve, reject) => {
    let text = ''
    const late = setTimeout(() => {
      socket.destroy()
      reject(new Error(`neither answered nor ended: ${JSON.stringify(bytes.toString('latin1').slice(0, 80))} gave ${JSON.stringify(text)}`))
    }, 10_000)
    const done = (): void => {
      clearTimeout(late)
      socket.destroy()
      resolve(text)
    }
    if (socket.destroyed) return done()
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
    socket.on('end', done)
    socket.on('close', done)
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  })
}

/** Status of the first answer in `text`, 0 when there is none. */
export const statusOf = (text: string): number => Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0)
/** What follows the first head in `text`. */
export const bodyOf = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4)

/** An answer over an ordinary client. */
export interface Answer {
  readonly status: number
  readonly text: string
}

/** One request by Node's own client; a failed connection has status 0. */
export function call(url: string, options: https.RequestOptions = {}, body?: string | Buffer): Promise<Answer> {
  return new Promise((resolve) => {
    const { request } = url.startsWith('https') ? https : http
    const sent = request(url, { agent: false, rejectUnauthorized: false, ...options }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      response.on('error', (error) => resolve({ status: 0, text: error.message }))
    })
    sent.on('error', (error) => resolve({ status: 0, text: error.message }))
    sent.end(body)
  })
}

/** The bearer token of an instance. */
export function tokenOf(serin: Serin): string {
  return readFileSync(join(serin.dir, 'token'), 'utf8').trim()
}

/** Requests at a steady rate, whatever becomes of them. */
export interface LightLoad {
  /** Ends it; resolves with how often each outcome was seen, once every request has one. */
  stop(): Promise<Record<string, number>>
}

/** 40 requests a second for `host` through a gateway, over kept connections. */
export function lightLoad(url: string, host: string): LightLoad {
  const agent = new http.Agent({ keepAlive: true })
  const outcomes: Record<string, number> = {}
  const pending = new Set<Promise<void>>()
  const timer = setInterval(() => {
    const one = call(url, { agent, headers: { host } }).then(({ status, text }) => {
      const outcome = status === 0 ? text : String(status)
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
      pending.delete(one)
    })
    pending.add(one)
  }, 25)
  return {
    stop: async () => {
      clearInterval(timer)
      await Promise.all(pending)
      agent.destroy()
      return outcomes
    }
  }
}

/** Process ids of an instance's mesh workers. */
export function workersOf(serin: Serin): number[] {
  return programsOf(serin, 'worker-main')
}

/** Resident memory of a process in MB. */
export function memoryOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readProc(String(pid), 'status'))?.[1]) / 1024
}

function readProc(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    // It ended while we looked.
    return ''
  }
}

/** Lines on an instance's output that no hostile peer may cause. */
export function troubles(serin: Serin): string[] {
  return serin.lines.filter((line) => /unhandled|uncaught|error:|^\s+at |mesh worker|internal error/i.test(line))
}
