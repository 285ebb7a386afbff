// EnvoyFilter patches whose operation does something else than it says, or depends on the order of others (istio.md 7.5: IST0151 to IST0155).

import type { EnvoyFilter, EnvoyFilterSpec } from '../api/istio-envoy-filter.ts'
import { type ProblemCode, problem, referTo } from '../route/catalogue.ts'
import type { ObjectProblem } from '../route/catalogue.ts'
import { isObject } from '../std/json.ts'
import type { Mesh } from './mesh.ts'

type Patch = NonNullable<EnvoyFilterSpec['configPatches']>[number]

/** Problems of the operations of EnvoyFilters. One filter alone has no order among others. */
export function lintEnvoyOperations(mesh: Mesh): ObjectProblem[] {
  const { envoyFilters } = mesh.config
  return envoyFilters.flatMap((filter) => lintFilter(filter, { ordered: envoyFilters.length < 2 || (filter.spec.priority ?? 0) !== 0 }))
}

function lintFilter(filter: EnvoyFilter, { ordered }: { readonly ordered: boolean }): ObjectProblem[] {
  const { configPatches = [] } = filter.spec
  return configPatches.flatMap((patch, index) => {
    const code = codeOf(patch, ordered, configPatches.slice(0, index))
    const place = { object: referTo('EnvoyFilter', filter), path: `spec.configPatches[${index}].patch.operation` }
    return code === undefined ? [] : [problem(code, place, [patch.patch?.operation ?? '', patch.applyTo ?? ''])]
  })
}

const REPLACED = ['HTTP_FILTER', 'NETWORK_FILTER', 'VIRTUAL_HOST']
const ROUTES = ['ROUTE_CONFIGURATION', 'HTTP_ROUTE']

function codeOf({ applyTo = 'INVALID', patch }: Patch, ordered: boolean, before: readonly Patch[]): ProblemCode | undefined {
  switch (patch?.operation) {
    case 'ADD':
      return ROUTES.includes(applyTo) ? 'envoy-add-ignored' : undefined
    case 'REMOVE':
      return ROUTES.includes(applyTo) ? 'envoy-remove-ignored' : relative(patch, ordered, before)
    case 'REPLACE':
      return REPLACED.includes(applyTo) ? relative(patch, ordered, before) : 'envoy-replace-ignored'
    case 'INSERT_BEFORE':
    case 'INSERT_AFTER':
      return relative(patch, ordered, before)
    default:
      return undefined
  }
}

/** What stands where depends on the filters of others; with a priority the author has said when it is done. */
function relative(patch: Patch['patch'], ordered: boolean, before: readonly Patch[]): ProblemCode | undefined {
  if (ordered) return undefined
  const versioned = before.some((other) => nameOf(other.patch) === nameOf(patch) && (other.match?.proxy?.proxyVersion ?? '') !== '')
  return versioned ? 'envoy-relative-versioned' : 'envoy-relative'
}

function nameOf(patch: Patch['patch']): unknown {
  return isObject(patch?.value) ? patch.value['name'] : undefined
}
