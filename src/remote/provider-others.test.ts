// InfluxDB, Splunk, the External Metrics API and Keptn: the request each of them documents, and what is read from their answers.

import { expect, test } from 'vitest'
import { type Answer, askProvider, NOW, serveProvider } from '../../test/provider-server.ts'
import type { KubeObject } from '../api/object.ts'
import { ApiError, type KubeClient } from '../kube/kube-client.ts'
import { VirtualClock } from '../std/clock.ts'

const secretRef = { name: 'keys' }
const INFLUX = { credentials: { token: 'influx-token', org: 'shop' } }
const csv = (...lines: readonly string[]): Answer => ({ text: `${lines.join('\r\n')}\r\n\r\n` })

test('influxdb: Flux is posted for the organisation, and the row with the latest time counts', async () => {
  const rows = [
    ',result,table,_time,_value,host',
    ',,0,2026-11-22T04:58:00Z,1.5,a',
    ',,0,2026-11-22T04:59:00Z,2.5,"a, b"',
    ',,1,2026-11-22T04:57:00Z,9,c'
  ]
  const { address, seen } = await serveProvider(() => csv(...rows))
  const flux = 'from(bucket: "default")\n  |> range(start: -2h)'
  expect(await askProvider({ type: 'influxdb', address, secretRef }, flux, INFLUX)).toEqual({ kind: 'value', value: 2.5 })
  expect(seen[0]).toMatchObject({
    method: 'POST',
    path: '/api/v2/query',
    parameters: { org: 'shop' },
    headers: { authorization: 'Token influx-token', accept: 'application/csv' }
  })
  expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({ query: flux, type: 'flux' })
})

test.each<readonly [string, Answer, unknown]>([
  ['no rows, where Flagger reads a 0', csv(), { kind: 'no-data' }],
  [
    'rows without a time',
    csv('#datatype,string,long,double', ',result,table,_value', ',count,0,3', ',count,1,4'),
    { kind: 'value', value: 3 }
  ],
  ['an empty value', csv(',result,table,_value', ',,0,'), { kind: 'no-data' }],
  [
    'text for a value',
    csv(',result,table,_value', ',,0,many'),
    { kind: 'misconfigured', because: 'its query gives "many": it has to give a number' }
  ],
  ['an error within the answer', csv('error,reference', 'runtime error,897'), { kind: 'down', because: 'influxdb says runtime error' }],
  [
    'an error',
    { status: 400, json: { code: 'invalid', message: 'compilation failed' } },
    { kind: 'down', because: expect.stringMatching(/400: compilation failed$/) }
  ]
])('influxdb: %s', async (_, answer, reading) => {
  const { address } = await serveProvider(() => answer)
  expect(await askProvider({ type: 'influxdb', address, secretRef }, 'x', INFLUX)).toEqual(reading)
})

const SPLUNK = { credentials: { sf_token_key: 'sf-token' } }
const stream = (...events: readonly (readonly [string, unknown])[]): Answer => ({
  text: events
    .map(
      ([name, data]) =>
        `event: ${name}\n${JSON.stringify(data, undefined, 1)
          .split('\n')
          .map((line) => `data: ${line}`)
          .join('\n')}\n\n`
    )
    .join('')
})
const sample = (minutes: number, ...values: readonly (readonly [string, number | null])[]): readonly [string, unknown] => [
  'data',
  { logicalTimestampMs: NOW - minutes * 60_000, data: values.map(([tsId, value]) => ({ tsId, value })) }
]

test('splunk: a program over ten windows, and the newest value of its one series counts', async () => {
  const { address, seen } = await serveProvider(() =>
    stream(['control-message', { event: 'STREAM_START' }], sample(3, ['AAA', 1]), sample(2, ['AAA', 2.5]), sample(1, ['AAA', null]), [
      'control-message',
      { event: 'END_OF_CHANNEL' }
    ])
  )
  expect(await askProvider({ type: 'splunk', address, secretRef }, "data('x').publish()", SPLUNK)).toEqual({ kind: 'value', value: 2.5 })
  expect(seen[0]).toMatchObject({
    method: 'POST',
    path: '/v2/signalflow/execute',
    parameters: { start: String(NOW - 600_000), stop: String(NOW), immediate: 'true' },
    headers: { 'x-sf-token': 'sf-token', 'content-type': 'text/plain' },
    body: "data('x').publish()"
  })
})

test.each<readonly [string, Answer, unknown]>([
  ['no data', stream(), { kind: 'no-data' }],
  [
    'two series',
    stream(sample(1, ['AAA', 1], ['BBB', 2])),
    { kind: 'misconfigured', because: 'its query gives 2 time series: it has to give one' }
  ],
  ['an error', stream(['error', { message: 'unexpected token' }]), { kind: 'down', because: 'splunk says "unexpected token"' }],
  ['401', { status: 401, json: { message: 'unauthorized' } }, { kind: 'down', because: expect.stringMatching(/401: unauthorized$/) }]
])('splunk: %s', async (_, answer, reading) => {
  const { address } = await serveProvider(() => answer)
  expect(await askProvider({ type: 'splunk', address, secretRef }, 'x', SPLUNK)).toEqual(reading)
})

const items = (...values: readonly string[]): readonly KubeObject[] =>
  values.map((value) => ({
    apiVersion: 'external.metrics.k8s.io/v1beta1',
    kind: 'ExternalMetricValue',
    metadata: {},
    metricName: 'm',
    value
  }))

