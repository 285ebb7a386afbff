// The embedded Kubernetes API over HTTP/1.1 with TLS: listening on loopback, the life of a request, and closing. Nothing it is sent
// may take it down: a request that fails ends in a Status, a broken connection ends alone.

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Status } from '../store/store-request.ts'
import { forbid, refuse } from './access.ts'
import { type ApiPath, parseApiPath } from './api-path.ts'
import type { Identity } from './certificate.ts'
import { describeApi, OpenApiCache } from './describe-api.ts'
import { drained, GUARDED, guardServer, malformed } from './http-guard.ts'
import { serveExec } from './pod-exec.ts'
import { type Exchange, sendStatus } from './respond.ts'
import { findContainer, NO_PODS, type ResourceServices, serveResource } from './serve-resource.ts'
import { failure, NOT_ALLOWED, statusBody } from './status.ts'

// Not imported: an import of node:http loads undici as well (docs/decisions/068).
const http = process.getBuiltinModule('node:http')

/** How to serve. `identity` absent: plain HTTP, for tests behind other transports only. */
export interface ApiServerOptions extends Omit<ResourceServices, 'signal'> {
  /** A loopback address; default 127.0.0.1. */
  readonly host?: string
  /** 0: any free port. */
  readonly port: number
  readonly identity: Identity | undefined
  readonly token: string
  /** Told of failures that are nobody's request: never tokens, never bodies. */
  readonly log?: (line: string) => void
}

/** A server that listens. */
export interface ApiServer {
  readonly url: string
  readonly port: number
  /** Ends watches and logs, lets other requests finish, and stops listening. */
  close(): Promise<void>
}

const LIMITS = {
  ...GUARDED,
  // Go clients keep idle connections for 90 s; ending them first would race their next request.
  keepAliveTimeout: 120_000,
  // How long a client may take to send a request, head first; answers and watches are not limited by these.
  headersTimeout: 20_000,
  requestTimeout: 60_000,
  maxHeaderSize: 64 * 1024
}
const CONNECTIONS_MAX = 2000
const OPEN_PATHS: ReadonlySet<ApiPath['kind']> = new Set(['version', 'health'])

