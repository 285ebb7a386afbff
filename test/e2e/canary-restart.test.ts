// kill -9 of `serin up` in the middle of an analysis: started again on its data folder, the rollout goes on where it was and finishes.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  eventsOf,
  field,
  manifest,
  reopenShops,
  shortened,
  startShops,
  watchCanary,
  PATIENCE,
  PATIENCE_AT_FIRST,
  type Watched
} from './canary-guide.ts'
import { KUBECTL_FOUND, until } from './run.ts'
import type { Serin } from './serin.ts'

const home = mkdtempSync(join(tmpdir(), 'serin-restart-'))
const dir = join(home, 'data')
const SHOP = { namespace: 'test', app: 'api', image: 'myapp' }

let serin: Serin
let watched: Watched

beforeAll(async () => {
  if (!KUBECTL_FOUND) return
  serin = await startShops([SHOP], dir)
  const canary = shortened(manifest('40-g4-canary-api')).replace('stepWeight: 10', 'stepWeight: 25')
  expect(await serin.kubectl(['apply', '-n', 'test', '-f', '-'], { input: canary })).toMatchObject({ code: 0 })
  watched = watchCanary(serin, 'test', 'api')
  await watched.reaches('Initialized', PATIENCE_AT_FIRST)
}, PATIENCE)

afterAll(async () => {
  watched?.stop()
  await serin?.stop()
  rmSync(home, { recursive: true, force: true })
})

it.skipIf(!KUBECTL_FOUND)(
  'kubectl: killed at 25 %, a rollout goes on after the start on its data folder and is promoted, begun and copied once',
  async () => {
    await serin.kubectl(['set', 'image', 'deployment/api', '-n', 'test', 'api=myapp:1.1.0'])
    await until('weight 25', () => watched.states().includes('Progressing 25'), PATIENCE)
    watched.stop()
    process.kill(serin.pid, 'SIGKILL')
    await serin.stop()
    serin = await reopenShops([SHOP], dir)
    watched = watchCanary(serin, 'test', 'api')
    await watched.reaches('Succeeded', PATIENCE)
    // The pods were killed too: while the canary has none yet its traffic may go to the primary, and the step is taken again.
    const states = watched.states()
    expect(states.slice(-3)).toEqual(['Promoting 50', 'Finalising 0', 'Succeeded 0'])
    expect(states.slice(0, -3).filter((state) => !/^Progressing (0|25|50)$/.test(state))).toEqual([])
    const events = await eventsOf(serin, 'test', 'api')
    const begun = events.filter((event) => event.includes('New revision') || event.includes('Copying'))
    expect(begun.toSorted()).toEqual([
      'Normal Copying api.test template spec to api-primary.test',
      'Normal New revision detected! Scaling up api.test'
    ])
    expect(await field(serin, 'test', 'deployment/api-primary', '{.spec.template.spec.containers[0].image}')).toBe('myapp:1.1.0')
  },
  PATIENCE
)
