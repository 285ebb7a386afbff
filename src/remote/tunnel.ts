// A forward proxy, as calls to it and ways through it need it. Whose address it may have is the caller's.

import type { RequestOptions } from 'node:http'
import https from 'node:https'
import { isIP, type Socket } from 'node:net'
import tls from 'node:tls'

// Not imported: an import of node:http loads undici as well (docs/decisions/068).
const http = process.getBuiltinModule('node:http')

/** Where the server of a URL is: host without brackets, and port. */
export function placeOf({ hostname, port, protocol }: URL): { readonly host: string; readonly port: number } {
  return { host: bare(hostname), port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port) }
}

/** What a proxy is told of who asks, by the credentials in its URL. */
export function proxyCredentials(proxy: URL): Readonly<Record<string, string>> {
  const basic = basicOf(proxy)
  return basic === undefined ? {} : { 'proxy-authorization': basic }
}

/** Basic authorization by the credentials in a URL; undefined without any. */
export function basicOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined
  return `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`
}

/** A connection to the target's host and port through a proxy; `options` are those of a request to it. */
export function tunnel(target: URL, proxy: URL, options: RequestOptions, signal: AbortSignal): Promise<Socket> {
  const { port } = placeOf(target)
  const authority = `${target.hostname}:${port}`
  const send = proxy.protocol === 'https:' ? https.request : http.request
  return new Promise((resolve, reject) => {
    const headers = { host: authority, ...proxyCredentials(proxy) }
    const request = send({ ...placeOf(proxy), agent: false, ...options, method: 'CONNECT', path: authority, headers, signal })
    request.on('connect', ({ statusCode = 0 }, socket) => {
      if (statusCode === 200) return resolve(socket)
      socket.destroy()
      reject(new Error(`its proxy answers ${statusCode}`))
    })
    request.on('response', ({ statusCode = 0 }) => {
      request.destroy()
      reject(new Error(`its proxy answers ${statusCode}`))
    })
    request.on('error', reject)
    request.end()
  })
}

/** TLS with the target over a connection that leads there. */
export function overTls(target: URL, socket: Socket, options: tls.ConnectionOptions): Socket {
  const host = bare(target.hostname)
  return tls.connect({ socket, host, ...(isIP(host) === 0 ? { servername: host } : {}), ALPNProtocols: ['http/1.1'], ...options })
}

/** A hostname of a URL without the brackets of IPv6. */
export function bare(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
}
