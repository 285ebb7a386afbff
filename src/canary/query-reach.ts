// Which version of a rollout a PromQL query of Istio's metrics counts. One that adds both sees of the canary only its share of the traffic: the
// smaller the canary, the less. Queries of other metrics are not judged: nobody knows what their labels mean.

import type { Plan } from './plan.ts'

/** Whose requests a query counts; unknown: its labels do not say, or it tells versions apart by itself. */
export type Reach = 'both' | 'one' | 'unknown'

/** What the query counts, for a plan whose primary is `<target>-primary`. Templates must be filled in. */
export function reachOf(query: string, plan: Pick<Plan, 'target' | 'apex' | 'namespace'>): Reach {
  if (GROUPED.test(query)) return 'unknown'
  const selectors = [...query.matchAll(SELECTOR)].map(([, labels = '']) => [...labels.matchAll(MATCHER)])
  const reaches = selectors.map((matchers) => reachOfSelector(matchers, plan))
  if (reaches.includes('both')) return 'both'
  return reaches.length > 0 && reaches.every((reach) => reach === 'one') ? 'one' : 'unknown'
}

const STRING = '"(?:[^"\\\\]|\\\\.)*"|\'(?:[^\'\\\\]|\\\\.)*\'|`[^`]*`'
const SELECTOR = new RegExp(`\\bistio_\\w+\\s*(?:\\{((?:[^"'\`}]|${STRING})*)\\})?`, 'g')
const MATCHER = new RegExp(`(\\w+)\\s*(=~|!~|!=|=)\\s*(${STRING})`, 'g')
// Labels that may tell versions apart, and whose values are not known here.
const OF_VERSIONS = /^(destination_version|destination_canonical_revision|pod|kubernetes_pod_name|pod_name|instance)$/
const GROUPED =
  /\bby\s*\([^)]*\b(destination_(workload|version|canonical_revision|service_name|service|app)|pod|kubernetes_pod_name)\b[^)]*\)/

interface Names {
  readonly canary: string
  readonly primary: string
}

// The labels by which the canary and the primary differ, as Istio fills them in for what a rollout makes.
function namesOf(label: string, { target, apex, namespace }: Pick<Plan, 'target' | 'apex' | 'namespace'>): Names | undefined {
  switch (label) {
    case 'destination_workload':
    case 'destination_app':
    case 'destination_canonical_service':
      return { canary: target, primary: `${target}-primary` }
    case 'destination_service_name':
      return { canary: `${apex}-canary`, primary: `${apex}-primary` }
    case 'destination_service': {
      const domain = `${namespace}.svc.cluster.local`
      return { canary: `${apex}-canary.${domain}`, primary: `${apex}-primary.${domain}` }
    }
    default:
      return undefined
  }
}

function reachOfSelector(matchers: readonly RegExpExecArray[], plan: Pick<Plan, 'target' | 'apex' | 'namespace'>): Reach {
  const telling = matchers.flatMap(([, label = '', operator = '', quoted = '']) => {
    if (OF_VERSIONS.test(label)) return [undefined]
    const names = namesOf(label, plan)
    const matches = matcherOf(operator, unquoted(quoted))
    if (names === undefined) return []
    return matches === undefined ? [undefined] : [{ canary: matches(names.canary), primary: matches(names.primary) }]
  })
  if (telling.includes(undefined)) return 'unknown'
  const [canary, primary] = [telling.every((each) => each?.canary), telling.every((each) => each?.primary)]
  if (canary && primary) return 'both'
  return canary || primary ? 'one' : 'unknown'
}

// As Prometheus reads them: regular expressions match the whole value. Undefined where it is none.
function matcherOf(operator: string, text: string): ((value: string) => boolean) | undefined {
  if (operator === '=') return (value) => value === text
  if (operator === '!=') return (value) => value !== text
  try {
    const pattern = new RegExp(`^(?:${text})$`, 's')
    return operator === '=~' ? (value) => pattern.test(value) : (value) => !pattern.test(value)
  } catch {
    return undefined
  }
}

function unquoted(text: string): string {
  const inner = text.slice(1, -1)
  return text.startsWith('`') ? inner : inner.replaceAll(/\\(.)/g, '$1')
}
