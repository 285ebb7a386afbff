// What a case's configuration comes to before any request: refused, or taken.

import { decode } from '../../src/api/decode.ts'
import { ISTIO_KINDS } from '../../src/api/istio-kinds.ts'
import type { KubeObject } from '../../src/api/object.ts'
import { checkObjects, compileRoutes } from '../../src/route/compile-routes.ts'
import { meshConfigOf } from '../../src/route/mesh-objects.ts'
import { objectsOfCase } from './case-file.ts'
import type { Case } from './case-file.ts'

/** The differences in what is refused; undefined when the case is about requests. */
export function compareVerdict(each: Case): string[] | undefined {
  const wanted = each.istioError ?? each.envoyError
  if (wanted === undefined) return each.requests.length === 0 ? compareFacts(each) : undefined
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

// Without requests, of what Istio made only the clusters without endpoints of their own can be compared.
function compareFacts(each: Case): string[] {
  const { clusters } = compileRoutes(meshConfigOf(objectsOfCase(each, new Set()))).table
  const facts = (each.clusters ?? []).filter(({ type }) => type === 'ORIGINAL_DST')
  if (facts.length === 0) return ['facts of Istio only: nothing is asked']
  return facts.filter(({ name }) => clusters[name]?.balance !== 'passthrough').map(({ name }) => `${name} is not passed through`)
}
