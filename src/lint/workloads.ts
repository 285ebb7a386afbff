// Labels of the pods that exist and of those that Deployments and the like will make: what a subset can select.

import type { KubeObject } from '../api/object.ts'
import { dig, isObject } from '../std/json.ts'

/** Labels of a pod, or of a pod template. */
export interface WorkloadLabels {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
}

const TEMPLATES = new Set(['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet'])

/** Pods and pod templates among the objects. A template scaled to 0 still counts: its pods are wanted, only not now. */
export function workloadsOf(objects: readonly KubeObject[]): WorkloadLabels[] {
  return objects.flatMap((object) => {
    const namespace = object.metadata.namespace ?? 'default'
    if (object.kind === 'Pod') return [{ namespace, labels: object.metadata.labels ?? {} }]
    return TEMPLATES.has(object.kind) ? [{ namespace, labels: texts(dig(object, 'spec', 'template', 'metadata', 'labels')) }] : []
  })
}

function texts(value: unknown): Record<string, string> {
  if (!isObject(value)) return {}
  return Object.fromEntries(Object.entries(value).flatMap(([key, text]) => (typeof text === 'string' ? [[key, text]] : [])))
}
