import { type AddressInfo, type Server, createServer } from 'node:net'
import { expect, test } from 'vitest'
import { answerIn } from './answer.ts'
import { steady } from './steady.ts'
import type { SteadyReport } from './steady.ts'

const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nv1'

// A server that gives each request, one write each, to `answer`; resolves with its port.
async function serving(answer: (number: number, say: (text: string) => void, close: () => void) => void): Promise<[Server, number]> {
  let count = 0
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('data', () =>
      answer(
        ++count,
        (text) => socket.write(text),
        () => socket.destroy()
      )
    )
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return [server, (server.address() as AddressInfo).port]
}

const PLAN = { request: 'GET / HTTP/1.1\r\nhost: a\r\n\r\n', rate: 1000, connections: 4 }

test('an answer is whole when its body is', () => {
  expect(answerIn(Buffer.from(ANSWER))).toEqual({ status: 200, body: 'v1', length: ANSWER.length })
  for (let cut = 0; cut < ANSWER.length; cut += 1) expect(answerIn(Buffer.from(ANSWER.slice(0, cut)))).toBeUndefined()
  expect(() => answerIn(Buffer.from('HTTP/1.1 200 OK\r\n\r\n'))).toThrow('Content-Length')
})

test('every request is answered, lost ones and other statuses are counted apart', async () => {
  const end = new AbortController()
  const [server, port] = await serving((number, say, close) => {
    if (number === 40) end.abort()
    if (number === 10) return close()
    say(number === 20 ? ANSWER.replace('200', '503') : ANSWER)
  })
  const bodies: string[] = []
  const report = await steady({ ...PLAN, port, signal: end.signal, onAnswer: (_, __, body) => void bodies.push(body) })
  server.close()
  expect(report.bad).toBe(2)
  expect(report.good).toBe(report.sent - 2)
  expect(bodies).toHaveLength(report.sent - 1)
  expect(new Set(bodies)).toEqual(new Set(['v1']))
})

// 4 ms after its start a run has used its four connections, and nobody is answered until 60 ms later.
async function stalled(then: (number: number, end: AbortController) => void): Promise<SteadyReport> {
  const end = new AbortController()
  const held: (() => void)[] = []
  let time = 0
  const now = (): number => {
    const read = time
    if (time === 0) time = 4
    return read
  }
  const [server, port] = await serving((number, say) => {
    held.push(() => say(ANSWER))
    if (number < PLAN.connections) return
    time = 64
    then(number, end)
    for (const release of held.splice(0)) release()
  })
  const report = await steady({ ...PLAN, port, signal: end.signal, now })
  server.close()
  return report
}

test('requests that wait for an answer on every connection are late, and their waiting counts', async () => {
  const { sent, good, bad, unsent, latency, lateness } = await stalled((number, end) => {
    if (number === 64) end.abort()
  })
  expect([sent, good, bad, unsent]).toEqual([64, 64, 0, 0])
  // The first was due after 1 ms and sent with the fourth; the fifth had to wait for the end of the stall.
  expect([latency.max, lateness.max]).toEqual([63, 59])
})

test('what is due when the end comes and waits for a connection is still sent', async () => {
  const { sent, good, bad, unsent, latency, lateness } = await stalled((_, end) => end.abort())
  expect([sent, good, bad, unsent]).toEqual([64, 64, 0, 0])
  expect([latency.max, lateness.max]).toEqual([63, 59])
})
