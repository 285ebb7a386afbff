import { expect, test } from 'vitest'
import { canaryOf, deploymentOf, hookOf } from '../../test/rollout-objects.ts'
import { type World, worldOf } from '../../test/rollout-world.ts'
import type { KubeObject } from '../api/object.ts'
import { RESOURCES } from '../objects/write.ts'

const providerOf = (name: string, spec: object, namespace = 'test'): KubeObject => ({
  apiVersion: 'flagger.app/v1beta1',
  kind: 'AlertProvider',
  metadata: { name, namespace },
  spec: { type: 'slack', address: `http://chats/${name}`, ...spec }
})
const alertsTo = (...names: readonly string[]): { alerts: object[] } => ({
  alerts: names.map((name) => ({ name, severity: 'info', providerRef: { name } }))
})
const secretOf = (name: string, data: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: 'test' },
  data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, btoa(value)]))
})

async function begun(world: World): Promise<World> {
  world.start()
  await world.until(() => world.isIn('Initialized'), 10)
  world.release('api:2')
  return world
}

const messages = (world: World, address?: string): string[] =>
  world.alerts.filter(({ chat }) => address === undefined || chat.address === address).map(({ news }) => `${news.severity} ${news.message}`)

test('a run is told to those who want to hear it: all, or what goes wrong', async () => {
  const canary = canaryOf({
    alerts: [
      { name: 'dev', providerRef: { name: 'dev' } },
      { name: 'ops', severity: 'warn', providerRef: { name: 'ops', namespace: 'test' } },
      { name: 'on-call', severity: 'error', providerRef: { name: 'on-call' } }
    ],
    webhooks: [hookOf('confirm-promotion')]
  })
  const world = worldOf(deploymentOf('api:1'), canary, providerOf('dev', {}), providerOf('ops', {}), providerOf('on-call', {}))
  world.answers['confirm-promotion'] = { kind: 'answered', status: 403, body: '' }
  await begun(world)
  expect(await world.until(() => world.isIn('WaitingPromotion'), 200)).toBe(true)
  await world.clock.advance(60_000)
  world.success = { kind: 'value', value: 10 }
  expect(await world.until(() => world.isIn('Failed'), 200)).toBe(true)
  const waiting = 'warn api.test is waiting for approval of its promotion (webhook confirm-promotion)'
  const failed = 'error Rolling back api.test failed checks threshold reached 2'
  expect(messages(world, 'http://chats/dev')).toEqual([
    'info Deployment initialization completed.',
    'info New revision detected, progressing canary analysis.',
    waiting,
    failed
  ])
  expect(messages(world, 'http://chats/ops')).toEqual([waiting, failed])
  expect(messages(world, 'http://chats/on-call')).toEqual([failed])
  await world.stop()
})

test('a refused traffic increase is told once for each weight, not on every tick', async () => {
  const world = worldOf(
    deploymentOf('api:1'),
    canaryOf({ ...alertsTo('dev'), webhooks: [hookOf('confirm-traffic-increase')] }),
    providerOf('dev', {})
  )
  world.answers['confirm-traffic-increase'] = { kind: 'answered', status: 403, body: '' }
  await begun(world)
  await world.clock.advance(100_000)
  expect(messages(world).filter((text) => text.includes('traffic increase'))).toHaveLength(1)
  world.answers = {}
  await world.until(() => world.told.some(({ message }) => message.includes('weight 20')), 60)
  world.answers['confirm-traffic-increase'] = { kind: 'answered', status: 403, body: '' }
  await world.clock.advance(100_000)
  expect(messages(world).filter((text) => text.includes('traffic increase'))).toHaveLength(2)
  await world.stop()
})

test('channel, user and address have their defaults and come from the secret where there is one', async () => {
  const world = worldOf(
    deploymentOf('api:1'),
    canaryOf(alertsTo('plain', 'kept', 'chat')),
    providerOf('plain', {}),
    providerOf('kept', { address: undefined, secretRef: { name: 'kept' }, channel: 'on-call', username: 'bot', proxy: 'http://proxy' }),
    secretOf('kept', { address: 'http://kept/address\n', token: 'xoxb' }),
    providerOf('chat', { type: 'gchat', address: undefined, secretRef: { name: 'kept' } })
  )
  world.start()
  await world.until(() => world.isIn('Initialized'), 10)
  const standard = { kind: 'slack', token: undefined, channel: 'general', username: 'flagger', proxy: undefined, namespace: 'test' }
  expect(world.alerts.map(({ chat }) => chat)).toEqual([
    { ...standard, address: 'http://chats/plain' },
    { ...standard, address: 'http://kept/address', token: 'xoxb', channel: 'on-call', username: 'bot', proxy: 'http://proxy' },
    { ...standard, kind: 'gchat', address: 'http://kept/address' }
  ])
  await world.stop()
})

