// Others write what a rollout writes: people, and agents that bring the cluster to what git says, every few seconds. The rollout goes to its
// end beside those who leave the routes to it, and holds, and says so, beside those who do not.

import { expect, test } from 'vitest'
import { canaryOf, deploymentOf } from '../../test/rollout-objects.ts'
import { type World, worldOf } from '../../test/rollout-world.ts'
import type { KubeObject, ResourceRef } from '../api/object.ts'
import { liveRouting } from '../objects/virtual-service.ts'
import { RESOURCES } from '../objects/write.ts'
import { dig, isObject } from '../std/json.ts'

const { canaries, deployments, virtualServices } = RESOURCES

interface Agent {
  readonly manager: string
  readonly seconds: number
  /** merged: fields that git does not name stay; whole: they go, but for what the server keeps. */
  readonly applies: 'merged' | 'whole'
  /** What git has, by resource. */
  readonly git: Map<ResourceRef, KubeObject>
}

/** What the manifest makes of a live object: maps are merged, lists replaced. */
function merged(live: unknown, manifest: unknown): unknown {
  if (!isObject(live) || !isObject(manifest)) return manifest
  return { ...live, ...Object.fromEntries(Object.entries(manifest).map(([key, value]) => [key, merged(live[key], value)])) }
}

/** Lets an agent apply what git has, again and again. One that is Flux's leaves alone what is annotated so. */
function follow(world: World, agent: Agent): void {
  const { manager, seconds, applies, git } = agent
  const sync = (): void => {
    for (const [resource, manifest] of git) {
      const live = world.named(resource)
      const optedOut = live?.metadata.annotations?.['kustomize.toolkit.fluxcd.io/reconcile'] === 'disabled'
      if (manager === 'kustomize-controller' && optedOut) continue
      const { ownerReferences, finalizers } = live?.metadata ?? {}
      const kept = { ...(ownerReferences && { ownerReferences }), ...(finalizers && { finalizers }) }
      const whole = { ...manifest, metadata: { ...manifest.metadata, ...kept } }
      // The merge of two objects is one.
      world.write(resource, manager, (is) => (applies === 'whole' ? whole : (merged(is, manifest) as KubeObject)))
    }
    world.clock.after(seconds * 1000, sync)
  }
  world.clock.after(seconds * 1000, sync)
}

function routesOf(primary: number, canary: number): readonly unknown[] {
  const to = (role: string, weight: number): unknown => ({ destination: { host: `api-${role}` }, weight })
  return [{ route: [to('primary', primary), to('canary', canary)] }]
}

function gitOf(...resources: readonly ResourceRef[]): Map<ResourceRef, KubeObject> {
  const metadata = { name: 'api', namespace: 'test' }
  const canary = canaryOf({ interval: '1m' })
  const spec = { gateways: ['mesh'], hosts: ['api'], http: routesOf(100, 0) }
  const all = new Map<ResourceRef, KubeObject>([
    [canaries, { ...canary, metadata }],
    [deployments, { ...deploymentOf('api:1'), metadata: { ...metadata, labels: { app: 'api' } } }],
    [virtualServices, { apiVersion: 'networking.istio.io/v1beta1', kind: 'VirtualService', metadata, spec }]
  ])
  return new Map([...all].filter(([resource]) => resources.includes(resource)))
}

async function begun(agent: Agent): Promise<World> {
  const { uid: _, ...canary } = canaryOf({ interval: '1m' }).metadata
  const world = worldOf(deploymentOf('api:1'), { ...canaryOf({ interval: '1m' }), metadata: canary })
  world.start()
  expect(await world.until(() => world.isIn('Initialized'), 120)).toBe(true)
  follow(world, agent)
  return world
}

/** Puts another image into git, or into the cluster where git does not have it. */
function release(world: World, { git }: Agent): void {
  const before = git.get(deployments)
  if (before === undefined) world.release('api:2')
  else git.set(deployments, { ...before, spec: deploymentOf('api:2')['spec'] })
}

function share(world: World): number | undefined {
  return liveRouting(world.named(virtualServices), 'api')?.canary
}

function warnings(world: World): readonly string[] {
  return world.told.filter(({ type, message }) => type === 'Warning' && message.includes('irtual')).map(({ message }) => message)
}

