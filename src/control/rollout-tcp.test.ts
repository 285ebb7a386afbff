// Rollouts of what carries connections (service.appProtocol: tcp), in virtual time, with the controller killed before each of its writes.

import { expect, test } from 'vitest'
import { imageOf } from '../../test/rollout-laws.ts'
import { canaryOf, deploymentOf } from '../../test/rollout-objects.ts'
import { type World, worldOf } from '../../test/rollout-world.ts'
import type { KubeObject } from '../api/object.ts'
import { destinationsOf, rulesOf } from '../objects/virtual-service.ts'
import { RESOURCES } from '../objects/write.ts'
import { dig } from '../std/json.ts'

const TEMPLATE: KubeObject = {
  apiVersion: 'flagger.app/v1beta1',
  kind: 'MetricTemplate',
  metadata: { name: 'cut-off', namespace: 'test' },
  spec: {
    provider: { type: 'prometheus', address: 'http://prometheus' },
    query: 'sum(rate(istio_tcp_connections_closed_total{destination_workload="{{ target }}",response_flags!="-"}[{{ interval }}]))'
  }
}
const METRIC = { name: 'cut-off', templateRef: { name: 'cut-off' }, thresholdRange: { max: 1 }, interval: '30s' }

function canary(service: Record<string, unknown> = {}): KubeObject {
  return canaryOf(
    { metrics: [METRIC] },
    { service: { port: 9000, appProtocol: 'tcp', portName: 'tcp', match: [{ port: 9000 }], ...service } }
  )
}

async function begin(): Promise<World> {
  const world = worldOf(deploymentOf('api:1'), TEMPLATE, canary())
  world.answerQuery = () => ({ kind: 'value', value: 0 })
  world.start()
  expect(await world.until(() => world.isIn('Initialized'), 15)).toBe(true)
  world.writes.length = 0
  return world
}

/** Lets the rollout come to `phase`, and starts the controller again whenever it died. */
const routes = (world: World): KubeObject | undefined => world.named(RESOURCES.virtualServices)
const shares = (object: KubeObject | undefined): string =>
  destinationsOf(rulesOf(object, 'tcp')[0])
    .map(({ weight }) => weight)
    .join('/')
const written = (world: World): readonly string[] => [
  ...new Set(world.writes.flatMap(({ change }) => (change.object.kind === 'VirtualService' ? [shares(change.object)] : [])))
]
const primaryImage = (world: World): unknown => imageOf(world.named(RESOURCES.deployments, 'api-primary'))

test('its VirtualService has a rule for connections, as Flagger writes it, and its Services say tcp', async () => {
  const world = await begin()
  const destination = (role: string, weight: number) => ({ destination: { host: `api-${role}` }, weight })
  expect(routes(world)?.['spec']).toEqual({
    gateways: ['mesh'],
    hosts: ['api'],
    tcp: [{ match: [{ port: 9000 }], route: [destination('primary', 100), destination('canary', 0)] }]
  })
  for (const name of ['api', 'api-primary', 'api-canary'])
    expect(dig(world.named(RESOURCES.services, name), 'spec', 'ports')).toMatchObject([{ name: 'tcp', port: 9000, appProtocol: 'tcp' }])
  await world.stop()
})

test('it is led through its weights while a MetricTemplate is content, and promoted', async () => {
  const world = await begin()
  const asked: string[] = []
  world.answerQuery = ({ query }) => {
    asked.push(query)
    return { kind: 'value', value: 0 }
  }
  world.release('api:2')
  await world.comesTo('Succeeded')
  expect(written(world)).toEqual(['80/20', '60/40', '100/0'])
  expect(asked[0]).toBe('sum(rate(istio_tcp_connections_closed_total{destination_workload="api",response_flags!="-"}[30s]))')
  expect(primaryImage(world)).toBe('api:2')
  await world.stop()
})

test('it is taken back when the MetricTemplate is not content', async () => {
  const world = await begin()
  world.answerQuery = () => ({ kind: 'value', value: 7 })
  world.release('api:2')
  await world.comesTo('Failed')
  expect(shares(routes(world))).toBe('100/0')
  expect(primaryImage(world)).toBe('api:1')
  expect(world.told.map(({ message }) => message)).toContain('Halt api.test advancement cut-off 7.00 > 1')
  await world.stop()
})

test.each([
  [0, 'Succeeded'],
  [7, 'Failed']
])('with %d connections cut off it comes to %s with the same objects, before whichever write the controller dies', async (value, phase) => {
  const end = (world: World): unknown => {
    const { lastTransitionTime: _, conditions: __, ...status } = Object(world.status())
    return [status, primaryImage(world), routes(world)?.['spec']]
  }
  const run = async (writesLeft: number): Promise<World> => {
    const world = await begin()
    world.answerQuery = () => ({ kind: 'value', value })
    world.writesLeft = writesLeft
    world.release('api:2')
    await world.comesTo(phase)
    world.writesLeft = Infinity
    await world.clock.advance(1000)
    await world.stop()
    return world
  }
  const whole = await run(Infinity)
  expect(whole.writes.length).toBeGreaterThan(5)
  for (let left = 0; left < whole.writes.length; left++) expect(end(await run(left)), `killed before write ${left + 1}`).toEqual(end(whole))
})

test("somebody else's weights are put right, by patches of connections' rules alone", async () => {
  const world = await begin()
  world.write(RESOURCES.virtualServices, 'kubectl', (live) => {
    const [rule] = rulesOf(live, 'tcp')
    const route = destinationsOf(rule).map(({ host }, at) => ({ destination: { host }, weight: at === 0 ? 30 : 70 }))
    return { ...live, spec: { ...Object(live['spec']), tcp: [{ ...Object(rule), route }] } }
  })
  expect(shares(routes(world))).toBe('30/70')
  expect(await world.until(() => shares(routes(world)) === '100/0', 30)).toBe(true)
  await world.stop()
})

test('a Service that becomes one of connections has its rules for requests replaced, and back', async () => {
  const world = await begin()
  const become = (appProtocol: string): void =>
    world.patch(RESOURCES.canaries, 'test', 'api', {
      spec: { service: { ...Object(dig(canary(), 'spec', 'service')), appProtocol, match: null } }
    })
  become('http')
  expect(await world.until(() => rulesOf(routes(world), 'http').length === 1, 30)).toBe(true)
  expect(rulesOf(routes(world), 'tcp')).toEqual([])
  become('TCP')
  expect(await world.until(() => rulesOf(routes(world), 'tcp').length === 1, 30)).toBe(true)
  expect(rulesOf(routes(world), 'http')).toEqual([])
  await world.stop()
})
