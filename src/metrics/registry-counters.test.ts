import { expect, it } from 'vitest'
import { callerOf, describeCounterSource } from '../../test/conformance/counter-source.ts'
import { Recorder } from './recorder.ts'
import { RegistryCounters } from './registry-counters.ts'

const QUERY = { namespace: 'test', canaryService: 'shop-canary', stableService: 'shop-primary' }

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
  const slices = await source.history(QUERY)
  expect(slices.map(({ requests, failures }) => [requests, failures])).toEqual([
    [10, 5],
    [10, 5],
    [10, 5],
    [10, 10]
  ])
  expect(await source.history({ ...QUERY, stableService: 'other' })).toEqual([])
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
