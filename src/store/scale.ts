// The scale subresource: an autoscaling/v1 Scale made from an object, and a Scale's replicas put back into it.

import type { ScaleSpec } from '../api/kind.ts'
import type { KubeObject } from '../api/object.ts'
import { dig, isObject } from '../std/json.ts'
import { badRequest, invalid, unfitPatch, type Failure } from './failure.ts'
import { goText } from './go-text.ts'

const keysOf = (path: string): readonly string[] => path.split('.').filter((key) => key !== '')

/** The Scale of `object`; absent counts are 0. */
export function scaleOf(object: KubeObject, scale: ScaleSpec): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const selector = scale.labelSelectorPath === undefined ? undefined : dig(object, ...keysOf(scale.labelSelectorPath))
  const words = selectorText(selector ?? dig(object, 'spec', 'selector'))
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: Object.fromEntries(
      Object.entries({ name, namespace, uid, resourceVersion, creationTimestamp }).filter(([, value]) => value !== undefined)
    ),
    spec: { replicas: dig(object, ...keysOf(scale.specReplicasPath)) ?? 0 },
    status: { replicas: dig(object, ...keysOf(scale.statusReplicasPath)) ?? 0, ...(words !== '' && { selector: words }) }
  }
}

const SCALE = { group: 'autoscaling', kind: 'Scale', plural: 'scales' }
const INT32_MAX = 2 ** 31 - 1

/** Why `replicas` is no number of replicas; `patch` is the text of the patched Scale, absent for one sent whole. */
export function refuseReplicas(name: string, replicas: unknown, patch?: string): Failure | undefined {
  if (typeof replicas !== 'number' || !Number.isInteger(replicas) || Math.abs(replicas) > INT32_MAX) {
    const given = typeof replicas === 'number' ? `number ${goText(replicas)}` : typeof replicas
    const because = `json: cannot unmarshal ${given} into Go struct field ScaleSpec.spec.replicas of type int32`
    return patch === undefined ? badRequest(`Scale in version "v1" cannot be handled as a Scale: ${because}`) : unfitPatch(patch, because)
  }
  if (replicas >= 0) return undefined
  const message = `Invalid value: ${replicas}: must be greater than or equal to 0`
  return invalid(SCALE, name, [{ reason: 'FieldValueInvalid', message, field: 'spec.replicas' }])
}

/** `object` with `replicas` where its kind keeps them. */
export function withReplicas(object: KubeObject, scale: ScaleSpec, replicas: unknown): KubeObject {
  // a path below the object's root changes fields, never what makes it an object
  return put(object, keysOf(scale.specReplicasPath), replicas) as KubeObject
}

function put(at: unknown, keys: readonly string[], value: unknown): unknown {
  const [key, ...rest] = keys
  if (key === undefined) return value
  const before = isObject(at) ? at : {}
  return { ...before, [key]: put(before[key], rest, value) }
}

/** A label selector, as text: `a=b,c in (d,e),!f`. */
function selectorText(selector: unknown): string {
  if (typeof selector === 'string') return selector
  if (!isObject(selector)) return ''
  const labels = dig(selector, 'matchLabels')
  const expressions = dig(selector, 'matchExpressions')
  const equal = isObject(labels) ? Object.entries(labels).map(([key, value]) => `${key}=${String(value)}`) : []
  const rest = Array.isArray(expressions) ? expressions.map(expressionText) : []
  return [...equal, ...rest].toSorted().join(',')
}

function expressionText(expression: unknown): string {
  const named = dig(expression, 'key')
  const key = typeof named === 'string' ? named : ''
  const values = dig(expression, 'values')
  const list = Array.isArray(values) ? values.join(',') : ''
  const operator = dig(expression, 'operator')
  if (operator === 'Exists') return key
  if (operator === 'DoesNotExist') return `!${key}`
  return operator === 'NotIn' ? `${key} notin (${list})` : `${key} in (${list})`
}
