// What `kubectl get` prints of a HorizontalPodAutoscaler, in either version.

import { convertAutoscaler } from '../api/autoscaler-versions.ts'
import type { KubeObject } from '../api/object.ts'
import { dig, listAt } from '../std/json.ts'
import type { Millis } from '../std/clock.ts'
import { age } from './human-duration.ts'

const UNKNOWN = '<unknown>'
/** Metrics that are shown. */
const SHOWN = 2

/** Cells of the columns Name, Reference, Targets, MinPods, MaxPods, Replicas and Age. */
export function autoscalerCells(given: KubeObject, now: Millis): readonly unknown[] {
  const object = convertAutoscaler(given, 'autoscaling/v2') ?? given
  const { spec, status } = object
  const least = dig(spec, 'minReplicas')
  return [
    object.metadata.name,
    `${text(dig(spec, 'scaleTargetRef', 'kind'))}/${text(dig(spec, 'scaleTargetRef', 'name'))}`,
    metricsCell(listAt(spec, 'metrics'), listAt(status, 'currentMetrics')),
    typeof least === 'number' ? String(least) : '<unset>',
    dig(spec, 'maxReplicas') ?? 0,
    dig(status, 'currentReplicas') ?? 0,
    age(object.metadata.creationTimestamp, now)
  ]
}

function metricsCell(metrics: readonly unknown[], current: readonly unknown[]): string {
  if (metrics.length === 0) return '<none>'
  const cells = metrics.slice(0, SHOWN).map((metric, index) => metricCell(metric, current[index]))
  return metrics.length > SHOWN ? `${cells.join(', ')} + ${metrics.length - SHOWN} more...` : cells.join(', ')
}

function metricCell(metric: unknown, current: unknown): string {
  const type = text(dig(metric, 'type'))
  const source = type.charAt(0).toLowerCase() + type.slice(1)
  const target = dig(metric, source, 'target')
  const now = dig(current, source, 'current')
  switch (type) {
    case 'Resource':
    case 'ContainerResource':
      return `${text(dig(metric, source, 'name'))}: ${resourceCell(target, now)}`
    case 'Pods':
      return `${shown(dig(now, 'averageValue'))}/${text(dig(target, 'averageValue'))}`
    case 'Object':
    case 'External':
      return dig(target, 'averageValue') === undefined
        ? `${shown(dig(now, 'value'))}/${text(dig(target, 'value'))}`
        : `${shown(dig(now, 'averageValue'))}/${text(dig(target, 'averageValue'))} (avg)`
    default:
      return '<unknown type>'
  }
}

function resourceCell(target: unknown, now: unknown): string {
  const average = dig(target, 'averageValue')
  if (average !== undefined) return `${shown(dig(now, 'averageValue'))}/${text(average)}`
  const percent = (value: unknown, none: string): string => (typeof value === 'number' ? `${value}%` : none)
  return `${percent(dig(now, 'averageUtilization'), UNKNOWN)}/${percent(dig(target, 'averageUtilization'), '<auto>')}`
}

function shown(value: unknown): string {
  return text(value) || UNKNOWN
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
