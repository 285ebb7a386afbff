// Random valid exchanges through the whole data plane, in random pieces on both sides: bodies come back byte by byte, and no request is lost or
// doubled. SERIN_SEED picks other ones.

import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { cleanups, cluster, endpoint, forward, plane, table, upstream } from '../proxy-plane.ts'
import { Dice } from '../http1/dice.ts'
import { NodeParsing } from '../http1/llhttp.ts'
import { exchanges, serveEchoes, wrongAnswers, writeInPieces } from './echo-exchanges.ts'
import type { Exchange } from './echo-exchanges.ts'

const SEED = Number(process.env['SERIN_SEED'] ?? 1)
const CONNECTIONS = 2000
const AT_A_TIME = 16

// Sends the requests, one behind the other or each after the answer before it, and reads until all is answered or the connection ends.
function converse(port: number, sent: readonly Exchange[], dice: Dice): Promise<NodeParsing> {
  const oneByOne = dice.chance(0.5)
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    const parsing = new NodeParsing({ type: 'response', toHead: false, toUpgrade: false }, [])
    let asked = 0
    const ask = (): void => {
      const next = oneByOne ? sent.slice(asked, asked + 1) : sent.slice(asked)
      asked += next.length
      void writeInPieces(dice, socket, next.map(({ text }) => text).join(''))
    }
    const finish = (): void => {
      socket.destroy()
      parsing.close()
      resolve(parsing)
    }
    cleanups.push(() => socket.destroy())
    socket.on('data', (piece) => {
      parsing.read(piece)
      const whole = parsing.messages.filter((message) => message.complete).length
      if (whole >= sent.length) finish()
      else if (oneByOne && whole >= asked) ask()
      if (dice.chance(0.1)) {
        socket.pause()
        setImmediate(() => socket.resume())
      }
    })
    socket.on('error', () => undefined)
    socket.on('close', finish)
    socket.on('end', finish)
    ask()
  })
}

test.each(['buffer', 'data'] as const)(
  'bodies come back as sent, each request reaches the server once (reading by %s)',
  async (readMode) => {
    const seen = new Map<string, number>()
    const behind = await upstream((socket) => serveEchoes(socket, (id) => seen.set(id, (seen.get(id) ?? 0) + 1)))
    const { port } = await plane(table([cluster('c', [endpoint(behind)])], [forward([['c', 1]])]), { readMode })
    const problems: string[] = []
    let sent = 0
    let next = 0
    const caller = async (): Promise<void> => {
      while (next < CONNECTIONS && problems.length < 5) {
        const number = next++
        const dice = new Dice(SEED * 1_000_000 + number)
        const requests = exchanges(dice, `c${number}`)
        sent += requests.length
        problems.push(...wrongAnswers(requests, await converse(port, requests, dice)))
        for (const { id } of requests) if (seen.get(id) !== 1) problems.push(`${id} reached the server ${seen.get(id) ?? 0} times`)
        if (number % 500 === 499) process.stderr.write(`${number + 1} connections, ${sent} requests\n`)
      }
    }
    await Promise.all(Array.from({ length: AT_A_TIME }, caller))
    expect(problems).toEqual([])
    expect(seen.size).toBe(sent)
    expect(sent).toBeGreaterThan(CONNECTIONS * 4)
  }
)