test('external metrics: an API of its own is asked with a token', async () => {
  const { address, seen } = await serveProvider(() => ({ json: { items: items('1500m', '9') } }))
  const credentials = { token: 'bearer-token' }
  const query = 'shop/queue_length?labelSelector=app%3Dapi,zone%20in%20(a,b)'
  expect(await askProvider({ type: 'externalmetrics', address, secretRef }, query, { credentials })).toEqual({ kind: 'value', value: 1.5 })
  expect(seen[0]).toMatchObject({
    path: '/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/queue_length',
    parameters: { labelSelector: 'app=api,zone in (a,b)' },
    headers: { authorization: 'Bearer bearer-token' }
  })
})

/** A Kubernetes API of which a test says what it answers. */
function clientWith(given: Partial<KubeClient>): KubeClient {
  const refuse = (): never => {
    throw new ApiError(404, 'NotFound', 'the server could not find the requested resource')
  }
  return { get: refuse, list: refuse, watch: refuse, create: refuse, update: refuse, patch: refuse, delete: refuse, ...given }
}

test('external metrics: without an address the API that is followed is asked', async () => {
  const asked: unknown[] = []
  const client = clientWith({
    list: (query) => {
      asked.push(query)
      return Promise.resolve({ items: items('2k'), resourceVersion: '' })
    }
  })
  expect(await askProvider({ type: 'externalmetrics' }, 'queue_length', { client })).toEqual({ kind: 'value', value: 2000 })
  expect(asked).toEqual([{ group: 'external.metrics.k8s.io', version: 'v1beta1', resource: 'queue_length', namespace: 'default' }])
})

test.each<readonly [string, Partial<KubeClient>, unknown]>([
  ['a/b/c', {}, { kind: 'misconfigured', because: expect.stringContaining('NAMESPACE/METRIC') }],
  ['m', { list: () => Promise.resolve({ items: [], resourceVersion: '' }) }, { kind: 'no-data' }],
  [
    'm',
    { list: () => Promise.resolve({ items: items('many'), resourceVersion: '' }) },
    { kind: 'down', because: expect.stringContaining('no quantity') }
  ],
  [
    'm',
    { list: () => Promise.reject(new ApiError(404, 'NotFound', 'no such API')) },
    { kind: 'down', because: 'external metrics: no such API' }
  ]
])('external metrics: %s', async (query, given, reading) => {
  expect(await askProvider({ type: 'externalmetrics' }, query, { client: clientWith(given) })).toEqual(reading)
})

const object = (kind: string, status: unknown, name = 'm'): KubeObject => ({
  apiVersion: 'metrics.keptn.sh/v1beta1',
  kind,
  metadata: { name },
  status
})

test.each<readonly [string, KubeObject | undefined, unknown]>([
  ['keptnmetric/shop/errors', object('KeptnMetric', { value: '1.5' }), { kind: 'value', value: 1.5 }],
  ['KeptnMetrics/shop/errors\n', object('KeptnMetric', { value: '2' }), { kind: 'value', value: 2 }],
  ['keptnmetric/shop/errors', object('KeptnMetric', {}), { kind: 'no-data', because: 'keptnmetric errors.shop has no value' }],
  ['keptnmetric/shop/errors', undefined, { kind: 'misconfigured', because: 'keptnmetric errors.shop not found' }],
  ['keptnmetric/shop', undefined, { kind: 'misconfigured', because: expect.stringContaining('keptnmetric/NAMESPACE/NAME') }],
  ['other/shop/x', undefined, { kind: 'misconfigured', because: expect.stringContaining('keptnmetric/NAMESPACE/NAME') }]
])('keptn: %s', async (query, metric, reading) => {
  const client = clientWith({ get: () => Promise.resolve(metric) })
  expect(await askProvider({ type: 'keptn' }, query, { client })).toEqual(reading)
})

test.each<readonly [string, unknown, unknown]>([
  ['passes', { state: 'Completed', pass: true }, { kind: 'value', value: 1 }],
  ['does not pass', { state: 'Completed', pass: false }, { kind: 'value', value: 0 }],
  ['goes on', { state: 'Progressing' }, { kind: 'down', because: 'the Keptn Analysis of speed.shop has not ended within 10 s' }]
])('keptn: an analysis that %s is made, looked at each second, and deleted', async (_, status, reading) => {
  const [made, deleted] = [[] as unknown[], [] as string[]]
  const clock = new VirtualClock(NOW)
  const client = clientWith({
    create: (__, analysis) => {
      made.push(analysis)
      return Promise.resolve(object('Analysis', {}, 'speed-x1'))
    },
    get: () => Promise.resolve(object('Analysis', status, 'speed-x1')),
    delete: ({ name }) => {
      deleted.push(name)
      return Promise.resolve()
    }
  })
  const asked = askProvider({ type: 'keptn' }, 'analysis/shop/speed/5m/a=1;b=2', { client, clock })
  await clock.advance(20_000)
  expect(await asked).toEqual(reading)
  expect(made).toEqual([
    {
      apiVersion: 'metrics.keptn.sh/v1beta1',
      kind: 'Analysis',
      metadata: { generateName: 'speed-', namespace: 'shop' },
      spec: { analysisDefinition: { name: 'speed' }, timeframe: { recent: '5m' }, args: { a: '1', b: '2' } }
    }
  ])
  expect(deleted).toEqual(['speed-x1'])
})

test('a provider that a cluster knows and we do not is told', async () => {
  // What the schema would refuse here.
  const spec = { type: 'signoz' } as unknown as Parameters<typeof askProvider>[0]
  expect(await askProvider(spec, 'x')).toEqual({ kind: 'misconfigured', because: 'provider.type signoz is not supported' })
})
