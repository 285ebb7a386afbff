// kill -9 of `serin up` in the middle of an analysis: started again on its data folder, the rollout goes on where it was and finishes.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventsOf, field, manifest, reopenShop, shortened, startShop, watchCanary, PATIENCE, type Watched } from './canary-guide.ts'
import { KUBECTL_FOUND, until } from './run.ts'
import type { Serin } from './serin.ts'

const home = mkdtempSync(join(tmpdir(), 'serin-restart-'))
const dir = join(home, 'data')
const SHOP = { namespace: 'test', app: 'api', image: 'myapp' }

let serin: Serin
let watched: Watched

beforeAll(async () => {
  if (!KUBECTL_FOUND) return
  serin = await startShop(SHOP, dir)
  const canary = shortened(manifest('40-g4-canary-api')).replace('stepWeight: 10', 'stepWeight: 25')
  await serin.kubectl(['apply', '-n', 'test', '-f', '-'], { input: canary })
  watched = watchCanary(serin, 'test', 'api')
  await watched.reaches('Initialized', PATIENCE)
}, PATIENCE)

afterAll(async () => {
  watched?.stop()
  await serin?.stop()
  rmSync(home, { recursive: true, force: true })
})

it.skipIf(!KUBECTL_FOUND)(
  'kubectl: killed at 25 %, a rollout goes on at 25 % and is promoted, with every step taken once',
  async () => {
    await serin.kubectl(['set', 'image', 'deployment/api', '-n', 'test', 'api=myapp:1.1.0'])
    await until('weight 25', () => watched.states().includes('Progressing 25'), PATIENCE)
    watched.stop()
    process.kill(serin.pid, 'SIGKILL')
    await serin.stop()
    serin = await reopenShop(SHOP, dir)
    watched = watchCanary(serin, 'test', 'api')
    await watched.reaches('Succeeded', PATIENCE)
    // Where the watch begins depends on how long the start took; it never goes back.
    const way = ['Progressing 25', 'Progressing 50', 'Promoting 50', 'Finalising 0', 'Succeeded 0']
    expect(watched.states()).toEqual(way.slice(-watched.states().length))
    const events = await eventsOf(serin, 'test', 'api')
    const steps = events.filter((event) => event.includes('Advance') || event.includes('New revision') || event.includes('Starting'))
    expect(steps.toSorted()).toEqual([
      'Normal Advance api.test canary weight 25',
      'Normal Advance api.test canary weight 50',
      'Normal New revision detected! Scaling up api.test',
      'Normal Starting canary analysis for api.test'
    ])
    expect(await field(serin, 'test', 'deployment/api-primary', '{.spec.template.spec.containers[0].image}')).toBe('myapp:1.1.0')
  },
  PATIENCE
)
