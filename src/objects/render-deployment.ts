// The primary Deployment made from the target's, the copy of a promotion, and the target's scale (flagger.md 3.1, 2.7).

import type { KubeObject } from '../api/object.ts'
import { dig, isObject, sameJson } from '../std/json.ts'
import type { TrackedConfig } from './configs.ts'
import { chosenLabels, type LabelRules } from '../canary/label-rules.ts'
import type { Plan } from '../canary/plan.ts'
import { readingCopies } from './render-configs.ts'
import { REFRESH_ANNOTATION, refreshMark } from './refresh-mark.ts'
import { promotionMark } from './revision.ts'
import type { Scale } from './target-kind.ts'
import { addEntries, ownerOf, type PatchOperation, patchOf, RESOURCES, setAt, type Write } from './write.ts'

/** The selector label of the target: its pods carry `key=value`, the primary's `key=value-primary`. */
export interface SelectorLabel {
  readonly key: string
  readonly value: string
}

/** What the primary is made from. */
export interface PrimarySource {
  readonly canary: KubeObject
  readonly plan: Plan
  readonly target: KubeObject
  readonly label: SelectorLabel
  readonly labels: LabelRules
  readonly revision: string
  /** What the primary's pods read copies of. */
  readonly configs: readonly TrackedConfig[]
}

const COPIED = ['minReadySeconds', 'revisionHistoryLimit', 'progressDeadlineSeconds', 'strategy', 'paused'] as const
const NOT_COPIED = ['toolkit.fluxcd.io/', 'deployment.kubernetes.io/', REFRESH_ANNOTATION]

/** The primary Deployment as it is created: the target's template and settings, at least one pod, all selector labels kept. */
export function primaryDeployment(source: PrimarySource): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: primaryMetadata(source),
    spec: {
      ...settingsOf(source.target, COPIED),
      replicas: Math.max(1, replicasOf(source.target)),
      selector: primarySelector(source),
      template: primaryTemplate(source)
    }
  }
}

/** Name, label, annotations and owner of a primary with pods. */
export function primaryMetadata({ canary, plan, target, label, labels }: PrimarySource): KubeObject['metadata'] {
  const annotations = withoutTools(target.metadata.annotations)
  return {
    name: `${plan.target}-primary`,
    namespace: plan.namespace,
    labels: { ...chosenLabels(target.metadata.labels, labels), [label.key]: `${label.value}-primary` },
    ...(annotations === undefined ? {} : { annotations }),
    ownerReferences: [ownerOf(canary)]
  }
}

/** The target's selector, led to the primary's pods. */
export function primarySelector(source: PrimarySource): Readonly<Record<string, unknown>> {
  return copiedSelector(source.target, asPrimary(source))
}

/** A copy of a workload beside it: what its pods have as their selector label, and both names, by which rules keep pods apart. */
export interface CopyNames extends SelectorLabel {
  readonly from: string
  readonly to: string
}

/** The selector of a workload, led to the pods of its copy. */
export function copiedSelector(workload: KubeObject, { key, value }: CopyNames): Readonly<Record<string, unknown>> {
  const matchLabels = dig(workload, 'spec', 'selector', 'matchLabels')
  return { matchLabels: { ...(isObject(matchLabels) ? matchLabels : {}), [key]: value } }
}

/** The pod template of a workload as its copy's: relabelled, and its pods kept apart from one another as the workload's are. */
export function copiedTemplate(workload: KubeObject, names: CopyNames): Readonly<Record<string, unknown>> {
  const template = dig(workload, 'spec', 'template')
  const [metadata, spec] = [dig(template, 'metadata'), dig(template, 'spec')]
  const labels = dig(metadata, 'labels')
  return {
    ...(isObject(template) ? template : {}),
    metadata: { ...(isObject(metadata) ? metadata : {}), labels: { ...(isObject(labels) ? labels : {}), [names.key]: names.value } },
    spec: isObject(spec) ? spread(spec, names) : spec
  }
}

function asPrimary({ plan: { target }, label }: PrimarySource): CopyNames {
  return { key: label.key, value: `${label.value}-primary`, from: target, to: `${target}-primary` }
}

