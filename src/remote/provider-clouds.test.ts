// CloudWatch and Google Cloud Monitoring: signed requests, and what is read from the answers that they document.

import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jwtVerify } from 'jose'
import { expect, onTestFinished, test } from 'vitest'
import { type Answer, askProvider, NOW, serveProvider } from '../../test/provider-server.ts'
import { signedHeaders } from './aws-signature.ts'

const AWS = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret-key' }
const QUERY = '[{ "Id": "e1", "Expression": "m1 / m2" }]'
const results = (timestamps: readonly unknown[], values: readonly number[], status = 'Complete'): Answer => ({
  json: { MetricDataResults: [{ Id: 'e1', Timestamps: timestamps, Values: values, StatusCode: status }], Messages: [] }
})
const ago = (minutes: number): number => NOW / 1000 - minutes * 60

test('cloudwatch: GetMetricData for ten windows, signed for the region, and the newest value counts', async () => {
  const { address, seen } = await serveProvider(() => results([ago(1), ago(2)], [0.5, 0.1]))
  const spec = { type: 'cloudwatch', address, region: 'eu-central-1' } as const
  expect(await askProvider(spec, QUERY, { environment: AWS })).toEqual({ kind: 'value', value: 0.5 })
  const { headers, body, path } = seen[0] ?? { headers: {}, body: '', path: '' }
  expect(path).toBe('/')
  expect(JSON.parse(body)).toEqual({
    StartTime: ago(10),
    EndTime: ago(0),
    MaxDatapoints: 20,
    ScanBy: 'TimestampDescending',
    MetricDataQueries: [{ Id: 'e1', Expression: 'm1 / m2' }]
  })
  const plain = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'GraniteServiceVersion20100801.GetMetricData' }
  expect(headers).toMatchObject(plain)
  const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret-key', sessionToken: undefined }
  const scope = { region: 'eu-central-1', service: 'monitoring', at: NOW }
  const signed = signedHeaders({ method: 'POST', url: new URL(`${address}/`), headers: plain, body }, keys, scope)
  expect(headers.authorization).toBe(signed['authorization'])
})

test('cloudwatch: keys of the Secret go before those of the environment, with their session', async () => {
  const { address, seen } = await serveProvider(() => results([ago(1)], [1]))
  const credentials = { aws_access_key_id: 'OTHER', aws_secret_access_key: 'x', aws_session_token: 'session' }
  await askProvider({ type: 'cloudwatch', address, region: 'us-east-1' }, QUERY, { credentials, environment: AWS })
  expect(seen[0]?.headers['authorization']).toContain('Credential=OTHER/')
  expect(seen[0]?.headers['x-amz-security-token']).toBe('session')
})

test.each<readonly [string, Answer, unknown]>([
  ['no values', results([], []), { kind: 'no-data' }],
  ['no values for a reason', results([], [], 'Forbidden'), { kind: 'no-data', because: 'cloudwatch says Forbidden' }],
  ['old values', results([ago(60)], [1]), { kind: 'no-data', because: 'the newest value is 3600 s old' }],
  ['times as text', results([new Date(NOW - 60_000).toISOString()], [2]), { kind: 'value', value: 2 }],
  [
    'an error',
    { status: 400, json: { __type: 'x#InvalidParameterValue', message: 'bad id' } },
    { kind: 'down', because: expect.stringMatching(/400: bad id$/) }
  ]
])('cloudwatch: %s', async (_, answer, reading) => {
  const { address } = await serveProvider(() => answer)
  expect(await askProvider({ type: 'cloudwatch', address, region: 'us-east-1' }, QUERY, { environment: AWS })).toEqual(reading)
})

test.each([
  [{ type: 'cloudwatch' }, QUERY, AWS, 'provider.region is missing'],
  [{ type: 'cloudwatch', region: 'evil.example/' }, QUERY, AWS, 'provider.region is missing'],
  [{ type: 'cloudwatch', region: 'us-east-1' }, 'SELECT 1', AWS, 'not a JSON list'],
  [{ type: 'cloudwatch', region: 'us-east-1' }, QUERY, {}, 'there are no keys for AWS']
] as const)('cloudwatch: %j with %s cannot be asked', async (spec, query, environment, because) => {
  expect(await askProvider(spec, query, { environment })).toEqual({ kind: 'misconfigured', because: expect.stringContaining(because) })
})

