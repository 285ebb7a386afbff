// What is wrong with a set of objects, as one list: the same for kubectl's Warnings, for Events and for `serin lint -f`. Each analysis is
// a function of the same Mesh; texts and severities are in route/catalogue.ts.

import type { KubeObject } from '../api/object.ts'
import type { ObjectProblem, ProblemObject } from '../route/catalogue.ts'
import { checkObjects } from '../route/compile-routes.ts'
import { meshConfigOf } from '../route/mesh-objects.ts'
import { Reads } from '../std/reads.ts'
import { Around } from './around.ts'
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
export function lint(objects: readonly KubeObject[], pods: Mesh['pods'] = 'some'): ObjectProblem[] {
  const around = new Around(new Reads())
  for (const object of objects) around.put(undefined, object)
  around.update()
  return inOrder([...checksOf(objects), ...lintRollouts(objects, 'files'), ...analysesOf(objects, around, pods)])
}

/** What is wrong with each of some objects alone. */
export function checksOf(objects: readonly KubeObject[]): ObjectProblem[] {
  return [...checkObjects(meshConfigOf(objects)), ...lintKinds(objects)]
}

/** What is wrong between some objects and what is around them, themselves included. */
export function analysesOf(objects: readonly KubeObject[], around: Around, pods: Mesh['pods']): ObjectProblem[] {
  const mesh: Mesh = { config: meshConfigOf(objects), around, pods }
  return ANALYSES.flatMap((analysis) => analysis(mesh))
}

/** Errors first, then by object and path; those of one place stay as they come. */
export function inOrder(problems: readonly ObjectProblem[]): ObjectProblem[] {
  const ordered = problems.map((each) => ({ each, order: orderOf(each) }))
  return ordered.toSorted((a, b) => compare(a.order, b.order)).map(({ each }) => each)
}

/** The problems of one object. */
export function problemsOf(problems: readonly ObjectProblem[], object: ProblemObject): ObjectProblem[] {
  return problems.filter(({ object: at }) => at.kind === object.kind && at.namespace === object.namespace && at.name === object.name)
}

function orderOf({ severity, object, path }: ObjectProblem): string {
  return [severity === 'error' ? 0 : 1, object.kind, object.namespace, object.name, path].join(' ')
}

/** The order of texts, for sorting. */
export function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}
