// Requests as callers inside and outside the mesh send them, and answers counted by the version that gave them.

import http from 'node:http'
import { expect } from 'vitest'
import type { Serin } from './serin.ts'

/** A request to a name in the mesh, or to a host behind the gateway. */
export interface Request {
  readonly url: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** A whole answer. */
export interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

/** Sends one request. */
export type Send = (request: Request) => Promise<Answer>

const AT_A_TIME = 8
const agent = new http.Agent({ keepAlive: true, maxSockets: AT_A_TIME })

/** As a program with http_proxy set sends it: absolute form, to the proxy for shells. */
export function throughMesh({ addresses }: Pick<Serin, 'addresses'>): Send {
  return (request) => send(new URL(addresses.mesh), new URL(request.url).href, request)
}

/** As a browser sends it when the host's name leads to the gateway. */
export function throughGateway({ addresses }: Pick<Serin, 'addresses'>): Send {
  return (request) => {
    const { pathname, search } = new URL(request.url)
    return send(new URL(addresses.http), pathname + search, request)
  }
}

function send(to: URL, path: string, { url, method = 'GET', headers = {}, body = '' }: Request): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = { host: new URL(url).host, ...(body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) }), ...headers }
    const request = http.request({ host: to.hostname, port: to.port, path, method, headers: sent, agent }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
      response.on('error', reject)
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** What the demo application says of a request it got. */
export interface Echo {
  readonly app: string
  readonly version: string
  readonly pod: string
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

/** The demo application's answer; fails the test when it is another one. */
export function echoOf(answer: Answer): Echo {
  expect(answer.status, answer.body).toBe(200)
  // the demo application's own form
  return JSON.parse(answer.body) as Echo
}

/** Version that answered, or status and body of another answer. */
export function wordOf(answer: Answer): string {
  return answer.status === 200 ? echoOf(answer).version : `${answer.status} ${answer.body}`.trim()
}

/** Sends `count` requests, several at a time, and counts the answers' words. */
export async function tally(count: number, one: () => Promise<Answer>): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  let left = count
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      const word = wordOf(await one())
      counts[word] = (counts[word] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, caller))
  return counts
}

/** Holds that `word` has the share `share` of all answers, within 4 standard deviations. */
export function expectShare(counts: Readonly<Record<string, number>>, word: string, share: number): void {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const deviation = Math.sqrt(total * share * (1 - share))
  expect(Math.abs((counts[word] ?? 0) - total * share), JSON.stringify(counts)).toBeLessThanOrEqual(4 * deviation)
}