/** The patch that copies the target's template and settings to the primary; its own metadata and labels stay. */
export function copyToPrimary(source: PrimarySource, primary: KubeObject): readonly Write[] {
  const settings = Object.entries(settingsOf(source.target, COPIED))
  // What a scaler sets is the scaler's.
  const replicas = source.plan.autoscaler === undefined ? replicasOf(source.target) : 0
  return patchOf(RESOURCES.deployments, primary, [
    ...settings.flatMap(([key, value]) => setAt(primary, ['spec', key], value)),
    ...(replicas > 0 ? setAt(primary, ['spec', 'replicas'], replicas) : []),
    ...setAt(primary, ['spec', 'template'], primaryTemplate(source)),
    ...copiedLabels(source, primary)
  ])
}

/** Operations that bring labels of the target along to a primary that is there; its own stay. */
export function copiedLabels({ target, label, labels }: PrimarySource, primary: KubeObject): readonly PatchOperation[] {
  const { [label.key]: _, ...others } = chosenLabels(target.metadata.labels, labels)
  return addEntries(primary, ['metadata', 'labels'], others)
}

/** The patch that scales the target: to zero, or up to `size` when it has no pods of its own. */
export function scaleTarget(target: KubeObject, size: number, to: Scale): readonly Write[] {
  if (to === 'keep') return []
  const live = replicasOf(target)
  const wanted = to !== 'target' ? 0 : live > 0 ? live : size
  const operations = wanted === live ? [] : setAt(target, ['spec', 'replicas'], wanted)
  return patchOf(RESOURCES.deployments, target, [...operations, ...refreshMark(target, to)])
}

/** How many pods a target gets that has no number of its own: as many as the primary. */
export function sizeOf(primary: KubeObject | undefined): number {
  return Math.max(1, primary === undefined ? 1 : replicasOf(primary))
}

/** How many pods a Deployment asks for. */
export function replicasOf(deployment: KubeObject): number {
  const replicas = dig(deployment, 'spec', 'replicas')
  return typeof replicas === 'number' ? replicas : 1
}

/** Those of `keys` that the target's spec has. */
export function settingsOf(target: KubeObject, keys: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(keys.map((key) => [key, dig(target, 'spec', key)] as const).filter(([, value]) => value !== undefined))
}

/** The target's pod template as the primary's: relabelled, marked, reading the copies of configs. */
export function primaryTemplate(source: PrimarySource): Readonly<Record<string, unknown>> {
  const { plan, target, revision, configs } = source
  const copy = copiedTemplate(target, asPrimary(source))
  const metadata = dig(copy, 'metadata')
  const annotations = dig(metadata, 'annotations')
  return {
    ...copy,
    metadata: {
      ...(isObject(metadata) ? metadata : {}),
      annotations: { ...(isObject(annotations) ? withoutTools(annotations) : {}), 'flagger-id': promotionMark(plan.uid, revision) }
    },
    spec: readingCopies(copy['spec'], configs)
  }
}

// Rules that keep a workload's pods apart must keep its copy's apart, not the two from each other.
function spread(spec: Record<string, unknown>, names: CopyNames): Record<string, unknown> {
  const rename = (value: unknown): unknown => renamed(value, names)
  const antiAffinity = dig(spec, 'affinity', 'podAntiAffinity')
  const affinity = spec['affinity']
  const constraints = spec['topologySpreadConstraints']
  return {
    ...spec,
    ...(isObject(affinity) && antiAffinity !== undefined ? { affinity: { ...affinity, podAntiAffinity: rename(antiAffinity) } } : {}),
    ...(Array.isArray(constraints) ? { topologySpreadConstraints: constraints.map(rename) } : {})
  }
}

function renamed(value: unknown, names: CopyNames): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, names))
  if (!isObject(value)) return value
  const { key, from, to } = names
  const next = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, renamed(inner, names)]))
  const labels = next['matchLabels']
  if (isObject(labels) && labels[key] === from) next['matchLabels'] = { ...labels, [key]: to }
  const values = next['values']
  if (next['key'] === key && Array.isArray(values)) next['values'] = values.map((item: unknown) => (item === from ? to : item))
  return sameJson(next, value) ? value : next
}

function withoutTools<T>(annotations: Readonly<Record<string, T>> | undefined): Readonly<Record<string, T>> | undefined {
  if (annotations === undefined) return undefined
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => !NOT_COPIED.some((part) => key.includes(part))))
}
