// Metrics from Keptn, through the Kubernetes API (metrics.keptn.sh): the value of a KeptnMetric, or 1 and 0 for an Analysis that passes or not.
// The query is `keptnmetric/NAMESPACE/NAME` or `analysis/NAMESPACE/DEFINITION/TIMEFRAME/KEY=VALUE;...`.

import { ApiError, type KubeClient } from '../kube/kube-client.ts'
import { type Millis, wait } from '../std/clock.ts'
import { dig } from '../std/json.ts'
import { numberOf, type ProviderQuery, type ProviderReading, type ProviderWorld } from './provider-call.ts'

const GROUP = { group: 'metrics.keptn.sh', version: 'v1beta1' }
const METRICS = { ...GROUP, resource: 'keptnmetrics' }
const ANALYSES = { ...GROUP, resource: 'analyses' }
const LOOK_EVERY: Millis = 1000
const LOOKS_MAX = 10
const CLEAN_UP: Millis = 5000

/** Asks Keptn; an Analysis has ten seconds. */
export async function askKeptn({ query }: ProviderQuery, world: ProviderWorld, signal: AbortSignal): Promise<ProviderReading> {
  const [kind = '', ...words] = query.trim().toLowerCase().split('/')
  const analysis = analysisOf(words)
  const what = KINDS.get(kind)
  if (what === undefined || analysis === undefined) return { kind: 'misconfigured', because: FORMAT }
  try {
    return what === 'metric' ? await metricOf(world.client, analysis, signal) : await analyse(analysis, world, signal)
  } catch (error) {
    if (error instanceof ApiError) return { kind: 'down', because: `keptn: ${error.message}` }
    throw error
  }
}

const KINDS: ReadonlyMap<string, 'metric' | 'analysis'> = new Map([
  ['keptnmetric', 'metric'],
  ['keptnmetrics', 'metric'],
  ['analysis', 'analysis'],
  ['analyses', 'analysis']
])

function analysisOf([namespace = '', name = '', timeframe = '1m', args = '']: readonly string[]): Analysis | undefined {
  return namespace === '' || name === '' ? undefined : { namespace, name, timeframe, args: argsOf(args) }
}

const FORMAT = 'its query is not keptnmetric/NAMESPACE/NAME or analysis/NAMESPACE/DEFINITION/TIMEFRAME/KEY=VALUE;...'

async function metricOf(
  client: KubeClient,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  signal: AbortSignal
): Promise<ProviderReading> {
  const metric = await client.get({ ...METRICS, namespace, name }, { signal })
  if (metric === undefined) return { kind: 'misconfigured', because: `keptnmetric ${name}.${namespace} not found` }
  const value = numberOf(dig(metric, 'status', 'value'))
  return value === undefined ? { kind: 'no-data', because: `keptnmetric ${name}.${namespace} has no value` } : { kind: 'value', value }
}

interface Analysis {
  readonly namespace: string
  /** The AnalysisDefinition. */
  readonly name: string
  readonly timeframe: string
  readonly args: Readonly<Record<string, string>>
}

async function analyse(
  { namespace, name, timeframe, args }: Analysis,
  { client, clock }: ProviderWorld,
  signal: AbortSignal
): Promise<ProviderReading> {
  const made = await client.create(
    ANALYSES,
    {
      apiVersion: `${GROUP.group}/${GROUP.version}`,
      kind: 'Analysis',
      metadata: { generateName: `${name}-`, namespace },
      spec: { analysisDefinition: { name }, timeframe: { recent: timeframe }, args }
    },
    { signal }
  )
  const key = { ...ANALYSES, namespace, name: made.metadata.name ?? '' }
  try {
    for (let looks = 0; looks < LOOKS_MAX; looks++) {
      await wait(clock, LOOK_EVERY, signal)
      const status = (await client.get(key, { signal }))?.['status']
      const pass = dig(status, 'pass')
      if (dig(status, 'state') === 'Completed' && typeof pass === 'boolean') return { kind: 'value', value: pass ? 1 : 0 }
    }
    return { kind: 'down', because: `the Keptn Analysis of ${name}.${namespace} has not ended within ${LOOKS_MAX} s` }
  } finally {
    // It was made for this question alone. Whoever else deletes it does the same; the end of this program does not keep it.
    await client.delete(key, { signal: AbortSignal.timeout(CLEAN_UP) }).catch(() => undefined)
  }
}

function argsOf(words: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    words.split(';').flatMap((word) => {
      const [key, value, ...more] = word.split('=')
      return key === undefined || key === '' || value === undefined || more.length > 0 ? [] : [[key, value] as const]
    })
  )
}