const PAIR: { readonly publicKey: KeyObject; readonly privateKey: KeyObject } = generateKeyPairSync('rsa', { modulusLength: 2048 })

/** Google's token endpoint and its monitoring, with the JSON key of an account there. */
async function google(answer: Answer): Promise<{ address: string; key: string; seen: Awaited<ReturnType<typeof serveProvider>>['seen'] }> {
  const { address, seen } = await serveProvider(({ path }) =>
    path === '/token' ? { json: { access_token: 'granted', expires_in: 3599 } } : answer
  )
  const private_key = PAIR.privateKey.export({ type: 'pkcs8', format: 'pem' })
  return {
    address,
    seen,
    key: JSON.stringify({ type: 'service_account', client_email: 'a@b.example', private_key, token_uri: `${address}/token` })
  }
}

const point = (minutes: number, value: Record<string, unknown>): unknown => ({
  values: [value],
  timeInterval: { endTime: new Date(NOW - minutes * 60_000).toISOString() }
})
const timeSeries = (...pointData: readonly unknown[]): Answer => ({
  json: { timeSeriesDescriptor: {}, timeSeriesData: [{ labelValues: [], pointData }] }
})
const secretRef = { name: 'gcloud-sa' }

test('stackdriver: a token for the service account, then MQL; the newest point counts', async () => {
  const { address, key, seen } = await google(timeSeries(point(1, { doubleValue: 1.5 }), point(2, { doubleValue: 9 })))
  const credentials = { project: 'shop', serviceAccountKey: key }
  expect(await askProvider({ type: 'stackdriver', address, secretRef }, 'fetch k8s_container', { credentials })).toEqual({
    kind: 'value',
    value: 1.5
  })
  const [token, query] = seen
  const form = new URLSearchParams(token?.body)
  expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer')
  const { payload } = await jwtVerify(form.get('assertion') ?? '', PAIR.publicKey, { currentDate: new Date(NOW) })
  expect(payload).toMatchObject({ iss: 'a@b.example', aud: `${address}/token`, scope: 'https://www.googleapis.com/auth/monitoring.read' })
  expect(query).toMatchObject({ method: 'POST', path: '/v3/projects/shop/timeSeries:query', headers: { authorization: 'Bearer granted' } })
  expect(JSON.parse(query?.body ?? '')).toEqual({ query: 'fetch k8s_container' })
})

test('stackdriver: the account may be in the file that the environment names', async () => {
  const { address, key } = await google(timeSeries(point(1, { int64Value: '7' })))
  const folder = mkdtempSync(join(tmpdir(), 'serin-google-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'key.json'), key)
  const environment = { GOOGLE_APPLICATION_CREDENTIALS: join(folder, 'key.json') }
  expect(await askProvider({ type: 'stackdriver', address, secretRef }, 'q', { credentials: { project: 'shop' }, environment })).toEqual({
    kind: 'value',
    value: 7
  })
})

test.each<readonly [string, Answer, unknown]>([
  ['no series', { json: {} }, { kind: 'no-data' }],
  ['old points', timeSeries(point(60, { doubleValue: 1 })), { kind: 'no-data', because: 'the newest value is 3600 s old' }],
  [
    'an error',
    { status: 403, json: { error: { code: 403, message: 'denied', status: 'PERMISSION_DENIED' } } },
    { kind: 'down', because: expect.stringMatching(/403: denied$/) }
  ]
])('stackdriver: %s', async (_, answer, reading) => {
  const { address, key } = await google(answer)
  expect(
    await askProvider({ type: 'stackdriver', address, secretRef }, 'q', { credentials: { project: 'p', serviceAccountKey: key } })
  ).toEqual(reading)
})

test.each([
  [{}, 'secret gcloud-sa has to have project'],
  [{ project: 'p' }, 'there is no service account'],
  [{ project: 'p', serviceAccountKey: '{}' }, 'not JSON with client_email and private_key'],
  [{ project: 'p', serviceAccountKey: '{"client_email":"a","private_key":"b"}' }, 'not a PKCS #8 key']
])('stackdriver: with %j it cannot be asked', async (credentials, because) => {
  const asked = askProvider({ type: 'stackdriver', address: 'http://127.0.0.1:1', secretRef }, 'q', { credentials })
  expect(await asked).toEqual({ kind: 'misconfigured', because: expect.stringContaining(because) })
})
