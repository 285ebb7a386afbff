// HorizontalPodAutoscaler in its two versions: kept as autoscaling/v2, read and written as autoscaling/v1 too (kubectl autoscale up to
// 1.32). What v1 has no field for travels in annotations, as on a real server, but in the form it has in v2.

import type { KubeObject, ObjectMeta } from './object.ts'
import { dig, isObject, parsedJson } from '../std/json.ts'

/** The default metric of an autoscaler that names none. */
export const DEFAULT_METRICS: readonly unknown[] = [cpu(80)]

const V1 = 'autoscaling/v1'
const V2 = 'autoscaling/v2'
const KEPT = { metrics: 'metrics', behavior: 'behavior', currentMetrics: 'current-metrics', conditions: 'conditions' } as const
const PREFIX = 'autoscaling.alpha.kubernetes.io/'

/** `object` as `apiVersion` has it; undefined when it is no HorizontalPodAutoscaler, or already in that version. Nothing is lost on the way. */
export function convertAutoscaler(object: KubeObject, apiVersion: string): KubeObject | undefined {
  if (object.kind !== 'HorizontalPodAutoscaler') return undefined
  if (object.apiVersion === V2 && apiVersion === V1) return toV1(object)
  return object.apiVersion === V1 && apiVersion === V2 ? toV2(object) : undefined
}

function toV1(object: KubeObject): KubeObject {
  const { metrics, behavior, ...spec } = fieldsIn(object['spec'])
  const { currentMetrics, conditions, ...status } = fieldsIn(object['status'])
  const [target, otherMetrics] = split(metrics, 'target')
  const [current, otherCurrent] = split(currentMetrics, 'current')
  const kept = {
    [KEPT.metrics]: otherMetrics,
    [KEPT.behavior]: behavior,
    [KEPT.currentMetrics]: otherCurrent,
    [KEPT.conditions]: conditions
  }
  return {
    ...object,
    apiVersion: V1,
    metadata: withKept(object.metadata, kept),
    spec: { ...spec, ...(target === undefined ? {} : { targetCPUUtilizationPercentage: target }) },
    status: { currentReplicas: 0, ...status, ...(current === undefined ? {} : { currentCPUUtilizationPercentage: current }) }
  }
}

function toV2(object: KubeObject): KubeObject {
  const { targetCPUUtilizationPercentage: target, ...spec } = fieldsIn(object['spec'])
  const { currentCPUUtilizationPercentage: current, ...status } = fieldsIn(object['status'])
  const kept = (name: string): unknown => parsed(object.metadata.annotations?.[PREFIX + name])
  const metrics = [...(typeof target === 'number' ? [cpu(target)] : []), ...listIn(kept(KEPT.metrics))]
  const currentMetrics = [...(typeof current === 'number' ? [cpuNow(current)] : []), ...listIn(kept(KEPT.currentMetrics))]
  const [behavior, conditions] = [kept(KEPT.behavior), kept(KEPT.conditions)]
  return {
    ...object,
    apiVersion: V2,
    metadata: withKept(object.metadata, {}),
    spec: { ...spec, metrics: metrics.length === 0 ? DEFAULT_METRICS : metrics, ...(isObject(behavior) ? { behavior } : {}) },
    status: {
      ...status,
      currentMetrics: currentMetrics.length === 0 ? null : currentMetrics,
      ...(Array.isArray(conditions) ? { conditions } : {})
    }
  }
}

// The CPU utilization, which is all that v1 knows, and the rest.
function split(metrics: unknown, side: 'target' | 'current'): readonly [number | undefined, readonly unknown[]] {
  const all = listIn(metrics)
  const found = all.find((metric) => dig(metric, 'resource', 'name') === 'cpu' && typeof utilization(metric, side) === 'number')
  const value = utilization(found, side)
  return [typeof value === 'number' ? value : undefined, all.filter((metric) => metric !== found)]
}

function utilization(metric: unknown, side: 'target' | 'current'): unknown {
  return dig(metric, 'resource', side, 'averageUtilization')
}

function cpu(averageUtilization: number): unknown {
  return { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } }
}

function cpuNow(averageUtilization: number): unknown {
  return { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization } } }
}

function withKept(metadata: ObjectMeta, kept: Readonly<Record<string, unknown>>): ObjectMeta {
  const { annotations = {}, ...rest } = metadata
  const others = Object.entries(annotations).filter(([key]) => !Object.values(KEPT).some((name) => key === PREFIX + name))
  const own = Object.entries(kept).filter(([, value]) => (Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null))
  const all = Object.fromEntries([...others, ...own.map(([name, value]) => [PREFIX + name, JSON.stringify(value)] as const)])
  return Object.keys(all).length === 0 ? rest : { ...rest, annotations: all }
}

// A text that a user put there and that cannot be read counts as absent.
function parsed(text: string | undefined): unknown {
  return text === undefined ? undefined : parsedJson(text)
}

function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function fieldsIn(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {}
}
