// One request through a forward proxy of the mesh, on a connection of its own.

import { request } from 'node:http'

/** What came back; status 0 with the reason when nothing did. */
export interface MeshAnswer {
  readonly status: number
  readonly text: string
}

/** GET `url` through `proxy` (a URL); `began` is called at the first byte of the body. Never rejects. */
export function fetchThrough(
  proxy: string,
  url: string,
  began?: () => void,
  headers: Readonly<Record<string, string>> = {}
): Promise<MeshAnswer> {
  const { hostname, port } = new URL(proxy)
  return new Promise((resolve) => {
    const failed = (error: Error): void => resolve({ status: 0, text: error.message })
    const sent = request(
      { host: hostname, port, path: url, headers: { host: new URL(url).host, ...headers }, agent: false },
      (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part
          began?.()
        })
        response.once('error', failed)
        response.once('end', () => resolve({ status: response.statusCode ?? 0, text }))
      }
    )
    sent.once('error', failed)
    sent.end()
  })
}
