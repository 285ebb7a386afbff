// Autoscalers of a Rollout: the same, of its Deployment, and named by the Canary.

import type { KubeObject } from '../api/object.ts'
import type { Input } from './argo-input.ts'
import type { Workload } from './argo-workload.ts'
import type { Source } from './note.ts'
import { mapAt, textAt } from './read.ts'

/** The autoscalers that change, and spec.autoscalerRef. */
export interface Scalers {
  readonly objects: readonly KubeObject[]
  readonly reference: Readonly<Record<string, unknown>> | undefined
}

/** Autoscalers whose target is the Rollout. */
export function scalersOf({ object: { metadata } }: Source, workload: Workload, input: Input): Scalers {
  const found = input.sources.filter(({ object }) => {
    const target = mapAt(object, 'spec', 'scaleTargetRef')
    const ours = object.metadata.namespace === metadata.namespace && textAt(target, 'name') === metadata.name
    return ['HorizontalPodAutoscaler', 'ScaledObject'].includes(object.kind) && textAt(target, 'kind') === 'Rollout' && ours
  })
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: workload.name }
  const objects = found.map(({ object: { apiVersion, kind, metadata, ...rest } }): KubeObject => {
    return { apiVersion, kind, metadata, spec: { ...mapAt(rest, 'spec'), scaleTargetRef } }
  })
  const [first] = objects
  return {
    objects,
    reference: first === undefined ? undefined : { apiVersion: first.apiVersion, kind: first.kind, name: first.metadata.name ?? '' }
  }
}
