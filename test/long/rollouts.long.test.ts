// Minutes of pods that come and go under load: rolled, scaled down and up, deleted, while processes of the instance stand still for moments.
// Nothing is lost, of a program that ends its requests when it is told to end, nor of one that ends where it stands. SERIN_MINUTES: how
// long (default 5); SERIN_SEED: what happens.

import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { expect, test } from 'vitest'
import { pidsOfRun } from '../../src/host/process-table.ts'
import { dig } from '../../src/std/json.ts'
import { type Api, apiOf } from '../e2e/api.ts'
import { podsOf } from '../e2e/pods.ts'
import { until } from '../e2e/run.ts'
import { startSerin } from '../e2e/serin.ts'
import { deployment, manifest, service } from '../e2e/workloads.ts'
import { Dice } from '../http1/dice.ts'
import { steady } from '../soak/steady.ts'

const MINUTES = Number(process.env['SERIN_MINUTES'] ?? 5)
const SEED = Number(process.env['SERIN_SEED'] ?? 1)
const CALLERS = 6
const APPS = ['orderly', 'abrupt']
// It has work to do for each answer, and SIGTERM ends it where it stands.
const PROGRAM = `const { pbkdf2 } = require('crypto'); require('http').createServer((q, r) => pbkdf2('a', 'b', 10_000, 32, 'sha256', () => r.end('ok'))).listen(8080, process.env.HOST)`
const OBJECTS = manifest(
  ...APPS.map((app) => service(app, [80])),
  deployment({ app: 'orderly', version: 'v1', image: 'serin/demo:1.0', replicas: 3 }),
  deployment({ app: 'abrupt', version: 'v1', image: 'program', replicas: 3, command: [process.execPath, '-e', PROGRAM] })
)
/** Programs that begin and end meanwhile: longer than most orders take, shorter than what counts as a failure. */
const STILL_MAX = 60

const pathOf = (app: string): string => `/apis/apps/v1/namespaces/default/deployments/${app}-v1`

async function settled(api: Api, app: string): Promise<void> {
  await until(
    `${app} is as wanted`,
    async () => {
      const { body } = await api.call('GET', pathOf(app))
      const wanted = dig(body, 'spec', 'replicas')
      const counts = ['replicas', 'updatedReplicas', 'availableReplicas'].map((field) => dig(body, 'status', field))
      const seen = dig(body, 'status', 'observedGeneration') === body.metadata.generation
      return seen && counts.every((count) => count === wanted) && (await podsOf(api, app)).length === wanted
    },
    120_000
  )
}

type Change = (api: Api, app: string, dice: Dice) => Promise<unknown>

const CHANGES: Readonly<Record<string, Change>> = {
  restart: (api, app, dice) =>
    api.call('PATCH', pathOf(app), { spec: { template: { metadata: { annotations: { again: String(dice.below(1e9)) } } } } }),
  scale: (api, app, dice) => api.call('PATCH', pathOf(app), { spec: { replicas: 1 + dice.below(4) } }),
  // Another one is there for its requests: those to the last pod are refused in any case.
  delete: async (api, app, dice) => {
    const ready = (await podsOf(api, app)).filter((pod) => pod.ready)
    if (ready.length > 1) await api.call('DELETE', `/api/v1/namespaces/default/pods/${dice.pick(ready).name}`)
  }
}

function linesOfFailed(dir: string): string {
  const lines = readFileSync(join(dir, 'access.log'), 'utf8').split('\n')
  return lines.filter((line) => /" 503 /.test(line)).join('\n')
}

// One process of the run at a time stands still: the control process, a worker or a pod.
async function disturb(run: string, dice: Dice, on: () => boolean): Promise<void> {
  while (on()) {
    const pid = dice.pick(pidsOfRun(run))
    signal(pid, 'SIGSTOP')
    await moments(dice.below(STILL_MAX))
    signal(pid, 'SIGCONT')
    await moments(dice.below(2 * STILL_MAX))
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended by itself.
  }
}

// As long as the machine, as busy as it is, takes to begin and end so many processes.
async function moments(count: number): Promise<void> {
  for (let done = 0; done < count; done++) await new Promise((resolve) => spawn('true').once('close', resolve))
}

test('whatever becomes of pods, no request is lost', async () => {
  const files = mkdtempSync(join(tmpdir(), 'serin-rollouts-'))
  writeFileSync(join(files, 'objects.yaml'), OBJECTS)
  const serin = await startSerin({ files: [files], args: ['--workers', '2'] })
  const api = apiOf(serin.dir)
  const dice = new Dice(SEED)
  const state = { on: true }
  const port = Number(new URL(serin.addresses.mesh).port)
  try {
    for (const app of APPS) await settled(api, app)
    const loads = APPS.map((app) => steady(port, CALLERS, app, '/'))
    const disturbing = disturb(readFileSync(join(serin.dir, 'run'), 'utf8').trim(), new Dice(SEED + 1), () => state.on)
    const end = performance.now() + MINUTES * 60_000
    for (let changes = 1; performance.now() < end; changes++) {
      const [app, what] = [dice.pick(APPS), dice.pick(Object.keys(CHANGES))]
      await CHANGES[what]?.(api, app, dice)
      await Promise.all(loads.map((load) => load.more(50)))
      // Every second change finds the one before still under way.
      if (dice.chance(0.5)) await settled(api, app)
      const asked = loads.flatMap((load) => load.asked)
      process.stderr.write(`${changes}: ${what} ${app}, ${asked.length} requests\n`)
      const lost = asked.filter(({ fate }) => fate !== 'answered')
      expect(lost, linesOfFailed(serin.dir)).toEqual([])
    }
    state.on = false
    await disturbing
    await Promise.all(loads.map((load) => load.stop()))
    expect(loads.flatMap((load) => load.asked).filter(({ fate }) => fate !== 'answered')).toEqual([])
  } finally {
    state.on = false
    api.close()
    await serin.stop()
    rmSync(files, { recursive: true, force: true })
  }
})
