import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { VirtualClock } from '../std/clock.ts'
import { AccessLogs, accessLogOf } from './access-logs.ts'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

function logsOf(pods: Set<string>): { readonly logs: AccessLogs; readonly path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'access-logs-'))
  cleanups.push(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'access.log')
  return { logs: new AccessLogs({ clock: new VirtualClock(), path, pods: () => pods }), path }
}

async function shown(logs: AccessLogs, name: string, tailLines?: number): Promise<string> {
  const signal = new AbortController().signal
  const request = { follow: false, previous: false, timestamps: false, signal, ...(tailLines === undefined ? {} : { tailLines }) }
  let text = ''
  for await (const bytes of logs.log({ namespace: 'shop', name }, request)) text += Buffer.from(bytes).toString()
  return text
}

test("lines go to their pods, those of no pod's proxy to the file", async () => {
  const { logs, path } = logsOf(new Set(['shop/a', 'shop/b']))
  logs.take([
    ['shop/a', 'one'],
    ['', 'gateway 1'],
    ['shop/b', 'two'],
    ['', 'gateway 2'],
    ['shop/a', 'three']
  ])
  expect([await shown(logs, 'a'), await shown(logs, 'b'), await shown(logs, 'a', 1)]).toEqual(['one\nthree\n', 'two\n', 'three\n'])
  expect(readFileSync(path, 'utf8')).toBe('gateway 1\ngateway 2\n')
})

test('a pod without requests has an empty log, and the file begins with the first line', async () => {
  const { logs, path } = logsOf(new Set(['shop/a']))
  expect(await shown(logs, 'a')).toBe('')
  expect(existsSync(path)).toBe(false)
})

test('lines of pods that went are let go', async () => {
  const pods = new Set(['shop/a', 'shop/b'])
  const { logs } = logsOf(pods)
  logs.take([['shop/a', 'one']])
  pods.delete('shop/a')
  logs.take([
    ['shop/b', 'two'],
    ['shop/a', 'late']
  ])
  pods.add('shop/a')
  expect([await shown(logs, 'a'), await shown(logs, 'b')]).toEqual(['', 'two\n'])
})

test('one pod keeps so many lines, the newest', async () => {
  const { logs } = logsOf(new Set(['shop/a']))
  logs.take(Array.from({ length: 6000 }, (_, index) => ['shop/a', `line ${index}`] as const))
  const text = await shown(logs, 'a')
  expect(text.split('\n').length).toBeLessThan(5001)
  expect(text.endsWith('line 5999\n')).toBe(true)
})

test.each([
  ['text', undefined, { encoding: 'text', format: undefined, routes: 'all' }],
  ['json', undefined, { encoding: 'json', format: undefined, routes: 'all' }],
  ['off', undefined, { encoding: 'text', format: undefined, routes: 'chosen' }],
  ['text', '%DURATION%', { encoding: 'text', format: '%DURATION%', routes: 'all' }],
  ['json', { ms: '%DURATION%' }, { encoding: 'json', format: '{"ms":"%DURATION%"}', routes: 'all' }],
  ['off', { ms: '%DURATION%' }, { encoding: 'json', format: '{"ms":"%DURATION%"}', routes: 'chosen' }],
  ['text', { ms: '%DURATION%' }, { problem: 'accessLogFormat is a map: it goes with --access-log json' }],
  ['json', '%DURATION%', { problem: 'accessLogFormat is a text: it goes with --access-log text' }],
  ['text', '%NO%', { problem: 'accessLogFormat: %NO% is not a command that Envoy knows' }]
] as const)('--access-log %s with the format %j', (word, accessLogFormat, spec) => {
  expect(accessLogOf(word, { images: {}, ...(accessLogFormat === undefined ? {} : { accessLogFormat }) })).toEqual(spec)
})