function routeWrites(world: World): number {
  return world.writes.filter(({ change }) => change.resource === 'virtualservices').length
}

test.each(['merged', 'whole'] as const)('an agent that applies all of git every 90 seconds (%s) delays no rollout', async (applies) => {
  const agent: Agent = { manager: 'argocd-controller', seconds: 90, applies, git: gitOf(canaries, deployments, virtualServices) }
  const world = await begun(agent)
  release(world, agent)
  expect(await world.until(() => world.isIn('Succeeded'), 1200)).toBe(true)
  expect(warnings(world)[0]).toMatch(
    /^virtualservice api\.test was changed by argocd-controller \(git\) at 2026-11-21T11:.*spec\.http\[0\]\.route\[1\]\.weight \d+ -> 0: put right; leave this VirtualService out of git, or have the Application ignore/
  )
  expect(warnings(world).length).toBeLessThanOrEqual(3)
  const kept = world.all(RESOURCES.releases).flatMap(({ status }): readonly unknown[] => Object(dig(status, 'changes') ?? []))
  expect(kept).toMatchObject([{ by: 'argocd-controller', whose: 'git', object: 'virtualservice api.test' }])
  await world.stop()
})

test('an agent that heeds its own annotation on a live object leaves the routes alone, and nothing is told', async () => {
  const agent: Agent = {
    manager: 'kustomize-controller',
    seconds: 10,
    applies: 'merged',
    git: gitOf(canaries, deployments, virtualServices)
  }
  const world = await begun(agent)
  release(world, agent)
  expect(await world.until(() => world.isIn('Succeeded'), 600)).toBe(true)
  expect(warnings(world)).toEqual([])
  await world.stop()
})

test('an agent that answers within seconds is not fought: the rollout holds, says what to do, and goes on once that is done', async () => {
  const agent: Agent = { manager: 'argocd-controller', seconds: 5, applies: 'merged', git: gitOf(deployments, virtualServices) }
  const world = await begun(agent)
  release(world, agent)
  await world.until(() => (share(world) ?? 0) > 0, 120)
  const before = routeWrites(world)
  for (let second = 0; second < 1800; second++) await world.clock.advance(1000)
  // Three at once, then one for each of thirty intervals.
  expect(routeWrites(world) - before).toBeLessThanOrEqual(33)
  expect(dig(world.status(), 'canaryWeight')).toBe(20)
  const last = warnings(world).at(-1) ?? ''
  expect(last).toMatch(/^Halt api\.test advancement virtualservice api\.test was changed by argocd-controller \(git\)/)
  expect(last).toContain('managedFieldsManagers: [serin]')
  expect(warnings(world).length).toBeLessThanOrEqual(35)
  const routes = agent.git.get(virtualServices)
  if (routes !== undefined) agent.git.set(virtualServices, { ...routes, spec: { gateways: ['mesh'], hosts: ['api'] } })
  expect(await world.until(() => world.isIn('Succeeded'), 600)).toBe(true)
  await world.stop()
})

test('whoever gives a canary that failed requests has them for a second at most, and is told so once an interval', async () => {
  const agent: Agent = { manager: 'argocd-controller', seconds: 5, applies: 'merged', git: new Map() }
  const world = await begun(agent)
  world.success = { kind: 'value', value: 10 }
  release(world, agent)
  expect(await world.until(() => world.isIn('Failed'), 900)).toBe(true)
  const told = warnings(world).length
  for (const [resource, routes] of gitOf(virtualServices)) {
    agent.git.set(resource, { ...routes, spec: { ...Object(routes['spec']), http: routesOf(50, 50) } })
  }
  let [misled, longest] = [0, 0]
  for (let tenths = 0; tenths < 6000; tenths++) {
    await world.clock.advance(100)
    misled = share(world) === 0 ? 0 : misled + 100
    longest = Math.max(longest, misled)
  }
  expect(longest).toBeLessThanOrEqual(1000)
  expect(warnings(world).length - told).toBeLessThanOrEqual(14)
  expect(warnings(world).at(-1)).toContain('each time that it is put right')
  await world.stop()
})

