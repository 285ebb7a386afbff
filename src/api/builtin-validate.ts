// What the API server refuses in built-in objects beyond their schema, in its own words (kubernetes.md 3.6, 3.7). Objects come decoded
// and with defaults. Not checked: the fields of volumes, affinity and security contexts, and which fields of a running Pod may change.

import { selectorOf, selects } from './label-selector.ts'
import { dig, isObject, sameJson } from '../std/json.ts'
import { configFaults, secretFaults } from './builtin-validate-config.ts'
import { podChangeFaults, specOf } from './builtin-validate-pod-update.ts'
import { containerFaults } from './builtin-validate-pod.ts'
import { autoscalerFaults, daemonUpdateFaults } from './builtin-validate-scale.ts'
import { serviceFaults } from './builtin-validate-service.ts'
import { DNS_LABEL, fault, forbidden, labelFaults, listIn, notNegative, textFaults } from './builtin-words.ts'
import { duplicate, missing, notSupported } from './cause.ts'
import type { Cause } from './cause.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * The faults of an object of the message `name` (see builtinMessage), in the order of its fields; `old` is the stored object of an update. Enums
 * and types are the schema's business, metadata is validate-meta.ts's.
 */
export function validateBuiltin(name: string, object: Fields, old?: Fields): readonly Cause[] {
  switch (name) {
    case 'Pod':
      return [...podFaults(specOf(object), 'spec'), ...(old === undefined ? [] : podChangeFaults(specOf(object), specOf(old)))]
    case 'Deployment':
      return [...selectorFaults(object, old), ...deploymentFaults(fieldsIn(object['spec']))]
    case 'ReplicaSet':
      return selectorFaults(object, old)
    case 'DaemonSet':
      return [...selectorFaults(object, old, 'daemonset'), ...daemonSetFaults(fieldsIn(object['spec']))]
    case 'HorizontalPodAutoscaler':
    case 'V1HorizontalPodAutoscaler':
      return autoscalerFaults(fieldsIn(object['spec']))
    case 'Service':
      return serviceFaults(object, old)
    case 'ConfigMap':
      return [...configFaults(object), ...frozenFaults(object, old, ['data', 'binaryData'])]
    case 'Secret':
      return [...secretFaults(object, old), ...frozenFaults(object, old, ['data'])]
    case 'Event':
      return eventFaults(object)
    default:
      return []
  }
}

function podFaults(spec: Fields, path: string): readonly Cause[] {
  const names = new Set<unknown>()
  const volumes = listIn(spec['volumes']).flatMap((volume, index) => {
    const at = `${path}.volumes[${index}].name`
    const name = volume['name']
    if (typeof name !== 'string' || name === '') return [missing(at)]
    if (names.has(name)) return [duplicate(at, name)]
    names.add(name)
    return textFaults(name, at, DNS_LABEL)
  })
  return [...volumes, ...containerFaults(spec, path, names)]
}

function selectorFaults(object: Fields, old: Fields | undefined, who = 'deployment'): readonly Cause[] {
  const spec = fieldsIn(object['spec'])
  const selector = spec['selector']
  const labels = fieldsIn(dig(spec, 'template', 'metadata', 'labels'))
  const before = dig(old, 'spec', 'selector')
  const changed = before !== undefined && selector !== undefined && !sameJson(before, selector)
  return [
    ...notNegative(spec['replicas'], 'spec.replicas'),
    ...notNegative(spec['minReadySeconds'], 'spec.minReadySeconds'),
    ...matchFaults(selector, labels, who),
    ...labelFaults(labels, 'spec.template.metadata.labels'),
    ...templateFaults(spec),
    ...(changed ? [fault('spec.selector', selector, 'field is immutable')] : [])
  ]
}

function matchFaults(selector: unknown, labels: Fields, who: string): readonly Cause[] {
  const unlike = fault('spec.template.metadata.labels', labels, '`selector` does not match template `labels`')
  if (!isObject(selector)) return [missing('spec.selector'), unlike]
  const expressions = listIn(selector['matchExpressions'])
  const terms = [...Object.keys(fieldsIn(selector['matchLabels'])), ...expressions]
  if (terms.length === 0) return [fault('spec.selector', selector, `empty selector is invalid for ${who}`)]
  const faults = expressions.flatMap((term, index) => termFaults(term, `spec.selector.matchExpressions[${index}]`))
  if (faults.length > 0) return [...faults, fault('spec.selector', selector, 'invalid label selector')]
  const { value } = selectorOf(selector)
  // labels are texts: the schema says so
  return value !== undefined && selects(value, labels as Readonly<Record<string, string>>) ? [] : [unlike]
}

