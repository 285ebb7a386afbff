// Reads metrics for the checks of a Canary: from the embedded mesh, from a Prometheus, or from the provider of a MetricTemplate.

import type { Answer, MetricQuestion } from '../rollout/ask.ts'
import { builtinQuery, onlyErrorsQuery } from '../rollout/istio-queries.ts'
import type { Measurement } from '../rollout/judge-metric.ts'
import type { BuiltinMetric, MetricCheck } from '../canary/metric-checks.ts'
import { renderQuery } from '../template/template.ts'
import { findTemplate, refusedReference } from './metric-templates.ts'
import type { QueryProvider } from './query-source.ts'
import type { RolloutPorts } from './rollout-ports.ts'

const QUANTILE = 0.99
const PROBE = 'vector(1)'

/** Why nobody can be asked. */
export const NO_PROMETHEUS =
  'no Prometheus answers PromQL here: set spec.metricsServer of the Canary, start with --metrics-server URL, or install prometheus so that one is started'

/** One reading. Rejects only with the signal's reason. */
export async function measure(ports: RolloutPorts, question: MetricQuestion, signal: AbortSignal): Promise<Measurement> {
  const { check } = question
  switch (check.kind) {
    case 'builtin':
      return measureBuiltin(ports, question, check, signal)
    case 'query': {
      const provider = prometheusFor(ports, question)
      if (provider === undefined) return { kind: 'down', because: NO_PROMETHEUS }
      return ask(ports, question, { provider, source: check.query }, signal)
    }
    case 'template': {
      if (isRefused(ports, question, check)) return { kind: 'misconfigured', because: refusedReference(check) }
      const found = await findTemplate(ports.client, check, signal)
      return found.kind === 'found' ? ask(ports, question, { provider: found.provider, source: found.query }, signal) : found
    }
  }
}

/** Whether what the checks need can be asked at all: yes, or unknown with the first reason. Templates are read, not asked. */
export async function probe(ports: RolloutPorts, checks: readonly MetricQuestion[], signal: AbortSignal): Promise<Answer> {
  for (const question of checks) {
    const trouble = await troubleWith(ports, question, signal)
    if (trouble !== undefined) return { kind: 'unknown', cause: 'down', because: trouble }
  }
  return { kind: 'yes' }
}

async function troubleWith(ports: RolloutPorts, question: MetricQuestion, signal: AbortSignal): Promise<string | undefined> {
  const { check } = question
  if (check.kind === 'template') {
    if (isRefused(ports, question, check)) return refusedReference(check)
    const found = await findTemplate(ports.client, check, signal)
    if (found.kind !== 'found') return found.because
    return found.provider.spec.type === 'prometheus' ? troubleWithPrometheus(ports, found.provider, signal) : undefined
  }
  const provider = check.kind === 'builtin' ? serverFor(ports, question) : prometheusFor(ports, question)
  if (provider !== undefined) return troubleWithPrometheus(ports, provider, signal)
  if (check.kind === 'query') return NO_PROMETHEUS
  const source = await ports.metrics.available(signal)
  return source.kind === 'up' ? undefined : source.because
}

// As Flagger does at the start of a Canary.
async function troubleWithPrometheus(ports: RolloutPorts, provider: QueryProvider, signal: AbortSignal): Promise<string | undefined> {
  const measurement = await ports.queries.measure({ provider, query: PROBE, interval: 0 }, signal)
  if (measurement.kind === 'value') return measurement.value === 1 ? undefined : `prometheus says that ${PROBE} is ${measurement.value}`
  return measurement.because ?? `prometheus has no value for ${PROBE}`
}

async function measureBuiltin(
  ports: RolloutPorts,
  question: MetricQuestion,
  check: Extract<MetricCheck, { readonly kind: 'builtin' }>,
  signal: AbortSignal
): Promise<Measurement> {
  const { workload, namespace } = question
  const { metric, interval, window } = check
  const provider = serverFor(ports, question)
  if (provider === undefined) return measureHere(ports, { metric, workload, namespace, interval }, signal)
  const subject = { namespace, workload, window }
  const measured = await ports.queries.measure({ provider, query: builtinQuery(metric, subject), interval }, signal)
  const isMissing = measured.kind === 'no-data' || (measured.kind === 'value' && Number.isNaN(measured.value))
  if (metric !== 'request-success-rate' || !isMissing) return measured
  const errors = await ports.queries.measure({ provider, query: onlyErrorsQuery(subject), interval }, signal)
  if (errors.kind === 'value') return errors.value > 0 ? { kind: 'value', value: 0 } : { kind: 'no-data' }
  return errors.kind === 'no-data' ? measured : errors
}

function measureHere(
  { metrics }: RolloutPorts,
  {
    metric,
    workload,
    namespace,
    interval
  }: { readonly metric: BuiltinMetric; readonly interval: number } & Pick<MetricQuestion, 'workload' | 'namespace'>,
  signal: AbortSignal
): Promise<Measurement> {
  const name = { namespace, name: workload }
  return metric === 'request-success-rate'
    ? metrics.successRate(name, interval, signal)
    : metrics.duration(name, interval, QUANTILE, signal)
}

async function ask(
  ports: RolloutPorts,
  { check, model }: MetricQuestion,
  { provider, source }: { readonly provider: QueryProvider; readonly source: string },
  signal: AbortSignal
): Promise<Measurement> {
  const rendered = renderQuery(source, model)
  if (rendered.kind === 'wrong') return { kind: 'misconfigured', because: `its query: ${rendered.because}` }
  return ports.queries.measure({ provider, query: rendered.query, interval: check.interval }, signal)
}

function isRefused(
  { settings }: RolloutPorts,
  { namespace }: MetricQuestion,
  { template }: Extract<MetricCheck, { kind: 'template' }>
): boolean {
  return settings.noCrossNamespaceRefs && template.namespace !== namespace
}

type Asking = Pick<RolloutPorts, 'settings'>
type Asker = Pick<MetricQuestion, 'metricsServer' | 'namespace'>

// What the Canary or the operator names for built-in metrics; the embedded mesh otherwise.
function serverFor({ settings }: Asking, { metricsServer, namespace }: Asker): QueryProvider | undefined {
  const address = metricsServer ?? settings.metricsServer
  return address === undefined ? undefined : prometheusAt(address, namespace)
}

/** Who answers the queries of a Canary that names no template; undefined: nobody. */
export function prometheusFor(ports: Asking, asker: Asker): QueryProvider | undefined {
  const own = ports.settings.ownPrometheus()
  return serverFor(ports, asker) ?? (own === undefined ? undefined : prometheusAt(own, asker.namespace))
}

function prometheusAt(address: string, namespace: string): QueryProvider {
  return { spec: { type: 'prometheus', address }, namespace, credentials: {} }
}
