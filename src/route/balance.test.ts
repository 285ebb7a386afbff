import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seeded } from '../std/draw.ts'
import { xxHash64 } from '../std/xxhash.ts'
import { chooseEndpoint } from './balance.ts'
import type { Choosing } from './balance.ts'
import { clusterState } from './cluster-state.ts'
import { TriedPriorities } from './retry-priorities.ts'
import { PLAIN_CLUSTER, PLAIN_ENDPOINT } from './plain.ts'
import type { Cluster, Endpoint } from './route-table.ts'
import type { ClusterState } from './router.ts'

function endpoint(at: number, more: Partial<Endpoint> = {}): Endpoint {
  return { ...PLAIN_ENDPOINT, address: '127.0.0.1', port: 90 + at, pod: `p${at}`, ...more }
}

function clusterOf(more: Partial<Cluster>, endpoints: readonly Partial<Endpoint>[] | number): ClusterState {
  const list = typeof endpoints === 'number' ? Array.from({ length: endpoints }, () => ({})) : endpoints
  return clusterState({ ...PLAIN_CLUSTER, ...more, endpoints: list.map((each, at) => endpoint(at, each)) }, 0)
}

const weights = (...list: number[]): Partial<Endpoint>[] => list.map((weight) => ({ weight }))

function picks(state: ClusterState, n: number, more: Partial<Choosing> = {}): number[] {
  const choosing: Choosing = { now: 1_000_000, draw: seeded(3), ...more }
  return Array.from({ length: n }, () => {
    const chosen = chooseEndpoint(state, choosing)
    return state.slots.findIndex((slot) => slot === chosen)
  })
}

function countsOf(numbers: readonly number[], size: number): number[] {
  const counts = Array.from({ length: size }, () => 0)
  for (const number of numbers) counts[number] = (counts[number] ?? 0) + 1
  return counts
}

function eject(state: ClusterState, ...ats: number[]): void {
  for (const at of ats) {
    const slot = state.slots[at]
    if (slot !== undefined) slot.health.ejectedAt = 1
  }
  state.sets = undefined
}

/** With 4 standard errors of a binomial. */
function expectShare(count: number, n: number, share: number): void {
  expect(Math.abs(count - n * share)).toBeLessThan(4 * Math.sqrt(n * share * (1 - share)) + 1)
}

test('no endpoint: nothing to choose', () => {
  for (const balance of ['round-robin', 'least-request', 'random', 'ring-hash', 'maglev'] as const)
    expect(chooseEndpoint(clusterOf({ balance }, 0), { now: 0, draw: () => 0 })).toBeUndefined()
})

describe('round robin', () => {
  test('turns from a random start', () => {
    expect(picks(clusterOf({ balance: 'round-robin' }, 3), 6, { draw: () => 0 })).toEqual([0, 1, 2, 0, 1, 2])
    const starts = Array.from({ length: 60 }, (_, seed) => picks(clusterOf({ balance: 'round-robin' }, 3), 1, { draw: seeded(seed) })[0])
    expect(new Set(starts).size).toBe(3)
  })

  test('weights 1 and 2 give 1,0,1,1,0,1, and 1, 2, 3 exactly 100, 200, 300 of 600', () => {
    expect(picks(clusterOf({ balance: 'round-robin' }, weights(1, 2)), 6, { draw: () => 0 })).toEqual([1, 0, 1, 1, 0, 1])
    expect(countsOf(picks(clusterOf({ balance: 'round-robin' }, weights(1, 2, 3)), 600), 3)).toEqual([100, 200, 300])
  })

  test('the turn goes on when endpoints come and go; who stays keeps its requests in flight', () => {
    const before = clusterOf({ balance: 'round-robin' }, 3)
    expect(picks(before, 4, { draw: () => 0 })).toEqual([0, 1, 2, 0])
    const [first] = before.slots
    if (first !== undefined) first.active = 7
    const after = clusterState({ ...PLAIN_CLUSTER, balance: 'round-robin', endpoints: [endpoint(0), endpoint(4)] }, 50, before)
    expect(after.slots[0]).toBe(first)
    expect(after.slots[1]?.since).toBe(50)
    expect(picks(after, 3, { draw: () => 0 })).toEqual([0, 1, 0])
    expect(after.stats.read('membership_change')).toBe(before.stats.read('membership_change'))
  })

  test('a retry takes a turn too, and avoids endpoints already tried, up to five more picks', () => {
    const state = clusterOf({ balance: 'round-robin' }, 3)
    const choosing = { now: 0, draw: () => 0 }
    const first = chooseEndpoint(state, choosing)
    const second = chooseEndpoint(state, { ...choosing, tried: first === undefined ? [] : [first] })
    expect(second).toBe(state.slots[1])
    expect(chooseEndpoint(state, { ...choosing, tried: state.slots })).toBe(state.slots[1])
  })
})

