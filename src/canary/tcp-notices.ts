// What a Canary asks for that connections cannot have (service.appProtocol: tcp): they are split by weight and nothing else, and nobody counts
// requests on them.

import { dig, isObject, listAt } from '../std/json.ts'
import { isBuiltinMetric } from './metric-checks.ts'
import type { Notice } from './notices.ts'
import { isTcp } from './plan.ts'

/** Why a Canary of connections cannot be acted on: what it asks for would do something else, or would never have data. */
export function tcpRefusals(spec: unknown): readonly Notice[] {
  if (!isTcp(spec)) return []
  const refused: Notice[] = []
  const refuse = (path: string, text: string): number => refused.push({ path: `spec.analysis.${path}`, kind: 'refused', text })
  const analysis = dig(spec, 'analysis')
  if (listAt(analysis, 'match').length > 0) {
    refuse(
      'match',
      'callers cannot be told apart on connections (service.appProtocol is tcp): remove it, and give stepWeight or iterations'
    )
  }
  for (const [index, metric] of listAt(analysis, 'metrics').entries()) {
    const name = dig(metric, 'name')
    if (!isBuiltinMetric(name)) continue
    refuse(
      `metrics[${index}]`,
      `${name} is about requests, of which connections have none (service.appProtocol is tcp): use a templateRef or a query under another ` +
        'name, e.g. of istio_tcp_connections_closed_total'
    )
  }
  return refused
}

/** Fields that mean something for requests only; Flagger drops them in silence. */
export function withoutTcpEffect(spec: unknown): readonly Notice[] {
  if (!isTcp(spec)) return []
  const [service, analysis] = [dig(spec, 'service'), dig(spec, 'analysis')]
  const told = (path: string): Notice => ({
    path: `spec.${path}`,
    kind: 'not-acted-on',
    text: 'has no effect on connections (service.appProtocol is tcp)'
  })
  const matches = listAt(service, 'match').flatMap((match, index) =>
    Object.keys(isObject(match) ? match : {}).flatMap((field) => (field === 'port' ? [] : [told(`service.match[${index}].${field}`)]))
  )
  return [
    ...HTTP_ONLY.filter((field) => dig(service, field) !== undefined).map((field) => told(`service.${field}`)),
    ...matches,
    ...(dig(analysis, 'mirror') === true ? [told('analysis.mirror')] : []),
    ...(dig(analysis, 'sessionAffinity') === undefined ? [] : [told('analysis.sessionAffinity')])
  ]
}

const HTTP_ONLY = ['rewrite', 'timeout', 'retries', 'corsPolicy', 'headers'] as const