test('the chat of all hears of Canaries without alerts of their own, with the name of the cluster first', async () => {
  const [alone, other] = [
    worldOf(deploymentOf('api:1'), canaryOf()),
    worldOf(deploymentOf('api:1'), canaryOf(alertsTo('dev')), providerOf('dev', {}))
  ]
  for (const world of [alone, other]) {
    const chat = { kind: 'msteams', address: 'http://all', token: undefined, channel: '', username: '', proxy: undefined } as const
    world.alertSettings = { clusterName: 'eu-1', chat, noCrossNamespaceRefs: false }
    world.start()
    await world.until(() => world.isIn('Initialized'), 10)
    await world.stop()
  }
  expect(alone.alerts.map(({ chat }) => chat.address)).toEqual(['http://all'])
  expect(other.alerts.map(({ chat }) => chat.address)).toEqual(['http://chats/dev'])
  expect(alone.alerts[0]?.news).toMatchObject({ name: 'api', namespace: 'test', fields: expect.arrayContaining([]) })
  expect(alone.alerts[0]?.news.fields[0]).toEqual({ name: 'Cluster', value: 'eu-1' })
})

test.each<readonly [string, Record<string, unknown>, readonly KubeObject[], string]>([
  ['no provider', alertsTo('none'), [], 'alert provider none.test did not take an alert: there is no such AlertProvider'],
  ['no secret', alertsTo('dev'), [providerOf('dev', { secretRef: { name: 's' } })], 'its secret s does not exist'],
  [
    'no address',
    alertsTo('dev'),
    [providerOf('dev', { secretRef: { name: 's' } }), secretOf('s', { url: 'x' })],
    'its secret s has no key address'
  ],
  [
    'an unknown type',
    alertsTo('dev'),
    [providerOf('dev', { type: 'pager' })],
    'its type pager is not one of slack, msteams, discord, rocket, gchat'
  ]
])('%s is said once, as an Event of the Canary and in the log', async (_, analysis, objects, text) => {
  const world = worldOf(deploymentOf('api:1'), canaryOf(analysis), ...objects)
  await begun(world)
  expect(await world.until(() => world.isIn('Succeeded'), 200)).toBe(true)
  expect(world.told.filter(({ message }) => message.includes(text))).toEqual([expect.objectContaining({ type: 'Warning' })])
  expect(world.log.filter((line) => line.includes(text))).toHaveLength(1)
  await world.stop()
})

test('a provider of another namespace is refused where that is forbidden', async () => {
  const canary = canaryOf({ alerts: [{ name: 'ops', severity: 'info', providerRef: { name: 'ops', namespace: 'ops' } }] })
  const world = worldOf(deploymentOf('api:1'), canary)
  world.alertSettings = { ...world.alertSettings, noCrossNamespaceRefs: true }
  world.start()
  await world.until(() => world.isIn('Initialized'), 10)
  expect(world.told.map(({ message }) => message)).toContainEqual(expect.stringContaining('noCrossNamespaceRefs forbids'))
  await world.stop()
})

test('a chat that never answers holds up neither the rollback nor other chats; a lost one is told once, and its return', async () => {
  const world = worldOf(
    deploymentOf('api:1'),
    canaryOf(alertsTo('hangs', 'down', 'fine')),
    ...['hangs', 'down', 'fine'].map((name) => providerOf(name, {}))
  )
  const hanging = Promise.withResolvers<{ readonly kind: 'sent' }>()
  let isDown = true
  const because = 'connect ECONNREFUSED'
  world.takesAlert = ({ address }) => {
    if (address.endsWith('hangs')) return hanging.promise
    return Promise.resolve(address.endsWith('down') && isDown ? { kind: 'failed', because, mayPass: true } : { kind: 'sent' })
  }
  await begun(world)
  await world.until(() => world.told.some(({ message }) => message.includes('weight 20')), 60)
  world.success = { kind: 'value', value: 10 }
  const before = world.t
  expect(await world.until(() => world.isIn('Failed'), 25)).toBe(true)
  expect(world.t - before).toBeLessThan(25)
  expect(world.get(RESOURCES.virtualServices, 'test', 'api')).toMatchObject({
    spec: { http: [{ route: [{ weight: 100 }, { weight: 0 }] }] }
  })
  expect(messages(world, 'http://chats/fine')).toHaveLength(3)
  await world.clock.advance(10_000)
  expect(world.told.filter(({ message }) => message.includes(because))).toHaveLength(1)
  isDown = false
  world.release('api:3')
  await world.until(() => messages(world, 'http://chats/down').length > 0, 60)
  expect(world.log).toContain('alert provider down.test takes alerts again')
  hanging.resolve({ kind: 'sent' })
  await world.stop()
})

test('alerts that a stop cuts off are counted in the log', async () => {
  const world = worldOf(deploymentOf('api:1'), canaryOf(alertsTo('hangs')), providerOf('hangs', {}))
  const telling = new AbortController()
  world.telling = telling.signal
  const hanging = new Promise<never>((_, reject) => telling.signal.addEventListener('abort', () => reject(telling.signal.reason)))
  world.takesAlert = () => hanging
  await begun(world)
  await world.until(() => world.told.some(({ message }) => message.startsWith('Starting')), 20)
  await world.stop()
  const over = world.allTold()
  telling.abort(new Error('over'))
  await over
  // Of the end of initialisation, and of the new revision.
  expect(world.log.filter((line) => line.includes('lost'))).toEqual(['alerts that no chat has taken are lost: 2'])
})
