// What the templates of a stream (gate-streams.ts) may ask for.

import type { TemplateModel } from '../template/template.ts'
import { baselineName } from '../canary/baseline-asked.ts'
import type { Plan } from '../canary/plan.ts'
import { targetKindOf } from './targets.ts'

export type Version = 'canary' | 'primary' | 'baseline'

/** What a template may ask for: of names those of one version's workload and Service, and which one it is. */
export function streamModel(plan: Plan, version: Version): TemplateModel {
  const { name, namespace, target, apex, ingress, route, baseline } = plan
  // What a workload of somebody's own has for a Service is its own affair: most have one of their name.
  const own = baseline.kind === 'workload' ? baseline.name : undefined
  const workload = { canary: target, primary: targetKindOf(plan).primaryName(plan), baseline: own ?? baselineName(plan) }[version]
  const service = version === 'baseline' && own !== undefined ? own : `${apex}-${version}`
  return { name, namespace, target: workload, service, ingress, route, interval: '1m', variables: { version } }
}
