// EnvoyFilters: each patch that is not applied is named with the reason, and a filter that is for no proxy.

import type { EnvoyFilter } from '../api/istio-envoy-filter.ts'
import { problem, referTo } from '../route/catalogue.ts'
import type { ObjectProblem } from '../route/catalogue.ts'
import { selectsNothing } from '../route/compile-limits.ts'
import { readEnvoyFilter } from '../route/envoy-filters.ts'
import { ROOT_NAMESPACE, namespaceOf } from '../route/mesh-config.ts'
import type { Mesh } from './mesh.ts'

/** Problems of all EnvoyFilters. */
export function lintEnvoyFilters(mesh: Mesh): ObjectProblem[] {
  return mesh.config.envoyFilters.flatMap((filter) => {
    const object = referTo('EnvoyFilter', filter)
    const unread = readEnvoyFilter(filter).problems.map(({ path, text }) => problem('not-applied-yet', { object, path }, [text]))
    if (!knowsProxies(mesh) || !selectsNothing({ gateways: mesh.around.all('gateways') }, filter, mesh.around.workloads())) return unread
    return [...unread, problem('selects-no-proxy', { object, path: 'spec.workloadSelector' }, [labelsOf(filter), whereOf(filter)])]
  })
}

/** Files may be about proxies that are elsewhere. */
function knowsProxies({ around, pods }: Mesh): boolean {
  return pods === 'all' || around.workloads().length > 0 || around.all('gateways').length > 0
}

function labelsOf({ spec }: EnvoyFilter): string {
  const labels = Object.entries(spec.workloadSelector?.labels ?? {}).map(([key, value]) => `${key}=${value}`)
  return labels.length === 0 ? '(any)' : labels.join(', ')
}

function whereOf(filter: EnvoyFilter): string {
  const namespace = namespaceOf(filter)
  return namespace === ROOT_NAMESPACE ? 'the mesh' : `namespace ${namespace}`
}
