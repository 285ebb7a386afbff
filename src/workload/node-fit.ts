// Whether pods of a template may run on a node, by its labels: nodeSelector and required node affinity (Kubernetes' scheduling, without
// taints, resources or preferences: there is one node, and it takes every pod that wants it).

import { dig, isObject, listAt } from '../std/json.ts'

/** The node that pods run on. */
export interface Node {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/** True when the node has what the pod spec asks of nodes; a pod that asks for nothing fits. */
export function fitsNode(podSpec: unknown, node: Node): boolean {
  const named = dig(podSpec, 'nodeName')
  if (typeof named === 'string' && named !== '' && named !== node.name) return false
  const wanted = dig(podSpec, 'nodeSelector')
  if (isObject(wanted) && Object.entries(wanted).some(([key, value]) => node.labels[key] !== value)) return false
  const required = dig(podSpec, 'affinity', 'nodeAffinity', 'requiredDuringSchedulingIgnoredDuringExecution')
  return required === undefined || required === null || listAt(required, 'nodeSelectorTerms').some((term) => holds(term, node))
}

// All rules of one term must hold; a term without rules matches no node.
function holds(term: unknown, node: Node): boolean {
  const expressions = listAt(term, 'matchExpressions')
  const fields = listAt(term, 'matchFields')
  if (expressions.length + fields.length === 0) return false
  const onFields = fields.every((rule) => dig(rule, 'key') === 'metadata.name' && matches(rule, node.name))
  return onFields && expressions.every((rule) => matches(rule, node.labels[String(dig(rule, 'key'))]))
}

function matches(rule: unknown, value: string | undefined): boolean {
  const values = listAt(rule, 'values')
  switch (dig(rule, 'operator')) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
      return Number(value) > Number(values[0])
    case 'Lt':
      return Number(value) < Number(values[0])
    default:
      return false
  }
}
