// `canary-rollout.sh` of guide 3, its period shortened as it allows: reviews in two versions under steady load, checked by the Prometheus
// beside the instance.

import { readFileSync } from 'node:fs'
import { guidePath } from '../guides.ts'
import { PROMETHEUS_FOLDER, WITH_PROMETHEUS } from './prometheus-program.ts'
import { throughMesh } from './requests.ts'
import { found, KUBECTL_FOUND, type Ran, run, succeeded, until } from './run.ts'
import { type Serin, startSerin } from './serin.ts'
import { deployment, documents, service } from './workloads.ts'

/** Whether the script can run here: it uses these. */
export const SCRIPT_RUNS: boolean =
  KUBECTL_FOUND && PROMETHEUS_FOLDER !== undefined && ['curl', 'jq', 'bc'].every((program) => found(program, '--version'))

export const REVIEWS = 'http://reviews:8080/api/reviews'
const SEND_EVERY_MS = 20
const SUBSETS = ['v1', 'v2']

/** The script, or the script with a latency threshold of 10 s. */
export type Script = 'as printed' | 'patient'

/** How the script ended, and the rules it left. */
export interface Rollout {
  readonly script: Ran
  readonly http: unknown
}

/** An instance with both versions ready and something in Prometheus about them. */
export async function startReviews(environmentOfV2: Readonly<Record<string, string>>): Promise<Serin> {
  const serin = await startSerin({ path: WITH_PROMETHEUS, config: 'images:\n  "reviews:*": serin/demo\n' })
  const versions = SUBSETS.map((version) =>
    deployment({ app: 'reviews', version, image: `reviews:${version}`, ...(version === 'v1' ? {} : { environment: environmentOfV2 }) })
  )
  const rule = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: 'reviews' },
    spec: { host: 'reviews', subsets: SUBSETS.map((version) => ({ name: version, labels: { version } })) }
  }
  succeeded(await serin.kubectl(['apply', '-f', '-'], { input: documents(service('reviews'), ...versions, rule) }))
  for (const version of SUBSETS) succeeded(await serin.kubectl(['rollout', 'status', `deployment/reviews-${version}`, '--timeout=60s']))
  return serin
}

// `patient` raises the latency that is too much: many tests share the processors, and how fast this machine is, is not always what is tested.
function scriptText(which: Script): string {
  const printed = readFileSync(guidePath('scripts', 'canary-rollout.sh'), 'utf8')
  if (which === 'as printed') return printed
  const text = printed.replace(/^LATENCY_THRESHOLD=500\b/m, 'LATENCY_THRESHOLD=10000')
  if (text === printed) throw new Error('the script has no LATENCY_THRESHOLD=500 any more')
  return text
}

/** Runs the script to its end while requests are sent. */
export async function rollOut(serin: Serin, period: number, which: Script): Promise<Rollout> {
  // Before the first step all traffic is v1's, as the guide has it.
  const before = { hosts: ['reviews'], http: [{ route: [{ destination: { host: 'reviews', subset: 'v1' } }] }] }
  const rule = { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', metadata: { name: 'reviews' }, spec: before }
  succeeded(await serin.kubectl(['apply', '-f', '-'], { input: documents(rule) }))
  const send = throughMesh(serin)
  const timer = setInterval(() => void send({ url: REVIEWS }).catch(() => undefined), SEND_EVERY_MS)
  try {
    await until('a rate in Prometheus', () => hasRate(serin))
    const env = { ...serin.environment, PROMETHEUS_URL: serin.addresses.prometheus ?? '', OBSERVATION_PERIOD: String(period) }
    const script = await run('bash', ['-c', scriptText(which)], { env, timeout: 110_000 })
    const { stdout } = succeeded(await serin.kubectl(['get', 'virtualservice', 'reviews', '-o', 'jsonpath={.spec.http}']))
    return { script, http: JSON.parse(stdout) }
  } finally {
    clearInterval(timer)
  }
}

async function hasRate({ addresses }: Serin): Promise<boolean> {
  const query = new URLSearchParams({ query: 'rate(istio_requests_total{destination_app="reviews"}[1m]) > 0' })
  const response = await fetch(`${addresses.prometheus}/api/v1/query?${query.toString()}`)
  // as Prometheus documents its answers
  return ((await response.json()) as { data: { result: unknown[] } }).data.result.length > 0
}
