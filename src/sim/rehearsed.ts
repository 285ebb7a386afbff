// What is rehearsed: a Canary and its target as the files have them, made ready for a cluster that is not there. What a rehearsal cannot play
// is left out, and said.

import type { KubeObject } from '../api/object.ts'
import { BASELINE } from '../canary/baseline-asked.ts'
import { type GateConfig, optionName, optionOf } from '../canary/gate-options.ts'
import { GATE_ANNOTATIONS } from '../canary/gate-request.ts'
import { isBuiltinMetric } from '../canary/metric-checks.ts'
import { type Plan, planOf } from '../canary/plan.ts'
import { dig, isObject, listAt } from '../std/json.ts'

const UNPLAYED: readonly string[] = [GATE_ANNOTATIONS.streams, BASELINE]

/** A Canary that can be rehearsed. */
export interface Rehearsed {
  readonly canary: KubeObject
  readonly plan: Plan
  /** The target that the primary runs, and the one that is released. */
  readonly target: KubeObject
  readonly next: KubeObject
  /** The ConfigMap of the gate's options, where somebody has looked for it. */
  readonly config: GateConfig | undefined
  /** What of the Canary is not played, in words. */
  readonly leftOut: readonly string[]
}

/** Makes a Canary ready; its target is made up where there is none. A text says why it cannot be rehearsed. */
export function rehearsedOf(canary: KubeObject, target: KubeObject | undefined, config?: GateConfig): Rehearsed | string {
  const refused = refusalOf(canary)
  if (refused !== undefined) return refused
  const ready = playable(canary)
  const played = playableConfig(config)
  const plan = planOf(ready, played)
  const before = deploymentOf(plan, target)
  return { canary: ready, plan, target: before, next: withVersion(before), config: played, leftOut: leftOutOf(canary, config) }
}

function refusalOf({ metadata, ...rest }: KubeObject): string | undefined {
  const spec = rest['spec']
  const analysis = dig(spec, 'analysis')
  const about = `Canary ${metadata.namespace ?? 'default'}/${metadata.name ?? ''}`
  if (dig(spec, 'skipAnalysis') === true) return `${about} skips its analysis (spec.skipAnalysis): there is nothing to rehearse`
  if (dig(spec, 'provider') === 'kubernetes' || dig(analysis, 'iterations') !== undefined)
    return `${about} is not led by weights: only those with stepWeight or stepWeights are rehearsed`
  if (String(dig(spec, 'service', 'appProtocol')).toLowerCase() === 'tcp') return `${about} splits connections, which are not rehearsed`
  if (dig(spec, 'targetRef', 'kind') === 'Service') return `${about} has a Service as its target, which is not rehearsed`
  return undefined
}

function leftOutOf(canary: KubeObject, config: GateConfig | undefined): readonly string[] {
  const spec = canary['spec']
  const { metrics, hooks } = planOf(canary)
  const queries = metrics.filter(({ kind }) => kind !== 'builtin').map(({ name }) => name)
  return [
    ...(queries.length > 0 ? [`checks by query (${queries.join(', ')}): they pass`] : []),
    ...(hooks.length > 0 ? [`webhooks (${hooks.map(({ name }) => name).join(', ')}): they pass`] : []),
    ...streamsIn(canary, config),
    ...(optionOf(canary, config, BASELINE) === undefined ? [] : [`${BASELINE}: the canary is compared with the primary`]),
    ...(listAt(spec, 'analysis', 'match').length === 0
      ? []
      : ['analysis.match: weights are played as those of all callers, without the gate, which does not watch such rollouts']),
    ...(dig(spec, 'targetRef', 'kind') === 'DaemonSet' ? ['spec.targetRef: a Deployment stands in for the DaemonSet'] : []),
    ...(dig(spec, 'analysis', 'mirror') === true ? ['analysis.mirror: the canary gets no copies'] : []),
    ...(dig(spec, 'autoscalerRef') === undefined ? [] : ['spec.autoscalerRef: pods are not scaled'])
  ]
}

function streamsIn(canary: KubeObject, config: GateConfig | undefined): readonly string[] {
  const said = optionOf(canary, config, GATE_ANNOTATIONS.streams)
  return said === undefined ? [] : [`${GATE_ANNOTATIONS.streams} (${said.text}): failures and latency are judged alone`]
}

function playable(canary: KubeObject): KubeObject {
  const { metadata } = canary
  const { namespace = 'default', name = '', labels = {}, annotations = {} } = metadata
  const spec = fieldsOf(canary['spec'])
  const { mirror: _, mirrorWeight: __, alerts: ___, metrics, ...analysis } = fieldsOf(spec['analysis'])
  const { autoscalerRef: ____, suspend: _____, metricsServer: ______, ...rest } = spec
  const played = Object.fromEntries(Object.entries(annotations).filter(([name]) => !UNPLAYED.includes(name)))
  const builtin = Array.isArray(metrics) ? metrics.filter((metric) => isBuiltinMetric(dig(metric, 'name'))) : []
  const targetRef = { ...fieldsOf(spec['targetRef']), apiVersion: 'apps/v1', kind: 'Deployment' }
  return {
    apiVersion: 'flagger.app/v1beta1',
    kind: 'Canary',
    metadata: { name, namespace, labels, annotations: played, uid: 'rehearsal' },
    spec: { ...rest, targetRef, analysis: { ...analysis, metrics: builtin.map(withoutQuery) } }
  }
}

function playableConfig(config: GateConfig | undefined): GateConfig | undefined {
  if (config?.kind !== 'found') return config
  const data = Object.entries(fieldsOf(config.object['data'])).filter(([key]) => !UNPLAYED.map(optionName).includes(key))
  return { ...config, object: { ...config.object, data: Object.fromEntries(data) } }
}

// Flagger lets an entry have a name of its own metrics and a query or template too.
function withoutQuery(metric: unknown): unknown {
  const { query: _, templateRef: __, ...rest } = fieldsOf(metric)
  return rest
}

function deploymentOf({ target: name, namespace }: Plan, given: KubeObject | undefined): KubeObject {
  const labels = { app: name }
  const template = { metadata: { labels }, spec: { containers: [{ name, image: name }] } }
  const spec = given === undefined ? { selector: { matchLabels: labels }, template } : fieldsOf(given['spec'])
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace, labels: given?.metadata.labels ?? labels }, spec }
}

// Pods of another revision, whatever they are.
function withVersion(target: KubeObject): KubeObject {
  const spec = fieldsOf(target['spec'])
  const template = fieldsOf(spec['template'])
  const metadata = fieldsOf(template['metadata'])
  const annotations = { ...fieldsOf(metadata['annotations']), 'serin.dev/rehearsed': 'next' }
  return { ...target, spec: { ...spec, template: { ...template, metadata: { ...metadata, annotations } } } }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {}
}
