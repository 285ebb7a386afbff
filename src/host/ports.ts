// Is an address free, and if not, who holds it? Linux answers "who" from /proc; elsewhere the answer is only "busy".

import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { createServer, isIPv6 } from 'node:net'
import { errnoOf } from './host-error.ts'
import { allPids, nameOf } from './process-table.ts'

/** Who listens on a port. */
export interface PortHolder {
  readonly pid: number
  readonly name: string
}

/** What a look at an address found. */
export type PortState =
  | { readonly kind: 'free' }
  | { readonly kind: 'busy'; readonly holder: PortHolder | undefined }
  | { readonly kind: 'forbidden' }
  | { readonly kind: 'absent'; readonly because: string }

/** Tries to listen on `host` and `port`, and stops at once. */
export async function portState(host: string, port: number): Promise<PortState> {
  const error = await new Promise<Error | undefined>((resolve) => {
    const server = createServer()
    server.once('error', resolve)
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
  if (error === undefined) return { kind: 'free' }
  const code = errnoOf(error)
  if (code === 'EADDRINUSE') return { kind: 'busy', holder: portHolder(host, port) }
  if (code === 'EACCES') return { kind: 'forbidden' }
  return { kind: 'absent', because: error.message }
}

/** One sentence for the user when an address cannot be had; undefined when it is free. */
export function portProblem(host: string, port: number, state: PortState): string | undefined {
  const address = isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`
  switch (state.kind) {
    case 'free':
      return undefined
    case 'busy':
      return state.holder === undefined
        ? `${address} is in use`
        : `${address} is in use by process ${state.holder.pid} (${state.holder.name})`
    case 'forbidden':
      return `${address} cannot be bound by this user`
    case 'absent':
      return `${address} cannot be bound: ${state.because}`
  }
}

/** The process that listens on `port` at `host` or at every address; undefined when none is seen. */
export function portHolder(host: string, port: number): PortHolder | undefined {
  const sockets = listeners().filter((each) => each.port === port && (each.address === host || each.wildcard))
  if (sockets.length === 0) return undefined
  const wanted = new Set(sockets.map((each) => `socket:[${each.inode}]`))
  const pid = allPids().find((each) => socketsOf(each).some((link) => wanted.has(link)))
  return pid === undefined ? undefined : { pid, name: nameOf(pid) }
}

interface Listener {
  readonly address: string
  readonly wildcard: boolean
  readonly port: number
  readonly inode: string
}

// proc(5), /proc/net/tcp: local address in host byte order hex, state 0A is LISTEN, the tenth column is the inode.
function listeners(): Listener[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => {
    const rows = readOrEmpty(path).split('\n').slice(1)
    return rows.flatMap((row) => {
      const columns = row.trim().split(/\s+/)
      const [address = '', port = ''] = (columns[1] ?? '').split(':')
      if (columns[3] !== '0A') return []
      return [{ address: dotted(address), wildcard: /^0+$/.test(address), port: Number.parseInt(port, 16), inode: columns[9] ?? '' }]
    })
  })
}

// IPv4, or IPv4 inside IPv6; other IPv6 addresses are left as they are.
function dotted(hex: string): string {
  const tail = hex.length === 8 || hex.startsWith('0000000000000000FFFF0000') ? hex.slice(-8) : undefined
  if (tail === undefined) return hex
  return [6, 4, 2, 0].map((at) => Number.parseInt(tail.slice(at, at + 2), 16)).join('.')
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => linkOf(`/proc/${pid}/fd/${fd}`))
  } catch {
    return []
  }
}

function linkOf(path: string): string[] {
  try {
    return [readlinkSync(path)]
  } catch {
    return []
  }
}
