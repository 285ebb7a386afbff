// With a program that answers as a Prometheus does while it starts; the real one is in test/e2e/prometheus.test.ts.

import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Processes } from '../host/processes.ts'
import { systemClock } from '../host/system-clock.ts'
import { freePort } from './listening.ts'
import { Prometheus, prometheusUrl } from './prometheus.ts'

const clock = systemClock()

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'serin-prometheus-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** An executable that does what `body` says with `port` and `data` of its command line. */
function program(body: string): string {
  const path = join(folder(), 'prometheus')
  const head = `#!${process.execPath}
const word = (name) => process.argv.map((each) => each.split('=')).find(([flag]) => flag === name)?.[1] ?? ''
const [port, data] = [Number(word('--web.listen-address').split(':')[1]), word('--storage.tsdb.path')]
`
  writeFileSync(path, head + body)
  chmodSync(path, 0o700)
  return path
}

const ANSWERS = `
require('node:http').createServer((request, response) => {
  if (request.url === '/die') process.exit(7)
  response.end(request.url === '/-/ready' ? 'ready' : JSON.stringify({ data: { 'storage.tsdb.path': data } }))
}).listen(port, '127.0.0.1')
`

function made(path: string, port = 0): { prometheus: Prometheus; lines: string[]; directory: string } {
  const [lines, directory, over] = [[] as string[], folder(), new AbortController()]
  const processes = new Processes({ run: 'test', clock, register: { add: () => undefined, remove: () => undefined } })
  onTestFinished(async () => {
    over.abort(new Error('over'))
    await processes.endAll(0)
  })
  const log = (line: string): number => lines.push(line)
  const admin = 'http://127.0.0.1:15000'
  const prometheus = new Prometheus({ program: path, processes, clock, directory, admin, log, signal: over.signal, port })
  return { prometheus, lines, directory }
}

test('it is told to scrape the admin port every 2 s, and its URL is told once it answers', async () => {
  const { prometheus, lines, directory } = made(program(ANSWERS))
  const url = await prometheus.start()
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  const config: unknown = JSON.parse(readFileSync(join(directory, 'prometheus.json'), 'utf8'))
  expect(config).toMatchObject({
    global: { scrape_interval: '2s' },
    scrape_configs: [{ metrics_path: '/stats/prometheus', static_configs: [{ targets: ['127.0.0.1:15000'] }] }]
  })
  expect(lines).toEqual([])
})

test('it is started again, at the same place, when it dies', async () => {
  const { prometheus, lines } = made(program(ANSWERS))
  const url = (await prometheus.start()) ?? ''
  await fetch(`${url}/die`).catch(() => undefined)
  await expect
    .poll(
      () =>
        fetch(`${url}/-/ready`).then(
          (response) => response.ok,
          () => false
        ),
      { timeout: 10_000 }
    )
    .toBe(true)
  expect(lines).toEqual(['prometheus ended (exit code 7): another starts in 500 ms'])
})

test('a port that another holds is left to it', async () => {
  const other = createServer((_, response) => response.end('ready'))
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => other.close().closeAllConnections())
  const { port } = other.address() as AddressInfo
  const { prometheus } = made(program(ANSWERS), port)
  const url = await prometheus.start()
  expect(url).toBeDefined()
  expect(url).not.toBe(`http://127.0.0.1:${port}`)
})

test('a port that is taken between the look and the start is left as well', async () => {
  const port = await freePort('127.0.0.1')
  const { prometheus, lines } = made(program(`if (port === ${port}) process.exit(1)\n${ANSWERS}`), port)
  const url = await prometheus.start()
  expect(url).toBeDefined()
  expect(url).not.toBe(`http://127.0.0.1:${port}`)
  expect(lines).toEqual([])
})

test('one that ends at once is tried again, and then gone without, in one sentence', async () => {
  const { prometheus, lines, directory } = made(program('console.error("no such flag"); process.exit(2)'))
  expect(await prometheus.start()).toBeUndefined()
  expect(lines).toEqual([`prometheus does not come up (exit code 2); see ${directory}/log`])
  expect(readFileSync(join(directory, 'log'), 'utf8')).toContain('no such flag')
})

test('one that the user names is not looked for, and none is none', async () => {
  const none = { processes: { spawn: () => Promise.reject(new Error('nothing is started')) }, clock, directory: '', admin: '' }
  const options = { ...none, log: () => undefined, signal: new AbortController().signal }
  expect(await prometheusUrl({ url: 'http://p:9090' }, options)).toBe('http://p:9090')
  expect(await prometheusUrl('off', options)).toBeUndefined()
})
