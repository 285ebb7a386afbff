// The URL contract of Flagger's load tester, and the command lines that published Canaries have.

import { readdirSync, readFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { loadTesterSettings } from './load-settings.ts'
import { readTask } from './load-task.ts'
import { loadTester, type LoadTesterOptions } from './load-tester.ts'

async function listen(server: http.Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

interface Tester {
  readonly post: (path: string, body: unknown) => Promise<{ readonly status: number; readonly text: string }>
  readonly lines: string[]
  /** Resolves with the first line that starts so. */
  readonly line: (start: string) => Promise<string>
}

async function started(options: Partial<LoadTesterOptions> = {}): Promise<Tester> {
  const lines: string[] = []
  const waiting = new Map<string, (line: string) => void>()
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  const log = (line: string): void => {
    lines.push(line)
    for (const [start, heard] of waiting) if (line.startsWith(start)) heard(line)
  }
  const url = await listen(loadTester({ proxy: undefined, log, signal: stop.signal, ...options }))
  return {
    lines,
    line: (start) => new Promise((resolve) => void waiting.set(start, resolve)),
    post: async (path, body) => {
      const response = await fetch(url + path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) })
      return { status: response.status, text: await response.text() }
    }
  }
}

const canary = (metadata?: unknown, namespace = 'test') => ({ name: 'api', namespace, phase: 'Progressing', checksum: '1', metadata })

test('a load is started and answered before it ends; the same one is not started twice', async () => {
  const held: http.ServerResponse[] = []
  const gate = { isOpen: false }
  const target = await listen(http.createServer((_, response) => void (gate.isOpen ? response.end() : held.push(response))))
  const { post, line, lines } = await started()
  const body = canary({ type: 'cmd', cmd: `hey -n 20 -c 2 ${target}/health` })
  const ended = line('end api.test hey')
  expect(await post('/', body)).toEqual({ status: 202, text: 'started\n' })
  expect(await post('/any/path', body)).toEqual({ status: 202, text: 'already running\n' })
  gate.isOpen = true
  for (const response of held) response.end()
  expect(await ended).toContain('20 requests in')
  expect(lines.filter((text) => text.startsWith('start'))).toHaveLength(1)
})

test('gates are closed until they are opened, one for a canary and one for its rollback', async () => {
  const { post } = await started()
  const statuses = async (...paths: readonly string[]): Promise<number[]> => {
    const found: number[] = []
    for (const path of paths) found.push((await post(path, canary())).status)
    return found
  }
  expect(await statuses('/gate/approve', '/gate/halt')).toEqual([200, 403])
  expect(await statuses('/gate/check', '/gate/open', '/gate/check', '/rollback/check')).toEqual([403, 202, 200, 403])
  expect(await statuses('/rollback/open', '/rollback/check', '/rollback/close', '/rollback/check')).toEqual([202, 200, 202, 403])
  expect(await statuses('/gate/close', '/gate/check')).toEqual([202, 403])
  await post('/gate/open', canary())
  expect((await post('/gate/check', canary({}, 'other'))).status).toBe(403)
  expect((await post('/gate/check', 'nonsense')).status).toBe(400)
})

test('health and metrics are answered', async () => {
  const { post } = await started()
  expect(await post('/healthz', '')).toEqual({ status: 200, text: 'ok\n' })
  expect(await post('/metrics', '')).toMatchObject({ status: 200, text: expect.stringContaining('loadtester_tasks_total 0') })
})

test('canaries of other namespaces are refused where a pattern says so', async () => {
  const { post } = await started({ namespaces: /^test$/ })
  expect((await post('/gate/open', canary({}, 'prod'))).status).toBe(403)
  expect((await post('/gate/open', canary({}, 'test'))).status).toBe(202)
  expect(await post('/', canary({ cmd: 'hey http://x/' }, 'prod'))).toMatchObject({
    status: 403,
    text: expect.stringContaining('namespace prod')
  })
})

