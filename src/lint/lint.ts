// What is wrong with a set of objects, as one list: the same for kubectl's Warnings, for Events and for `serin lint -f`. Each analysis is
// a function of the same Mesh; texts and severities are in route/catalogue.ts.

import type { KubeObject } from '../api/object.ts'
import type { ObjectProblem, ProblemObject } from '../route/catalogue.ts'
import { checkObjects } from '../route/compile-routes.ts'
import { indexRules } from '../route/destination-rules.ts'
import { meshConfigOf } from '../route/mesh-objects.ts'
import { buildRegistry } from '../route/registry.ts'
import { lintDelegates } from './delegates.ts'
import { lintDeprecated } from './deprecated.ts'
import { lintDestinations } from './destinations.ts'
import { lintEffects } from './effects.ts'
import { lintEnvoyFilters } from './envoy-filters.ts'
import { lintEnvoyOperations } from './envoy-operations.ts'
import { lintGatewayConflicts } from './gateway-conflicts.ts'
import { lintHosts } from './hosts.ts'
import { lintKinds } from './kinds.ts'
import type { Mesh } from './mesh.ts'
import { lintPolicies } from './policies.ts'
import { lintReach } from './reach.ts'
import { lintRetries } from './retries.ts'
import { lintRollouts } from './rollouts.ts'
import { lintSidecars } from './sidecars.ts'
import { lintTokens } from './tokens.ts'
import { lintUpstreamTls } from './upstream-tls.ts'
import { lintWeights } from './weights.ts'
import { workloadsOf } from './workloads.ts'

const ANALYSES: readonly ((mesh: Mesh) => ObjectProblem[])[] = [
  lintWeights,
  lintReach,
  lintDestinations,
  lintDelegates,
  lintEffects,
  lintHosts,
  lintRetries,
  lintPolicies,
  lintEnvoyFilters,
  lintTokens,
  lintDeprecated,
  lintSidecars,
  lintEnvoyOperations,
  lintGatewayConflicts,
  lintUpstreamTls
]

/**
 * Every problem of the objects, errors first, then by object and path. Objects refer to each other by name: what is not among them counts
 * as missing. Subsets are compared with pods, and with the pod templates of Deployments and the like: always when `pods` is `all` (the
 * objects of a cluster), else only when there are any (files).
 */
export function lint(objects: readonly KubeObject[], pods: 'all' | 'some' = 'some'): ObjectProblem[] {
  const config = meshConfigOf(objects)
  const registry = buildRegistry(config)
  const mesh: Mesh = { config, registry, rules: indexRules(config.destinationRules), workloads: workloadsOf(objects), pods }
  const alone = [...lintKinds(objects), ...lintRollouts(objects)]
  const problems = [...checkObjects(config), ...alone, ...ANALYSES.flatMap((analysis) => analysis(mesh))]
  return problems.toSorted((a, b) => compare(orderOf(a), orderOf(b)))
}

/** The problems of one object. */
export function problemsOf(problems: readonly ObjectProblem[], object: ProblemObject): ObjectProblem[] {
  return problems.filter(({ object: at }) => at.kind === object.kind && at.namespace === object.namespace && at.name === object.name)
}

function orderOf({ severity, object, path }: ObjectProblem): string {
  return [severity === 'error' ? 0 : 1, object.kind, object.namespace, object.name, path].join(' ')
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}
