// A steady load for looking at failures: callers that ask the same thing again and again, on kept connections or each time on a new one, and
// remember of every request when it began and what became of it.

import { Agent, request } from 'node:http'
import type { ClientRequest } from 'node:http'

/** answered: with 200 to its end. refused: there was no connection. lost: there was one, and no answer of 200. */
export type Fate = 'answered' | 'refused' | 'lost'

/** One request; times as performance.now gives them. */
export interface Asked {
  readonly began: number
  readonly over: number
  readonly fate: Fate
  /** On a connection of its own, or the first on a kept one. */
  readonly fresh: boolean
  /** Of an answer that is not 200, and what was wrong otherwise. */
  readonly status: number
  readonly error: string
}

/** A load that goes on until it is stopped. */
export interface Steady {
  /** Every request that is over. */
  readonly asked: readonly Asked[]
  /** Resolves when so many more were answered. */
  more(count: number): Promise<void>
  /** Resolves when every caller's last request is over. */
  stop(): Promise<void>
}

/** Starts so many callers, every second of which keeps its connection. */
export function steady(port: number, callers: number, host = 'shop.test', path = '/main'): Steady {
  const asked: Asked[] = []
  let answered = 0
  const load = { on: true }
  const wanted = new Set<() => void>()
  const call = async (kept: boolean): Promise<void> => {
    const agent = new Agent({ keepAlive: kept, maxSockets: 1 })
    while (load.on) {
      const one = await ask(port, { agent, host, path })
      asked.push(one)
      if (one.fate === 'answered') answered++
      for (const look of wanted) look()
    }
    agent.destroy()
  }
  const calling = Array.from({ length: callers }, (_, at) => call(at % 2 === 0))
  return {
    asked,
    more: (count) => {
      const goal = answered + count
      return new Promise((resolve) => {
        const look = (): void => {
          if (answered < goal) return
          wanted.delete(look)
          resolve()
        }
        wanted.add(look)
      })
    },
    stop: async () => {
      load.on = false
      await Promise.all(calling)
    }
  }
}

interface Way {
  readonly agent: Agent
  readonly host: string
  readonly path: string
}

function ask(port: number, { agent, host, path }: Way): Promise<Asked> {
  const began = performance.now()
  return new Promise((resolve) => {
    let status = 0
    let whole = false
    let error = ''
    const sending: ClientRequest = request({ port, host: '127.0.0.1', agent, path, headers: { host, 'x-do': 'answer', 'x-size': '100' } })
    sending.on('response', (response) => {
      status = response.statusCode ?? 0
      response.on('error', (cause: NodeJS.ErrnoException) => (error = cause.code ?? cause.message))
      response.on('end', () => (whole = true))
      response.resume()
    })
    sending.on('error', (cause: NodeJS.ErrnoException) => (error = cause.code ?? cause.message))
    sending.on('close', () => {
      const fate = status === 200 && whole ? 'answered' : error === 'ECONNREFUSED' ? 'refused' : 'lost'
      resolve({ began, over: performance.now(), fate, fresh: !sending.reusedSocket, status, error })
    })
    sending.end()
  })
}
