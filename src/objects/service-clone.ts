// A Service as target: `-canary` is a clone of it as it is, `-primary` one as it was when it was last promoted (flagger.md 3.1). What the
// cluster gives each Service for itself is not cloned and is no part of the revision.

import type { KubeObject } from '../api/object.ts'
import { dig, isObject, sameJson } from '../std/json.ts'
import { PROMOTION_ANNOTATION, promotionMark } from './revision.ts'
import type { PrimarySource } from './render-deployment.ts'
import { addEntries, FLUX_OPT_OUTS, ownerOf, type PatchOperation, patchOf, RESOURCES, setAt, type Write } from './write.ts'

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
const ASSIGNED = ['clusterIP', 'clusterIPs', 'healthCheckNodePort', 'ipFamilies', 'ipFamilyPolicy']

/** The part of a Service's spec that its author chose. */
export function chosenSpec(service: KubeObject): Readonly<Record<string, unknown>> {
  const spec = dig(service, 'spec')
  if (!isObject(spec)) return {}
  const ports = spec['ports']
  const chosen = Object.entries(spec).filter(([key]) => !ASSIGNED.includes(key))
  return {
    ...Object.fromEntries(chosen),
    ...(spec['clusterIP'] === 'None' ? { clusterIP: 'None' } : {}),
    ...(Array.isArray(ports) ? { ports: ports.map(withoutNodePort) } : {})
  }
}

/** The clone that the canary's share goes to: always as the target is. */
export function canaryCloneWrites(source: PrimarySource, live: KubeObject | undefined): readonly Write[] {
  if (live === undefined) return [{ verb: 'create', resource: RESOURCES.services, object: cloneOf(source, `${source.plan.apex}-canary`) }]
  return patchOf(RESOURCES.services, live, specOperations(source.target, live))
}

/** The primary's clone as it is created, with the mark of its revision. */
export function primaryClone(source: PrimarySource): KubeObject {
  const clone = cloneOf(source, `${source.plan.apex}-primary`)
  return { ...clone, metadata: { ...clone.metadata, annotations: { ...clone.metadata.annotations, ...markOf(source) } } }
}

/** The patch that makes the primary's clone what the target is. */
export function copyToClone(source: PrimarySource, primary: KubeObject): readonly Write[] {
  return patchOf(RESOURCES.services, primary, [
    ...specOperations(source.target, primary),
    ...addEntries(primary, ['metadata', 'annotations'], markOf(source))
  ])
}

function cloneOf({ canary, plan, target }: PrimarySource, name: string): KubeObject {
  const { labels, annotations = {} } = target.metadata
  const { [LAST_APPLIED]: _, ...others } = annotations
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace: plan.namespace,
      ...(labels === undefined ? {} : { labels }),
      annotations: { ...others, ...FLUX_OPT_OUTS },
      ownerReferences: [ownerOf(canary)]
    },
    spec: chosenSpec(target)
  }
}

function markOf({ plan, revision }: PrimarySource): Readonly<Record<string, string>> {
  return { [PROMOTION_ANNOTATION]: promotionMark(plan.uid, revision) }
}

function specOperations(target: KubeObject, live: KubeObject): readonly PatchOperation[] {
  const [wanted, now] = [chosenSpec(target), chosenSpec(live)]
  const keys = [...new Set([...Object.keys(wanted), ...Object.keys(now)])].filter((key) => !sameJson(wanted[key], now[key]))
  return keys.flatMap((key) => setAt(live, ['spec', key], wanted[key]))
}

function withoutNodePort(port: unknown): unknown {
  if (!isObject(port)) return port
  const { nodePort: _, ...others } = port
  return others
}