test('a third try prefers a priority that was not tried, where the request may leave its own', () => {
  const state = clusterState({ ...PLAIN_CLUSTER, endpoints: [endpoint(0), { ...endpoint(1), priority: 1 }] }, 0)
  const priorities = new TriedPriorities()
  const tries = (): (number | undefined)[] =>
    [1, 2, 3, 4].map(() => {
      const slot = chooseEndpoint(state, { now: 0, draw: () => 0.5, priorities })
      priorities.add(slot?.endpoint.priority ?? 0)
      return slot?.endpoint.priority
    })
  expect(tries()).toEqual([0, 0, 1, 1])
  expect(chooseEndpoint(state, { now: 0, draw: () => 0.5 })?.endpoint.priority).toBe(0)
})

describe('least request', () => {
  test('of two draws the strictly less busy wins; the busier of two still gets a quarter, of three a ninth', () => {
    for (const [hosts, share] of [
      [2, 1 / 4],
      [3, 1 / 9]
    ] as const) {
      for (let busy = 0; busy < hosts; busy += 1) {
        const state = clusterOf({}, hosts)
        const slot = state.slots[busy]
        if (slot !== undefined) slot.active = 5
        expectShare(countsOf(picks(state, 40_000), hosts)[busy] ?? 0, 40_000, share)
      }
    }
  })

  test('ties go to the first draw: a million draws over ten equal endpoints are within 5,000 of their share', () => {
    const script = [0.3, 0.9, 0.6, 0.1]
    let at = 0
    const scripted = (): number => script[at++ % 4] ?? 0
    const state = clusterOf({}, 10)
    state.seed = 0
    expect(picks(state, 2, { draw: scripted })).toEqual([3, 6])
    const counts = Array.from({ length: 10 }, () => 0)
    const choosing = { now: 0, draw: seeded(8) }
    for (let draw = 0; draw < 1_000_000; draw += 1) {
      const port = chooseEndpoint(state, choosing)?.endpoint.port ?? 0
      counts[port - 90] = (counts[port - 90] ?? 0) + 1
    }
    expect(counts.every((count) => Math.abs(count - 100_000) < 5000)).toBe(true)
  })

  test('scripted draws: the second wins only with strictly fewer requests', () => {
    const script = [0, 0.5, 0.5, 0, 0.9, 0.9]
    let at = 0
    const state = clusterOf({}, 2)
    state.seed = 0
    for (const [place, active] of [2, 1].entries()) {
      const slot = state.slots[place]
      if (slot !== undefined) slot.active = active
    }
    expect(picks(state, 3, { draw: () => script[at++] ?? 0 })).toEqual([1, 1, 1])
    const [first] = state.slots
    if (first !== undefined) first.active = 1
    at = 0
    expect(picks(state, 3, { draw: () => script[at++] ?? 0 })).toEqual([0, 1, 1])
  })

  test('unequal weights: turns by the weight over the requests in flight and one', () => {
    expect(picks(clusterOf({}, weights(1, 2)), 6, { draw: () => 0 })).toEqual([1, 0, 1, 1, 0, 1])
    const loaded = clusterOf({}, weights(2, 1))
    if (loaded.slots[0] !== undefined) loaded.slots[0].active = 9
    const [heavy = 0, light = 0] = countsOf(picks(loaded, 60), 2)
    // 2 / 10 against 1.
    expect([heavy, light]).toEqual([10, 50])
  })
})

