// A fresh copy of stable beside the canary, in virtual time: that it gets as much traffic as the canary, that it comes and goes with the
// analysis whatever is interrupted, and that the gate compares with it.

import { describe, expect, it } from 'vitest'
import { canaryOf, configMapOf, deploymentOf } from '../../test/rollout-objects.ts'
import { type World, worldAt, worldOf } from '../../test/rollout-world.ts'
import { WorldTraffic } from '../../test/world-traffic.ts'
import type { KubeObject } from '../api/object.ts'
import type { ServiceName, VersionPair } from '../gate/served.ts'
import { destinationsOf, rulesOf } from '../objects/virtual-service.ts'
import { RESOURCES } from '../objects/write.ts'
import { dig } from '../std/json.ts'

const WEIGHTS = { interval: '10s', stepWeight: 40, maxWeight: 80, threshold: 2 }
const NO_WORD = { metadata: { annotations: { 'serin.dev/baseline': null } } }
const OBJECTS = [RESOURCES.deployments, RESOURCES.services, RESOURCES.destinationRules]

function asking(analysis: Readonly<Record<string, unknown>> = {}, spec: Readonly<Record<string, unknown>> = {}): KubeObject {
  const canary = canaryOf({ ...WEIGHTS, ...analysis }, spec)
  return { ...canary, metadata: { ...canary.metadata, annotations: { 'serin.dev/baseline': 'fresh' } } }
}

function weightsIn(virtualService: KubeObject | undefined): readonly string[] {
  return rulesOf(virtualService, 'http').map((entry) =>
    destinationsOf(entry)
      .map(({ host, weight }) => `${host.replace('api-', '')} ${weight}`)
      .join(', ')
  )
}

const weights = (world: World): readonly string[] => weightsIn(world.named(RESOURCES.virtualServices))
const left = (world: World): readonly string[] =>
  OBJECTS.flatMap((resource) => (world.named(resource, 'api-baseline') === undefined ? [] : [resource.resource]))

/** An initialised Canary with a baseline, whose target has two pods. */
async function begun(
  canary: KubeObject = asking(),
  ...more: readonly KubeObject[]
): Promise<{ readonly world: World; readonly seen: string[] }> {
  const seen: string[] = []
  const world = held(worldOf(deploymentOf('api:1', 'api', { replicas: 2 }), canary, ...more), seen)
  world.start()
  expect(await world.until(() => world.isIn('Initialized'), 60)).toBe(true)
  return { world, seen }
}

// Every write is held to what must never be.
function held(world: World, seen: string[]): World {
  world.watchWrites = ({ object }) => {
    const split = object.kind === 'VirtualService' ? rulesOf(object, 'http').filter((each) => destinationsOf(each).length > 1) : []
    const sums = split.map((entry) => destinationsOf(entry).reduce((sum, { weight }) => sum + weight, 0))
    if (sums.some((sum) => sum !== 100)) throw new Error(`weights are ${weightsIn(object).join('; ')}`)
    if (object.kind === 'VirtualService') seen.push(...weightsIn(object))
    const leads = weights(world).some((text) => text.includes('baseline'))
    if (leads && left(world).length < OBJECTS.length) throw new Error(`traffic goes to a baseline of which there is ${left(world).join()}`)
  }
  return world
}

async function ends(world: World, phase: string): Promise<void> {
  await world.comesTo(phase)
  await world.clock.advance(2_000)
}

