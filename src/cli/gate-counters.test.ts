// Rollouts whose gate reads a Prometheus, in virtual time: it is scraped into every fifteen seconds, and what it has is not what the mesh has.

import { expect, test } from 'vitest'
import { providerWorld } from '../../test/provider-server.ts'
import { canaryOf, deploymentOf } from '../../test/rollout-objects.ts'
import { World } from '../../test/rollout-world.ts'
import { type Truth, WorldTraffic } from '../../test/world-traffic.ts'
import type { RequestCounter } from '../gate/served.ts'
import type { GuardedAnswer, GuardedRequest } from '../remote/guarded-fetch.ts'
import { liveRouting } from '../objects/virtual-service.ts'
import { RESOURCES } from '../objects/write.ts'
import type { Millis } from '../std/clock.ts'
import { dig } from '../std/json.ts'
import { gateCounters } from './gate-counters.ts'

const PAIR = { namespace: 'test', canaryService: 'api-canary', stable: { kind: 'service', name: 'api-primary' } } as const

const GOOD: Truth = { rate: 200, stable: 0.001, canary: 0.001 }
const SCRAPED_EVERY: Millis = 15_000
const PROMETHEUS = { metricsServer: 'http://prometheus:9090', metricsInterval: SCRAPED_EVERY }

/** Answers as a Prometheus that has scraped what a world's traffic has counted, and six hours of it as it is now. */
class Scraped {
  readonly traffic: WorldTraffic
  readonly asked: string[] = []
  isDown = false
  readonly #world: World
  #at: Millis = -Infinity
  #series: readonly Series[] = []

  constructor(world: World, truth: Truth) {
    this.#world = world
    this.traffic = new WorldTraffic(world, truth)
  }

  async fetch({ url }: GuardedRequest): Promise<GuardedAnswer> {
    if (this.isDown) return { kind: 'unreachable', because: 'connection refused' }
    const { pathname, searchParams } = new URL(url)
    const query = searchParams.get('query') ?? ''
    this.asked.push(query)
    await this.#scrape()
    const result = pathname.endsWith('_range') ? this.#history(query) : this.#latest(query)
    const body = JSON.stringify({ status: 'success', data: { resultType: 'matrix', result } })
    return { kind: 'answered', status: 200, headers: {}, body, isCut: false }
  }

  async #scrape(): Promise<void> {
    const now = this.#world.clock.now()
    if (now - this.#at < SCRAPED_EVERY) return
    const read = await this.traffic.read(PAIR)
    if (read.kind !== 'read') return
    this.#at = now
    this.#series = [...seriesOf('api-canary', read.canary), ...seriesOf('api-primary', read.stable)]
  }

