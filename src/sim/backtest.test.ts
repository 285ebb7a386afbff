// The gate on made-up histories with a seed: good ones, bursty ones, pods that differ by themselves, incidents.

import { describe, expect, it } from 'vitest'
import { type MadeHistory, type MadePod, madeHistory } from '../../test/pod-history.ts'
import { type Backtest, type BacktestTerms, backtestOf, TooLittleData } from './backtest.ts'
import { PodTraffic } from './pod-traffic.ts'

const START = 1_790_000_000_000
const LOOK = 15_000
const HOUR = 240
const at = (look: number): number => START + look * LOOK

const good = (count: number, failing: MadePod['failing'] = () => 0.003): readonly MadePod[] =>
  Array.from({ length: count }, (_, index) => ({ name: `p${index}`, failing }))

async function backtest(made: Partial<MadeHistory>, terms: Partial<BacktestTerms> = {}, breath = rest): Promise<Backtest> {
  const traffic = new PodTraffic({ start: START, look: LOOK, edges: [100] })
  traffic.add(madeHistory({ start: START, look: LOOK, looks: 12 * HOUR, pods: good(4), rate: 40, seed: 9, ...made }))
  return backtestOf(traffic, { alpha: 0.01, rollout: 1_800_000, objective: undefined, incidents: [], ...terms }, breath)
}

const rest = (): Promise<void> => Promise.resolve()

describe('placebo rollouts', () => {
  it('are one for each pod and stretch of time after the history, none of which is rolled back where pods are alike', async () => {
    const found = await backtest({})
    // Three of twelve hours are history; nine hours are eighteen stretches of half an hour for four pods.
    expect([found.windows, found.placebos, found.pods]).toEqual([18, 72, 4])
    expect(found.rolledBack).toEqual([])
    expect(found.rate).toMatchObject({ count: 0, of: 72, low: 0 })
    // As many as there are stretches of time bound the rate, not as many as there are placebos.
    expect(found.rate.high).toBeCloseTo(1.96 ** 2 / (18 + 1.96 ** 2), 3)
    expect(found.caution).toBe(1)
    expect(found.requests).toBeGreaterThan(1_700_000)
    expect(found.failures / found.requests).toBeCloseTo(0.003, 3)
    expect(found.streams.map(({ name }) => name)).toEqual(['errors', 'slower than 100 ms'])
  })

  it('show how far failures come in bursts', async () => {
    const [errors, slow] = (await backtest({ bursts: 8, rate: 100 })).streams
    expect(errors?.dispersion).toBeGreaterThan(7)
    expect(errors?.dispersion).toBeLessThan(9)
    expect(slow?.dispersion).toBe(1)
  })

  it('find pods that differ by themselves, and no caution that helps against it', async () => {
    const pods = [...good(3), { name: 'odd', failing: () => 0.08 }]
    const found = await backtest({ pods })
    expect(found.rolledBack.length).toBeGreaterThanOrEqual(18)
    expect(new Set(found.rolledBack.map(({ pod }) => pod))).toEqual(new Set(['odd']))
    expect(found.rolledBack[0]?.sentence).toContain("of odd's")
    expect(found.rate.low).toBeGreaterThan(0.01)
    expect(found.caution).toBeUndefined()
  })

  it('find the caution that blips of single pods need', async () => {
    // A bad minute of each pod, at different times, of which the hours before know nothing.
    const bad = (index: number): number => (5 + index) * HOUR + 60
    const pods = good(4).map(({ name }, index) => ({
      name,
      failing: (look: number) => (look >= bad(index) && look < bad(index) + 4 ? 0.06 : 0.003)
    }))
    const found = await backtest({ pods, rate: 100 })
    expect(found.rate.count).toBeGreaterThan(1)
    // The least of those that are tried: with 5 more than one in a hundred is still rolled back.
    expect(found.caution).toBe(8)
  })

  it('take turns where there are very many pods, in every stretch of time', async () => {
    // Some five thousand in 225 minutes: twenty-two a minute.
    const many = await backtest({ looks: 5 * HOUR, pods: good(40), rate: 200 }, { rollout: 60_000 })
    expect([many.windows, many.placebos]).toEqual([225, 225 * 22])
  })

  it('leave out the time of incidents', async () => {
    const broken = (look: number): boolean => look >= 6 * HOUR && look < 6 * HOUR + 40
    const pods = good(4).map(({ name }, index) => ({ name, failing: (look: number) => (index === 1 && broken(look) ? 0.3 : 0.003) }))
    expect((await backtest({ pods })).rolledBack).toHaveLength(1)
    const known = await backtest({ pods }, { incidents: [{ from: at(6 * HOUR), to: at(6 * HOUR + 40) }] })
    expect(known.rolledBack).toEqual([])
    expect(known.windows).toBe(17)
  })

  it('judge an edge that an objective names as one', async () => {
    expect((await backtest({}, { objective: 100 })).streams).toHaveLength(2)
    expect((await backtest({}, { objective: 250 })).streams.map(({ name }) => name)).toEqual(['errors', 'slower than 100 ms'])
  })
})

