import { expect, it } from 'vitest'
import { callerOf, describeCounterSource } from '../../test/conformance/counter-source.ts'
import { Recorder } from './recorder.ts'
import { RegistryCounters } from './registry-counters.ts'

const QUERY = { namespace: 'test', canaryService: 'shop-canary', stable: { kind: 'service', name: 'shop-primary' } } as const
const PRIMARY = { namespace: 'test', service: 'shop-primary' }

describeCounterSource('the registry', () => {
  const recorder = new Recorder()
  const source = new RegistryCounters()
  let now = 0
  return Promise.resolve({
    source,
    count: (labels, { code, flags, ms }) => recorder.cell(labels).record(code, flags, ms),
    collect: () => source.collected((now += 1_000), recorder.snapshot())
  })
})

it('knows what stable did before, in slices of five seconds, judged as its counters are', async () => {
  const recorder = new Recorder()
  const source = new RegistryCounters()
  const cell = recorder.cell(callerOf('shop-primary'))
  for (let second = 0; second <= 20; second++) {
    cell.record(second > 15 ? 500 : 200, '-', 3)
    cell.record(0, 'DC', 3)
    cell.record(0, 'UF', 3)
    source.collected(second * 1_000, recorder.snapshot())
  }
  const slices = await source.history(PRIMARY)
  expect(slices.map(({ requests, failures }) => [requests, failures])).toEqual([
    [10, 5],
    [10, 5],
    [10, 5],
    [10, 10]
  ])
  expect(await source.history({ ...PRIMARY, service: 'other' })).toEqual([])
})

it('counts the cookies that came with answers of the canary', async () => {
  const recorder = new Recorder()
  const source = new RegistryCounters()
  for (const service of ['shop-canary', 'shop-primary']) {
    const cell = recorder.cell(callerOf(service))
    cell.record(200, '-', 3)
    cell.giveCookie()
  }
  source.collected(1_000, recorder.snapshot())
  expect(await source.read(QUERY)).toMatchObject({ canaryCookies: 1 })
})

it('knows a counter again by its labels, in whatever order a worker says them', async () => {
  const source = new RegistryCounters()
  const labels = callerOf('shop-canary')
  const turned = Object.fromEntries(Object.entries(labels).toReversed()) as unknown as typeof labels // the same fields
  const ids: unknown[] = []
  for (const each of [labels, turned]) {
    const recorder = new Recorder()
    recorder.cell(each).record(200, '-', 3)
    source.collected(ids.length + 1, recorder.snapshot())
    const read = await source.read(QUERY)
    ids.push(...read.canary.map(({ id }) => id))
  }
  expect(ids[1]).toBe(ids[0])
})
