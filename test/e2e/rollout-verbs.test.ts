// The verbs of a rollout as programs, on a running instance: aborted, taken up again and promoted by hand, watched by a pipeline all along.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { dig } from '../../src/std/json.ts'
import { apiOf } from './api.ts'
import { found, KUBECTL_FOUND, type Ran, run, until } from './run.ts'
import { ROOT, type Serin, startSerin } from './serin.ts'

let serin: Serin
let home: string
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'serin-verbs-'))
  serin = await startSerin({ files: [join(ROOT, 'examples', 'shop')] })
}, 60_000)
afterAll(async () => {
  await serin.stop()
  rmSync(home, { recursive: true, force: true })
})

const verb = (...words: readonly string[]): Promise<Ran> =>
  run(process.execPath, [join(ROOT, 'bin', 'serin'), ...words, '-n', 'shop'], { env: serin.environment, cwd: home })

// Not by the program, whose every start costs a quarter of a second of a processor.
async function phaseIs(phase: string): Promise<void> {
  const api = apiOf(serin.dir)
  const path = '/apis/flagger.app/v1beta1/namespaces/shop/canaries/frontend'
  try {
    await until(phase, async () => dig((await api.call('GET', path)).body, 'status', 'phase') === phase)
  } finally {
    api.close()
  }
}

it('a pipeline sees what people make of a rollout: aborted is 3, promoted is 0', async () => {
  expect(await verb('status', 'frontend', '--watch', '--exit', '--timeout', '30s')).toMatchObject({ code: 0 })
  await release('2')
  const first = verb('status', 'frontend', '--watch', '--exit', '--timeout', '60s')
  await phaseIs('Progressing')
  expect(await verb('abort', 'frontend')).toMatchObject({ code: 0, stdout: 'canary.flagger.app/frontend aborted\n' })
  const ended = await first
  expect([ended.code, ended.stdout.split('\n').at(-2)]).toEqual([
    3,
    expect.stringMatching(/^shop\/frontend Failed weight=0 .*rollback=true$/)
  ])
  expect(await verb('promote', 'frontend')).toMatchObject({
    code: 1,
    stderr: 'serin: nothing to promote: canary.flagger.app/frontend is Failed\n'
  })
  expect(await verb('retry', 'frontend')).toMatchObject({ code: 0 })
  await phaseIs('Progressing')
  const second = verb('status', 'frontend', '--watch', '--exit', '--timeout', '60s')
  expect(await verb('promote', 'frontend')).toMatchObject({ code: 0, stdout: 'canary.flagger.app/frontend promoted\n' })
  expect(await second).toMatchObject({ code: 0, stdout: expect.stringContaining('shop/frontend Succeeded weight=0 step=3/3') })
  expect(await verb('status', 'frontend')).toMatchObject({
    stdout: expect.stringMatching(/^ {2}Release: +frontend-\w+ \(succeeded, .*attempt 2\)$/m)
  })
  const kept = JSON.parse((await verb('history', 'frontend', '-o', 'json')).stdout) as { readonly items: readonly unknown[] }
  const asked = (request: string, outcome: string): object => ({ request, outcome, by: 'admin' })
  expect(kept.items.at(-1)).toMatchObject({
    requests: [asked('abort', 'done'), asked('promote', 'nothing to do'), asked('retry', 'done'), asked('promote', 'done')]
  })
  const history = (await verb('history', 'frontend')).stdout.split('\n')
  expect(history[0]).toMatch(/^RELEASE +OUTCOME +STARTED +TOOK +ATTEMPTS +IMAGES +CAUSE$/)
  expect(history.at(-2)).toMatch(/^frontend-\w+ +succeeded /)
}, 120_000)

// Not with kubectl, which may not be there.
async function release(version: string): Promise<void> {
  const api = apiOf(serin.dir)
  const annotations = { release: version }
  const { status } = await api.call('PATCH', '/apis/apps/v1/namespaces/shop/deployments/frontend', {
    spec: { template: { metadata: { annotations } } }
  })
  api.close()
  expect(status).toBe(200)
}

it.skipIf(!found('script', '--version'))(
  'a watch on a terminal is drawn over, and Ctrl-C gives the terminal back with the last state on it',
  async () => {
    const program = [process.execPath, join(ROOT, 'bin', 'serin'), 'status', 'frontend', '-n', 'shop', '--watch'].map((word) => `'${word}'`)
    // exec: Ctrl-C ends a shell that waits, and its status would be taken for the program's.
    const env = { ...serin.environment, SHELL: '/bin/sh', TERM: 'xterm' }
    const terminal = spawn('script', ['-qefc', `exec ${program.join(' ')}`, '/dev/null'], { env })
    let text = ''
    terminal.stdout.setEncoding('utf8').on('data', (more: string) => (text += more))
    const ended = new Promise<number | null>((resolve) => terminal.once('exit', resolve))
    await until('the second drawing', () => /canary shop\/frontend: .*Age: .*Age: /s.test(text))
    const [, before = ''] = text.split('\u001b[?1049h')
    terminal.stdin.write('\u0003')
    expect(await ended).toBe(0)
    expect(before).toContain('Release:')
    const [, after = ''] = text.split('\u001b[?1049l')
    expect(after).toContain('canary shop/frontend: ')
  }
)

it('what is not there is 6, what cannot be reached 7, and no kubeconfig 2', async () => {
  const env = { ...serin.environment, HOME: home, KUBECONFIG: '' }
  const alone = (...words: readonly string[]): Promise<Ran> =>
    run(process.execPath, [join(ROOT, 'bin', 'serin'), ...words], { env, cwd: home })
  expect(await verb('status', 'none')).toMatchObject({
    code: 6,
    stderr: 'serin: canary none not found in namespace shop; serin status -A shows all\n'
  })
  const away = join(home, 'away')
  writeFileSync(
    away,
    'clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]\ncontexts: [{name: c, context: {cluster: c}}]\ncurrent-context: c\n'
  )
  expect(await alone('promote', 'a', '--kubeconfig', away)).toMatchObject({ code: 7, stderr: expect.stringContaining('cannot be reached') })
  expect(await alone('status')).toMatchObject({ code: 2, stderr: expect.stringContaining('no kubeconfig: looked at .serin/kubeconfig') })
})

it.skipIf(!KUBECTL_FOUND)("kubectl: kubectl serin is the same, with kubectl's flags", async () => {
  const path = `${join(ROOT, 'bin')}:${process.env['PATH'] ?? ''}`
  const env = { ...serin.environment, PATH: path }
  const asked = await run('kubectl', ['serin', '-n', 'shop', 'status', 'frontend', '-o', 'json'], { env })
  expect(asked).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(asked.stdout)).toMatchObject({ name: 'frontend', namespace: 'shop', outcome: 'succeeded' })
})

it('aborted in the middle of its promotion, the primary is what it was', async () => {
  await release('3')
  await phaseIs('Progressing')
  expect(await verb('promote', 'frontend')).toMatchObject({ code: 0 })
  expect(await primaryRelease()).toBe('3')
  expect(await verb('abort', 'frontend')).toMatchObject({ code: 0, stdout: 'canary.flagger.app/frontend aborted\n' })
  await phaseIs('Failed')
  expect(await primaryRelease()).toBe('2')
}, 60_000)

async function primaryRelease(): Promise<unknown> {
  const api = apiOf(serin.dir)
  const { body } = await api.call('GET', '/apis/apps/v1/namespaces/shop/deployments/frontend-primary')
  api.close()
  return dig(body, 'spec', 'template', 'metadata', 'annotations', 'release')
}
