// The admin port: metrics for Prometheus, health for scripts, and what Envoy's admin port shows. Read-only, loopback only.

import type { IncomingMessage, Server } from 'node:http'
import { EXPOSITION_TYPE } from '../metrics/exposition.ts'
import { drained, GUARDED, guardServer } from '../server/http-guard.ts'
import { type AdminAnswer, sendAnswer, textAnswer as text } from './admin-answer.ts'

// Not imported: an import of node:http loads undici as well (docs/decisions/068).
const http = process.getBuiltinModule('node:http')

/** What the port shows. */
export interface AdminView {
  /** Prometheus text of everything counted so far. */
  metrics(): Promise<string | Iterable<string>>
  /** The answer to a path of Envoy's admin port. */
  envoy?(path: string, query: URLSearchParams): Promise<AdminAnswer | undefined>
  /** A line for everything that should run and does not; empty while all does. */
  troubles(): readonly string[]
  /** Whether what was asked for at the start is in force. */
  ready(): boolean
}

/** The server, not yet listening. */
export function adminServer(view: AdminView): Server {
  const server = http.createServer({ ...GUARDED, maxHeaderSize: 16 * 1024, requestTimeout: 10_000 })
  guardServer(server, {
    connectionsMax: 256,
    body: (_, message) => ({ type: TEXT, text: `${message}\n` }),
    listener: (request, response) => {
      const answered = drained(request).then(() => answer(view, request))
      answered.then(
        (sent) => sendAnswer(request, response, sent),
        (error: unknown) => response.writeHead(500, { 'content-type': TEXT }).end(`${String(error)}\n`)
      )
    }
  })
  return server
}

const TEXT = 'text/plain; charset=utf-8'

async function answer(view: AdminView, request: IncomingMessage): Promise<AdminAnswer> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return text(405, 'only GET is answered here')
  const [path = '/', query = ''] = (request.url ?? '/').split('?', 2)
  if (path === '/metrics') return { status: 200, type: EXPOSITION_TYPE, body: await view.metrics() }
  if (path === '/healthz') return health(view.troubles())
  if (path === '/readyz') return health([...(view.ready() ? [] : ['starting']), ...view.troubles()])
  const found = await view.envoy?.(path, new URLSearchParams(query))
  return found ?? text(404, 'not found: /metrics, /healthz and /readyz are here, and of Envoy /stats, /stats/prometheus, /clusters')
}

function health(troubles: readonly string[]): AdminAnswer {
  return troubles.length === 0 ? text(200, 'ok') : text(503, troubles.join('\n'))
}