describe('an incident', () => {
  const span = { from: at(6 * HOUR), to: at(6 * HOUR + 40) }
  const during = (look: number): boolean => look > 6 * HOUR && look < 6 * HOUR + 40
  const only = ({ incidents }: Backtest): Backtest['incidents'][number] | undefined => incidents[0]

  it('of one pod is caught, soon, and it is named', async () => {
    const pods = good(4).map(({ name }, index) => ({ name, failing: (look: number) => (index === 2 && during(look) ? 0.3 : 0.003) }))
    const found = only(await backtest({ pods }, { incidents: [span] }))
    expect(found?.caught?.who).toBe('p2')
    expect(found?.caught?.after).toBeLessThanOrEqual(60_000)
    expect(found?.caught?.sentence).toContain('p2 rolled back after')
    expect(found?.most).toBeGreaterThan(2)
  })

  it('of the pods of a release is caught by comparing these with the older ones', async () => {
    const fresh = ['n1', 'n2'].map((name) => ({ name, from: 6 * HOUR - 8, failing: () => 0.05 }))
    const found = only(await backtest({ pods: [...good(4), ...fresh] }, { incidents: [span] }))
    expect(found?.caught?.who).toBe('the 2 new pods')
  })

  it('that all pods have alike is none of a canary', async () => {
    const found = only(await backtest({ pods: good(4, (look) => (during(look) ? 0.4 : 0.003)) }, { incidents: [span] }))
    expect(found?.caught).toBeUndefined()
    expect(found?.most).toBeLessThan(2)
  })

  it('outside the data is neither caught nor missed', async () => {
    const found = only(await backtest({}, { incidents: [{ from: at(-500), to: at(-400) }] }))
    expect(found).toMatchObject({ caught: undefined, most: -Infinity, against: '' })
  })
})

describe('too little data', () => {
  it.each<[string, Partial<MadeHistory>, string]>([
    ['one pod', { pods: good(1) }, 'one pod alone, p0: a placebo needs others'],
    ['no pod', { pods: [] }, 'no pod served a request'],
    ['minutes', { looks: 100 }, '25 min of data are too few for rollouts of 30 min'],
    [
      'one pod after the other',
      {
        pods: [
          { name: 'a', to: 6 * HOUR, failing: () => 0 },
          { name: 'b', from: 6 * HOUR, failing: () => 0 }
        ]
      },
      'no two of 2 pods served requests in half of the looks of 15 s over the same 30 min'
    ]
  ])('of %s is said', async (_, made, message) => {
    const asked = backtest(made)
    await expect(asked).rejects.toThrow(TooLittleData)
    await expect(asked).rejects.toThrow(message)
  })
})

it('ends when it is asked to, between two stretches of time', async () => {
  let left = 5
  const breath = (): Promise<void> => (left-- > 0 ? Promise.resolve() : Promise.reject(new Error('asked to end')))
  await expect(backtest({}, {}, breath)).rejects.toThrow('asked to end')
  expect(left).toBe(-1)
})
