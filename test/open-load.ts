// An open load: requests begin at a rate, whatever became of those before them. And a slow server of a known capacity behind a mesh.

import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What an open load is: `url` through `proxy`, or asked directly with its own host. */
export interface OpenLoad {
  readonly proxy: string
  readonly url: string
  /** Requests a second. */
  readonly rate: number
  /** Milliseconds. */
  readonly time: number
  /** How long a client waits for its answer before it goes; absent: for ever. */
  readonly patience?: number
}

/** How the requests of a load ended, by status and body; `0 CODE` where there was no answer. */
export type Fates = ReadonlyMap<string, number>

const TICK = 10

/** Resolves when every request is over. */
export async function openLoad({ proxy, url, rate, time, patience }: OpenLoad): Promise<Fates> {
  const fates = new Map<string, number>()
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
  const under: Promise<void>[] = []
  const began = performance.now()
  const ask = async (): Promise<void> => {
    const fate = await askOnce({ proxy, url, agent, ...(patience === undefined ? {} : { patience }) })
    fates.set(fate, (fates.get(fate) ?? 0) + 1)
  }
  for (let passed = 0; passed < time; passed = performance.now() - began) {
    // What a late tick missed is made up for.
    while (under.length < (rate * passed) / 1000) under.push(ask())
    await new Promise((resolve) => setTimeout(resolve, TICK))
  }
  await Promise.all(under)
  agent.destroy()
  return fates
}

/** One request. */
export interface Asking extends Pick<OpenLoad, 'proxy' | 'url' | 'patience'> {
  readonly agent: Agent | false
}

/** The fate of one request; that of a client that went is `0 gone`. */
export function askOnce({ proxy, url, agent, patience }: Asking): Promise<string> {
  const { hostname, port } = new URL(proxy)
  return new Promise((resolve) => {
    const asking = request({ host: hostname, port, path: url, headers: { host: new URL(url).host }, agent }, (response) => {
      let text = ''
      response.setEncoding('latin1').on('data', (part: string) => (text += part))
      response.once('end', () => resolve(`${response.statusCode ?? 0} ${text}`))
      response.once('error', (error) => resolve(`0 ${error.message}`))
    })
    asking.once('error', (error: NodeJS.ErrnoException) => resolve(`0 ${error.code ?? error.message}`))
    asking.end()
    if (patience === undefined) return
    const impatient = setTimeout(() => {
      resolve('0 gone')
      asking.destroy()
    }, patience)
    asking.once('close', () => clearTimeout(impatient))
  })
}

/** A server that takes its time. */
export interface SlowServer {
  readonly port: number
  /** The most requests it had at a time. */
  readonly most: () => number
  close(): void
}

/** Answers each request `slow` after so many milliseconds. */
export async function slowServer(delay: number): Promise<SlowServer> {
  let [busy, most] = [0, 0]
  const server = createServer((_, response) => {
    most = Math.max(most, ++busy)
    setTimeout(() => {
      busy--
      response.end('slow')
    }, delay)
  })
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, resolve))
  return {
    // listening, so it has an address
    port: (server.address() as AddressInfo).port,
    most: () => most,
    close: () => {
      server.closeAllConnections()
      server.close()
    }
  }
}
