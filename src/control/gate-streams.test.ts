// Streams of counters that a Canary brings, in virtual time: business events of both versions, drawn by chance, read as a Prometheus has them.

import { describe, expect, it } from 'vitest'
import { canaryOf, deploymentOf } from '../../test/rollout-objects.ts'
import { worldOf, type World } from '../../test/rollout-world.ts'
import { WorldTraffic } from '../../test/world-traffic.ts'
import type { KubeObject } from '../api/object.ts'
import { liveRouting } from '../objects/virtual-service.ts'
import { RESOURCES } from '../objects/write.ts'
import { binomial, poisson } from '../sim/chance.ts'
import { seeded } from '../std/draw.ts'
import { dig } from '../std/json.ts'
import type { AskedSelector, Counted, SeriesReading, SeriesSource } from './series-source.ts'

const SLOW = { interval: '60s', threshold: 5, stepWeight: 10, maxWeight: 50 }
const STREAMS = { 'serin.dev/streams': 'checkout=orders-all:orders-bad' }

function templateOf(
  name: string,
  query: string,
  provider: Readonly<Record<string, string>> = { type: 'prometheus', address: 'http://prom' }
): KubeObject {
  return { apiVersion: 'flagger.app/v1beta1', kind: 'MetricTemplate', metadata: { name, namespace: 'test' }, spec: { provider, query } }
}

const ALL = templateOf('orders-all', 'orders_total{deployment="{{ target }}"}')
const BAD = templateOf('orders-bad', 'orders_failed_total{deployment="{{ target }}"}')

/** Orders: forty a second, of which a tenth fails with stable. */
class Orders implements SeriesSource {
  readonly asked: string[] = []
  readonly servers = new Set<string | undefined>()
  down = false
  readonly #world: World
  readonly #failing: number
  readonly #draw = seeded(5)
  readonly #counts = new Map<string, number>()
  #countedTo: number

  constructor(world: World, failing: number) {
    this.#world = world
    this.#failing = failing
    this.#countedTo = world.clock.now()
  }

