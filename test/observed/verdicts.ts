// What a case's configuration comes to before any request: refused, or taken.

import { checkObjects } from '../../src/route/compile-routes.ts'
import { meshConfigOf } from '../../src/route/mesh-objects.ts'
import { objectsOfCase } from './case-file.ts'
import type { Case } from './case-file.ts'

/** The differences in what is refused; undefined when the case is about requests. */
export function compareVerdict(each: Case): string[] | undefined {
  const wanted = each.istioError ?? each.envoyError
  if (wanted === undefined) return each.requests.length === 0 ? ['facts of Istio only: nothing is asked'] : undefined
  const found = checkObjects(meshConfigOf(objectsOfCase(each, new Set()))).filter(({ severity }) => severity === 'error')
  return found.length > 0 ? [] : [`taken, but refused by Istio or Envoy: ${wanted}`]
}
