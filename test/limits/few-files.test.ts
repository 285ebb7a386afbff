// A process that may open no more files: it neither dies nor spins, refuses what it has no room for, and is as before once there is.

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { cleanups, cluster, endpoint, forward, get, ok, onHeads, statusOf, table, talk, upstream } from '../proxy-plane.ts'
import type { Doing } from './few-files.ts'

const FILES = 64
const CLIENTS = 90
const QUESTIONS = 200

async function started(endpoints: readonly number[]): Promise<{ child: ChildProcess; port: number }> {
  const program = fileURLToPath(new URL('few-files.ts', import.meta.url))
  const child = spawn('sh', ['-c', `ulimit -n ${FILES} && exec "$0" "$1"`, process.execPath, program], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced'
  })
  cleanups.push(() => child.kill('SIGKILL'))
  const clusters = [
    cluster(
      'c',
      endpoints.map((port) => endpoint(port))
    )
  ]
  const [port] = await ask(child, table(clusters, [forward([['c', 1]])]))
  return { child, port: Number(port) }
}

function ask(child: ChildProcess, what: unknown): Promise<unknown[]> {
  const answer = once(child, 'message')
  child.send(what as object)
  return answer
}

async function doing(child: ChildProcess): Promise<Doing> {
  const [answer] = await ask(child, 'doing')
  return answer as Doing
}

interface Calling {
  readonly socket: Socket
  text: string
  over: boolean
}

// Silent connections, until the last ones were refused: files that the process had open for a moment are gone then too.
async function takeAllFiles(child: ChildProcess, port: number): Promise<Calling[]> {
  const all: Calling[] = []
  const open = (): Calling[] => all.filter(({ over }) => !over)
  for (;;) {
    const more = Array.from({ length: 10 }, () => call(port, ''))
    all.push(...more)
    await expect.poll(async () => (await doing(child)).connections - open().length, { timeout: 10_000 }).toBe(0)
    if (more.every(({ over }) => over)) return open()
  }
}

function call(port: number, text = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'): Calling {
  const calling: Calling = { socket: connect({ port, host: '127.0.0.1' }), text: '', over: false }
  const { socket } = calling
  cleanups.push(() => socket.destroy())
  socket.on('data', (bytes) => (calling.text += bytes.toString('latin1')))
  socket.on('error', () => undefined)
  socket.on('close', () => (calling.over = true))
  if (text !== '') socket.write(text)
  return calling
}

test("at the system's limit of files connections and requests are refused and counted; nothing spins, and room is used again", async () => {
  let hold = true
  const held: (() => void)[] = []
  const up = await upstream((socket) => {
    socket.on('data', () => {
      const answer = (): void => void socket.write(ok('fine'))
      if (hold) held.push(answer)
      else answer()
    })
  })
  const { child, port } = await started([up])
  const first = Array.from({ length: 10 }, () => call(port))
  await expect.poll(() => held.length, { timeout: 10_000 }).toBe(first.length)
  const clients = [...first, ...Array.from({ length: CLIENTS - first.length }, () => call(port))]
  // Those that were refused know it; the others wait for the endpoint.
  await expect.poll(async () => (await doing(child)).reached['openFilesMax'] ?? 0, { timeout: 10_000 }).toBeGreaterThan(0)
  await expect.poll(() => clients.filter(({ over }) => over).length, { timeout: 10_000 }).toBeGreaterThan(CLIENTS - FILES)
  const before = await doing(child)
  expect(before.connections).toBeLessThan(FILES)
  for (let question = 0; question < QUESTIONS; question++) await doing(child)
  // A question takes a turn, and the sweep has its own; a loop that tries in vain turns a hundred times before the next question comes.
  expect((await doing(child)).turns - before.turns).toBeLessThan(10 * QUESTIONS)
  hold = false
  for (const answer of held.splice(0)) answer()
  const answered = (): number[] => clients.filter(({ text }) => text !== '').map(({ text }) => statusOf(text))
  const isSettled = (): boolean => clients.every(({ text, over }) => over || text !== '')
  await expect.poll(isSettled, { timeout: 10_000 }).toBe(true)
  expect(new Set(answered())).toEqual(new Set([200]))
  for (const { socket } of clients) socket.destroy()
  await expect.poll(async () => (await doing(child)).connections, { timeout: 10_000 }).toBe(0)
  expect(statusOf(await talk(port, get()))).toBe(200)
  expect((await doing(child)).requests).toBe(0)
})

test('without any connection to its endpoint a request is answered 503 UO at once, and no endpoint is blamed', async () => {
  const up = await upstream((socket) => onHeads(socket, () => ok('fine')))
  const { child, port } = await started([up])
  const silent = await takeAllFiles(child, port)
  const answers: string[] = []
  for (const { socket } of silent) {
    socket.on('data', (bytes) => answers.push(bytes.toString('latin1')))
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  }
  await expect.poll(() => answers.length, { timeout: 10_000 }).toBe(silent.length)
  expect(new Set(answers.map((text) => `${statusOf(text)} ${/x-envoy-overloaded: true/.test(text)}`))).toEqual(new Set(['503 true']))
  const { reached, connectFailures } = await doing(child)
  expect([(reached['openFilesMax'] ?? 0) > 0, connectFailures]).toEqual([true, 0])
  for (const { socket } of silent) socket.destroy()
  await expect.poll(async () => (await doing(child)).connections, { timeout: 10_000 }).toBe(0)
  expect(statusOf(await talk(port, get()))).toBe(200)
})