test('random uses every endpoint alike, whatever its weight', () => {
  for (const count of countsOf(picks(clusterOf({ balance: 'random' }, weights(1, 5, 1, 1)), 40_000), 4)) expectShare(count, 40_000, 1 / 4)
})

describe('slow start', () => {
  const warmup = { window: 10_000, minimum: 0.1, aggression: 1 }

  test('one that joins warm ones gets little at first and a full share afterwards', () => {
    const warm = clusterOf({ balance: 'round-robin', warmup }, 2)
    const cluster: Cluster = { ...warm.cluster, endpoints: [...warm.cluster.endpoints, endpoint(2)] }
    const joined = clusterState(cluster, 20_000, warm)
    const early = countsOf(
      Array.from({ length: 200 }, (_, at) => picks(joined, 1, { now: 20_000 + at * 5 })[0] ?? -1),
      3
    )
    // A tenth of a weight among 2.1 of them.
    expect(Math.abs((early[2] ?? 0) - 200 * (0.1 / 2.1))).toBeLessThanOrEqual(2)
    expect(countsOf(picks(joined, 300, { now: 40_000 }), 3).every((count) => Math.abs(count - 100) <= 2)).toBe(true)
  })

  test('endpoints that all are new take equal turns', () => {
    expect(countsOf(picks(clusterOf({ balance: 'round-robin', warmup }, 3), 30, { now: 100 }), 3)).toEqual([10, 10, 10])
  })
})

describe('consistent hashing', () => {
  test.each(['ring-hash', 'maglev'] as const)('%s: one hash, one endpoint; different hashes use all; no hash goes anywhere', (balance) => {
    const state = clusterOf({ balance, hashSize: balance === 'maglev' ? 65_537 : 1024 }, 3)
    for (const user of ['a', 'b', 'c', 'd']) expect(new Set(picks(state, 20, { hash: xxHash64(user) })).size).toBe(1)
    const many = Array.from({ length: 3000 }, (_, at) => picks(state, 1, { hash: xxHash64(`user-${at}`) })[0] ?? -1)
    for (const count of countsOf(many, 3)) expect(Math.abs(count - 1000)).toBeLessThan(200)
    expect(new Set(picks(state, 100)).size).toBe(3)
  })

  test('a retry that avoids tried endpoints goes on along the ring', () => {
    const state = clusterOf({ balance: 'ring-hash', hashSize: 12 }, 6)
    const choosing = { now: 0, draw: () => 0, hash: 0n }
    const first = chooseEndpoint(state, choosing)
    expect(first?.endpoint.port).toBe(94)
    const second = chooseEndpoint(state, { ...choosing, tried: first === undefined ? [] : [first] })
    expect(second?.endpoint.port).toBe(92)
  })

  test('an ejected endpoint gives up its places, and gets them back', () => {
    const state = clusterOf({ balance: 'ring-hash' }, 5)
    const users = Array.from({ length: 400 }, (_, at) => xxHash64(`user-${at}`))
    const owners = (): number[] => users.map((hash) => picks(state, 1, { hash })[0] ?? -1)
    const before = owners()
    eject(state, 2)
    const during = owners()
    expect(during).not.toContain(2)
    const moved = during.filter((owner, at) => owner !== before[at] && before[at] !== 2).length
    expect(moved).toBeLessThan(80)
    for (const slot of state.slots) slot.health.ejectedAt = undefined
    state.sets = undefined
    expect(owners()).toEqual(before)
  })
})

