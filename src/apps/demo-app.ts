// serin/demo: the application that the examples and guides run. Says who it is and what it was sent, calls its upstream when it has one,
// fails and slows as told. PUT /behaviour changes that at run time; kubelet probes are never failed or slowed.

import type { Agent, IncomingMessage, Server, ServerResponse } from 'node:http'
import { type Behaviour, readBehaviour } from './behaviour.ts'

// Not imported: an import of node:http loads undici as well (docs/decisions/068).
const http = process.getBuiltinModule('node:http')

/** Who the application says it is, and whom it calls. */
export interface DemoIdentity {
  readonly app: string
  readonly version: string
  readonly pod: string
  /** Called once for each request and answered from; undefined: nothing is called. */
  readonly upstream: string | undefined
  /** Forward proxy for the upstream call, as in http_proxy. */
  readonly proxy: string | undefined
}

const MAX_BEHAVIOUR_BODY = 64 * 1024
const MAX_UPSTREAM_BODY = 1024 * 1024
const UPSTREAM_TIMEOUT_MS = 30_000

// What an application hands on so that traces and header rules work further down.
const HANDED_ON = /^(x-(?!forwarded|envoy)[\w-]+|traceparent|tracestate|b3|cookie|authorization|end-user)$/

interface Upstream {
  readonly status: number
  readonly body: unknown
}

/** The application as a server, not yet listening. `draw` decides which requests fail. */
export function demoApp(identity: DemoIdentity, start: Behaviour, draw: () => number): Server {
  let behaviour = start
  // An agent of its own: Node's global one may proxy by itself, and the call below already does.
  const agent = new http.Agent({ keepAlive: true })
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url === '/behaviour' && request.method === 'PUT') {
      const next = readBehaviour(await readJson(request), behaviour)
      if (typeof next === 'string') return send(response, 400, { error: next })
      behaviour = next
      return send(response, 200, { errorRate: behaviour.errorRate, errorStatus: behaviour.errorStatus, latencyMs: behaviour.latency })
    }
    request.resume()
    const probe = request.headers['user-agent']?.startsWith('kube-probe/') === true
    if (!probe && behaviour.latency > 0) await new Promise((resolve) => setTimeout(resolve, behaviour.latency))
    const failed = !probe && draw() < behaviour.errorRate
    const self = {
      app: identity.app,
      version: identity.version,
      pod: identity.pod,
      method: request.method,
      path: request.url,
      headers: request.headers
    }
    if (failed) return send(response, behaviour.errorStatus, { ...self, error: 'failed as ERROR_RATE says' })
    if (identity.upstream === undefined || pathOf(request) === '/health') return send(response, 200, self)
    const upstream = await callUpstream({ url: identity.upstream, proxy: identity.proxy, agent }, request)
    send(response, upstream.status >= 500 ? 502 : 200, { ...self, upstream: upstream.body })
  }
  return http.createServer((request, response) => {
    answer(request, response).catch((error: unknown) => send(response, 500, { error: String(error) }))
  })
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] ?? '/'
}

interface UpstreamCall {
  readonly url: string
  readonly proxy: string | undefined
  readonly agent: Agent
}

function callUpstream({ url, proxy, agent }: UpstreamCall, request: IncomingMessage): Promise<Upstream> {
  const target = new URL(url)
  const handedOn = Object.entries(request.headers).filter(([name]) => HANDED_ON.test(name))
  const headers = { ...Object.fromEntries(handedOn), host: target.host }
  const to = proxy === undefined ? target : new URL(proxy)
  const path = proxy === undefined ? target.pathname + target.search : target.href
  return new Promise((resolve) => {
    const call = http.request(
      { host: to.hostname, port: to.port || 80, path, headers, agent, timeout: UPSTREAM_TIMEOUT_MS },
      (response) => {
        readText(response, MAX_UPSTREAM_BODY).then(
          (text) => resolve({ status: response.statusCode ?? 502, body: parsed(text) }),
          (error: unknown) => resolve({ status: 502, body: { error: String(error) } })
        )
      }
    )
    call.on('timeout', () => call.destroy(new Error(`no answer from ${url} in ${UPSTREAM_TIMEOUT_MS} ms`)))
    call.on('error', (error) => resolve({ status: 502, body: { error: `${url}: ${error.message}` } }))
    call.end()
  })
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  return parsed(await readText(request, MAX_BEHAVIOUR_BODY))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

async function readText(stream: IncomingMessage, max: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream) {
    const bytes = chunk as Buffer // no encoding is set on the stream
    size += bytes.length
    if (size > max) throw new Error(`body above ${max} bytes`)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString()
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent) return
  const text = `${JSON.stringify(body)}\n`
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text)
}