  latest({ selector, provider }: AskedSelector): Promise<SeriesReading> {
    this.#count()
    this.asked.push(selector)
    this.servers.add(provider.spec.address)
    if (this.down) return Promise.resolve({ kind: 'down', because: 'prom: connection refused' })
    const value = this.#counts.get(selector)
    const series = value === undefined ? [] : [{ key: 'pod', process: 'pod', value }]
    return Promise.resolve({ kind: 'series', at: series.length === 0 ? -Infinity : this.#countedTo, series })
  }

  increases({ selector }: AskedSelector): Promise<readonly Counted[]> {
    const value = selector.includes('failed') ? 240 : 2_400
    return Promise.resolve(Array.from({ length: 360 }, (_, minute) => ({ at: minute * 60_000, value })))
  }

  #count(): void {
    const seconds = (this.#world.clock.now() - this.#countedTo) / 1000
    this.#countedTo = this.#world.clock.now()
    const share = (liveRouting(this.#world.named(RESOURCES.virtualServices), 'api')?.canary ?? 0) / 100
    for (const [name, part, failing] of [['api', share, this.#failing] as const, ['api-primary', 1 - share, 0.1] as const]) {
      const orders = poisson(this.#draw, 40 * seconds * part)
      const add = (metric: string, more: number): unknown =>
        this.#counts.set(`${metric}{deployment="${name}"}`, (this.#counts.get(`${metric}{deployment="${name}"}`) ?? 0) + more)
      add('orders_total', orders)
      add('orders_failed_total', binomial(this.#draw, orders, failing))
    }
  }
}

async function released(failing: number, ...templates: readonly KubeObject[]): Promise<{ readonly world: World; readonly orders: Orders }> {
  const { world, orders } = await initialized(failing, STREAMS, templates)
  world.release('api:2')
  return { world, orders }
}

async function initialized(
  failing: number,
  annotations: Readonly<Record<string, string>>,
  templates: readonly KubeObject[]
): Promise<{ readonly world: World; readonly orders: Orders }> {
  const canary = canaryOf(SLOW)
  const annotated = { ...canary, metadata: { ...canary.metadata, annotations } }
  const world = worldOf(deploymentOf('api:1'), annotated, ...templates)
  const orders = new Orders(world, failing)
  world.counters = new WorldTraffic(world, { rate: 200, stable: 0.001, canary: 0.001 })
  world.series = orders
  world.start()
  expect(await world.until(() => world.isIn('Initialized'), 120)).toBe(true)
  return { world, orders }
}

const causeOf = (world: World): string => JSON.stringify(dig(world.status(), 'conditions'))
const evidenceIn = (world: World): string =>
  world
    .all(RESOURCES.releases)
    .map((release) => String(dig(release, 'status', 'evidence')))
    .join('\n')

describe('a stream of business events', () => {
  it('rolls back a canary whose requests are fine and whose orders are not', async () => {
    const { world, orders } = await released(0.4, ALL, BAD)
    expect(await world.until(() => world.isIn('Failed'), 300)).toBe(true)
    expect(causeOf(world)).toMatch(/ of 2's [\d,]+ checkout events were bad, against [\d,]+ of [\d,]+ on 1 in the same seconds\./)
    expect(new Set(orders.asked).size).toBe(4)
    await world.stop()
  })

  it('is found by selectors in the option itself, asked of the Prometheus that answers the Canary', async () => {
    const selectors = {
      'serin.dev/streams': 'checkout=orders_total{deployment="{{ target }}"}:orders_failed_total{deployment="{{ target }}"}'
    }
    const { world, orders } = await initialized(0.4, selectors, [])
    world.release('api:2')
    expect(await world.until(() => evidenceIn(world).includes('no Prometheus answers PromQL here'), 120)).toBe(true)
    expect(orders.asked).toEqual([])
    world.ownPrometheus = 'http://beside:9090'
    expect(await world.until(() => world.isIn('Failed'), 300)).toBe(true)
    expect(causeOf(world)).toContain('checkout events were bad')
    expect(orders.servers).toEqual(new Set(['http://beside:9090']))
    expect(new Set(orders.asked)).toContain('orders_failed_total{deployment="api-primary"}')
    await world.stop()
  })

  it('is asked for every five seconds at most, however often the gate looks', async () => {
    const { world, orders } = await initialized(0.1, { ...STREAMS, 'serin.dev/look': '1s' }, [ALL, BAD])
    world.release('api:2')
    await world.until(() => orders.asked.length > 0, 30)
    await world.clock.advance(60_000)
    const times = Map.groupBy(orders.asked, (selector) => selector)
    expect(times.size).toBe(4)
    for (const each of times.values()) expect(each.length).toBeLessThanOrEqual(13)
    await world.stop()
  })

  it('whose history hangs holds the gate up for ten seconds, and is judged as one without', async () => {
    const { world, orders } = await initialized(0.4, STREAMS, [ALL, BAD])
    orders.increases = () => new Promise(() => undefined)
    world.release('api:2')
    expect(await world.until(() => world.isIn('Failed'), 300)).toBe(true)
    expect(causeOf(world)).toContain('checkout events were bad')
    expect(world.log).toContain('canary test/api: stream checkout: no history within 10 s; judged without')
    await world.stop()
  })

  it('lets a canary pass whose orders are as good as ever, though a tenth of them fails', async () => {
    const { world } = await released(0.1, ALL, BAD)
    expect(await world.until(() => world.isIn('Succeeded'), 900)).toBe(true)
    await world.stop()
  })

  it('that nobody answers for blames nobody, takes no traffic away, and is named', async () => {
    const { world, orders } = await released(0.4, ALL, BAD)
    orders.down = true
    expect(await world.until(() => world.isIn('Succeeded'), 900)).toBe(true)
    expect(evidenceIn(world)).toContain('The stream checkout: prom: connection refused.')
    expect(world.log.filter((line) => line.includes('stream checkout'))).toEqual([
      'canary test/api: stream checkout: prom: connection refused'
    ])
    await world.stop()
  })

  it('is taken up when its template is there', async () => {
    const { world } = await released(0.4, ALL)
    expect(
      await world.until(() => evidenceIn(world).includes('The stream checkout: metric template orders-bad.test not found.'), 200)
    ).toBe(true)
    world.create(BAD)
    expect(await world.until(() => world.isIn('Failed'), 300)).toBe(true)
    await world.stop()
  })

  it.each([
    [[ALL, templateOf('orders-bad', 'sum(rate(x[1m]))')], 'metric template orders-bad: its query must be a selector of raw counters'],
    [[ALL, templateOf('orders-bad', '{{ nothing }}')], 'metric template orders-bad: its query: line 1: function "nothing" not defined']
  ])('says what is wrong with a template: %#', async (templates, text) => {
    const { world } = await released(0.1, ...templates)
    expect(await world.until(() => evidenceIn(world).includes(text), 200)).toBe(true)
    await world.stop()
  })

  it('of another namespace is refused where those are', async () => {
    const canary = canaryOf(SLOW)
    const annotations = { 'serin.dev/streams': 'checkout=shop/a:b' }
    const world = worldOf(deploymentOf('api:1'), { ...canary, metadata: { ...canary.metadata, annotations } })
    world.noCrossNamespaceRefs = true
    world.counters = new WorldTraffic(world, { rate: 200, stable: 0.001, canary: 0.001 })
    world.start()
    expect(await world.until(() => world.isIn('Initialized'), 120)).toBe(true)
    world.release('api:2')
    expect(
      await world.until(
        () => evidenceIn(world).includes('templateRef a is in namespace shop: references to other namespaces are refused'),
        200
      )
    ).toBe(true)
    await world.stop()
  })
})
