// Datadog, New Relic, Graphite and Dynatrace: the request each of them documents, and what is read from the answers they document.

import { expect, test } from 'vitest'
import { type Answer, askProvider, NOW, serveProvider } from '../../test/provider-server.ts'
import type { ProviderReading } from './provider-call.ts'

const secretRef = { name: 'keys' }
const minutesAgo = (minutes: number): number => NOW - minutes * 60_000

const DATADOG = { datadog_api_key: 'api-key', datadog_application_key: 'app-key' }
const series = (...points: readonly (readonly [number, number | null])[]): Answer => ({
  json: { status: 'ok', series: [{ pointlist: points }] }
})

async function datadog(answer: Answer): Promise<{ reading: ProviderReading; seen: Awaited<ReturnType<typeof serveProvider>>['seen'] }> {
  const { address, seen } = await serveProvider(() => answer)
  return { reading: await askProvider({ type: 'datadog', address, secretRef }, ' avg:x{*}\n', { credentials: DATADOG }), seen }
}

test('datadog: ten windows are asked for, and the newest point counts, where Flagger takes the oldest', async () => {
  const { reading, seen } = await datadog(series([minutesAgo(9), 1], [minutesAgo(2), 7], [minutesAgo(1), null]))
  expect(reading).toEqual({ kind: 'value', value: 7 })
  expect(seen[0]).toMatchObject({
    method: 'GET',
    path: '/api/v1/query',
    parameters: { query: 'avg:x{*}', from: String(minutesAgo(10) / 1000), to: String(NOW / 1000) },
    headers: { 'dd-api-key': 'api-key', 'dd-application-key': 'app-key' }
  })
})

test.each<readonly [string, Answer, unknown]>([
  ['no series', { json: { status: 'ok', series: [] } }, { kind: 'no-data' }],
  ['only empty points', series([minutesAgo(1), null]), { kind: 'no-data' }],
  ['old points', series([minutesAgo(60), 1]), { kind: 'no-data', because: 'the newest value is 3600 s old' }],
  ['an error with 200', { json: { status: 'error', error: 'Rule 1 failed' } }, { kind: 'down', because: 'datadog says Rule 1 failed' }],
  [
    'forbidden',
    { status: 403, json: { errors: ['Forbidden'] } },
    { kind: 'down', because: expect.stringMatching(/answers 403: \["Forbidden"\]$/) }
  ],
  ['too many requests', { status: 429, json: { errors: ['Rate limit'] } }, { kind: 'down', because: expect.stringContaining('429') }]
])('datadog: %s', async (_, answer, reading) => {
  expect((await datadog(answer)).reading).toEqual(reading)
})

test('keys that are missing are named', async () => {
  expect(await askProvider({ type: 'datadog', secretRef }, 'x', { credentials: { datadog_api_key: 'a' } })).toEqual({
    kind: 'misconfigured',
    because: 'secret keys has to have datadog_application_key'
  })
  expect(await askProvider({ type: 'dynatrace', address: 'http://x' }, 'x')).toEqual({
    kind: 'misconfigured',
    because: 'provider.secretRef is missing: its Secret has to have dynatrace_token'
  })
})

const NEW_RELIC = { newrelic_account_id: '51312', newrelic_query_key: 'query-key' }

test.each([
  ['SELECT count(*) FROM Metric', 'SELECT count(*) FROM Metric SINCE 90 seconds ago'],
  ['SELECT count(*) FROM Metric since 1 day ago', 'SELECT count(*) FROM Metric since 1 day ago']
])('new relic: %s is asked as %s', async (query, nrql) => {
  const { address, seen } = await serveProvider(() => ({ json: { results: [{ result: 1.5 }] } }))
  const options = { credentials: NEW_RELIC, interval: 90_000 }
  expect(await askProvider({ type: 'newrelic', address, secretRef }, query, options)).toEqual({ kind: 'value', value: 1.5 })
  expect(seen[0]).toMatchObject({ path: '/v1/accounts/51312/query', parameters: { nrql }, headers: { 'x-query-key': 'query-key' } })
})

