// Istio's rules -> RouteTable: which hosts each scope knows and which routes answer for them (istio.md 1.2, 1.4-1.6, 3.1). The result is
// plain data; what changed against the previous table gets the new version, and a host whose rules are wrong keeps its last good entry.

import type { VirtualService } from '../api/istio-virtual-service.ts'
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
import { fill } from './compiler-feed.ts'
import type { MeshConfig } from './mesh-config.ts'
import { RouteCompiler } from './route-compiler.ts'
import { EMPTY_TABLE } from './route-table.ts'
import { sameJson } from '../std/json.ts'
import type { RouteTable } from './route-table.ts'

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
 * Compiles everything from nothing. `previous` is the table in force: unchanged parts keep their versions, and the same table is returned
 * when nothing changed. `check` may remember what it said of an object. Never fails: an object that cannot be used is named in `problems`.
 */
export function compileRoutes(config: MeshConfig, previous: RouteTable = EMPTY_TABLE, check: WrittenCheck = checkWritten): Compiled {
  const compiler = new RouteCompiler({ isBroken: (each) => isBroken(each, check), previous, settings: config })
  fill(compiler, config)
  compiler.compile()
  const { table } = compiler
  return { table: sameJson({ ...table, version: previous.version }, previous) ? previous : table, problems: checkObjects(config, check) }
}

/** Whether the text of a VirtualService is wrong: it does not count, and what was in force before stays. */
export function isBroken(virtualService: VirtualService, check: WrittenCheck = checkWritten): boolean {
  return [...check(virtualService), ...checkVirtualService(virtualService)].some(({ severity }) => severity === 'error')
}

/** True when two compilations gave the same table, versions included. */
export function sameTable(a: RouteTable, b: RouteTable): boolean {
  return a === b || sameJson(a, b)
}
