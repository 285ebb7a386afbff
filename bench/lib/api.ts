// Calls of a running instance's API, on one connection that stays.

import { readFileSync } from 'node:fs'
import https from 'node:https'
import { join } from 'node:path'
import type { Serin } from '../../test/e2e/serin.ts'

/** `at`: when the head of the answer was here. Rejects with the answer when it is not 2xx. */
export type Call = (method: string, path: string, body?: object) => Promise<{ readonly at: number; readonly body: unknown }>

/** The API of an instance, as its kubeconfig says. */
export function apiOf(serin: Serin): Call {
  const config = readFileSync(join(serin.dir, 'kubeconfig'), 'utf8')
  const token = /token: "(.*)"/.exec(config)?.[1] ?? ''
  const ca = Buffer.from(/certificate-authority-data: (.*)/.exec(config)?.[1] ?? '', 'base64')
  const agent = new https.Agent({ keepAlive: true, ca })
  return (method, path, body) =>
    new Promise((resolve, reject) => {
      const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
      const headers = { authorization: `Bearer ${token}`, 'content-type': type }
      const request = https.request(new URL(path, serin.addresses.api), { method, agent, headers }, (response) => {
        const at = performance.now()
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        response.on('end', () => ((response.statusCode ?? 500) < 300 ? resolve({ at, body: JSON.parse(text) }) : reject(new Error(text))))
      })
      request.on('error', reject)
      request.end(body === undefined ? undefined : JSON.stringify(body))
    })
}