test('a person who moves weights in mid-run is named, told what to do instead, and moves nothing', async () => {
  const world = await begun({ manager: '', seconds: 1e6, applies: 'merged', git: new Map() })
  world.release('api:2')
  await world.until(() => share(world) === 20, 300)
  await world.clock.advance(5000)
  world.write(virtualServices, 'kubectl-edit', (live) => ({ ...live, spec: { ...Object(live['spec']), http: routesOf(0, 100) } }))
  await world.clock.advance(900)
  expect(share(world)).toBe(20)
  expect(warnings(world)).toEqual([
    expect.stringMatching(
      /^virtualservice api\.test was changed by kubectl-edit \(a person or a program\) at .*: spec\.http\[0\]\.route\[0\]\.weight 80 -> 0, spec\.http\[0\]\.route\[1\]\.weight 20 -> 100: put right; a Canary is steered by its spec, and by serin promote, pause and abort$/
    )
  ])
  expect(await world.until(() => world.isIn('Succeeded'), 600)).toBe(true)
  await world.stop()
})

test('a route, a label or a field that a person adds beside ours stays, and is nobody’s fault', async () => {
  const world = await begun({ manager: '', seconds: 1e6, applies: 'merged', git: new Map() })
  const extra = { match: [{ uri: { prefix: '/mine' } }], route: [{ destination: { host: 'mine' } }] }
  world.write(virtualServices, 'kubectl-edit', (live) => {
    const http: readonly unknown[] = Object(dig(live, 'spec', 'http'))
    const spec = { ...Object(live['spec']), http: [extra, ...http] }
    return { ...live, metadata: { ...live.metadata, labels: { mine: 'yes' } }, spec }
  })
  world.release('api:2')
  expect(await world.until(() => world.isIn('Succeeded'), 600)).toBe(true)
  const live = world.named(virtualServices)
  expect([live?.metadata.labels, dig(live, 'spec', 'http')]).toMatchObject([{ mine: 'yes' }, [extra, {}]])
  expect(warnings(world)).toEqual([])
  await world.stop()
})

test('another controller that acts on the same Canary is named as that', async () => {
  const world = await begun({ manager: '', seconds: 1e6, applies: 'merged', git: new Map() })
  world.release('api:2')
  await world.until(() => share(world) === 20, 300)
  world.write(virtualServices, 'flagger', (live) => ({ ...live, spec: { ...Object(live['spec']), http: routesOf(90, 10) } }))
  await world.clock.advance(900)
  expect(warnings(world)[0]).toMatch(
    /by flagger \(another controller\).*: put right; two controllers act on this Canary: stop one of them$/
  )
  await world.stop()
})

interface BroughtBack {
  readonly what: string
  readonly resource: ResourceRef
  readonly name: string
  readonly change: (live: KubeObject) => unknown
  readonly said: RegExp
}

