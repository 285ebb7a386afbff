// The webhooks and the Prometheus that a rollout asks: each path says yes until it is told to fail, and when it first did.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Stage } from './stage.ts'

/** What the paths say: `/metric` 100 or 0 as Prometheus, `/verdict` 403 or 200, `/closed` always 403, `/hanging` 200 or nothing, all others 200 or 500. */
export interface CheckServer {
  readonly url: string
  /** Has a path fail from now on; resolves with the moment before its first such answer. */
  fails(name: string): Promise<number>
  recovers(name: string): void
}

/** Starts it in this process, until the stage is taken down. */
export async function startCheckServer(stage: Stage): Promise<CheckServer> {
  const failing = new Map<string, (at: number) => void>()
  const server = createServer((request, response) => {
    const [, name = '', ...more] = new URL(request.url ?? '', 'http://checks').pathname.split('/')
    const fails = failing.get(name)
    const { status, body } = answerOf(name, fails !== undefined, more.join('/'))
    request.resume()
    if (fails !== undefined && !isProbe(request.url ?? '')) fails(performance.now())
    // The caller ends it.
    if (fails !== undefined && name === 'hanging') return
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stage.atEnd(() => server.closeAllConnections())
  stage.atEnd(() => server.close())
  // A listening TCP server has an AddressInfo.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    fails: (name) => new Promise((resolve) => failing.set(name, resolve)),
    recovers: (name) => void failing.delete(name)
  }
}

// Whether Prometheus is there at all, which is asked at the beginning of a run.
const isProbe = (url: string): boolean => url.includes('vector')

function answerOf(name: string, fails: boolean, more: string): { readonly status: number; readonly body: string } {
  if (name === 'closed') return { status: 403, body: '{}' }
  if (name === 'verdict') return { status: fails ? 200 : 403, body: '{}' }
  if (name === 'metric' || more !== '') return { status: 200, body: vector(fails ? 0 : 100) }
  return { status: fails ? 500 : 200, body: '{}' }
}

const vector = (value: number): string =>
  JSON.stringify({ status: 'success', data: { resultType: 'vector', result: [{ metric: {}, value: [Date.now() / 1000, String(value)] }] } })