/** Listens, or rejects when the address is not loopback or is taken. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { host = '127.0.0.1' } = options
  if (!/^(127(\.\d{1,3}){3}|::1|localhost)$/.test(host)) throw new Error(`the API listens on loopback only, not on ${host}`)
  const closing = new AbortController()
  const services: ResourceServices = { ...options, signal: closing.signal }
  const cache = new OpenApiCache()
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    void serve(request, response, { options, services, cache })
  }
  const { identity } = options
  const server: Server =
    identity === undefined
      ? http.createServer(LIMITS)
      : createServer({ ...LIMITS, handshakeTimeout: 10_000, cert: identity.certificate, key: identity.key, ALPNProtocols: ['http/1.1'] })
  const upgraded = new Set<Duplex>()
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgraded.add(socket)
    socket.on('close', () => upgraded.delete(socket))
    socket.on('error', () => socket.destroy())
    void upgrade({ request, socket, head }, options, services)
  })
  guardServer(server, { connectionsMax: CONNECTIONS_MAX, body: statusText, listener })
  await listen(server, host, options.port)
  const { port } = server.address() as AddressInfo
  const url = `${identity === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`
  return { url, port, close: () => close(server, closing, upgraded) }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

async function close(server: Server, closing: AbortController, upgraded: ReadonlySet<Duplex>): Promise<void> {
  closing.abort()
  for (const socket of upgraded) socket.destroy()
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
    // What is still open after this is a client that does not read.
    const last = setTimeout(() => server.closeAllConnections(), 2_000)
    server.once('close', () => clearTimeout(last))
  })
}

interface Serving {
  readonly options: ApiServerOptions
  readonly services: ResourceServices
  readonly cache: OpenApiCache
}

// The life of a request: address, access, then the API's description or a resource; any failure ends in a Status.
async function serve(request: IncomingMessage, response: ServerResponse, { options, services, cache }: Serving): Promise<void> {
  const { path, query } = address(request)
  const exchange: Exchange = { request, response, query }
  try {
    const refused = refuse(request.headers, options.token, OPEN_PATHS.has(path.kind))
    if (refused !== undefined) {
      await drained(request)
      await sendStatus(exchange, refused)
    } else if (path.kind === 'resource') await serveResource(exchange, path, services)
    else if (request.method === 'GET') await describeApi(exchange, path, options.backend.kinds(), cache)
    else await sendStatus(exchange, NOT_ALLOWED)
  } catch (error) {
    await answerFailure(exchange, options, error)
  }
}

async function answerFailure(exchange: Exchange, options: ApiServerOptions, error: unknown): Promise<void> {
  const { request, response } = exchange
  // A client that went away needs no answer and is no failure of ours.
  if (request.destroyed && !request.complete) return void response.destroy()
  const message = error instanceof Error ? error.message : String(error)
  options.log?.(`${request.method} ${request.url?.split('?')[0]}: ${error instanceof Error ? (error.stack ?? message) : message}`)
  if (response.headersSent) return void response.destroy()
  await sendStatus(exchange, failure(500, 'InternalError', `Internal error occurred: ${message}`)).catch(() => response.destroy())
}

function address(request: IncomingMessage): { readonly path: ApiPath; readonly query: URLSearchParams } {
  const [path = '', ...query] = (request.url ?? '').split('?')
  return { path: parseApiPath(path), query: new URLSearchParams(query.join('?')) }
}

async function upgrade(
  handshake: { readonly request: IncomingMessage; readonly socket: Duplex; readonly head: Buffer },
  options: ApiServerOptions,
  services: ResourceServices
): Promise<void> {
  const { request, socket } = handshake
  const { path, query } = address(request)
  try {
    const refused = misread(request) ?? refuse(request.headers, options.token, false) ?? refuseUpgrade(request, path)
    if (refused !== undefined) return endWith(socket, refused)
    if (path.kind !== 'resource') return endWith(socket, failure(404, 'NotFound', 'nothing here takes a WebSocket'))
    const found = await findContainer(services, path, query)
    if (!found.ok) return endWith(socket, found.status)
    if (services.pods === undefined) return endWith(socket, NO_PODS)
    const command = path.subresource === 'exec' ? query.getAll('command') : []
    serveExec(handshake, services.pods, { ...found.value, command }, query)
  } catch (error) {
    options.log?.(`upgrade of ${request.url?.split('?')[0]}: ${error instanceof Error ? error.message : String(error)}`)
    socket.destroy()
  }
}

const NO_UPGRADE = failure(404, 'NotFound', 'nothing here takes an upgrade')
const NO_PORT_FORWARD = failure(
  501,
  'NotImplemented',
  "ports are not forwarded: pods run on this machine, so connect to the pod's own address (kubectl get pod -o wide names it)"
)

function refuseUpgrade(request: IncomingMessage, path: ApiPath): Status | undefined {
  if (path.kind !== 'resource' || path.resource !== 'pods') return NO_UPGRADE
  const { subresource } = path
  if (subresource === 'portforward') return NO_PORT_FORWARD
  if (subresource !== 'exec' && subresource !== 'attach') return NO_UPGRADE
  if (request.headers.upgrade?.toLowerCase() !== 'websocket' || request.method !== 'GET') {
    return failure(400, 'BadRequest', 'exec and attach are served over WebSocket only, not over SPDY: use kubectl 1.30 or later')
  }
  if (subresource === 'exec' && !/[?&]command=/.test(request.url ?? '')) {
    return failure(400, 'BadRequest', 'you must specify at least 1 command for the container')
  }
  return forbid(request.headers, 'create', path)
}

function endWith(socket: Duplex, status: Status): void {
  const body = JSON.stringify(statusBody(status))
  const head = `HTTP/1.1 ${status.code} ${http.STATUS_CODES[status.code] ?? 'Refused'}\r\ncontent-type: application/json`
  socket.end(`${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`)
}

function misread(request: IncomingMessage): Status | undefined {
  const problem = malformed(request)
  return problem === undefined ? undefined : failure(problem.status, 'BadRequest', problem.message)
}

function statusText(code: number, message: string): { readonly type: string; readonly text: string } {
  return { type: 'application/json', text: JSON.stringify(statusBody(failure(code, 'BadRequest', message))) }
}