test.each<BroughtBack>([
  {
    what: 'selector of the main Service',
    resource: RESOURCES.services,
    name: 'api',
    change: (live) => ({ ...Object(live['spec']), selector: { app: 'api' } }),
    said: /^service api\.test was changed by argocd-controller \(git\) at .*: spec\.selector\.app "api-primary" -> "api": put right; leave this service out of git, or have the Application ignore its \/spec \(/
  },
  {
    what: 'port of the canary’s Service',
    resource: RESOURCES.services,
    name: 'api-canary',
    change: (live) => ({ ...Object(live['spec']), ports: [{ port: 81 }] }),
    said: /^service api-canary\.test was changed by argocd-controller .*: spec\.ports .*: put right; /
  },
  {
    what: 'policy of a DestinationRule',
    resource: RESOURCES.destinationRules,
    name: 'api-primary',
    change: (live) => ({ ...Object(live['spec']), trafficPolicy: { loadBalancer: { simple: 'RANDOM' } } }),
    said: /^destinationrule api-primary\.test was changed by argocd-controller .*: spec\.trafficPolicy \(absent\) -> \{"loadBalancer".*: put right; /
  }
])('an agent that brings back its $what is told of once an interval, and loses each time', async ({ resource, name, change, said }) => {
  const world = await begun({ manager: '', seconds: 1e6, applies: 'merged', git: new Map() })
  world.release('api:2')
  await world.until(() => share(world) === 20, 300)
  const kept = world.named(resource, name)?.['spec']
  const told = world.told.length
  for (let times = 0; times < 12; times++) {
    world.write(resource, 'argocd-controller', (live) => ({ ...live, spec: change(live) }), name)
    await world.clock.advance(900)
    expect(world.named(resource, name)?.['spec']).toEqual(kept)
    await world.clock.advance(4100)
  }
  const heard = world.told.slice(told).flatMap(({ message }) => (message.includes('was changed by') ? [message] : []))
  expect(heard).toEqual([expect.stringMatching(said)])
  const changes = world.all(RESOURCES.releases).flatMap(({ status }): readonly unknown[] => Object(dig(status, 'changes') ?? []))
  expect(changes).toMatchObject([{ by: 'argocd-controller', whose: 'git', count: 12 }])
  expect(await world.until(() => world.isIn('Succeeded'), 900)).toBe(true)
  await world.stop()
})

test('an object that somebody removes is made anew, which is told; what the Canary itself wants otherwise is nobody’s doing', async () => {
  const world = await begun({ manager: '', seconds: 1e6, applies: 'merged', git: new Map() })
  const told = world.told.length
  for (const [resource, name] of [
    [RESOURCES.services, 'api-canary'],
    [RESOURCES.destinationRules, 'api-primary']
  ] as const) {
    world.request({ verb: 'delete', target: { resource, namespace: 'test' }, name, body: {}, options: {} })
    await world.clock.advance(900)
    expect(world.named(resource, name)).toBeDefined()
  }
  const heard = (): readonly string[] => world.told.slice(told).map(({ message }) => message)
  expect(heard()).toEqual([
    'service api-canary.test was not there: it is made anew',
    'destinationrule api-primary.test was not there: it is made anew'
  ])
  const trafficPolicy = { loadBalancer: { simple: 'RANDOM' } }
  world.patch(canaries, 'test', 'api', { spec: { service: { port: 81, trafficPolicy } } })
  await world.clock.advance(900)
  expect(dig(world.named(RESOURCES.services, 'api-canary'), 'spec', 'ports')).toMatchObject([{ port: 81 }])
  expect(heard()).toHaveLength(2)
  await world.stop()
})

test('a main Service that was there before the Canary is not called changed by its owner when the Canary’s port changes', async () => {
  const ports = [{ name: 'http', port: 80, targetPort: 80, protocol: 'TCP' }]
  const metadata = { name: 'api', namespace: 'test' }
  const service: KubeObject = { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector: { app: 'api' }, ports } }
  const world = worldOf(deploymentOf('api:1'), service)
  await world.clock.advance(5000)
  const { uid: _, ...canary } = canaryOf().metadata
  world.create({ ...canaryOf(), metadata: canary })
  world.start()
  expect(await world.until(() => world.isIn('Initialized'), 120)).toBe(true)
  await world.clock.advance(5000)
  world.patch(canaries, 'test', 'api', { spec: { service: { port: 81 } } })
  await world.clock.advance(900)
  expect(dig(world.named(RESOURCES.services), 'spec', 'ports')).toMatchObject([{ port: 81 }])
  expect(world.told.filter(({ message }) => message.includes('was changed by'))).toEqual([])
  await world.stop()
})

test('an abort works beside an agent that answers within seconds', async () => {
  const agent: Agent = { manager: 'argocd-controller', seconds: 5, applies: 'merged', git: gitOf(virtualServices) }
  const world = await begun({ ...agent, git: new Map() })
  world.release('api:2')
  expect(await world.until(() => share(world) === 20, 300)).toBe(true)
  const routes = agent.git.get(virtualServices)
  if (routes !== undefined) agent.git.set(virtualServices, { ...routes, spec: { ...Object(routes['spec']), http: routesOf(50, 50) } })
  follow(world, agent)
  expect(await world.until(() => warnings(world).some((text) => text.startsWith('Halt ')), 300)).toBe(true)
  world.patch(canaries, 'test', 'api', { metadata: { annotations: { 'flagger.app/rollback': 'true' } } })
  await world.clock.advance(1000)
  expect([world.isIn('Failed'), share(world)]).toEqual([true, 0])
  expect(world.named(canaries)?.metadata.annotations?.['flagger.app/rollback']).toBeUndefined()
  await world.stop()
})
