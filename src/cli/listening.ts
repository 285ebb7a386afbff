// Servers of node:http on this machine's own address.

import type http from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { HOST } from './ports.ts'

/** Listens; resolves with the port. Rejects with the system's error. */
export function listen(server: http.Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    // listening, so it has an address
    server.listen(port, HOST, () => resolve((server.address() as AddressInfo).port))
  })
}

/** Ends it, with whatever connections it has. */
export function close(server: http.Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/** A port that nobody has now. */
export async function freePort(host: string): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, host, resolve)
  })
  // listening on a port, so it has an address with one
  const { port } = server.address() as AddressInfo
  await new Promise<void>((resolve) => server.close(() => resolve()))
  return port
}
