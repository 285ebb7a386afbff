// The API of an instance over HTTPS, as a program uses it: the address, authority and token of its kubeconfig, one kept-alive agent.

import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import type { KubeObject } from '../../src/api/object.ts'

/** What came back. */
export interface ApiAnswer {
  readonly status: number
  readonly body: KubeObject
}

/** One instance's API. */
export interface Api {
  /** Rejects only when there is no answer. The body of a PATCH is a merge patch. */
  call(method: string, path: string, body?: unknown): Promise<ApiAnswer>
  close(): void
}

/** Reads the kubeconfig of a data folder. */
export function apiOf(dir: string): Api {
  const text = readFileSync(join(dir, 'kubeconfig'), 'utf8')
  const field = (name: string): string => new RegExp(`${name}: "?([^"\\s]+)"?`).exec(text)?.[1] ?? ''
  const agent = new Agent({ keepAlive: true, ca: Buffer.from(field('certificate-authority-data'), 'base64') })
  const [server, token] = [field('server'), field('token')]
  return {
    call: (method, path, body) =>
      new Promise((resolve, reject) => {
        const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
        const headers = { authorization: `Bearer ${token}`, 'content-type': type }
        const sent = request(`${server}${path}`, { agent, method, headers }, (response) => {
          let answer = ''
          response.setEncoding('utf8').on('data', (part: string) => (answer += part))
          response.once('error', reject)
          // an answer cut off by the end of the server is no answer
          response.once('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(answer) as KubeObject }))
        })
        sent.once('error', reject)
        sent.end(body === undefined ? undefined : JSON.stringify(body))
      }),
    close: () => agent.destroy()
  }
}
