// Metrics from Amazon CloudWatch: GetMetricData in AWS' JSON protocol, signed with Signature Version 4. The query is the list of
// MetricDataQueries as JSON. Keys come from the Secret or the environment; those of instances and roles are not looked for.

import { dig, listAt } from '../std/json.ts'
import { type AwsKeys, signedHeaders } from './aws-signature.ts'
import { badAddress, callForJson, type ProviderQuery, type ProviderReading, type ProviderWorld, urlOf } from './provider-call.ts'
import { newestOf, windowOf } from './provider-points.ts'

const TARGET = 'GraniteServiceVersion20100801.GetMetricData'
const POINTS_MAX = 20

/** Asks CloudWatch; the newest value of the first result counts. */
export async function askCloudWatch(asked: ProviderQuery, world: ProviderWorld, signal: AbortSignal): Promise<ProviderReading> {
  const { region = '', address } = asked.provider.spec
  if (!/^[a-z0-9-]+$/.test(region)) return { kind: 'misconfigured', because: 'provider.region is missing: it is such as eu-central-1' }
  const queries = queriesOf(asked.query)
  if (queries === undefined) return { kind: 'misconfigured', because: 'its query is not a JSON list of MetricDataQueries' }
  const keys = keysOf(asked, world)
  if (keys === undefined) return { kind: 'misconfigured', because: NO_KEYS }
  const url = urlOf(address ?? `https://monitoring.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`, '/')
  if (url === undefined) return badAddress(address)
  const now = world.clock.now()
  const { from, to } = windowOf(asked.interval, now)
  const body = JSON.stringify({
    StartTime: Math.floor(from / 1000),
    EndTime: Math.floor(to / 1000),
    MaxDatapoints: POINTS_MAX,
    ScanBy: 'TimestampDescending',
    MetricDataQueries: queries
  })
  const plain = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': TARGET }
  const headers = signedHeaders({ method: 'POST', url, headers: plain, body }, keys, { region, service: 'monitoring', at: now })
  const answer = await callForJson(asked, world, { url, method: 'POST', headers, body }, signal)
  if (answer.kind !== 'json') return answer
  const [first] = listAt(answer.value, 'MetricDataResults')
  const times = listAt(first, 'Timestamps')
  const points = listAt(first, 'Values').map((value, index) => ({ at: timeOf(times[index]), value }))
  const reading = newestOf(points, { now, oldest: to - from })
  const status = dig(first, 'StatusCode')
  return reading.kind === 'no-data' && typeof status === 'string' && status !== 'Complete'
    ? { kind: 'no-data', because: `cloudwatch says ${status}` }
    : reading
}

const NO_KEYS =
  'there are no keys for AWS: put AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY into the Secret of provider.secretRef or into the environment'

function keysOf({ provider: { credentials } }: ProviderQuery, { environment }: ProviderWorld): AwsKeys | undefined {
  for (const source of [credentials, environment]) {
    const entry = (name: string): string | undefined => source[name] ?? source[name.toLowerCase()]
    const [accessKeyId, secretAccessKey] = [entry('AWS_ACCESS_KEY_ID'), entry('AWS_SECRET_ACCESS_KEY')]
    if (accessKeyId !== undefined && secretAccessKey !== undefined) {
      return { accessKeyId, secretAccessKey, sessionToken: entry('AWS_SESSION_TOKEN') }
    }
  }
  return undefined
}

function queriesOf(query: string): readonly unknown[] | undefined {
  try {
    const queries: unknown = JSON.parse(query)
    return Array.isArray(queries) && queries.length > 0 ? queries : undefined
  } catch {
    return undefined
  }
}

// Seconds since 1970, or as text of ISO 8601.
function timeOf(time: unknown): number {
  return typeof time === 'number' ? time * 1000 : Date.parse(String(time))
}
