// The admin port: metrics for Prometheus and health for scripts. Read-only, loopback only, small answers.

import http from 'node:http'
import { EXPOSITION_TYPE } from '../metrics/exposition.ts'
import { drained, GUARDED, guardServer } from '../server/http-guard.ts'

/** What the port shows. */
export interface AdminView {
  /** Prometheus text of everything counted so far. */
  metrics(): Promise<string>
  /** A line for everything that should run and does not; empty while all does. */
  troubles(): readonly string[]
  /** Whether what was asked for at the start is in force. */
  ready(): boolean
}

/** The server, not yet listening. */
export function adminServer(view: AdminView): http.Server {
  const server = http.createServer({ ...GUARDED, maxHeaderSize: 16 * 1024, requestTimeout: 10_000 })
  guardServer(server, {
    connectionsMax: 256,
    body: (_, message) => ({ type: TEXT, text: `${message}\n` }),
    listener: (request, response) => {
      const answered = drained(request).then(() => answer(view, request))
      answered.then(
        ({ status, type, body }) =>
          response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body),
        (error: unknown) => response.writeHead(500, { 'content-type': TEXT }).end(`${String(error)}\n`)
      )
    }
  })
  return server
}

const TEXT = 'text/plain; charset=utf-8'

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

async function answer(view: AdminView, request: http.IncomingMessage): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return text(405, 'only GET is answered here')
  const path = (request.url ?? '/').split('?', 1)[0]
  if (path === '/metrics') return { status: 200, type: EXPOSITION_TYPE, body: await view.metrics() }
  if (path === '/healthz') return health(view.troubles())
  if (path === '/readyz') return health([...(view.ready() ? [] : ['starting']), ...view.troubles()])
  return text(404, 'not found: /metrics, /healthz and /readyz are here')
}

function health(troubles: readonly string[]): Answer {
  return troubles.length === 0 ? text(200, 'ok') : text(503, troubles.join('\n'))
}

function text(status: number, line: string): Answer {
  return { status, type: TEXT, body: `${line}\n` }
}
