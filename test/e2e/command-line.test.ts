// The command line as users get it wrong: one clear line and a status of its own; and `serin lint` on files, folders and standard input.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, createReadStream, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Ran, run } from './run.ts'
import { ROOT, startSerin } from './serin.ts'

const folder = mkdtempSync(join(tmpdir(), 'serin-e2e-files-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const serin = (words: readonly string[], input = ''): Promise<Ran> =>
  run(process.execPath, [join(ROOT, 'bin', 'serin'), ...words], { input, cwd: folder })

const NAMESPACE = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n'
const HALF =
  'apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: v}\nspec: {hosts: [a], http: [{route: [{weight: 1}]}]}\n'
const SERVICE = 'apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {selector: {app: a}, ports: [{port: 80}]}\n'
const UNEVEN =
  'apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: v}\nspec:\n  hosts: [a]\n  http: [{route: [{destination: {host: a}, weight: 10}]}]\n'

const DENIED = HALF.replace('{route: [{weight: 1}]}', '{directResponse: {status: 99}}')

beforeAll(() => {
  const files = {
    'denied.yaml': DENIED,
    'half.yaml': HALF,
    'service.yaml': SERVICE,
    'uneven.yaml': UNEVEN,
    'broken.yaml': 'a: [',
    'wrong.yaml': 'image: {}'
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  for (const name of ['empty', 'mixed', 'mixed/below']) mkdirSync(join(folder, name))
  writeFileSync(join(folder, 'mixed', 'b.yml'), UNEVEN)
  writeFileSync(join(folder, 'mixed', 'a.json'), JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x' } }))
  writeFileSync(join(folder, 'mixed', 'README.md'), 'not a manifest')
})

describe('a command line that cannot be used ends with 2, one line on standard error and nothing on standard output', () => {
  it.each([
    [
      ['serve'],
      '"serve" is not a command: use up, demo, lint, rehearse, backtest, convert, status, history, promote, pause, resume, abort, retry, restart, version or help; serin help says more'
    ],
    [['up', '--port', '1'], '"--port" is not an option of serin up; serin help up says more'],
    [['lint', '-f', 'empty'], 'empty: the folder has no .yaml, .yml or .json file'],
    [['lint', '-f', '/dev/zero'], '/dev/zero: is larger than 16777216 bytes'],
    [['up', '-f', 'absent'], 'absent: no such file or folder'],
    [
      ['up', '--config', 'wrong.yaml'],
      'wrong.yaml:1: image: unknown field; known are images, accessLogFormat, shadowHostSuffix, limits, readMode, controller'
    ]
  ])('serin %j: %s', async (words, message) => {
    expect(await serin(words)).toEqual({ code: 2, stdout: '', stderr: `serin: ${message}\n` })
  })

  it('so does a config that is no YAML, with its line', async () => {
    const { code, stderr } = await serin(['up', '--config', 'broken.yaml'])
    expect([code, stderr.startsWith('serin: broken.yaml:1: ')]).toEqual([2, true])
  })
})

it('serin rehearse answers for the example, without a cluster', async () => {
  const { code, stdout, stderr } = await serin(['rehearse', '-f', join(ROOT, 'examples/rehearsals'), '--regression', '20pt', '--runs', '5'])
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^Canary shop\/api: 10, 20, 30, 40, 50 %/)
  expect(stdout).toMatch(/^ {2}Rolled back after \d+ s: /m)
})

it('a reader that has seen enough ends nothing: the status is what it would be', async () => {
  const words = [join(ROOT, 'bin', 'serin'), 'lint', '-f', 'uneven.yaml', '--fail-on', 'warning']
  const ran = await run('bash', ['-c', '"$0" "$@" | true; echo "${PIPESTATUS[0]}"', process.execPath, ...words], { cwd: folder })
  expect(ran).toEqual({ code: 0, stdout: '1\n', stderr: '' })
})

describe('serin up -f with an object that the API refuses ends with 1 before anything is started, naming file, line, object and field', () => {
  it.each([
    [
      'half.yaml',
      'half.yaml:4: error: VirtualService default/v: spec.http[0].route[0].destination: Required value [FieldValueRequired, IST0106]'
    ],
    [
      'denied.yaml',
      'denied.yaml:4: error: VirtualService default/v: spec.http[0].directResponse.status: HTTP status 99 is not in range 200-599 [istio-refuses, IST0106]'
    ],
    ['broken.yaml', 'broken.yaml:1: error: ']
  ])('%s', async (file, message) => {
    const ran = await serin(['up', '--data-dir', join(folder, 'data'), '-f', file])
    expect(ran).toMatchObject({ code: 1, stdout: '' })
    expect(ran.stderr).toContain(`serin: ${message}`)
  })

  it('and so does one that only the store can refuse', async () => {
    const orphan = SERVICE.replace('name: a}', 'name: a, namespace: nowhere}')
    const ports = ['--api-port', '0', '--http-port', '0', '--admin-port', '0', '--mesh-port', '0']
    const ran = await serin(['up', '--data-dir', join(folder, 'data'), ...ports, '-f', '-'], orphan)
    expect(ran).toMatchObject({ code: 1, stdout: '' })
    expect(ran.stderr).toContain('serin: standard input:1: service/a: namespaces "nowhere" not found\n')
  })

  it('a kind that nobody knows is named and left out, and the rest is applied', async () => {
    const file = join(folder, 'more.yaml')
    writeFileSync(file, `apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: h}\n---\n${NAMESPACE}`)
    const instance = await startSerin({ files: [file], args: ['--https-port', '0'] })
    try {
      const lines = instance.lines.join('\n')
      expect(lines).toContain(`${file}:1: poddisruptionbudget/h: not applied: PodDisruptionBudget in policy/v1 is not a kind known here`)
      expect(lines).toContain('serin: namespace/shop created')
      expect(lines).toContain('--https-port is accepted but not applied yet')
    } finally {
      await instance.stop()
    }
  })
})

it('a reader that is slower than the program gets all that it says', async () => {
  const many = Array.from({ length: 2_000 }, (_, index) => UNEVEN.replace('name: v', `name: v${index}`)).join('---\n')
  writeFileSync(join(folder, 'many.yaml'), many)
  // A pipe as shells make it. It holds 64 KiB, which are full as long as the program has more: each bite is asked for after the one before.
  const pipe = join(folder, 'slow')
  await run('mkfifo', [pipe])
  const output = openSync(pipe, 'r+')
  const child = spawn(process.execPath, [join(ROOT, 'bin', 'serin'), 'lint', '-f', 'many.yaml'], { cwd: folder, stdio: ['ignore', output] })
  const exit = once(child, 'exit')
  const reader = createReadStream(pipe, { encoding: 'utf8', highWaterMark: 256 })
  await once(reader, 'open')
  closeSync(output)
  let text = ''
  for await (const bite of reader) text += String(bite)
  expect(await exit).toEqual([1, null])
  expect(text.split('\n').filter((line) => line.includes('[weight-alone]'))).toHaveLength(2_000)
  expect(text.trimEnd().split('\n').at(-1)).toBe('3999 errors, 2000 warnings in 2000 objects of 1 file')
})

describe('serin lint', () => {
  it('0: nothing is wrong, or warnings only; with --fail-on warning these count', async () => {
    const words = ['lint', '-f', 'service.yaml', '-f', 'uneven.yaml']
    const warned = await serin(words)
    expect(warned).toEqual({
      code: 0,
      stderr: '',
      stdout:
        'uneven.yaml:6: warning: VirtualService default/v: spec.http[0].route[0].weight: a single destination gets all requests: weight 10 has no effect [weight-alone]\n0 errors, 1 warning in 2 objects of 2 files\n'
    })
    expect(await serin([...words, '--fail-on', 'warning'])).toEqual({ ...warned, code: 1 })
    expect(await serin(['lint', '-f', 'service.yaml'])).toMatchObject({ code: 0, stdout: '0 errors, 0 warnings in 1 object of 1 file\n' })
  })

  it('1: an error, with file and line, also from standard input; a missing destination does not stop it', async () => {
    const ran = await serin(['lint', '-f', '-', '-f', 'service.yaml'], HALF)
    expect(ran).toMatchObject({ code: 1, stderr: '' })
    expect(ran.stdout).toBe(
      'standard input:4: error: VirtualService default/v: spec.http[0].route[0].destination: Required value [FieldValueRequired, IST0106]\n1 error, 0 warnings in 1 object of 2 files\n'
    )
  })

  it('a folder is read without what is no manifest, which is named, in the order of names', async () => {
    const { code, stdout } = await serin(['lint', '-f', 'mixed'])
    expect([code, stdout.split('\n').map((line) => line.slice(0, 45))]).toEqual([
      1,
      [
        'mixed/b.yml:6: error: VirtualService default/',
        'mixed/b.yml:6: warning: VirtualService default/'.slice(0, 45),
        'no YAML or JSON file, not looked at: mixed/RE',
        '1 error, 1 warning in 2 objects of 2 files',
        ''
      ]
    ])
  })
})

describe('serin backtest', () => {
  it('answers from a file, and names what is wrong with one', async () => {
    const rows = Array.from({ length: 400 }, (_, look) =>
      ['a', 'b', 'c'].map((pod) => `${1_790_000_000 + 15 * look},${pod},${100 * look},${Math.floor(look / 10)}`)
    )
    writeFileSync(join(folder, 'history.csv'), ['time,pod,requests,failures', ...rows.flat(), ''].join('\n'))
    const ran = await serin(['backtest', '--csv', 'history.csv', '--rollout', '10m'])
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout).toContain('history.csv from 2026-09-21T14:13:20Z to 2026-09-21T15:53:20Z: 3 pods, 119,700 requests, 0.098 % failed')
    expect(ran.stdout).toContain('placebo rollouts of 10 min: 21 in 7 stretches of time, 0 rolled back: 0 %')
    expect(await serin(['backtest', '--csv', 'uneven.yaml'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('uneven.yaml:1: the header has no')
    })
    expect(await serin(['backtest', '--csv', 'history.csv'])).toMatchObject({ code: 0 })
    expect(await serin(['backtest', '--prometheus', 'http://127.0.0.1:1', '--workload', 'a/b'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('serin: 127.0.0.1:1 is not reached: ')
    })
  })
})