describe('a fresh baseline', () => {
  it('gets as much as the canary, as far as there is something left, and is taken away at the end', async () => {
    const { world, seen } = await begun()
    world.release('api:2')
    expect(await world.until(() => weights(world)[0]?.includes('baseline') === true, 60)).toBe(true)
    const [baseline, primary] = [world.named(RESOURCES.deployments, 'api-baseline'), world.named(RESOURCES.deployments, 'api-primary')]
    expect(dig(baseline, 'spec', 'replicas')).toBe(2)
    expect(dig(baseline, 'spec', 'template', 'spec')).toEqual(dig(primary, 'spec', 'template', 'spec'))
    expect(dig(baseline, 'spec', 'template', 'metadata', 'labels', 'app')).toBe('api-baseline')
    expect(dig(baseline, 'spec', 'selector', 'matchLabels')).toEqual({ app: 'api-baseline' })
    expect(dig(world.named(RESOURCES.services, 'api-baseline'), 'spec', 'selector')).toEqual({ app: 'api-baseline' })
    for (const resource of OBJECTS) {
      expect(world.named(resource, 'api-baseline')?.metadata.ownerReferences?.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
        'Canary api'
      ])
    }
    await ends(world, 'Succeeded')
    // At last the promotion has begun: the analysis is over, the canary is not yet away.
    expect([...new Set(seen)]).toEqual([
      'primary 100, canary 0',
      'primary 20, canary 40, baseline 40',
      'primary 0, canary 80, baseline 20',
      'primary 20, canary 80'
    ])
    expect(left(world)).toEqual([])
    expect(JSON.stringify(world.named(RESOURCES.deployments, 'api-primary'))).toContain('api:2')
    expect(world.told.some(({ message }) => message.includes('made anew') || message.includes('interruption'))).toBe(false)
    await world.stop()
  })

  it('is taken away with a canary that fails', async () => {
    const { world } = await begun()
    world.success = { kind: 'value', value: 50 }
    world.release('api:2')
    await ends(world, 'Failed')
    expect([weights(world), left(world)]).toEqual([['primary 100, canary 0'], []])
    await world.stop()
  })

  it('begins with the revision and not before: pods of another name get no traffic, and others keep theirs', async () => {
    const theirs = deploymentOf('other:1', 'api-baseline')
    const { world } = await begun(asking(), theirs)
    world.release('api:2')
    await world.until(() => false, 60)
    expect(world.isIn('Progressing')).toBe(true)
    expect(weights(world)).toEqual(['primary 100, canary 0'])
    expect(JSON.stringify(world.named(RESOURCES.deployments, 'api-baseline'))).toContain('other:1')
    expect(world.told.some(({ message }) => message.includes('deployment api-baseline.test stands where its baseline would'))).toBe(true)
    await world.stop()
  })

  it('that loses its pods has its traffic given to the primary, and gets it again when they are back', async () => {
    const { world } = await begun(asking({ interval: '60s' }))
    world.release('api:2')
    expect(await world.until(() => weights(world)[0] === 'primary 20, canary 40, baseline 40', 90)).toBe(true)
    world.request({
      verb: 'delete',
      target: { resource: RESOURCES.deployments, namespace: 'test' },
      name: 'api-baseline',
      body: undefined,
      options: {}
    })
    expect(await world.until(() => weights(world)[0] === 'primary 60, canary 40', 5)).toBe(true)
    expect(await world.until(() => weights(world)[0] === 'primary 20, canary 40, baseline 40', 20)).toBe(true)
    await ends(world, 'Succeeded')
    expect(left(world)).toEqual([])
    await world.stop()
  })

  it('that is no longer wanted in mid-analysis is taken away', async () => {
    const { world } = await begun(asking({ interval: '60s' }))
    world.release('api:2')
    expect(await world.until(() => weights(world)[0] === 'primary 20, canary 40, baseline 40', 90)).toBe(true)
    world.patch(RESOURCES.canaries, 'test', 'api', { metadata: { annotations: { 'serin.dev/baseline': null } } })
    expect(await world.until(() => left(world).length === 0, 5)).toBe(true)
    expect(weights(world)).toEqual(['primary 60, canary 40'])
    await world.stop()
  })

  it('may be a key of the ConfigMap that the Canary names, and goes with it', async () => {
    const plain = asking({ interval: '60s' })
    const canary = { ...plain, metadata: { ...plain.metadata, annotations: { 'serin.dev/gate-config': 'rules' } } }
    const { world } = await begun(canary, configMapOf('rules', { baseline: 'fresh' }))
    world.release('api:2')
    expect(await world.until(() => weights(world)[0] === 'primary 20, canary 40, baseline 40', 90)).toBe(true)
    world.patch(RESOURCES.configMaps, 'test', 'rules', { data: { baseline: 'none' } })
    expect(await world.until(() => left(world).length === 0, 5)).toBe(true)
    expect(weights(world)).toEqual(['primary 60, canary 40'])
    await world.stop()
  })

  it.each<readonly [string, Readonly<Record<string, unknown>>]>([
    ['another provider', { spec: { provider: 'kubernetes' } }],
    ['iterations', { spec: { analysis: { iterations: 5, stepWeight: null, maxWeight: null } } }],
    ['a match', { spec: { analysis: { match: [{ headers: { a: { exact: 'b' } } }] } } }],
    ['connections', { spec: { service: { port: 80, appProtocol: 'tcp' }, analysis: { metrics: null } } }],
    ['no say in it and another provider', { ...NO_WORD, spec: { provider: 'kubernetes' } }],
    ['no say in it and iterations', { ...NO_WORD, spec: { analysis: { iterations: 5, stepWeight: null, maxWeight: null } } }],
    ['an abort', { metadata: { annotations: { 'flagger.app/rollback': 'true' } } }],
    ['no say in it and an abort', { metadata: { annotations: { 'flagger.app/rollback': 'true', 'serin.dev/baseline': null } } }]
  ])('is taken away for %s in mid-analysis', async (_, change) => {
    const { world } = await begun(asking({ interval: '60s' }))
    world.release('api:2')
    expect(await world.until(() => weights(world)[0] === 'primary 20, canary 40, baseline 40', 90)).toBe(true)
    world.patch(RESOURCES.canaries, 'test', 'api', change)
    expect([await world.until(() => left(world).length === 0, 5), left(world)]).toEqual([true, []])
    await world.stop()
  })

  it.each<readonly [string, number, string]>([
    ['good', 100, 'Succeeded'],
    ['bad', 50, 'Failed']
  ])('of a %s canary comes and goes whatever write the controller dies before', async (_, success, phase) => {
    let crashes = 0
    const first = await begun()
    await first.world.stop()
    const moment = first.world.moment()
    for (let writes = 0; ; writes++) {
      const world = held(worldAt(moment), [])
      world.start()
      world.success = { kind: 'value', value: success }
      world.release('api:2')
      world.writesLeft = writes
      let crashed = false
      for (let second = 0; second < 300 && !world.isIn(phase); second++) {
        await world.clock.advance(1_000)
        if (!world.crashed) continue
        crashed = true
        crashes++
        await world.stop()
        world.start()
      }
      await world.clock.advance(2_000)
      expect([phase, world.isIn(phase), weights(world), left(world)]).toEqual([phase, true, ['primary 100, canary 0'], []])
      await world.stop()
      if (!crashed) break
    }
    expect(crashes).toBeGreaterThan(12)
  })
})