function termFaults(term: Fields, path: string): readonly Cause[] {
  const valued = Array.isArray(term['values']) && term['values'].length > 0
  switch (term['operator']) {
    case 'In':
    case 'NotIn':
      return valued ? [] : [missing(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'")]
    case 'Exists':
    case 'DoesNotExist':
      return valued ? [forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")] : []
    default:
      return [fault(`${path}.operator`, term['operator'], 'not a valid selector operator')]
  }
}

function templateFaults(spec: Fields): readonly Cause[] {
  if (!isObject(spec['template'])) return []
  const pod = fieldsIn(spec['template']['spec'])
  const policy = pod['restartPolicy']
  const restart = policy === undefined || policy === 'Always' ? [] : [notSupported('spec.template.spec.restartPolicy', policy, ['Always'])]
  return [...podFaults(pod, 'spec.template.spec'), ...restart]
}

function daemonSetFaults(spec: Fields): readonly Cause[] {
  const history = notNegative(spec['revisionHistoryLimit'], 'spec.revisionHistoryLimit')
  return [...daemonUpdateFaults(fieldsIn(spec['updateStrategy']), boundFaults), ...history]
}

function deploymentFaults(spec: Fields): readonly Cause[] {
  const strategy = fieldsIn(spec['strategy'])
  const deadline = spec['progressDeadlineSeconds']
  const ready = typeof spec['minReadySeconds'] === 'number' ? spec['minReadySeconds'] : 0
  const late = typeof deadline === 'number' && deadline >= 0 && deadline <= ready
  return [
    ...notNegative(spec['revisionHistoryLimit'], 'spec.revisionHistoryLimit'),
    ...notNegative(deadline, 'spec.progressDeadlineSeconds'),
    ...(late ? [fault('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds')] : []),
    ...strategyFaults(strategy)
  ]
}

const PERCENT_WORDS =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"

function strategyFaults(strategy: Fields): readonly Cause[] {
  const path = 'spec.strategy.rollingUpdate'
  const rolling = strategy['rollingUpdate']
  if (strategy['type'] === 'Recreate') {
    return rolling === undefined ? [] : [forbidden(path, "may not be specified when strategy `type` is 'Recreate'")]
  }
  const { maxUnavailable, maxSurge } = fieldsIn(rolling)
  const zero = (value: unknown): boolean => value === 0 || value === '0%'
  return [
    ...boundFaults(maxUnavailable, `${path}.maxUnavailable`),
    ...boundFaults(maxSurge, `${path}.maxSurge`),
    ...(zero(maxUnavailable) && zero(maxSurge)
      ? [fault(`${path}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0')]
      : [])
  ]
}

function boundFaults(value: unknown, path: string): readonly Cause[] {
  if (typeof value !== 'string') return notNegative(value, path)
  return /^\d+%$/.test(value) ? [] : [fault(path, value, PERCENT_WORDS)]
}

const FROZEN_WORDS = 'field is immutable when `immutable` is set'

function frozenFaults(object: Fields, old: Fields | undefined, fields: readonly string[]): readonly Cause[] {
  if (old === undefined || old['immutable'] !== true) return []
  const thawed = object['immutable'] === true ? [] : [forbidden('immutable', FROZEN_WORDS)]
  const changed = fields.filter((field) => !sameJson(fieldsIn(object[field]), fieldsIn(old[field])))
  return [...thawed, ...changed.map((field) => forbidden(field, FROZEN_WORDS))]
}

// The involved object is in the event's own namespace; one of a cluster-scoped object is in `default`.
function eventFaults(event: Fields): readonly Cause[] {
  const about = dig(event, 'involvedObject', 'namespace')
  const own = dig(event, 'metadata', 'namespace')
  if (typeof about !== 'string' || about === '' || own === undefined || about === own) return []
  return [fault('involvedObject.namespace', about, 'does not match event.namespace')]
}

function fieldsIn(value: unknown): Fields {
  return isObject(value) ? value : {}
}