  #latest(query: string): readonly unknown[] {
    const le = /le=~?"([^"]*)"/.exec(query)?.[1]?.split('|')
    const found = this.#series.filter(
      ({ metric }) => query.startsWith(`${metric['__name__']}{`) && (le === undefined || le.includes(metric['le'] ?? ''))
    )
    return found.map(({ metric, value }) => ({ metric, values: [[this.#at / 1000, String(value)]] }))
  }

  #history(query: string): readonly unknown[] {
    const { rate, stable } = this.traffic.truth
    const all = 60 * rate
    const minutes = Array.from({ length: 360 }, (_, minute) => this.#world.clock.now() / 1000 - 60 * minute).toReversed()
    const each = (metric: Readonly<Record<string, string>>, value: number): unknown => ({
      metric,
      values: minutes.map((at) => [at, String(value)])
    })
    return query.includes('by (le)')
      ? [each({ le: '100' }, 0.9 * all), each({ le: '250' }, all), each({ le: '+Inf' }, all)]
      : [each({ response_code: '200' }, all * (1 - stable)), each({ response_code: '500' }, all * stable)]
  }
}

interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly value: number
}

function seriesOf(service: string, counters: readonly RequestCounter[]): readonly Series[] {
  return counters.flatMap(({ code, flags, count }) => {
    const labels = { pod: 'gateway', destination_service_name: service, response_code: String(code), response_flags: flags }
    const bucket = (le: string, value: number): Series => ({
      metric: { ...labels, __name__: 'istio_request_duration_milliseconds_bucket', le },
      value
    })
    return [
      { metric: { ...labels, __name__: 'istio_requests_total' }, value: count },
      bucket('100', Math.floor(0.9 * count)),
      bucket('+Inf', count)
    ]
  })
}

/** A release under a gate that reads a Prometheus; the mesh itself counts no failure of it. */
async function released(truth: Truth): Promise<{ readonly world: World; readonly scraped: Scraped }> {
  const world = new World()
  const scraped = new Scraped(world, truth)
  const mesh = new WorldTraffic(world, { ...truth, stable: 0, canary: 0 })
  const ask = { ...providerWorld(), clock: world.clock, fetch: (request: GuardedRequest) => scraped.fetch(request) }
  world.counters = gateCounters(PROMETHEUS, mesh, ask)
  world.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'test' } })
  world.create(deploymentOf('api:1'))
  world.create(canaryOf({ interval: '60s', threshold: 5, stepWeight: 10, maxWeight: 50 }))
  world.start()
  expect(await world.until(() => world.isIn('Initialized'), 120)).toBe(true)
  world.release('api:2')
  expect(await world.until(() => weightIn(world) > 0, 300)).toBe(true)
  return { world, scraped }
}

const weightIn = (world: World): number => liveRouting(world.named(RESOURCES.virtualServices), 'api')?.canary ?? 0
const causeOf = (world: World): string => JSON.stringify(dig(world.status(), 'conditions'))

test('the gate reads the Prometheus that is named: what only that one counts rolls a canary back', async () => {
  const { world, scraped } = await released({ ...GOOD, canary: 0.2 })
  const begun = world.t
  expect(await world.until(() => world.isIn('Failed'), 120)).toBe(true)
  expect(world.t - begun).toBeLessThan(75)
  expect(causeOf(world)).toMatch(/Cause: 2 rolled back after \d+ s at 10 %: \d+ of 2's \d+ requests failed/)
  // Counts of both Services, of durations the one edge that history has requests on both sides of, and two of history.
  const asked = [...new Set(scraped.asked.filter((query) => query.endsWith('[60s]')))]
  expect(asked.map((query) => /^(\w+).*?(?:le=~?"(.*)")?\}/.exec(query)?.slice(1))).toEqual([
    ['istio_requests_total', undefined],
    ['istio_request_duration_milliseconds_bucket', '+Inf'],
    ['istio_request_duration_milliseconds_bucket', '100|100[.]0']
  ])
  expect(new Set(scraped.asked).size).toBe(asked.length + 2)
  await world.stop()
})

test('a good canary passes on what the Prometheus counts, asked no more often than it scrapes', async () => {
  const { world, scraped } = await released(GOOD)
  const [begun, before] = [world.t, scraped.asked.length]
  expect(await world.until(() => world.isIn('Succeeded'), 900)).toBe(true)
  expect((scraped.asked.length - before) / 3).toBeLessThanOrEqual(1 + (world.t - begun) / (SCRAPED_EVERY / 1000))
  await world.stop()
})

test('a Prometheus that does not answer blames nobody: the canary loses its traffic until it does', async () => {
  const { world, scraped } = await released(GOOD)
  // Seen before.
  await world.clock.advance(45_000)
  scraped.isDown = true
  expect(await world.until(() => weightIn(world) === 0, 120)).toBe(true)
  expect(world.isIn('Progressing')).toBe(true)
  scraped.isDown = false
  expect(await world.until(() => world.isIn('Succeeded'), 1200)).toBe(true)
  await world.stop()
})

test('without one it reads the mesh itself', () => {
  const mesh = new WorldTraffic(new World(), GOOD)
  expect(gateCounters({ metricsServer: undefined, metricsInterval: 15_000 }, mesh, providerWorld())).toBe(mesh)
})
