import { type AddressInfo, type Server, createServer } from 'node:net'
import { expect, test } from 'vitest'
import { answerIn } from './answer.ts'
import { steady } from './steady.ts'

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

test('requests that wait for an answer on every connection are late, and their waiting counts', async () => {
  const end = new AbortController()
  const held: (() => void)[] = []
  let stalled = false
  const [server, port] = await serving((number, say) => {
    if (number < 20) return say(ANSWER)
    // Four connections wait for 60 ms: what becomes due meanwhile has none.
    held.push(() => say(ANSWER))
    if (stalled) return held.pop()?.()
    if (held.length < PLAN.connections) return
    stalled = true
    setTimeout(() => {
      for (const release of held.splice(0)) release()
      end.abort()
    }, 60)
  })
  const report = await steady({ ...PLAN, port, signal: end.signal })
  server.close()
  expect(report.bad).toBe(0)
  expect(report.latency.max).toBeGreaterThanOrEqual(55)
})

test('what is due when the end comes and waits for a connection is still sent', async () => {
  const end = new AbortController()
  const held: (() => void)[] = []
  const [server, port] = await serving((_, say) => {
    if (end.signal.aborted) return say(ANSWER)
    held.push(() => say(ANSWER))
    // All connections wait, more requests than they are due soon: the end comes first, then the answers.
    if (held.length === PLAN.connections)
      setTimeout(() => {
        end.abort()
        for (const release of held.splice(0)) release()
      }, 20)
  })
  const report = await steady({ ...PLAN, port, signal: end.signal })
  server.close()
  expect(report.sent).toBeGreaterThan(PLAN.connections)
  expect(report).toMatchObject({ good: report.sent, bad: 0, unsent: 0 })
})
