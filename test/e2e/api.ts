// The API of an instance over HTTPS, as a program uses it: the address, authority and token of its kubeconfig, one kept-alive agent.

import { readFileSync } from 'node:fs'
import type { ClientRequest } from 'node:http'
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
  /** The objects of a list. */
  list(path: string): Promise<readonly KubeObject[]>
  /**
   * Watches a list, e.g. `/api/v1/namespaces/a/pods`: each state that an object had or gets comes into the list that is returned, so that none
   * is missed for being short or for asking slowly.
   */
  states(path: string): readonly KubeObject[]
  close(): void
}

/** Reads the kubeconfig of a data folder. */
export function apiOf(dir: string): Api {
  const text = readFileSync(join(dir, 'kubeconfig'), 'utf8')
  const field = (name: string): string => new RegExp(`${name}: "?([^"\\s]+)"?`).exec(text)?.[1] ?? ''
  const agent = new Agent({ keepAlive: true, ca: Buffer.from(field('certificate-authority-data'), 'base64') })
  const [server, token] = [field('server'), field('token')]
  const authorization = `Bearer ${token}`
  const call: Api['call'] = (method, path, body) =>
    new Promise((resolve, reject) => {
      const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
      const sent = request(`${server}${path}`, { agent, method, headers: { authorization, 'content-type': type } }, (response) => {
        let answer = ''
        response.setEncoding('utf8').on('data', (part: string) => (answer += part))
        response.once('error', reject)
        // an answer cut off by the end of the server is no answer
        response.once('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(answer) as KubeObject }))
      })
      sent.once('error', reject)
      sent.end(body === undefined ? undefined : JSON.stringify(body))
    })
  const watches: ClientRequest[] = []
  return {
    call,
    list: async (path) => ((await call('GET', path)).body as KubeObject & { readonly items?: readonly KubeObject[] }).items ?? [],
    states: (path) => {
      const seen: KubeObject[] = []
      const sent = request(
        `${server}${path}${path.includes('?') ? '&' : '?'}watch=1`,
        { agent, headers: { authorization } },
        (response) => {
          let rest = ''
          response.setEncoding('utf8').on('data', (part: string) => {
            const lines = (rest + part).split('\n')
            rest = lines.pop() ?? ''
            for (const line of lines) seen.push((JSON.parse(line) as { readonly object: KubeObject }).object)
          })
          response.once('error', () => undefined)
        }
      )
      // It ends with the instance or with the test.
      sent.once('error', () => undefined)
      sent.end()
      watches.push(sent)
      return seen
    },
    close: () => {
      for (const watch of watches) watch.destroy()
      agent.destroy()
    }
  }
}
