import { expect, test } from 'vitest'
import { canaryOf, deploymentOf, hookOf } from '../../test/rollout-objects.ts'
import { type World, worldOf } from '../../test/rollout-world.ts'
import type { Measurement } from './judge-metric.ts'
import { type FailureResponse, ON_FAILURE } from '../canary/metric-checks.ts'
import { type Plan, planOf } from '../canary/plan.ts'
import { failedCheck, previousStage } from './respond.ts'
import { NO_PROGRESS, type Progress, type RolloutState } from './state.ts'
import { tickOf } from '../../test/rollout-objects.ts'

const planned = (analysis: Record<string, unknown>): Plan => {
  const canary = canaryOf()
  return planOf({ ...canary, spec: { ...Object(canary['spec']), analysis } })
}
const at = (weight: number, iterations = 0): Progress => ({ weight, iterations })
const MIRRORED: Progress = { ...NO_PROGRESS, mirrored: true }

test.each<readonly [string, Record<string, unknown>, Progress, Progress]>([
  ['a weight', { stepWeights: [5, 20, 50] }, at(50), at(20)],
  ['a weight between two', { stepWeights: [5, 20, 50] }, at(30), at(20)],
  ['the first weight', { stepWeights: [5, 20, 50] }, at(5), NO_PROGRESS],
  ['the first weight after copies', { stepWeights: [5], mirror: true }, at(5), MIRRORED],
  ['copies', { stepWeights: [5], mirror: true }, MIRRORED, NO_PROGRESS],
  ['an iteration', { iterations: 3 }, at(0, 3), at(0, 2)],
  ['the first iteration', { iterations: 3, match: [{ headers: {} }] }, at(0, 1), NO_PROGRESS]
])('the stage before %s', (_, analysis, progress, before) => {
  expect(previousStage(planned(analysis), progress)).toEqual(before)
})

const STATE: RolloutState = {
  phase: 'waiting-promotion',
  since: 0,
  applied: 'a',
  promoted: 'b',
  failedChecks: 0,
  weight: 40,
  iterations: 0
}

test.each<readonly [FailureResponse, unknown, readonly string[]]>([
  ['count', { phase: 'waiting-promotion', weight: 40, failedChecks: 1 }, []],
  [
    'step-back',
    { phase: 'progressing', weight: 20, failedChecks: 1 },
    ['Check errors of api.test failed: stepping back to canary weight 20']
  ],
  ['to-zero', { phase: 'progressing', weight: 0, failedChecks: 1 }, ['Check errors of api.test failed: routing all traffic to primary']],
  ['revert', { phase: 'waiting-promotion', weight: 40, failedChecks: 2 }, ['Check errors of api.test failed: rolling back at once']]
])('%s', (response, state, told) => {
  const concluded = failedCheck(tickOf({ kind: 'start' }), STATE, { check: 'errors', because: 'x', response }, [])
  expect(concluded.state).toMatchObject({ ...Object(state), because: 'x' })
  expect(concluded.announcements).toMatchObject(told.map((message) => ({ message })))
  expect(concluded.wake === 0).toBe(response === 'revert')
})

/** A run at weight 40 of a Canary whose checks respond as said; `errors` is a query that may be at most 1. */
async function atForty(onFailure: string): Promise<{ world: World; set: (errors: number) => void }> {
  const metrics = [
    { name: 'errors', query: 'q', thresholdRange: { max: 1 } },
    { name: 'request-success-rate', thresholdRange: { min: 99 } }
  ]
  const canary = canaryOf({ metrics, threshold: 3, maxWeight: 60, webhooks: [{ ...hookOf('confirm-promotion') }] })
  const world = worldOf(deploymentOf('api:1'), { ...canary, metadata: { ...canary.metadata, annotations: { [ON_FAILURE]: onFailure } } })
  let errors = 0
  world.ownPrometheus = 'http://own:9090'
  world.answerQuery = ({ query }): Measurement => ({ kind: 'value', value: query === 'vector(1)' ? 1 : errors })
  world.start()
  await world.until(() => world.isIn('Initialized'), 60)
  world.release('api:2')
  expect(await world.until(() => status(world).canaryWeight === 40, 90)).toBe(true)
  return { world, set: (value) => (errors = value) }
}

const status = (world: World): { canaryWeight: number; failedChecks: number; phase: string } => Object(world.status())

test('hold: the step stays where it is for as long as the check fails, and nothing is counted', async () => {
  const { world, set } = await atForty('errors=hold')
  set(5)
  await world.clock.advance(120_000)
  expect(status(world)).toMatchObject({ canaryWeight: 40, failedChecks: 0, phase: 'Progressing' })
  expect(world.told.map(({ message }) => message)).toContain('Halt api.test advancement errors 5.00 > 1')
  set(0)
  expect(await world.until(() => world.isIn('Succeeded'), 120)).toBe(true)
  await world.stop()
})

test('hold: a later check that fails still counts', async () => {
  const { world, set } = await atForty('errors=hold')
  set(5)
  world.success = { kind: 'value', value: 50 }
  expect(await world.until(() => world.isIn('Failed'), 60)).toBe(true)
  await world.stop()
})

test('step-back: traffic goes back a step with each failure, until the threshold', async () => {
  const { world, set } = await atForty('errors=step-back')
  set(5)
  expect(await world.until(() => status(world).canaryWeight === 20, 20)).toBe(true)
  expect(status(world)).toMatchObject({ failedChecks: 1, phase: 'Progressing' })
  set(0)
  expect(await world.until(() => status(world).canaryWeight === 40, 20)).toBe(true)
  set(5)
  expect(await world.until(() => world.isIn('Failed'), 60)).toBe(true)
  await world.stop()
})

test('to-zero: the analysis begins again without traffic, its pods kept', async () => {
  const { world, set } = await atForty('errors=to-zero')
  set(5)
  expect(await world.until(() => status(world).canaryWeight === 0, 20)).toBe(true)
  expect(status(world)).toMatchObject({ failedChecks: 1, phase: 'Progressing' })
  set(0)
  expect(await world.until(() => world.isIn('Succeeded'), 120)).toBe(true)
  await world.stop()
})

test('revert: one failure rolls back, whatever the threshold, within a second', async () => {
  const { world, set } = await atForty('errors=revert')
  set(5)
  expect(await world.until(() => world.told.some(({ message }) => message.includes('rolling back at once')), 20)).toBe(true)
  expect(await world.until(() => world.isIn('Failed'), 1)).toBe(true)
  await world.stop()
})

test('revert: a controller killed before any of the writes that follow rolls back when it is there again, though the check recovers', async () => {
  let counted = 0
  for (let writes = 0; writes < 8; writes++) {
    const { world, set } = await atForty('errors=revert')
    set(5)
    world.writesLeft = writes
    await world.until(() => world.crashed || world.isIn('Failed'), 30)
    const { failedChecks, phase } = status(world)
    await world.stop()
    if (failedChecks < 3 && phase !== 'Failed') continue
    counted++
    set(0)
    world.start()
    expect(await world.until(() => world.isIn('Failed'), 60), `killed after ${writes} writes`).toBe(true)
    await world.stop()
  }
  expect(counted).toBeGreaterThan(3)
})
