import { expect, test } from 'vitest'
import { canaryOf, deploymentOf } from '../../test/rollout-objects.ts'
import { type World, worldOf } from '../../test/rollout-world.ts'
import type { KubeObject } from '../api/object.ts'
import type { Measurement } from '../rollout/judge-metric.ts'
import type { AskedQuery } from './query-source.ts'

const value = (number: number): Measurement => ({ kind: 'value', value: number })

function templateOf(query: string, namespace = 'test', secretRef?: { name: string }): KubeObject {
  const provider = { type: 'prometheus', address: 'http://prom:9090', ...(secretRef === undefined ? {} : { secretRef }) }
  return { apiVersion: 'flagger.app/v1beta1', kind: 'MetricTemplate', metadata: { name: 'errors', namespace }, spec: { provider, query } }
}

/** A Canary with these metrics and its target at a new image, at its first weight, with what was asked of providers so far. */
async function begun(
  metrics: readonly unknown[],
  given: readonly KubeObject[] = [],
  set: (world: World) => void = () => {}
): Promise<{ world: World; asked: AskedQuery[] }> {
  const world = worldOf(deploymentOf('api:1'), canaryOf({ metrics, threshold: 2 }), ...given)
  const asked: AskedQuery[] = []
  world.answerQuery = () => value(0)
  set(world)
  const answer = world.answerQuery
  world.answerQuery = (query) => {
    asked.push(query)
    return query.query === 'vector(1)' ? value(1) : answer(query)
  }
  world.start()
  expect(await world.until(() => world.isIn('Initialized'), 60)).toBe(true)
  world.release('api:2')
  await world.until(() => weight(world) === 20, 60)
  return { world, asked }
}

const weight = (world: World): unknown => Object(world.status())['canaryWeight']
const failed = (world: World): unknown => Object(world.status())['failedChecks']
const halts = (world: World): readonly string[] => [
  ...new Set(world.told.filter(({ message }) => message.startsWith('Halt')).map(({ message }) => message))
]

test('an inline query goes to the Prometheus of the mesh, with its names and window', async () => {
  const metrics = [
    { name: 'errors', interval: '30s', query: 'x{a="{{ target }}.{{ namespace }}"}[{{ interval }}]', thresholdRange: { max: 1 } }
  ]
  const { world, asked } = await begun(metrics, [], (world) => (world.ownPrometheus = 'http://own:9090'))
  expect(await world.until(() => world.isIn('Succeeded'), 120)).toBe(true)
  expect(asked.at(-1)).toEqual({
    provider: { spec: { type: 'prometheus', address: 'http://own:9090' }, namespace: 'test', credentials: {} },
    query: 'x{a="api.test"}[30s]',
    interval: 30_000
  })
  await world.stop()
})

test('a query with nobody to answer it holds, and says what to do', async () => {
  const { world } = await begun([{ name: 'errors', query: 'x', thresholdRange: { max: 1 } }])
  await world.clock.advance(60_000)
  expect([weight(world), failed(world)]).toEqual([20, 0])
  expect(halts(world)[0]).toMatch(
    /^Halt api.test advancement provider down: metric errors could not be read: no Prometheus answers PromQL here: set spec.metricsServer/
  )
  await world.stop()
})

test('a template is read with its Secret, and its query rendered', async () => {
  const secret: KubeObject = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'auth', namespace: 'infra' },
    data: { token: btoa('abc\n') }
  }
  const metrics = [
    { name: 'errors', templateRef: { name: 'errors', namespace: 'infra' }, templateVariables: { code: '5..' }, thresholdRange: { max: 1 } }
  ]
  const { world, asked } = await begun(metrics, [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'infra' } },
    templateOf('q{c="{{ variables.code }}"}[{{ interval }}]', 'infra', { name: 'auth' }),
    secret
  ])
  expect(await world.until(() => world.isIn('Succeeded'), 120)).toBe(true)
  expect(asked.at(-1)).toMatchObject({
    query: 'q{c="5.."}[1m]',
    interval: 60_000,
    provider: { namespace: 'infra', credentials: { token: 'abc' } }
  })
  await world.stop()
})

