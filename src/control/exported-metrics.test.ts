import { expect, test } from 'vitest'
import { canaryOf, deploymentOf } from '../../test/rollout-objects.ts'
import { type World, worldOf } from '../../test/rollout-world.ts'
import { exposition } from '../metrics/exposition.ts'
import { RESOURCES } from '../objects/write.ts'
import { ExportedMetrics } from './exported-metrics.ts'

async function watched(analysis: Record<string, unknown> = {}, spec: Record<string, unknown> = {}) {
  const world = worldOf(deploymentOf('api:1'), canaryOf(analysis, spec))
  const metrics = new ExportedMetrics('1.2.3')
  world.listeners.push(metrics)
  world.start()
  await world.until(() => world.isIn('Initialized'), 10)
  const lines = (start: string): string[] =>
    exposition([], metrics.metrics())
      .split('\n')
      .filter((line) => line.startsWith(start))
  return { world, lines }
}

const toldOf = (world: World, text: string): Promise<boolean> =>
  world.until(() => world.told.some(({ message }) => message.includes(text)), 100)

test('a good run shows in status, weights, checks and successes, under the names and labels of Flagger', async () => {
  const { world, lines } = await watched({ metrics: [{ name: 'request-duration', thresholdRange: { max: 500 } }] })
  expect(lines('flagger_')).toEqual([
    'flagger_info{version="1.2.3",mesh_provider="istio"} 1',
    'flagger_canary_total{namespace="test"} 1',
    'flagger_canary_status{name="api",namespace="test"} 1',
    'flagger_canary_weight{workload="api-primary",namespace="test"} 100',
    'flagger_canary_weight{workload="api",namespace="test"} 0'
  ])
  world.duration = { kind: 'value', value: 250 }
  world.release('api:2')
  await toldOf(world, 'canary weight 40')
  expect(lines('flagger_canary_status')).toEqual(['flagger_canary_status{name="api",namespace="test"} 0'])
  expect(lines('flagger_canary_weight')).toEqual([
    'flagger_canary_weight{workload="api-primary",namespace="test"} 60',
    'flagger_canary_weight{workload="api",namespace="test"} 40'
  ])
  expect(lines('flagger_canary_metric_analysis')).toEqual([
    'flagger_canary_metric_analysis{name="api",namespace="test",metric="request-duration"} 0.25'
  ])
  await world.until(() => world.isIn('Succeeded'), 100)
  expect(lines('flagger_canary_successes_total')).toEqual([
    'flagger_canary_successes_total{name="api",namespace="test",deployment_strategy="canary",analysis_status="completed"} 1'
  ])
  expect(lines('flagger_canary_duration_seconds_count')).toEqual(['flagger_canary_duration_seconds_count{name="api",namespace="test"} 3'])
  expect(lines('flagger_canary_duration_seconds_bucket')).toContain(
    'flagger_canary_duration_seconds_bucket{name="api",namespace="test",le="+Inf"} 3'
  )
  await world.stop()
})

test('a bad run is a failure and status 2, one without analysis is skipped', async () => {
  const { world, lines } = await watched()
  world.success = { kind: 'value', value: 10 }
  world.release('api:2')
  await world.until(() => world.isIn('Failed'), 100)
  expect(lines('flagger_canary_status')).toEqual(['flagger_canary_status{name="api",namespace="test"} 2'])
  expect(lines('flagger_canary_failures_total')).toEqual([
    'flagger_canary_failures_total{name="api",namespace="test",deployment_strategy="canary",analysis_status="completed"} 1'
  ])
  await world.stop()
  const skipping = await watched({}, { skipAnalysis: true })
  skipping.world.release('api:2')
  await skipping.world.until(() => skipping.world.isIn('Succeeded'), 100)
  expect(skipping.lines('flagger_canary_successes_total')).toEqual([
    'flagger_canary_successes_total{name="api",namespace="test",deployment_strategy="canary",analysis_status="skipped"} 1'
  ])
  await skipping.world.stop()
})

test('the series of a deleted Canary go with it, and its namespace stands at 0', async () => {
  const { world, lines } = await watched()
  world.request({ verb: 'delete', target: { resource: RESOURCES.canaries, namespace: 'test' }, name: 'api', body: {}, options: {} })
  await world.clock.advance(1000)
  expect(lines('flagger_')).toEqual(['flagger_info{version="1.2.3",mesh_provider="istio"} 1', 'flagger_canary_total{namespace="test"} 0'])
  await world.stop()
})