describe('the gate', () => {
  it('compares the canary with it, and asks the primary what stable was like before', async () => {
    const { world } = await begun()
    const traffic = new WorldTraffic(world, { rate: 200, stable: 0.001, canary: 1 })
    const asked: string[] = []
    world.counters = {
      edges: traffic.edges,
      interval: traffic.interval,
      finest: traffic.finest,
      read: (pair: VersionPair) => {
        asked.push(`read ${pair.canaryService} ${pair.stable.name}`)
        return traffic.read(pair)
      },
      history: ({ service }: ServiceName) => {
        asked.push(`history ${service}`)
        return traffic.history()
      }
    }
    await world.stop()
    world.start()
    world.release('api:2')
    await ends(world, 'Failed')
    expect(new Set(asked)).toEqual(new Set(['history api-primary', 'read api-canary api-baseline']))
    expect(left(world)).toEqual([])
    const kept = world.all(RESOURCES.releases).map(({ status }) => dig(status, 'asked', 'baseline'))
    expect(kept).toContain('fresh')
    await world.stop()
  })
})

describe('a baseline that cannot be', () => {
  it.each<readonly [KubeObject, string]>([
    [asking({ match: [{ headers: { a: { exact: 'b' } } }], iterations: 2 }), 'all callers that match get the canary'],
    [asking({ iterations: 2, stepWeight: undefined, maxWeight: undefined }), 'requests are not split by weight'],
    [asking({ metrics: [] }, { service: { port: 80, appProtocol: 'tcp' } }), 'requests are not split by weight']
  ])('is told, and none is made: %#', async (canary, why) => {
    const { world } = await begun(canary)
    world.release('api:2')
    await ends(world, 'Succeeded')
    const text = `metadata.annotations[serin.dev/baseline] has no effect: ${why}, so nothing is left of the same callers for a baseline`
    expect(world.told.map(({ message }) => message)).toContain(`canary api.test: ${text}`)
    expect(world.writes.some(({ change }) => change.object.metadata.name === 'api-baseline')).toBe(false)
    await world.stop()
  })
})
