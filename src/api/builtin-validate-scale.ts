// What the API server refuses in HorizontalPodAutoscalers (both versions) and in the update strategy of DaemonSets, in its own words.

import { fault, forbidden, listIn, notNegative } from './builtin-words.ts'
import { missing, notSupported } from './cause.ts'
import type { Cause } from './cause.ts'
import { dig, isObject } from '../std/json.ts'

type Fields = Readonly<Record<string, unknown>>

/** The faults of an autoscaler's spec. */
export function autoscalerFaults(spec: Fields): readonly Cause[] {
  const { minReplicas, maxReplicas, targetCPUUtilizationPercentage: target } = spec
  const least = typeof minReplicas === 'number' ? minReplicas : 1
  const most = typeof maxReplicas === 'number' ? maxReplicas : 0
  return [
    ...(least < 1 ? [fault('spec.minReplicas', minReplicas, 'must be greater than or equal to 1')] : []),
    ...(most < 1 ? [fault('spec.maxReplicas', most, 'must be greater than 0')] : []),
    ...(most < least ? [fault('spec.maxReplicas', most, 'must be greater than or equal to `minReplicas`')] : []),
    ...['kind', 'name'].flatMap((key) => (dig(spec, 'scaleTargetRef', key) === '' ? [missing(`spec.scaleTargetRef.${key}`)] : [])),
    ...(typeof target === 'number' && target < 1 ? [fault('spec.targetCPUUtilizationPercentage', target, 'must be greater than 0')] : []),
    ...listIn(spec['metrics']).flatMap((metric, index) => metricFaults(metric, `spec.metrics[${index}]`)),
    ...['scaleUp', 'scaleDown'].flatMap((side) => ruleFaults(dig(spec, 'behavior', side), `spec.behavior.${side}`))
  ]
}

const SOURCES: Readonly<Record<string, string>> = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource'
}

function metricFaults(metric: Fields, path: string): readonly Cause[] {
  const type = metric['type']
  if (type === undefined || type === '') return [missing(`${path}.type`, 'must specify a metric source type')]
  const source = typeof type === 'string' ? SOURCES[type] : undefined
  if (source === undefined) return [notSupported(`${path}.type`, type, Object.keys(SOURCES))]
  const others = Object.values(SOURCES).filter((name) => name !== source && metric[name] !== undefined)
  const extra = others.map((name) => forbidden(`${path}.${name}`, 'must populate the given metric source only'))
  if (!isObject(metric[source])) return [missing(`${path}.${source}`, 'must populate information for the given metric source'), ...extra]
  return [...targetFaults(metric[source], `${path}.${source}`), ...extra]
}

function targetFaults(source: Fields, path: string): readonly Cause[] {
  const { type, averageUtilization, averageValue, value } = isObject(source['target']) ? source['target'] : {}
  const at = `${path}.target`
  if (type === undefined || type === '') return [missing(`${at}.type`, 'must specify a metric target type')]
  const known = ['Utilization', 'Value', 'AverageValue'].some((word) => word === type)
  return [
    ...(known ? [] : [fault(`${at}.type`, type, 'must be either Utilization, Value, or AverageValue')]),
    ...(typeof averageUtilization === 'number' && averageUtilization < 1
      ? [fault(`${at}.averageUtilization`, averageUtilization, 'must be greater than 0')]
      : []),
    ...(averageUtilization === undefined && averageValue === undefined && value === undefined
      ? [missing(`${at}.averageUtilization`, 'must set either a target raw value or a target utilization')]
      : []),
    ...(averageUtilization !== undefined && averageValue !== undefined
      ? [forbidden(`${at}.averageValue`, 'may not set both a target raw value and a target utilization')]
      : [])
  ]
}

const WINDOW_MAX = 3600

function ruleFaults(rules: unknown, path: string): readonly Cause[] {
  if (!isObject(rules)) return []
  const window = rules['stabilizationWindowSeconds']
  const select = rules['selectPolicy']
  return [
    ...notNegative(window, `${path}.stabilizationWindowSeconds`),
    ...(typeof window === 'number' && window > WINDOW_MAX
      ? [fault(`${path}.stabilizationWindowSeconds`, window, `must be less than or equal to ${WINDOW_MAX}`)]
      : []),
    ...(select === undefined || ['Max', 'Min', 'Disabled'].some((word) => word === select)
      ? []
      : [notSupported(`${path}.selectPolicy`, select, ['Max', 'Min', 'Disabled'])])
  ]
}

/** The faults of a DaemonSet's update strategy: pods may be missing, or doubled, but not both. */
export function daemonUpdateFaults(strategy: Fields, boundFaults: (value: unknown, path: string) => readonly Cause[]): readonly Cause[] {
  if (strategy['type'] !== 'RollingUpdate') return []
  const path = 'spec.updateStrategy.rollingUpdate'
  const { maxUnavailable, maxSurge } = isObject(strategy['rollingUpdate']) ? strategy['rollingUpdate'] : {}
  const zero = (value: unknown): boolean => value === undefined || value === 0 || value === '0%'
  return [
    ...boundFaults(maxUnavailable, `${path}.maxUnavailable`),
    ...boundFaults(maxSurge, `${path}.maxSurge`),
    ...(!zero(maxUnavailable) && !zero(maxSurge)
      ? [fault(`${path}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero')]
      : []),
    ...(zero(maxUnavailable) && zero(maxSurge) ? [missing(`${path}.maxUnavailable`, 'cannot be 0 when maxSurge is 0')] : [])
  ]
}
