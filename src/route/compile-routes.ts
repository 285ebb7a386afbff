// Istio's rules -> RouteTable: which hosts each scope knows and which routes answer for them (istio.md 1.2, 1.4-1.6, 3.1). The result is
// plain data; what changed against the previous table gets the new version, and a host whose rules are wrong keeps its last good entry.

import type { ObjectProblem } from './catalogue.ts'
import {
  checkDestinationRule,
  checkGateway,
  checkService,
  checkServiceEntry,
  checkVirtualService,
  checkWritten,
  type WrittenCheck
} from './check-rules.ts'
import { checkSidecar, checkWorkloadEntry } from './check-workloads.ts'
import { ClusterSet } from './clusters.ts'
import { compileGateways } from './compile-gateways.ts'
import { compileLimits } from './compile-limits.ts'
import { compileMesh } from './compile-mesh.ts'
import { callerLabelsOf, indexRules } from './destination-rules.ts'
import type { MeshConfig } from './mesh-config.ts'
import { buildRegistry } from './registry.ts'
import { ruleSetsOf, sourceLabelsOf } from './rule-sets.ts'
import { Sidecars } from './sidecars.ts'
import { EMPTY_TABLE } from './route-table.ts'
import { sameJson } from '../std/json.ts'
import type { RouteTable } from './route-table.ts'
import { TableBuilder } from './table-builder.ts'

/** A compiled table and what is wrong with single objects; what is wrong between objects is lint's to find. */
export interface Compiled {
  readonly table: RouteTable
  readonly problems: readonly ObjectProblem[]
}

/** What is wrong with single objects: the problems of a compilation, without its table. */
export function checkObjects(config: MeshConfig, check: WrittenCheck = checkWritten): ObjectProblem[] {
  const { virtualServices, destinationRules, gateways, serviceEntries, workloadEntries, sidecars } = config
  const written = [...virtualServices, ...destinationRules, ...gateways, ...serviceEntries, ...workloadEntries, ...sidecars]
  return [
    ...written.flatMap(check),
    ...virtualServices.flatMap(checkVirtualService),
    ...destinationRules.flatMap(checkDestinationRule),
    ...gateways.flatMap(checkGateway),
    ...serviceEntries.flatMap(checkServiceEntry),
    ...config.services.flatMap(checkService),
    ...workloadEntries.flatMap(checkWorkloadEntry),
    ...sidecars.flatMap(checkSidecar)
  ]
}

/**
 * Compiles everything. `previous` is the table in force: unchanged parts keep their versions, and the same table is returned when nothing
 * changed. `check` may remember what it said of an object. Never fails: an object that cannot be used is named in `problems`.
 */
export function compileRoutes(config: MeshConfig, previous: RouteTable = EMPTY_TABLE, check: WrittenCheck = checkWritten): Compiled {
  const problems = checkObjects(config, check)
  const broken = new Set(problems.filter(breaksRules).map(({ object }) => `${object.namespace}/${object.name}`))
  const registry = buildRegistry(config)
  const clusters = new ClusterSet(registry, indexRules(config.destinationRules), config.locality)
  clusters.addAll()
  const limits = compileLimits(config)
  const builder = new TableBuilder(previous, limits)
  const sidecars = new Sidecars(config.sidecars)
  const ruleSets = ruleSetsOf(config.virtualServices, broken)
  // A label that nobody has tells nobody apart.
  const ruleLabels = callerLabelsOf(config.destinationRules).filter((key) =>
    config.pods.some(({ metadata }) => metadata.labels?.[key] !== undefined)
  )
  const work = {
    ruleLabels,
    config,
    registry,
    clusters,
    builder,
    ruleSets,
    sidecars,
    sourceLabels: [...new Set([...sourceLabelsOf(ruleSets), ...sidecars.labelKeys, ...limits.callerLabels, ...ruleLabels])].toSorted()
  }
  compileMesh(work)
  compileGateways(work)
  return { table: builder.finish(work.sourceLabels, clusters.all()), problems }
}

/** True when two compilations gave the same table, versions included. */
export function sameTable(a: RouteTable, b: RouteTable): boolean {
  return a === b || sameJson(a, b)
}

function breaksRules({ severity, object }: ObjectProblem): boolean {
  return severity === 'error' && object.kind === 'VirtualService'
}
