import type { AddressInfo } from 'node:net'
import type http from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { createServer } from 'node:http'
import { echoServer, fortio } from './fortio.ts'

const open: http.Server[] = []
afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function listen(server: http.Server): Promise<string> {
  open.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function type(line: string): Promise<{ readonly code: number; readonly out: string; readonly problem: string }> {
  const [out, problems]: [string[], string[]] = [[], []]
  const code = await fortio(line.split(' '), {
    proxy: undefined,
    out: (text) => out.push(text),
    problem: (text) => problems.push(text),
    signal: new AbortController().signal
  })
  return { code, out: out.join('\n'), problem: problems.join('\n') }
}

test('load makes exactly the calls asked for and tells codes with their shares', async () => {
  let asked = 0
  const url = await listen(createServer((_, response) => response.writeHead(++asked % 4 === 0 ? 503 : 200).end('x')))
  const { code, out } = await type(`load -c 5 -qps 0 -n 100 -loglevel Warning ${url}/a`)
  expect(code).toBe(0)
  expect(asked).toBe(100)
  expect(out).toMatch(/^Starting at max qps with 5 thread\(s\) for exactly 100 calls/)
  expect(out).toMatch(/\nEnded after [\d.]+s : 100 calls\. qps=[\d.]+\n/)
  expect(out).toMatch(/\nAggregated Function Time : count 100 avg [\d.]+ \+\/- [\d.]+ min [\d.e-]+ max [\d.]+ sum [\d.]+\n/)
  expect(out.match(/^# target (50|75|90|99|99\.9)% [\d.e-]+$/gm)?.length).toBe(5)
  expect(out).toMatch(
    /\nCode 200 : 75 \(75\.0 %\)\nCode 503 : 25 \(25\.0 %\)\nAll done 100 calls \(plus 0 warmup\) [\d.]+ ms avg, [\d.]+ qps$/
  )
})

test('calls without an answer have code -1', async () => {
  const url = await listen(createServer((request) => request.socket.destroy()))
  const { code, out } = await type(`load -c 1 -n 3 -qps 0 ${url}/`)
  expect(code).toBe(0)
  expect(out).toContain('Code -1 : 3 (100.0 %)')
})

test('curl prints status and body, and ends with 1 for an error', async () => {
  const url = await listen(echoServer())
  expect(await type(`curl -payload hello ${url}/`)).toMatchObject({ code: 0, out: 'HTTP/1.1 200 OK\n\nhello' })
  expect(await type(`curl ${url}/?status=404`)).toMatchObject({ code: 1 })
  expect((await type(`curl ${url}/debug`)).out).toContain('GET /debug HTTP/1.1')
})

test.each([['report'], ['load -grpc http://a/'], ['load']])('"fortio %s" is refused in words', async (line) => {
  const { code, problem } = await type(line)
  expect(code).toBe(1)
  expect(problem).toMatch(/fortio/)
})