test.each<readonly [unknown, unknown]>([
  [[{ average: 3 }], { kind: 'value', value: 3 }],
  [[{ result: null }], { kind: 'no-data' }],
  [[], { kind: 'no-data' }],
  [[{ result: 1 }, { result: 2 }], { kind: 'misconfigured', because: 'its query gives 2 results: it has to give one' }]
])('new relic: results %j', async (results, reading) => {
  const { address } = await serveProvider(() => ({ json: { results } }))
  expect(await askProvider({ type: 'newrelic', address, secretRef }, 'SELECT x', { credentials: NEW_RELIC })).toEqual(reading)
})

const seconds = (minutes: number): number => minutesAgo(minutes) / 1000

test('graphite: the query is the URL query, and the newest number of all series counts', async () => {
  const json = [
    {
      target: 'a',
      datapoints: [
        [1, seconds(3)],
        [2, seconds(2)],
        [null, seconds(1)]
      ]
    },
    {
      target: 'b',
      datapoints: [
        [5, seconds(3)],
        [null, seconds(2)]
      ]
    }
  ]
  const { address, seen } = await serveProvider(() => ({ json }))
  const query = "target=summarize(\n  sumSeries(a.{b,c}),\n  1min,\n  'avg'\n)&from=-5min"
  const credentials = { username: 'u', password: 'p' }
  expect(await askProvider({ type: 'graphite', address, secretRef }, query, { credentials })).toEqual({ kind: 'value', value: 2 })
  expect(seen[0]).toMatchObject({
    path: '/render',
    parameters: { target: "summarize( sumSeries(a.{b,c}), 1min, 'avg' )", from: '-5min', format: 'json' },
    headers: { authorization: `Basic ${btoa('u:p')}` }
  })
})

test.each<readonly [string, unknown, unknown]>([
  ['nothing', [], { kind: 'no-data' }],
  ['only nulls', [{ datapoints: [[null, seconds(1)]] }], { kind: 'no-data' }],
  [
    'points of yesterday',
    [
      {
        datapoints: [
          [1, seconds(1441)],
          [2, seconds(1440)]
        ]
      }
    ],
    { kind: 'no-data', because: 'the newest value is 86400 s old' }
  ],
  [
    'hourly points',
    [
      {
        datapoints: [
          [1, seconds(150)],
          [2, seconds(90)]
        ]
      }
    ],
    { kind: 'value', value: 2 }
  ]
])('graphite: %s', async (_, json, reading) => {
  const { address, seen } = await serveProvider(() => ({ json }))
  expect(await askProvider({ type: 'graphite', address }, 'a.b.c')).toEqual(reading)
  expect(seen[0]?.parameters).toEqual({ target: 'a.b.c', format: 'json' })
})

const DYNATRACE = { credentials: { dynatrace_token: 'dt0c01' } }

test('dynatrace: one value for ten windows, of the last data set', async () => {
  const data = [
    { dimensions: ['a'], timestamps: [minutesAgo(1)], values: [1] },
    { dimensions: ['b'], timestamps: [minutesAgo(1)], values: [42.5] }
  ]
  const { address, seen } = await serveProvider(() => ({ json: { totalCount: 1, nextPageKey: null, result: [{ metricId: 'm', data }] } }))
  expect(await askProvider({ type: 'dynatrace', address, secretRef }, 'builtin:x:percentile(95)\n', DYNATRACE)).toEqual({
    kind: 'value',
    value: 42.5
  })
  expect(seen[0]).toMatchObject({
    path: '/api/v2/metrics/query',
    parameters: { metricSelector: 'builtin:x:percentile(95)', resolution: 'Inf', from: String(minutesAgo(10)), to: String(NOW) },
    headers: { authorization: 'Api-Token dt0c01' }
  })
})

test.each<readonly [string, Answer, unknown]>([
  ['no data sets', { json: { result: [{ data: [] }] } }, { kind: 'no-data' }],
  ['null', { json: { result: [{ data: [{ timestamps: [NOW], values: [null] }] }] } }, { kind: 'no-data' }],
  [
    'an error',
    { status: 400, json: { error: { code: 400, message: 'unknown metric' } } },
    { kind: 'down', because: expect.stringMatching(/400: unknown metric$/) }
  ],
  ['nothing that is known', { json: 'x' }, { kind: 'no-data' }]
])('dynatrace: %s', async (_, answer, reading) => {
  const { address } = await serveProvider(() => answer)
  expect(await askProvider({ type: 'dynatrace', address, secretRef }, 'x', DYNATRACE)).toEqual(reading)
})
