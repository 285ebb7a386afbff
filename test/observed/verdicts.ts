// What a case's configuration comes to before any request: refused, or taken.

import { decode } from '../../src/api/decode.ts'
import { ISTIO_KINDS } from '../../src/api/istio-kinds.ts'
import type { KubeObject } from '../../src/api/object.ts'
import { checkObjects } from '../../src/route/compile-routes.ts'
import { meshConfigOf } from '../../src/route/mesh-objects.ts'
import { objectsOfCase } from './case-file.ts'
import type { Case } from './case-file.ts'

/** The differences in what is refused; undefined when the case is about requests. */
export function compareVerdict(each: Case): string[] | undefined {
  const wanted = each.istioError ?? each.envoyError
  if (wanted === undefined) return each.requests.length === 0 ? ['facts of Istio only: nothing is asked'] : undefined
  const objects = objectsOfCase(each, new Set())
  return objects.some(isUnfit) || hasErrors(objects) ? [] : [`taken, but refused by Istio or Envoy: ${wanted}`]
}

/** The schema of its kind refuses it. */
function isUnfit(object: KubeObject): boolean {
  const kind = ISTIO_KINDS.find((one) => one.kind === object.kind && object.apiVersion.startsWith(`${one.group}/`))
  return kind !== undefined && decode(kind, object).value === undefined
}

function hasErrors(objects: readonly KubeObject[]): boolean {
  return checkObjects(meshConfigOf(objects)).some(({ severity }) => severity === 'error')
}