describe('priorities', () => {
  const two = [{}, {}, { priority: 1 }, { priority: 1 }]

  test('the first takes everything while it is healthy; with one of two ejected it keeps 70 of 100', () => {
    const state = clusterOf({ balance: 'random' }, two)
    expect(countsOf(picks(state, 1000), 4).slice(2)).toEqual([0, 0])
    eject(state, 0)
    const counts = countsOf(picks(state, 100_000), 4)
    expect(counts[0]).toBe(0)
    expectShare(counts[1] ?? 0, 100_000, 0.7)
    expectShare(counts[2] ?? 0, 100_000, 0.15)
  })

  test('without a healthy endpoint and without panic there is none', () => {
    const state = clusterOf({ balance: 'round-robin' }, two)
    eject(state, 0, 1, 2, 3)
    expect(picks(state, 3)).toEqual([-1, -1, -1])
    expect(state.stats.read('lb_healthy_panic')).toBe(0)
  })

  test('below the threshold all endpoints are used, and that is counted', () => {
    const state = clusterOf({ balance: 'round-robin', panicPercent: 40 }, 3)
    eject(state, 0, 1)
    expect(countsOf(picks(state, 30), 3)).toEqual([10, 10, 10])
    expect(state.stats.read('lb_healthy_panic')).toBe(30)
    eject(state)
  })

  test('a hash decides the priority too', () => {
    const state = clusterOf({ balance: 'ring-hash' }, two)
    eject(state, 0)
    const chosen = Array.from({ length: 2000 }, (_, at) => picks(state, 1, { hash: BigInt(at) * 7919n })[0] ?? -1)
    const [, above = 0] = countsOf(chosen, 4)
    expectShare(above, 2000, 0.7)
    expect(picks(state, 1, { hash: 69n })).toEqual([1])
    expect(picks(state, 1, { hash: 70n })[0]).toBeGreaterThan(1)
    expect(picks(state, 1, { hash: 170n })[0]).toBeGreaterThan(1)
  })
})

describe('shares of localities', () => {
  const localities = [
    { locality: 'r1/z1', priority: 0, weight: 80 },
    { locality: 'r2/z3', priority: 0, weight: 20 }
  ]
  const zones = [{ locality: 'r1/z1' }, { locality: 'r1/z1' }, { locality: 'r2/z3' }]

  test('80 and 20 over two zones are exact, and turns inside a zone too', () => {
    expect(countsOf(picks(clusterOf({ balance: 'round-robin', localities }, zones), 400), 3)).toEqual([160, 160, 80])
  })

  test('a zone that loses one of two keeps 0.7 of its share', () => {
    const state = clusterOf({ balance: 'round-robin', localities }, zones)
    eject(state, 0)
    const counts = countsOf(picks(state, 7600), 3)
    // 56 against 20.
    expect(counts).toEqual([0, 5600, 2000])
  })

  test('a zone without endpoints has no share', () => {
    const state = clusterOf({ balance: 'random', localities }, zones.slice(0, 2))
    expect(new Set(picks(state, 100))).toEqual(new Set([0, 1]))
  })

  test('on a ring a zone has its share of the places', () => {
    const state = clusterOf({ balance: 'ring-hash', hashSize: 4096, localities }, zones)
    const counts = countsOf(
      Array.from({ length: 5000 }, (_, at) => picks(state, 1, { hash: xxHash64(`user-${at}`) })[0] ?? -1),
      3
    )
    expect(Math.abs((counts[2] ?? 0) - 1000)).toBeLessThan(150)
  })
})

test('law: weighted turns are exact over whole cycles for 2 to 20 endpoints, wherever they start', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 2, maxLength: 20 }), fc.integer(), (list, seed) => {
      const total = list.reduce((sum, weight) => sum + weight, 0)
      const counts = countsOf(picks(clusterOf({ balance: 'round-robin' }, weights(...list)), total, { draw: seeded(seed) }), list.length)
      for (const [at, count] of counts.entries()) expect(Math.abs(count - (list[at] ?? 0))).toBeLessThanOrEqual(1)
    }),
    { numRuns: 60 }
  )
})

test('thousands of weighted endpoints: a turn is not a scan', () => {
  const state = clusterOf({ balance: 'round-robin' }, weights(...Array.from({ length: 5000 }, (_, at) => 1 + (at % 7))))
  const counts = countsOf(picks(state, 20_000), 5000)
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(20_000)
})
