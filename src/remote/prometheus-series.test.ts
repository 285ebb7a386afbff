import { describe, expect, it } from 'vitest'
import { type Answer, NOW, providerWorld, type SeenRequest, serveProvider } from '../../test/provider-server.ts'
import { VirtualClock } from '../std/clock.ts'
import { PrometheusSeries } from './prometheus-series.ts'

const never = new AbortController().signal
const SELECTOR = 'orders_total{deployment="api"}'

async function sourceOf(answer: (request: SeenRequest) => Answer, now = NOW) {
  const server = await serveProvider(answer)
  const provider = {
    spec: { type: 'prometheus' as const, address: server.address },
    namespace: 'test',
    credentials: { token: 'secret-token' }
  }
  return { server, provider, source: new PrometheusSeries({ ...providerWorld(), clock: new VirtualClock(now) }) }
}

const success = (result: readonly unknown[], resultType = 'matrix'): Answer => ({
  json: { status: 'success', data: { resultType, result } }
})

describe('PrometheusSeries', () => {
  it('takes the latest raw sample of each series, with the process that counts it', async () => {
    const series = (pod: string, code: string, values: readonly (readonly [number, string])[]) => ({
      metric: { __name__: 'orders_total', pod, code },
      values
    })
    const { source, provider, server } = await sourceOf(
      () =>
      success([series('a', '200', [[100, '5'], [115.5, '9']]), series('a', '500', [[115.5, '2']]), series('b', '200', [[110, '7']])]) // prettier-ignore
    )
    const reading = await source.latest({ provider, selector: SELECTOR }, never)
    expect(reading).toMatchObject({ kind: 'series', at: 115_500 })
    const read = reading.kind === 'series' ? reading.series : []
    expect(read.map(({ process, value }) => [process, value])).toEqual([
      ['a  ', 9],
      ['a  ', 2],
      ['b  ', 7]
    ])
    expect(new Set(read.map(({ key }) => key)).size).toBe(3)
    expect(server.seen[0]?.parameters['query']).toBe(`${SELECTOR}[2m]`)
    expect(server.seen[0]?.headers.authorization).toBe('Bearer secret-token')
  })

  it('has no samples where there are no series', async () => {
    const { source, provider } = await sourceOf(() => success([]))
    expect(await source.latest({ provider, selector: SELECTOR }, never)).toEqual({ kind: 'series', at: -Infinity, series: [] })
  })

  it('knows what was counted in each minute before', async () => {
    const { source, provider, server } = await sourceOf(() => success([{ metric: {}, values: [[60, '4.2'], [120, 'NaN'], [180, '6']] }])) // prettier-ignore
    expect(await source.increases({ provider, selector: SELECTOR }, never)).toEqual([
      { at: 60_000, value: 4.2 },
      { at: 180_000, value: 6 }
    ])
    expect(server.seen[0]?.parameters).toMatchObject({ query: `sum(increase(${SELECTOR}[1m]))`, step: '60' })
  })

  it('asks for whole minutes, so that what is asked a moment later is of the same ones', async () => {
    const { source, provider, server } = await sourceOf(() => success([]), NOW + 12_345)
    await source.increases({ provider, selector: SELECTOR }, never)
    expect(server.seen[0]?.parameters).toMatchObject({ start: String(NOW / 1000 - 21_600), end: String(NOW / 1000) })
  })

  it.each<readonly [Answer, RegExp]>([
    [{ status: 503, text: 'no secret-token today' }, /answers 503: no \*\*\* today/],
    [{ text: 'hello' }, /does not answer with JSON/],
    [success([], 'vector'), /does not answer as Prometheus does/],
    [{ json: { status: 'error', error: 'x' } }, /does not answer as Prometheus does/]
  ])('is down for %j', async (answer, because) => {
    const { source, provider } = await sourceOf(() => answer)
    expect(await source.latest({ provider, selector: SELECTOR }, never)).toEqual({ kind: 'down', because: expect.stringMatching(because) })
    expect(await source.increases({ provider, selector: SELECTOR }, never)).toEqual([])
  })

  it('asks nobody else', async () => {
    const { source, provider } = await sourceOf(() => success([]))
    const datadog = { ...provider, spec: { ...provider.spec, type: 'datadog' as const } }
    expect(await source.latest({ provider: datadog, selector: SELECTOR }, never)).toMatchObject({ kind: 'misconfigured' })
    expect(await source.increases({ provider: datadog, selector: SELECTOR }, never)).toEqual([])
    const nowhere = { ...provider, spec: { type: 'prometheus' as const } }
    expect(await source.latest({ provider: nowhere, selector: SELECTOR }, never)).toEqual({
      kind: 'misconfigured',
      because: 'provider.address is missing'
    })
  })
})