test.each<readonly [string, readonly KubeObject[], string]>([
  ['missing', [], 'metric template errors.test not found'],
  ['without its Secret', [templateOf('q', 'test', { name: 'gone' })], 'secret gone.test of metric template errors.test not found'],
  ['with a variable that is not there', [templateOf('{{ variables.x }}')], 'its query: line 1: map has no entry for key "x"'],
  ['with a mistake', [templateOf('{{ nosuch }}')], 'its query: line 1: function "nosuch" not defined']
])('a template %s holds the step, counts for nothing and is named', async (_, given, because) => {
  const { world } = await begun([{ name: 'errors', templateRef: { name: 'errors' }, thresholdRange: { max: 1 } }], given)
  await world.clock.advance(60_000)
  expect([weight(world), failed(world)]).toEqual([20, 0])
  expect(halts(world)).toEqual([`Halt api.test advancement metric errors cannot be asked: ${because}`])
  await world.stop()
})

test('templates of other namespaces are refused where the operator wants that', async () => {
  const metrics = [{ name: 'errors', templateRef: { name: 'errors', namespace: 'infra' }, thresholdRange: { max: 1 } }]
  const { world } = await begun(metrics, [], (world) => (world.noCrossNamespaceRefs = true))
  await world.clock.advance(30_000)
  expect(halts(world)[0]).toContain('templateRef errors is in namespace infra: references to other namespaces are refused')
  await world.stop()
})

test('built-in metrics are asked of the Prometheus that is named, and only errors are 0 percent, not missing data', async () => {
  const only = (world: World): void => {
    world.metricsServer = 'http://prom:9090'
    world.answerQuery = ({ query }) => (query.includes('unless') ? value(2.5) : { kind: 'no-data' })
  }
  const { world, asked } = await begun([{ name: 'request-success-rate', thresholdRange: { min: 99 } }], [], only)
  expect(await world.until(() => world.isIn('Failed'), 120)).toBe(true)
  expect(halts(world)).toEqual(['Halt api.test advancement success rate 0.00% < 99%'])
  expect(asked.map(({ query }) => query.slice(0, 15))).toContain('sum( rate( isti')
  expect(world.queries).toEqual([])
  await world.stop()
})

test.each<readonly [string, Measurement, string]>([
  ['an empty answer', { kind: 'no-data' }, 'no values found for istio metric'],
  ['NaN', value(NaN), 'no values found for istio metric'],
  ['+Inf', value(Infinity), 'not enough data'],
  ['250 percent', value(250), 'not enough data'],
  ['-1 percent', value(-1), 'not enough data'],
  ['an error', { kind: 'down', because: 'prom:9090 answers 500' }, 'provider down']
])('Prometheus giving %s never promotes and never rolls back', async (_, measurement, words) => {
  const strange = (world: World): void => {
    world.metricsServer = 'http://prom:9090'
    world.answerQuery = ({ query }) => (query.includes('unless') ? { kind: 'no-data' } : measurement)
  }
  const { world } = await begun([{ name: 'request-success-rate', thresholdRange: { min: 0 } }], [], strange)
  await world.clock.advance(300_000)
  expect([weight(world), failed(world), world.isIn('Progressing')]).toEqual([20, 0, true])
  expect(halts(world)).toEqual([expect.stringContaining(words)])
  await world.stop()
})

test('at the start of a Canary its providers are asked whether they are there', async () => {
  const world = worldOf(
    deploymentOf('api:1'),
    canaryOf({ metrics: [{ name: 'errors', templateRef: { name: 'errors' } }] }),
    templateOf('q')
  )
  const asked: string[] = []
  world.answerQuery = ({ query }) => {
    asked.push(query)
    return { kind: 'down', because: 'connect refused' }
  }
  world.start()
  await world.until(() => world.isIn('Initialized'), 60)
  expect(asked[0]).toBe('vector(1)')
  expect(world.told.map(({ message }) => message)).toContain('metrics provider not available: connect refused')
  await world.stop()
})

test('those who listen to rollouts hear each value that could be judged', async () => {
  const heard: unknown[] = []
  const { world } = await begun([{ name: 'errors', query: 'q', thresholdRange: { max: 1 } }], [], (world) => {
    world.ownPrometheus = 'http://own:9090'
    world.answerQuery = () => value(0.5)
    world.listeners.push({ measured: (measured) => heard.push(measured) })
  })
  expect(await world.until(() => world.isIn('Succeeded'), 120)).toBe(true)
  expect(heard[0]).toEqual({ namespace: 'test', target: 'api', metric: 'errors', value: 0.5 })
  await world.stop()
})
