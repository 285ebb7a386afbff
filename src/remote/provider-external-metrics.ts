// Metrics from the External Metrics API of Kubernetes (external.metrics.k8s.io/v1beta1), of the API that is followed or of the one at
// provider.address. The query is `NAMESPACE/METRIC?labelSelector=SELECTOR`, of which only the metric is needed.

import { ApiError } from '../kube/kube-client.ts'
import { dig, listAt } from '../std/json.ts'
import { badAddress, callForJson, type ProviderQuery, type ProviderReading, type ProviderWorld, urlOf } from './provider-call.ts'
import { quantityOf } from './quantity.ts'

const GROUP = { group: 'external.metrics.k8s.io', version: 'v1beta1' }

/** Asks the API; the first value counts. */
export async function askExternalMetrics(asked: ProviderQuery, world: ProviderWorld, signal: AbortSignal): Promise<ProviderReading> {
  const metric = metricOf(asked.query)
  if (metric === undefined) return { kind: 'misconfigured', because: 'its query is not NAMESPACE/METRIC?labelSelector=SELECTOR' }
  const { address = '' } = asked.provider.spec
  return address === '' ? fromClient(metric, world, signal) : fromAddress(metric, asked, world, signal)
}

interface Metric {
  readonly namespace: string
  readonly name: string
  /** Empty: all. */
  readonly selector: Readonly<Record<string, string>>
}

function metricOf(query: string): Metric | undefined {
  const [, namespace = '', name = '', parameters = ''] = /^(?:([^/?]*)\/)?([^/?]+)(?:\?(.*))?$/.exec(query.trim()) ?? []
  if (name === '') return undefined
  const labelSelector = new URLSearchParams(parameters).get('labelSelector') ?? ''
  return { namespace: namespace === '' ? 'default' : namespace, name, selector: labelSelector === '' ? {} : { labelSelector } }
}

async function fromAddress(
  { namespace, name, selector }: Metric,
  asked: ProviderQuery,
  world: ProviderWorld,
  signal: AbortSignal
): Promise<ProviderReading> {
  const { spec, credentials } = asked.provider
  const path = `/apis/${GROUP.group}/${GROUP.version}/namespaces/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`
  const url = urlOf(spec.address ?? '', path, selector)
  if (url === undefined) return badAddress(spec.address)
  const { token } = credentials
  const answer = await callForJson(asked, world, { url, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } }, signal)
  return answer.kind === 'json' ? readingOf(listAt(answer.value, 'items')) : answer
}

async function fromClient({ namespace, name, selector }: Metric, { client }: ProviderWorld, signal: AbortSignal): Promise<ProviderReading> {
  try {
    const { items } = await client.list({ ...GROUP, resource: name, namespace, ...selector }, { signal })
    return readingOf(items)
  } catch (error) {
    if (error instanceof ApiError) return { kind: 'down', because: `external metrics: ${error.message}` }
    throw error
  }
}

function readingOf(items: readonly unknown[]): ProviderReading {
  const [first] = items
  if (first === undefined) return { kind: 'no-data' }
  const value = quantityOf(String(dig(first, 'value')))
  return value === undefined ? { kind: 'down', because: 'the first external metric has no quantity for a value' } : { kind: 'value', value }
}