test.each<readonly [unknown, number, string]>([
  ['nonsense', 400, 'not JSON'],
  [[], 400, 'not a JSON object'],
  [{ name: 'a' }, 400, 'name and namespace'],
  [canary(), 400, 'metadata is missing'],
  [canary({}), 400, 'metadata.cmd is missing'],
  [canary({ type: 'bash', cmd: 'rm -rf /' }), 403, 'LOADTESTER_BASH=on'],
  [canary({ type: 'helmv3', cmd: 'test x' }), 403, 'LOADTESTER_BASH=on'],
  [canary({ type: 'kubectl', cmd: 'get pods' }), 403, 'LOADTESTER_BASH=on'],
  [canary({ type: 'concord', server: 'x' }), 501, 'concord'],
  [canary({ type: 'ngrinder', server: 'x' }), 501, 'ngrinder'],
  [canary({ type: 'locust', cmd: 'x' }), 400, 'metadata.type "locust" is not known'],
  [canary({ cmd: 'rm -rf /' }), 400, '"rm" is not a load command'],
  [canary({ cmd: 'ghz --insecure app:80' }), 400, 'gRPC'],
  [canary({ cmd: 'wrk -s x.lua http://x/' }), 400, 'Lua']
])('%j is refused with %i: %s', async (body, status, why) => {
  const { post } = await started()
  expect(await post('/', body)).toMatchObject({ status, text: expect.stringContaining(why) })
})

test('programs run where that is switched on: awaited, with their output after a failure or where it is asked for', async () => {
  const { post, line } = await started({ programs: 'on' })
  expect(await post('/', canary({ type: 'bash', cmd: 'echo a | grep a' }))).toEqual({ status: 200, text: 'done\n' })
  expect(await post('/', canary({ type: 'bash', cmd: 'echo a | grep a', returnCmdOutput: 'true' }))).toEqual({ status: 200, text: 'a\n' })
  expect(await post('/', canary({ type: 'bash', cmd: 'echo why; exit 3' }))).toEqual({ status: 500, text: 'why\n' })
  const hasty = await started({ programs: 'on', timeout: 100 })
  expect(await hasty.post('/', canary({ type: 'bash', cmd: 'sleep 60' }))).toEqual({ status: 500, text: 'ended after 100 ms\n' })
  const ended = line('end api.test echo')
  expect(await post('/', canary({ type: 'cmd', cmd: 'echo one && echo two' }))).toEqual({ status: 202, text: 'started\n' })
  expect(await ended).toBe('end api.test echo one && echo two: well: one two')
  expect(readTask({ name: 'a', namespace: 'b', metadata: { type: 'helmv3', cmd: ' test  app -n x ' } }, 'on')).toMatchObject({
    kind: 'program',
    words: ['helm', 'test', 'app', '-n', 'x']
  })
  expect(readTask({ name: 'a', namespace: 'b', metadata: { cmd: 'hey -x http://x/' } }, 'on')).toMatchObject({
    kind: 'refused',
    status: 400
  })
})

const SHARED = fileURLToPath(new URL('../../../shared/', import.meta.url))

function* commandLines(): Generator<readonly [file: string, type: string, command: string]> {
  for (const folder of ['guides/manifests', 'data/samples/flagger']) {
    for (const file of readdirSync(SHARED + folder, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.yaml')) continue
      const text = readFileSync(`${SHARED}${folder}/${file}`, 'utf8')
      for (const [, type = 'cmd', command = ''] of text.matchAll(/metadata:\s*\n(?:\s*type: "?(\w+)"?\n)?\s*cmd: "(.*)"/g))
        yield [file, type, command]
    }
  }
}

test('every command line of the guides and of published Canaries is load, or a program that is refused while they are off', () => {
  const lines = [...commandLines()]
  expect(lines.length).toBeGreaterThan(12)
  for (const [file, type, cmd] of lines) {
    const subject = { name: 'a', namespace: 'b', metadata: { type, cmd } }
    const off = readTask(subject, 'off')
    expect([file, off.kind === 'refused' ? off.status : off.kind]).toEqual([file, type === 'bash' ? 403 : 'load'])
    expect([file, readTask(subject, 'on').kind]).toEqual([file, type === 'bash' ? 'program' : 'load'])
  }
})

test.each<readonly [readonly string[], Record<string, string>, unknown]>([
  [[], {}, { port: 8080, timeout: 3_600_000, programs: 'off', namespaces: undefined }],
  [
    ['-port=9090', '-log-level=info', '--timeout=10m', '-namespace-regexp=^t'],
    { LOADTESTER_BASH: 'on' },
    { port: 9090, timeout: 600_000, programs: 'on', namespaces: /^t/ }
  ],
  [['-port=x'], {}, '-port=x is not a port'],
  [['-verbose'], {}, expect.stringContaining('"-verbose" is not an option')],
  [[], { LOADTESTER_BASH: 'yes' }, 'LOADTESTER_BASH must be on or off, not "yes"'],
  [['-namespace-regexp=('], {}, expect.stringContaining('cannot be read')]
])('%j and %j are read as settings', (words, env, settings) => {
  expect(loadTesterSettings(words, env)).toEqual(settings)
})
